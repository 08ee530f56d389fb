use super::*;
use crate::dates::Date;

fn parsed(text: &str) -> OwnConfig {
    OwnConfig::parse(KEY, text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn problems(text: &str) -> Vec<String> {
    let problems = OwnConfig::parse(KEY, text).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_file_is_as_none() {
    // But that there is one says that `_redirects` and `_headers` are read, that pictures have thumbnails, and
    // that who publishes a position is warned.
    let empty = OwnConfig {
        dialect: Some(Dialect::Netlify),
        images: Images {
            resized: ResizeMode::ByUrl,
            originals: Originals::Told,
            ..Images::default()
        },
        ..OwnConfig::default()
    };
    assert_eq!(parsed(""), empty);
    assert_eq!(
        parsed("\u{feff}[publishing]\n[env]\n[data]\n[redirects]\n"),
        empty
    );
    assert_eq!(OwnConfig::default().publishing.future, Future::Publish);
}

#[test]
fn every_key_is_read() {
    let own = parsed(
        "[publishing]\nfuture = \"hold\"\ntimezone = \"Europe/Berlin\"\n\
         [redirects]\ndialect = \"cloudflare\"\n[env]\nSTAGE = \"live\"\n\"odd name\" = \"\"\n\
         [data]\nallowed_hosts = [\"api.example.org\", \"http://plain.example:8080\"]\n",
    );
    assert_eq!(own.publishing.future, Future::Hold);
    assert_eq!(own.publishing.timezone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(own.dialect, Some(Dialect::Cloudflare));
    assert_eq!(own.env["STAGE"], "live");
    assert_eq!(own.env["odd name"], "");
    assert!(own.allowed_hosts.check("https://api.example.org/x").is_ok());
}

#[test]
fn unknown_keys_are_errors_with_line_column_and_the_nearest_name() {
    let told =
        problems("[publishing]\nfutur = \"hold\"\n[data]\nallowed_host = []\n[enw]\nA = \"1\"\n");
    assert_eq!(
        told,
        [
            "error[quillfront-toml] quillfront.toml:2:1: unknown key `publishing.futur`\n  help: did you mean `publishing.future`?",
            "error[quillfront-toml] quillfront.toml:4:1: unknown key `data.allowed_host`\n  help: did you mean `data.allowed_hosts`?",
            "error[quillfront-toml] quillfront.toml:5:2: unknown key `enw`\n  help: did you mean `env`?",
        ]
    );
    assert!(problems("nothing_like_it = 1")[0].ends_with("unknown key `nothing_like_it`"));
}

#[test]
fn wrong_values_are_errors() {
    for (text, part) in [
        (
            "[publishing]\nfuture = \"held\"",
            "one of \"publish\", \"hold\"",
        ),
        ("[publishing]\nfuture = true", "one of"),
        ("publishing = 1", "is a table"),
        (
            "[publishing]\ntimezone = \"Europe/Berln\"",
            "did you mean \"Europe/Berlin\"?",
        ),
        ("[publishing]\ntimezone = \"+01:00\"", "no time zone"),
        ("[publishing]\ntimezone = 1", "must be text"),
        (
            "[env]\nPORT = 80",
            "`env.PORT` must be text, not a whole number",
        ),
        ("[env]\nA = { b = \"c\" }", "must be text, not a table"),
        ("[data]\nallowed_hosts = \"a.example\"", "a list of texts"),
        ("[data]\nallowed_hosts = [1]", "a list of texts"),
        ("[data]\nallowed_hosts = [\"*.example.org\"]", "wildcard"),
        (
            "[data]\nallowed_hosts = [\"https://a.example/path\"]",
            "more than a host",
        ),
        (
            "[data]\nallowed_hosts = [\"me@a.example\"]",
            "more than a host",
        ),
        (
            "[data]\nallowed_hosts = [\"ftp://a.example\"]",
            "scheme `ftp`",
        ),
        ("[data]\nallowed_hosts = [\"\"]", "not a host"),
        (
            "[data]\nallowed_hosts = [\"localhost:8080\"]",
            "this machine",
        ),
        ("[data]\nallowed_hosts = [\"127.1\"]", "this machine"),
        (
            "[data]\nallowed_hosts = [\"http://2130706433\"]",
            "this machine",
        ),
        (
            "[data]\nallowed_hosts = [\"169.254.169.254\"]",
            "link-local",
        ),
        ("[data]\nallowed_hosts = [\"[::1]:80\"]", "this machine"),
        ("a = ", "this is not TOML"),
    ] {
        let told = problems(text).join("\n");
        assert!(told.contains(part), "{text}: {told}");
    }
    let many = format!("[data]\nallowed_hosts = [{}]", "\"a.example\",".repeat(101));
    assert!(problems(&many)[0].contains("more than 100 hosts"));
    let large = format!("[env]\nA = \"{}\"", "x".repeat(MAX_BYTES));
    assert!(problems(&large)[0].contains("larger than 256 KiB"));
}

#[test]
fn a_host_is_allowed_with_its_scheme_and_port_alone() {
    let hosts = parsed(
        "[data]\nallowed_hosts = [\"API.example.org\", \"b.example:8443\", \"http://c.example\", \"bücher.example\"]",
    )
    .allowed_hosts;
    for good in [
        "https://api.example.org/v1?q=1",
        "HTTPS://Api.Example.ORG:443/",
        "https://api.example.org./",
        "https://b.example:8443/x",
        "http://c.example/x",
        "https://xn--bcher-kva.example/",
    ] {
        assert!(hosts.check(good).is_ok(), "{good}: {:?}", hosts.check(good));
    }
    for bad in [
        "http://api.example.org/",
        "https://api.example.org:8443/",
        "https://b.example/",
        "https://c.example/",
        "https://x.api.example.org/",
        "https://api.example.org.evil.example/",
        "https://api.example.org@evil.example/",
        "https://user@api.example.org/",
        "https://evil.example/api.example.org",
        "https://evil.example\\@api.example.org/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "//api.example.org/",
        "api.example.org",
        "https://127.0.0.1/",
        "http://localhost/",
        "",
    ] {
        assert!(hosts.check(bad).is_err(), "{bad}: {:?}", hosts.check(bad));
    }
    assert_eq!(
        hosts
            .check("https://api.example.org#part")
            .unwrap()
            .as_str(),
        "https://api.example.org/"
    );
    let told = hosts.check("https://d.example:444/x").unwrap_err();
    assert!(
        told.contains("allowed_hosts = [\"d.example:444\"]"),
        "{told}"
    );
    assert!(
        hosts
            .check(&format!("https://api.example.org/{}", "x".repeat(5000)))
            .is_err()
    );
}

#[test]
fn dates_without_a_zone_are_in_the_configured_one() {
    let berlin = parsed("[publishing]\ntimezone = \"Europe/Berlin\"").publishing;
    let utc = Publishing::default();
    let due = |publishing: &Publishing, text: &str| {
        let date = Date::parse(text).unwrap();
        (
            publishing.due(&date).to_string(),
            publishing.due_shown(&date),
        )
    };
    for (publishing, date, moment, shown) in [
        (
            &utc,
            "2026-12-24",
            "2026-12-24T00:00:00Z",
            "2026-12-24T00:00:00+00:00",
        ),
        (
            &berlin,
            "2026-12-24",
            "2026-12-23T23:00:00Z",
            "2026-12-24T00:00:00+01:00",
        ),
        (
            &berlin,
            "2026-07-01T08:30:00",
            "2026-07-01T06:30:00Z",
            "2026-07-01T08:30:00+02:00",
        ),
        (
            &berlin,
            "2026-12-24T08:00:00-05:00",
            "2026-12-24T13:00:00Z",
            "2026-12-24T08:00:00-05:00",
        ),
        (
            &berlin,
            "2026-12-24T08:00:00Z",
            "2026-12-24T08:00:00Z",
            "2026-12-24T08:00:00Z",
        ),
        // Clocks go from 2:00 to 3:00, and from 3:00 back to 2:00.
        (
            &berlin,
            "2026-03-29T02:30:00",
            "2026-03-29T01:30:00Z",
            "2026-03-29T03:30:00+02:00",
        ),
        (
            &berlin,
            "2026-10-25T02:30:00",
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:30:00+02:00",
        ),
        (
            &utc,
            "2016-12-31T23:59:60",
            "2016-12-31T23:59:59Z",
            "2016-12-31T23:59:59+00:00",
        ),
    ] {
        assert_eq!(
            due(publishing, date),
            (moment.to_owned(), shown.to_owned()),
            "{date}"
        );
    }
    // The ends of what can be written do no harm.
    let samoa = parsed("[publishing]\ntimezone = \"Pacific/Midway\"").publishing;
    for text in [
        "9999-12-31T23:59:59",
        "0000-01-01",
        "9999-12-31T23:59:59-23:59",
    ] {
        let date = Date::parse(text).unwrap();
        assert_eq!(
            samoa.due(&date) > jiff::Timestamp::UNIX_EPOCH,
            date.year > 1970,
            "{text}"
        );
        assert!(!samoa.due_shown(&date).is_empty());
    }
}
