use super::redirects::read;
use super::*;
use quillfront_edge_files::Dialect;
use quillfront_headers::redirects::RedirectRule;

const HOST: Option<&str> = Some("example.org");

fn rules(text: &str, dialect: Dialect) -> Vec<(String, String, u16, bool)> {
    let read = read(text, dialect, HOST);
    assert_eq!(read.problems, [], "{text}");
    let list = read.redirects.rules().iter();
    list.map(
        |RedirectRule {
             from,
             to,
             status,
             is_forced,
         }| { (from.clone(), to.clone(), *status, *is_forced) },
    )
    .collect()
}

fn rule(text: &str, dialect: Dialect) -> (String, String, u16, bool) {
    let mut list = rules(text, dialect);
    assert_eq!(list.len(), 1, "{text}");
    list.remove(0)
}

/// What is said of a line that makes no rule.
fn refusal(text: &str, dialect: Dialect) -> String {
    let read = read(text, dialect, HOST);
    assert!(read.redirects.is_empty(), "{text}: {:?}", read.redirects);
    let problem = read.problems.first().expect(text);
    assert!(problem.is_error && !problem.hint.is_empty(), "{problem:?}");
    assert_eq!(problem.line, 1);
    problem.message.clone()
}

#[test]
fn the_dialects_differ_in_status_and_in_what_a_file_is_to_a_rule() {
    let made = |status, is_forced| ("/a".to_owned(), "/b".to_owned(), status, is_forced);
    assert_eq!(rule("/a /b", Dialect::Netlify), made(301, false));
    assert_eq!(rule("/a /b 302!", Dialect::Netlify), made(302, true));
    assert_eq!(rule("/a /b", Dialect::Cloudflare), made(302, true));
    assert_eq!(rule("/a /b 308", Dialect::Cloudflare), made(308, true));
}

#[test]
fn paths_are_patterns_with_their_literals_encoded() {
    for (text, dialect, from) in [
        ("/gr\u{fc}n/* /b", Dialect::Netlify, "/gr%C3%BCn/*"),
        ("/gr%C3%BCn/:a /b", Dialect::Netlify, "/gr%C3%BCn/:a"),
        ("/a:b/c*d /b", Dialect::Netlify, "/a%3Ab/c%2Ad"),
        ("/a-:b/c* /b", Dialect::Cloudflare, "/a-:b/c*"),
        ("https://example.org/a /b", Dialect::Netlify, "/a"),
    ] {
        assert_eq!(rule(text, dialect).0, from, "{text}");
    }
}

