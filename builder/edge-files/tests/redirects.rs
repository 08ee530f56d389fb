//! What a line of `_redirects` means, in each dialect.

use quillfront_edge_files::redirects::{Parsed, Rule, parse};
use quillfront_edge_files::{Dialect, limits};

fn netlify(text: &str) -> Parsed {
    parse(text, Dialect::Netlify)
}

fn cloudflare(text: &str) -> Parsed {
    parse(text, Dialect::Cloudflare)
}

/// `from to status`, with `!` where the rule is forced.
fn short(rule: &Rule) -> String {
    let to = rule.to.as_deref().unwrap_or("-");
    let mark = if rule.is_forced { "!" } else { "" };
    format!("{} {to} {}{mark}", rule.from, rule.status)
}

fn rules(parsed: &Parsed) -> Vec<String> {
    parsed.rules.iter().map(short).collect()
}

/// The lines with an error.
fn refused(parsed: &Parsed) -> Vec<u32> {
    let errors = parsed.problems.iter().filter(|problem| problem.is_error);
    errors.map(|problem| problem.line).collect()
}

#[track_caller]
fn expect(parsed: &Parsed, wanted: &[&str], lines: &[u32]) {
    assert_eq!(rules(parsed), wanted, "{parsed:#?}");
    assert_eq!(refused(parsed), lines, "{parsed:#?}");
}

#[track_caller]
fn expect_message(parsed: &Parsed, line: u32, part: &str) {
    let of_line = |problem: &&quillfront_edge_files::Problem| problem.line == line;
    let problem = parsed.problems.iter().find(of_line).expect("a problem");
    assert!(problem.message.contains(part), "{problem:?}");
    assert!(!problem.hint.is_empty(), "{problem:?}");
}

#[test]
fn a_redirect_without_a_status_is_moved_or_found() {
    expect(&netlify("/a /b"), &["/a /b 301"], &[]);
    expect(&cloudflare("/a /b"), &["/a /b 302!"], &[]);
}

#[test]
fn lines_are_cut_as_javascript_cuts_them() {
    let text = "\u{feff}/a\t/b\r\n\r\n  # /c /d\n\u{a0}/e \u{3000} /f 302\u{2028}\n";
    expect(&netlify(text), &["/a /b 301", "/e /f 302"], &[]);
    expect(&cloudflare(text), &["/a /b 302!", "/e /f 302!"], &[]);
    assert_eq!(netlify(text).rules[1].line, 4);
}

#[test]
fn netlify_forces_with_a_mark() {
    expect(
        &netlify("/a /b 302!\n/c /d 200\n/e /f 301x!\n"),
        &["/a /b 302!", "/c /d 200", "/e /f 301!"],
        &[],
    );
}

#[test]
fn netlify_takes_a_query_and_conditions() {
    let parsed =
        netlify("/store id=:id k=1=2 k=3 /blog/:id 301 Country=au,nz Language=de Sign=KEY # x");
    let rule = &parsed.rules[0];
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(rule.query, [pair("id", ":id"), pair("k", "3")]);
    let wanted = [
        pair("Country", "au,nz"),
        pair("Language", "de"),
        pair("Sign", "KEY"),
    ];
    assert_eq!(rule.conditions, wanted);
    assert_eq!(parsed.problems, []);
}

#[test]
fn a_word_that_is_no_condition_is_told_and_the_rule_stands() {
    let parsed = netlify("/a word /b 301 Admin");
    expect(&parsed, &["/a /b 301"], &[]);
    assert_eq!(parsed.problems.len(), 2);
    expect_message(&parsed, 1, "`word` is not a query");
}

#[test]
fn netlify_needs_a_status_ahead_of_conditions() {
    let parsed = netlify("/a /b Country=de");
    expect(&parsed, &[], &[1]);
    expect_message(&parsed, 1, "`Country=de` is no status");
}

#[test]
fn netlify_may_leave_the_target_out() {
    expect(
        &netlify("/app/* 200\n/gone 410\n/missing/* 404!\n/a 301\n/b 200\n/c\n"),
        &["/app/* /app/:splat 200", "/gone - 410", "/missing/* - 404!"],
        &[4, 5, 6],
    );
}

#[test]
fn netlify_takes_a_url_for_the_path() {
    let parsed = netlify("http://Blog.Example.com:80/a/../b\\c?d#e https://x.example/:splat 301!");
    assert_eq!(
        parsed.rules[0].scheme_and_host.as_deref(),
        Some("http://blog.example.com")
    );
    expect(&parsed, &["/b/c https://x.example/:splat 301!"], &[]);
    let parsed = netlify("https://h:8443 /a\nhttps://user@h/ /a\nhttps://bücher.example/ /a\n");
    assert_eq!(
        parsed.rules[0].scheme_and_host.as_deref(),
        Some("https://h:8443")
    );
    expect(&parsed, &["/ /a 301"], &[2, 3]);
}

#[test]
fn netlify_keeps_its_own_paths_and_what_is_no_path() {
    expect(
        &netlify(
            "/.netlify/functions/a /b\nhttps://h/.netlify /b\na /b\n/a b\n/a /b nine\n/a /b 99\n/a /b 600\n",
        ),
        &[],
        &[1, 2, 3, 4, 5, 6, 7],
    );
}

