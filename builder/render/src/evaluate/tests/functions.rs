//! What functions of templates answer: chance, environment, data, URLs.

use super::super::Supply;
use super::{CONFIG, evaluation, text, told, tree};

#[test]
fn chance_follows_from_the_output_alone() {
    let own = "{{ get_random(end=1000000) }} {{ get_random(end=1000000) }}";
    let files = [
        CONFIG,
        ("templates/page.html", own),
        ("content/a.md", "+++\n+++\n"),
        ("content/b.md", "+++\n+++\n"),
    ];
    let (once, again) = (tree(&files), tree(&files));
    let a = text(&once, "a/index.html");
    assert_eq!(a, text(&again, "a/index.html"));
    assert_ne!(a, text(&once, "b/index.html"));
    let (first, second) = a.split_once(' ').unwrap();
    assert_ne!(first, second);
}

#[test]
fn get_env_reads_quillfront_toml_alone() {
    let own = "{{ get_env(name=\"STAGE\") }} {{ get_env(name=\"EMPTY\", default=\"x\") }}| \
               {{ get_env(name=\"PATH\", default=\"none\") }} {{ get_env(name=\"N\", default=3) + 1 }}";
    let env = ("quillfront.toml", "[env]\nSTAGE = \"live\"\nEMPTY = \"\"\n");
    let files = [
        CONFIG,
        env,
        ("templates/page.html", own),
        ("content/a.md", "+++\n+++\n{{ get_env(name='STAGE') }}"),
    ];
    assert_eq!(text(&tree(&files), "a/index.html"), "live | none 4");
    // `PATH` is in the environment of this test; that is not what is read.
    let site = tree(&[
        CONFIG,
        env,
        ("templates/page.html", "one\n{{ get_env(name=\"PATH\") }}"),
        ("content/a.md", "+++\n+++\n"),
    ]);
    let told = told(&site);
    assert!(
        told.contains("templates/page.html:2") && told.contains("[env], or give a `default`"),
        "{told}"
    );
}

#[test]
fn data_of_no_known_format_is_plain_text_unless_a_format_is_asked_for() {
    let outcome = |call: &str| {
        let template = format!("{{% set d = {call} %}}{{{{ d | safe }}}}");
        tree(&[
            CONFIG,
            ("templates/index.html", &template),
            ("data/a.bib", "@book{x}"),
        ])
    };
    let plain = outcome("load_data(path=\"data/a.bib\")");
    assert_eq!(text(&plain, "index.html"), "@book{x}");
    for (call, part) in [
        ("load_data(path=\"data/a.bib\", format=\"bib\")", "bibtex"),
        ("load_data(path=\"data/a.bib\", format=\"svg\")", "`svg`"),
        ("load_data(path=\"data/a.bib\", literal=\"x\")", "not both"),
        ("get_hash(path=\"data/a.bib\", literal=\"x\")", "not both"),
    ] {
        let told = told(&outcome(call));
        assert!(told.contains(part), "{call}: {told}");
    }
}

#[test]
fn one_round_learns_of_all_files_that_a_template_lacks() {
    let template = "{% for n in range(end=100) %}{{ get_hash(path=`static/` ~ n ~ `.css`) }}{% endfor %}\
                    {% set d = load_data(path=\"static/d.svg\") %}{{ d }}\
                    {{ get_url(path=\"static/u.css\", cachebust=true) }}";
    let mut files = vec![
        CONFIG,
        ("templates/index.html", template),
        ("static/d.svg", "x"),
        ("static/u.css", "x"),
    ];
    let names: Vec<String> = (0..100).map(|n| format!("static/{n}.css")).collect();
    files.extend(names.iter().map(|name| (name.as_str(), "x")));
    let mut evaluation = evaluation(&files);
    let asked = evaluation.step(|_, object| object);
    assert_eq!(asked.files.len(), 102);
    let read = asked
        .files
        .into_iter()
        .map(|key| (key, Some("x".as_bytes().into())));
    evaluation.supply(Supply {
        files: read.collect(),
        ..Supply::default()
    });
    assert!(evaluation.step(|_, object| object).is_empty());
    assert!(text(&evaluation.finish(), "index.html").contains("?h="));
}