#[test]
fn what_cannot_be_done_behind_a_cache_is_refused() {
    for (text, expected) in [
        ("/a /b 302 Country=de", "the country of the reader"),
        ("/a /b 302 Language=de", "the language of the reader"),
        ("/a /b 200! Role=admin", "the role of the reader"),
        ("/a /b 302 Cookie=x", "a cookie"),
        ("/a id=:id /b/:id", "the query string"),
        ("/* /index.html 200", "yields to files"),
        ("/api/* https://api.example.org/:splat 200!", "proxy"),
        (
            "https://www.example.org/* https://example.org/:splat 301!",
            "host",
        ),
        ("/a /b 418", "status"),
        ("/go/* https://:splat/ 301", "host"),
        ("/:x https://:x.example.org/ 301", "host"),
        ("/go/:x https://a@:x/ 301", "host"),
        ("/a/../b /c", "400"),
    ] {
        let said = refusal(text, Dialect::Netlify);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn a_rule_that_leads_to_itself_is_refused() {
    assert!(refusal("/a /a/", Dialect::Netlify).contains("to itself"));
    assert!(refusal("/a/* /a/:splat 301!", Dialect::Netlify).contains("to itself"));
    assert!(refusal("/a /a", Dialect::Cloudflare).contains("to itself"));
    assert_eq!(rule("/a /a/", Dialect::Cloudflare).1, "/a/");
}

#[test]
fn what_is_doubtful_is_told_and_the_rule_stands() {
    for (text, expected) in [
        ("/a/* /b/:slug", "`:slug`"),
        ("/a /gone.html 410", "/gone.html is not shown"),
        ("/a /other.html 404!", "/other.html is not shown"),
    ] {
        let read = read(text, Dialect::Netlify, HOST);
        assert_eq!(read.redirects.rules().len(), 1, "{text}");
        let [problem] = &read.problems[..] else {
            panic!("{:?}", read.problems);
        };
        assert!(
            !problem.is_error && problem.message.contains(expected),
            "{problem:?}"
        );
    }
    assert_eq!(rule("/a /404.html 404", Dialect::Netlify).1, "");
}

#[test]
fn a_target_stays_on_the_site_unless_the_rule_names_a_host() {
    for (text, to) in [
        ("/a //evil.example/x", "/evil.example/x"),
        (
            "/a https://other.example:8080/x?y=:z#w",
            "https://other.example:8080/x?y=:z#w",
        ),
    ] {
        let read = read(text, Dialect::Cloudflare, HOST);
        assert_eq!(read.redirects.rules()[0].to, to, "{text}");
    }
}

#[test]
fn forty_five_thousand_rules_are_read() {
    let text: String = (0..45_000)
        .map(|number| format!("/old/{number} /new/{number}\n"))
        .collect();
    let read = read(&text, Dialect::Netlify, HOST);
    assert_eq!(
        (read.redirects.rules().len(), read.problems.len()),
        (45_000, 0)
    );
    assert_eq!(
        read.redirects.meet("/old/44999/").unwrap().target(),
        "/new/44999"
    );
}

#[test]
fn rules_have_their_bounds() {
    let partial: String = (0..101)
        .map(|number| format!("/a{number}-* /b/:splat\n"))
        .collect();
    let read = read(&partial, Dialect::Cloudflare, HOST);
    // Cloudflare itself has a limit of 100.
    assert_eq!(read.redirects.rules().len(), 100);
    assert!(
        read.problems.iter().any(|problem| problem.line == 101),
        "{:?}",
        read.problems
    );
}

fn header_problems(text: &str) -> Vec<(u32, bool, String)> {
    let file = SourceKey::from("static/_headers");
    let (_, problems) = HeaderRules::read(&file, text, Dialect::Cloudflare, HOST);
    let told = problems.into_iter();
    told.map(|problem| (problem.line, problem.is_error, problem.message))
        .collect()
}

#[test]
fn headers_that_no_shared_cache_may_have_are_refused() {
    for line in [
        "Set-Cookie: a=b",
        "X-Amz-Meta-Qf-Csp: x",
        "Connection: close",
        "Transfer-Encoding: chunked",
        "Content-Length: 1",
        "Vary: Cookie",
        "Location: /x",
        "ETag: \"x\"",
        "X-Edge-Location: x",
        "Basic-Auth: a:b",
        "X-Own: gr\u{fc}n",
    ] {
        let problems = header_problems(&format!("/*\n  {line}\n  X-Good: a\n"));
        let [(2, true, message)] = &problems[..] else {
            panic!("{line}: {problems:?}");
        };
        assert!(
            message.contains(line.split(':').next().unwrap()),
            "{message}"
        );
    }
}

#[test]
fn headers_of_another_host_are_refused() {
    let problems =
        header_problems("https://other.example/*\n  X-Own: a\nhttps://example.org/a\n  X-Own: a\n");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!((problems[0].0, problems[0].1), (1, true));
}

#[test]
fn rules_need_functions() {
    let own = OwnConfig::parse("quillfront.toml", "[security]\nedge = \"policy\"").unwrap();
    let config = Config::parse("config.toml", "base_url = \"https://example.org\"").unwrap();
    let mut sources = Sources::default();
    let text = "/a /b\n/shown /missing 200!\n";
    let source = crate::source::Source {
        version: "1".into(),
        size: text.len() as u64,
        effective: crate::source::Effective::Text(crate::source::Text::new(text.into())),
        problems: Vec::new(),
        head: None,
        since: None,
        lacks: Vec::new(),
    };
    sources.insert(&SourceKey::from("static/_redirects"), source);
    let files = EdgeFiles::of(&config, &own, &sources);
    assert!(files.redirects.is_empty() && files.shown.is_empty());
    let told = files.problems.iter();
    let told: Vec<_> = told.map(|one| (one.line, one.is_error())).collect();
    assert_eq!(told, [(Some(1), true)]);
}
