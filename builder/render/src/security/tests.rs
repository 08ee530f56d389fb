use super::*;
use quillfront_policy::{Digest, Finding, Source};
use quillfront_site::key::SourceKey;
use quillfront_site::plan::Rank;
use quillfront_site::quillfront_toml::OwnConfig;

fn security(text: &str) -> Security {
    let own = OwnConfig::parse("quillfront.toml", text).expect("a good file");
    own.security.expect("a section")
}

/// `[security]` alone.
fn only(security: Option<&Security>) -> HeaderSources<'_> {
    HeaderSources {
        security,
        rules: None,
    }
}

fn planned(recipe: Recipe) -> PlannedOutput {
    PlannedOutput {
        rank: Rank::List,
        source: SourceKey::from("config.toml"),
        recipe,
    }
}

fn dressed(text: &str, key: &str, page: &Facts) -> SecuredHeaders {
    let planned = planned(Recipe::Robots);
    let security = security(text);
    dress(
        only(Some(&security)),
        &OutputKey::from(key),
        &planned,
        Some(page),
    )
}

fn policy(text: &str, page: &Facts) -> String {
    dressed(text, "a/index.html", page).metadata["qf-csp"].clone()
}

fn told(dressed: &SecuredHeaders) -> Vec<String> {
    let told = dressed.violations.iter().map(|one| {
        let one = diagnostic(one, "templates/a.html", Some(3));
        format!("{one}")
    });
    told.collect()
}

fn loads(directive: quillfront_policy::Directive, url: &str) -> Facts {
    Facts {
        sources: vec![Source {
            directive,
            url: url.to_owned(),
        }],
        ..Facts::default()
    }
}

fn finding(kind: FindingKind, what: &str, text: &str) -> Facts {
    Facts {
        findings: vec![Finding {
            kind,
            what: what.to_owned(),
            digest: Some(Digest::of(text)),
        }],
        ..Facts::default()
    }
}

#[test]
fn without_the_section_only_a_redirect_has_metadata() {
    let key = OutputKey::from("a/index.html");
    assert_eq!(
        dress(only(None), &key, &planned(Recipe::Robots), None),
        SecuredHeaders::default()
    );
    let to = |target: &str| {
        dress(
            only(None),
            &key,
            &planned(Recipe::Redirect(target.to_owned())),
            None,
        )
    };
    assert_eq!(
        to("https://example.org/a b/").metadata,
        BTreeMap::from([(
            "qf-location".to_owned(),
            "https://example.org/a%20b/".to_owned()
        )])
    );
    let longest = quillfront_headers::MAX_LOCATION_BYTES - 1;
    assert_eq!(to(&format!("/{}", "a".repeat(longest))).metadata.len(), 1);
    assert_eq!(
        to(&format!("/{}", "a".repeat(longest + 1))).metadata.len(),
        0
    );
}