#[test]
fn netlify_keeps_both_of_two_rules_for_a_path() {
    expect(&netlify("/a /b\n/a /c\n"), &["/a /b 301", "/a /c 301"], &[]);
}

#[test]
fn cloudflare_counts_words() {
    expect(
        &cloudflare("/a\n/a /b 301 x\n/a /b#frag 301 # a comment\n/c # /d\n"),
        &["/a /b#frag 301!"],
        &[1, 2, 4],
    );
}

#[test]
fn cloudflare_writes_addresses_as_the_standard_does() {
    expect(
        &cloudflare("a?x#y https://host:81\n/é/./b/../*  //c//d?é#é\n/x https://host\n"),
        &[
            "/a https://host:81/ 302!",
            "/%C3%A9/* //c//d?%C3%A9#%C3%A9 302!",
            "/x https://host/ 302!",
        ],
        &[],
    );
}

#[test]
fn cloudflare_refuses_other_hosts_where_it_cannot_reach_them() {
    expect(
        &cloudflare(
            "https://h/a /b\n/a http://h/\n/b b\n/c https://h/ 200\n/d /e 404\n/f /g 301!\n",
        ),
        &[],
        &[1, 2, 3, 4, 5, 6],
    );
}

#[test]
fn cloudflare_reads_numbers_as_javascript_does() {
    expect(
        &cloudflare("/a /b 0x12D\n/c /d 3.01e2\n/e /f 301.5\n/g /h 0x+12D\n"),
        &["/a /b 301!", "/c /d 301!"],
        &[3, 4],
    );
}

#[test]
fn cloudflare_refuses_loops() {
    expect(
        &cloudflare(
            "/* /index.html 200\n/ /index\n/a/ /b/index.html\n/b/* https://h/index.html\n/c /index.html\n",
        ),
        &["/b/* https://h/index.html 302!", "/c /index.html 302!"],
        &[1, 2, 3],
    );
}

#[test]
fn cloudflare_keeps_the_first_of_two_rules_for_a_path() {
    let parsed = cloudflare("/a /b\n/a/./ /x\n/a /c\n/d https://h/ 200\n/d /e\n");
    expect(&parsed, &["/a /b 302!", "/a/ /x 302!"], &[3, 4, 5]);
    expect_message(&parsed, 3, "line 1 has a redirect of `/a` already");
}

#[test]
fn cloudflare_never_matches_what_it_cannot_compile() {
    let parsed = cloudflare("/a/*/b/* /c\n/:x/:x /c\n/:splat/* /c\n/:x/:x_2 /c\n");
    expect(&parsed, &["/:x/:x_2 /c 302!"], &[1, 2, 3]);
    expect_message(&parsed, 2, "placeholder `:x` twice");
}

#[test]
fn control_characters_are_refused() {
    expect(&netlify("/a\u{1} /b\n/a /b\u{7f}\n"), &[], &[1, 2]);
    expect(&cloudflare("/a\u{1} /b\n/c /b\u{7f}\n"), &[], &[1, 2]);
}

fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

#[test]
fn cloudflare_counts_static_and_dynamic_rules() {
    let statics = many(2_001, |number| format!("/{number} /x"));
    let text = statics.clone() + &many(101, |number| format!("/{number}/* /x")) + "/last /x\n";
    let parsed = cloudflare(&text);
    assert_eq!(parsed.rules.len(), 2_100);
    assert_eq!(refused(&parsed), [2_001, 2_102]);
    expect_message(&parsed, 2_001, "2000");
    expect_message(&parsed, 2_102, "100");
    // One pattern, and those below it count as patterns too.
    let parsed = cloudflare(&("/* /x\n".to_owned() + &statics));
    assert_eq!(parsed.rules.len(), 100);
    assert_eq!(refused(&parsed), [101]);
}

#[test]
fn cloudflare_measures_lines_in_utf_16() {
    let fits = format!("/{} /x", "é".repeat(1_996));
    let wide = format!("/{} /x", "𝒳".repeat(999));
    expect_message(&cloudflare(&wide), 1, "2002 characters");
    assert_eq!(cloudflare(&fits).rules.len(), 1);
    assert_eq!(cloudflare(&format!("{fits}y")).rules.len(), 0);
}

#[test]
fn a_file_has_bounds() {
    for dialect in [Dialect::Netlify, Dialect::Cloudflare] {
        let text = "#".repeat(limits::MAX_FILE_BYTES);
        assert_eq!(parse(&text, dialect), Parsed::default());
        let parsed = parse(&(text + "\n"), dialect);
        assert_eq!((parsed.rules.len(), refused(&parsed)), (0, vec![1]));
        let parsed = parse(&many(5_000, |_| "x".to_owned()), dialect);
        assert_eq!(parsed.problems.len(), limits::MAX_PROBLEMS + 1);
        expect_message(&parsed, 1_001, "5000 problems");
        let parsed = parse(&"x ".repeat(limits::MAX_WORDS + 1), dialect);
        expect_message(&parsed, 1, "more than 100 words");
    }
    let long = format!("/{} /x", "a".repeat(limits::MAX_NETLIFY_LINE_BYTES));
    expect_message(&netlify(&long), 1, "16388 bytes");
    let parsed = netlify(&many(limits::MAX_RULES + 2, |_| "/a /b".to_owned()));
    assert_eq!(parsed.rules.len(), limits::MAX_RULES);
    assert_eq!(refused(&parsed), [200_001]);
}