#[test]
fn a_url_is_asked_for_once_it_is_allowed_and_is_what_its_format_says() {
    let site = |template: &str, own: &str| {
        evaluation(&[
            CONFIG,
            ("quillfront.toml", own),
            ("templates/page.html", template),
            ("content/a.md", "+++\n+++\n"),
        ])
    };
    let allowed = "[data]\nallowed_hosts = [\"api.example.org\"]";
    let template = "{% set d = load_data(url=\"https://api.example.org/d#x\", format=\"json\", method=\"POST\", body=\"b\", \
                    content_type=\"text/plain\", headers=[\"X-Key=a=b\"]) %}{{ d.n }}";
    let mut asking = site(template, allowed);
    let needs = asking.step(|_, object| object);
    let request = needs.requests.first().unwrap().clone();
    assert_eq!(request.url, "https://api.example.org/d");
    assert_eq!(request.body.as_deref(), Some("b"));
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(
        headers,
        [
            "x-key: a=b",
            "content-type: text/plain",
            "accept: application/json"
        ]
    );
    asking.supply(Supply {
        answers: [(request.clone(), Ok("{\"n\": 7}".into()))].into(),
        ..Supply::default()
    });
    assert!(asking.step(|_, object| object).is_empty());
    let made = asking.finish();
    assert_eq!(text(&made, "a/index.html"), "7");
    assert_eq!(made.answers.keys().collect::<Vec<_>>(), [&request]);

    let outcome = |template: &str, answer: Result<&str, &str>| {
        let mut asking = site(template, allowed);
        let answer = answer.map(Into::into).map_err(str::to_owned);
        let answers = asking
            .step(|_, object| object)
            .requests
            .into_iter()
            .map(|request| (request, answer.clone()));
        asking.supply(Supply {
            answers: answers.collect(),
            ..Supply::default()
        });
        assert!(asking.step(|_, object| object).is_empty());
        asking.finish()
    };
    let call = |rest: &str| {
        format!("{{% set d = load_data(url=\"https://api.example.org/\"{rest}) %}}{{{{ d }}}}")
    };
    assert_eq!(
        text(&outcome(&call(""), Ok("a <b>")), "a/index.html"),
        "a &lt;b&gt;"
    );
    assert!(told(&outcome(&call(""), Err("gone"))).contains("https://api.example.org/: gone"));
    let optional =
        "{% set d = load_data(url=\"https://api.example.org/\", required=false) %}{{ d is none }}";
    assert_eq!(
        text(&outcome(optional, Err("gone")), "a/index.html"),
        "true"
    );
    assert!(
        told(&outcome(&call(", format=\"json\""), Ok("{"))).contains("https://api.example.org/: ")
    );

    for (template, part) in [
        (
            call("").replace("api.", "evil."),
            "allowed_hosts = [\"evil.example.org\"]",
        ),
        (
            call(", required=false").replace("api.", "evil."),
            "is refused",
        ),
        (
            call("").replace("https", "http"),
            "allowed_hosts = [\"http://api.example.org\"]",
        ),
        (
            call("").replace("api.example.org", "169.254.169.254"),
            "link-local",
        ),
        (call(", path=\"x.json\""), "`url` or `path`, not both"),
        (call(", literal=\"x\""), "`url` or `literal`, not both"),
        (call(", method=\"put\""), "get or post, not put"),
        (call(", body=\"x\""), "method=\"post\""),
        (call(", headers=[\"x\"]"), "name=value"),
        (call(", headers=[\"a b=c\"]"), "is not a header name"),
        (call(", headers=[\"a=b\\r\\nc: d\"]"), "plain ASCII"),
        (
            call(", headers=[\"Host=internal\"]"),
            "`host` cannot be set",
        ),
    ] {
        let mut asking = site(&template, allowed);
        let needs = asking.step(|_, object| object);
        assert!(needs.is_empty(), "{template}: {needs:?}");
        let told = told(&asking.finish());
        assert!(told.contains(part), "{template}: {told}");
    }
}