#[test]
fn a_strict_page_may_load_what_is_its_own() {
    let dressed = dressed("[security]", "a/index.html", &Facts::default());
    assert_eq!(
        dressed.metadata["qf-csp"],
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         media-src 'self'; frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
    assert_eq!(
        dressed.metadata["qf-h"],
        format!(
            r#"{{"cross-origin-opener-policy":"same-origin","cross-origin-resource-policy":"same-origin","origin-agent-cluster":"?1","permissions-policy":"{STRICT}","strict-transport-security":"max-age=31536000"}}"#
        )
    );
    assert_eq!(dressed.violations, []);
}

const STRICT: &str = "accelerometer=(), browsing-topics=(), camera=(), geolocation=(), gyroscope=(), \
                      magnetometer=(), microphone=(), payment=(), usb=()";

#[test]
fn hashes_stand_for_what_a_page_runs_and_how_it_looks() {
    let page = Facts {
        scripts: vec![Digest::of("a()")],
        integrity: vec!["sha384-abc".to_owned()],
        styles: vec![Digest::of("p{}")],
        style_attributes: vec![Digest::of("color:red")],
        ..Facts::default()
    };
    let policy = policy("[security]", &page);
    for part in [
        format!("script-src {} 'sha384-abc';", Digest::of("a()")),
        format!("style-src 'self' {};", Digest::of("p{}")),
        format!(
            "style-src-attr 'unsafe-hashes' {};",
            Digest::of("color:red")
        ),
    ] {
        assert!(policy.contains(&part), "{part} is not in {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"));
}

#[test]
fn the_kind_of_an_object_decides_what_it_carries() {
    let metadata = |key: &str| dressed("[security]", key, &Facts::default()).metadata;
    assert_eq!(
        metadata("a.svg")["qf-csp"],
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    );
    assert!(metadata("atom.xml")["qf-csp"].contains("frame-ancestors 'none'"));
    let shared = |key: &str| metadata(key)["qf-h"].contains("\"cross-origin\"");
    assert!(shared("a.jpg") && shared("a.svg") && shared("atom.xml"));
    assert!(!shared("a.js") && !shared("a.css") && !shared("a.woff2") && !shared("a/index.html"));
    assert!(!metadata("a.jpg").contains_key("qf-csp"));
    // A redirect is answered without its page.
    let key = OutputKey::from("a/index.html");
    let redirect = planned(Recipe::Redirect("/b/".to_owned()));
    let security = security("[security]");
    let dressed = dress(only(Some(&security)), &key, &redirect, None);
    assert_eq!(dressed.metadata["qf-csp"], OF_NO_PAGE);
    assert_eq!(dressed.metadata["qf-location"], "/b/");
}

#[test]
fn a_policy_may_only_report() {
    let text = "[security]\nmode = \"report-only\"\nreporting = \"https://reports.example/csp\"";
    let dressed = dressed(text, "a/index.html", &Facts::default());
    assert!(!dressed.metadata.contains_key("qf-csp"));
    let headers = &dressed.metadata["qf-h"];
    assert!(headers.contains("\"content-security-policy-report-only\":\"default-src 'none'"));
    assert!(headers.contains("report-to csp"));
    assert!(headers.contains(r#""reporting-endpoints":"csp=\"https://reports.example/csp\"""#));
}

#[test]
fn who_may_frame_a_page_is_said_in_both_headers() {
    let frame = |text: &str| {
        let dressed = dressed(text, "a/index.html", &Facts::default());
        let headers: serde_json::Value = serde_json::from_str(&dressed.metadata["qf-h"]).unwrap();
        (
            dressed.metadata["qf-csp"].contains("frame-ancestors 'none'"),
            headers.get("x-frame-options").cloned(),
        )
    };
    assert_eq!(frame("[security]"), (false, None));
    let nobody = frame("[security]\nframe_ancestors = [\"'none'\"]");
    assert_eq!(nobody, (true, Some("DENY".into())));
    let others = frame("[security]\nframe_ancestors = [\"https://a.example\"]");
    assert_eq!(others, (false, Some(serde_json::Value::Null)));
}

#[test]
fn what_can_never_run_stops_a_strict_page() {
    let page = finding(FindingKind::Handler, "onclick=\"a()\"", "a()");
    let strict = dressed("[security]", "a/index.html", &page);
    assert!(strict.violations[0].is_error);
    let hash = Digest::of("a()");
    assert_eq!(
        told(&strict),
        [format!(
            "error[security] templates/a.html:3: the content security policy blocks the script in the attribute \
             `onclick=\"a()\"`\n  help: use addEventListener in a script; or put this below [security] in \
             quillfront.toml: csp.script-src-attr = [\"'unsafe-hashes'\", \"{hash}\"]"
        )]
    );
    let relaxed = dressed("[security]\npreset = \"relaxed\"", "a/index.html", &page);
    assert!(!relaxed.violations[0].is_error);
    // A policy that blocks nothing yet refuses nothing.
    let reported = dressed("[security]\nmode = \"report-only\"", "a/index.html", &page);
    assert!(!reported.violations[0].is_error);
    // The line that it is told to paste.
    let allowed = format!("[security]\ncsp.script-src-attr = [\"'unsafe-hashes'\", \"{hash}\"]");
    assert_eq!(dressed(&allowed, "a/index.html", &page).violations, []);
    let page = finding(
        FindingKind::JavascriptUrl,
        "href=\"javascript:a()\"",
        "javascript:a()",
    );
    assert!(dressed("[security]", "a/index.html", &page).violations[0].is_error);
    let page = finding(FindingKind::InlineScript, "a()", "a()");
    let script = dressed("[security]", "a/index.html", &page);
    assert!(!script.violations[0].is_error);
    let allowed = format!("[security]\ncsp.script-src = [\"{hash}\"]");
    assert_eq!(dressed(&allowed, "a/index.html", &page).violations, []);
}

#[test]
fn what_comes_from_elsewhere_is_allowed_by_its_host() {
    use quillfront_policy::Directive as From;
    for (directive, url, line) in [
        (
            From::Image,
            "https://a.example/b.png",
            "csp.img-src = [\"https://a.example\"]",
        ),
        (
            From::Image,
            "//a.example/b.png",
            "csp.img-src = [\"https://a.example\"]",
        ),
        (From::Image, "data:image/png", "csp.img-src = [\"data:\"]"),
        (
            From::Frame,
            "https://a.example:8443/",
            "csp.frame-src = [\"https://a.example:8443\"]",
        ),
        (
            From::Script,
            "https://a.example/b.js?v=1",
            "csp.script-src = [\"https://a.example/b.js\"]",
        ),
        (
            From::FormAction,
            "https://a.example/send",
            "csp.form-action = [\"https://a.example\"]",
        ),
        (
            From::Base,
            "https://a.example/",
            "csp.base-uri = [\"https://a.example\"]",
        ),
    ] {
        let page = loads(directive, url);
        let strict = dressed("[security]", "a/index.html", &page);
        let told = told(&strict);
        assert_eq!(told.len(), 1, "{url}");
        assert!(
            told[0].starts_with("warning[security]") && told[0].ends_with(line),
            "{told:?}"
        );
        let allowed = dressed(&format!("[security]\n{line}"), "a/index.html", &page);
        assert_eq!(allowed.violations, [], "{line}");
        assert!(allowed.metadata["qf-csp"].len() > strict.metadata["qf-csp"].len());
    }
    let relaxed = "[security]\npreset = \"relaxed\"";
    for (directive, url) in [
        (From::Image, "https://a.example/b.png"),
        (From::Frame, "https://www.youtube.com/embed/x"),
        (From::Script, "https://a.example/b.js?v=1"),
    ] {
        let page = loads(directive, url);
        assert_eq!(
            dressed(relaxed, "a/index.html", &page).violations,
            [],
            "{url}"
        );
    }
    assert!(
        policy(relaxed, &loads(From::Script, "https://a.example/b.js?v=1"))
            .contains("script-src https://a.example/b.js;")
    );
    // The site's own are never in question, but for scripts.
    assert_eq!(
        dressed("[security]", "a/index.html", &loads(From::Image, "")).violations,
        []
    );
    let own = loads(From::Script, "/b.js?h=1");
    let blocked = dressed("[security]", "a/index.html", &own);
    assert!(told(&blocked)[0].contains("get_hash(path=\"b.js\""));
    let all = dressed("[security]\nscripts = \"self\"", "a/index.html", &own);
    assert_eq!(all.violations, []);
}

#[test]
fn a_policy_that_does_not_fit_is_told_and_shortened() {
    let digests = (0..40).map(|number| Digest::of(&number.to_string()));
    let mut digests: Vec<Digest> = digests.collect();
    digests.sort();
    let page = Facts {
        style_attributes: digests,
        ..Facts::default()
    };
    let strict = dressed("[security]", "a/index.html", &page);
    assert_eq!(strict.violations.len(), 1);
    assert!(strict.violations[0].is_error);
    let relaxed = dressed("[security]\npreset = \"relaxed\"", "a/index.html", &page);
    assert!(!relaxed.violations[0].is_error);
    let policy = &relaxed.metadata["qf-csp"];
    let most = quillfront_headers::MAX_POLICY_BYTES;
    assert!(
        policy.len() <= most && policy.len() > most - 60,
        "{}",
        policy.len()
    );
}

#[test]
fn the_budget_is_one_and_exact() {
    // Of the longest page that fits, one byte more does not.
    let with = |length: usize| {
        let text = format!(
            "[security]\nreferrer_policy = \"no-referrer\"\npermissions_policy = \"{}\"",
            "a".repeat(length)
        );
        let digests = (0..19).map(|number| Digest::of(&number.to_string()));
        let mut styles: Vec<Digest> = digests.collect();
        styles.sort();
        let page = Facts {
            styles,
            ..Facts::default()
        };
        dressed(&text, "a/index.html", &page)
    };
    let total = |dressed: &SecuredHeaders| -> usize {
        let all = dressed.metadata.iter();
        all.map(|(name, value)| name.len() + value.len()).sum()
    };
    let fits = (0..400)
        .rev()
        .find(|length| with(*length).violations.is_empty());
    let longest = fits.expect("some length fits");
    assert!(
        longest < 399,
        "the budget is not reached: {}",
        total(&with(399))
    );
    assert_eq!(total(&with(longest)), quillfront_headers::MAX_BYTES);
    assert_eq!(with(longest + 1).violations.len(), 1);
}

#[test]
fn what_no_object_stands_for_carries_all_headers() {
    let security = security("[security]");
    let rules = rules(only(Some(&security)), Redirects::default());
    assert_eq!(rules.headers["content-security-policy"], OF_NO_PAGE);
    assert_eq!(
        rules.headers["strict-transport-security"],
        "max-age=31536000"
    );
    assert_eq!(rules.headers["cross-origin-resource-policy"], "same-origin");
}

mod merged;
