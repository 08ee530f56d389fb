//! What a line of `_headers` means, in each dialect.

use quillfront_edge_files::headers::{Change, Parsed, parse};
use quillfront_edge_files::{Dialect, limits};

fn netlify(text: &str) -> Parsed {
    parse(text, Dialect::Netlify)
}

fn cloudflare(text: &str) -> Parsed {
    parse(text, Dialect::Cloudflare)
}

/// `path` or `https://host/path`, then each change as `line name=value` or `line !name`.
fn short(parsed: &Parsed) -> Vec<String> {
    let rules = parsed.rules.iter().map(|rule| {
        let host = rule.scheme_and_host.as_deref().unwrap_or_default();
        let changes = rule.changes.iter().map(|(line, change)| match change {
            Change::Set { name, value } => format!(" {line} {name}={value}"),
            Change::Remove { name } => format!(" {line} !{name}"),
        });
        format!("{host}{}{}", rule.path, changes.collect::<String>())
    });
    rules.collect()
}

/// The lines with a problem, with `?` where it is only a warning.
fn told(parsed: &Parsed) -> Vec<String> {
    let lines = parsed.problems.iter().map(|problem| {
        assert!(!problem.message.is_empty() && !problem.hint.is_empty());
        let mark = if problem.is_error { "" } else { "?" };
        format!("{}{mark}", problem.line)
    });
    lines.collect()
}

#[track_caller]
fn expect(parsed: &Parsed, rules: &[&str], problems: &[&str]) {
    assert_eq!(short(parsed), rules, "{parsed:#?}");
    assert_eq!(told(parsed), problems, "{parsed:#?}");
}

const COMMON: &str = "# all\n/*\n  X-A: 1\n  X-A : 2\r\n\n\tX-B: a:b\n/b\nX-C:c\n";

#[test]
fn both_read_paths_and_headers() {
    let wanted = ["/* 3 X-A=1 4 X-A=2 6 X-B=a:b", "/b 8 X-C=c"];
    expect(&netlify(COMMON), &wanted, &[]);
    expect(&cloudflare(COMMON), &wanted, &[]);
}

#[test]
fn netlify_writes_lists_with_one_space() {
    expect(
        &netlify("/a\nCache-Control: a ,b,\t c,\n"),
        &["/a 2 Cache-Control=a, b, c,"],
        &[],
    );
    expect(&cloudflare("/a\nX: a ,b\n"), &["/a 2 X=a ,b"], &[]);
}

#[test]
fn netlify_passes_over_what_is_no_header() {
    expect(
        &netlify("X: 1\n/a\nword\n! X-Y\n: v\nX:\nX Y: v\nhttps://h/b\nY: 1\n/c\n"),
        &["/a 9 Y=1"],
        &["1", "3?", "4?", "5", "6", "7", "8", "10?"],
    );
}

#[test]
fn netlify_counts_the_later_of_two_rules_that_say_the_same() {
    expect(
        &netlify("/a\nX: 1\nY: 2\n/b\nX: 1\n/a\nY: 2\nX: 1\n/a\nX: 2\n"),
        &["/b 5 X=1", "/a 7 Y=2 8 X=1", "/a 10 X=2"],
        &["1?"],
    );
}

#[test]
fn cloudflare_takes_headers_away() {
    expect(
        &cloudflare("/a\n! X-Y\n!X\n! X-Y: 1\n!  Z\n! a b\n"),
        &["/a 2 !X-Y 5 !Z"],
        &["3", "4", "6"],
    );
    expect(
        &cloudflare("/a\nX: 1\n! X\nY: 2\n! Y\n"),
        &["/a 3 !X 5 !Y 2 X=1 4 Y=2"],
        &[],
    );
}

#[test]
fn cloudflare_takes_urls() {
    expect(
        &cloudflare(
            "https://Example.com/a b?c\nX: 1\nhttps://:Project.pages.dev/*\nX: 2\n/é#x\nX: 3\n",
        ),
        &[
            "https://example.com/a%20b 2 X=1",
            "https://:Project.pages.dev/* 4 X=2",
            "/%C3%A9 6 X=3",
        ],
        &[],
    );
}

#[test]
fn cloudflare_passes_over_the_lines_below_a_path_that_it_refuses() {
    expect(
        &cloudflare(
            "http://h/\nX: 1\n/*/*\nX: 2\n/*/:splat\nX: 3\nhttps://h:80/\nX: 4\n/:a/:a\nX: 5\n/b\nX: 6\n",
        ),
        &["/b 12 X=6"],
        &["1", "3", "5", "7", "9"],
    );
}

#[test]
fn cloudflare_takes_a_header_with_a_scheme_in_its_first_word_for_a_path() {
    expect(
        &cloudflare("/a\nX: 1\nLink:<https://h/>\nY: 2\n/b\nLink: <https://h/>\n"),
        &["/a 2 X=1", "/b 6 Link=<https://h/>"],
        &["3"],
    );
}

#[test]
fn cloudflare_counts_the_later_of_two_rules_for_a_path() {
    expect(
        &cloudflare("/a\nX: 1\n/b\nX: 2\n/a\nY: 3\n"),
        &["/a 6 Y=3", "/b 4 X=2"],
        &["1?"],
    );
}

#[test]
fn cloudflare_refuses_a_path_without_headers_and_a_header_without_a_path() {
    expect(
        &cloudflare("X: 1\nword\n! X\n/a\n/b\n: 1\nX:\nX Y: 1\nword\n"),
        &[],
        &["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    );
}

#[test]
fn names_and_values_are_what_http_can_carry() {
    for dialect in [Dialect::Netlify, Dialect::Cloudflare] {
        expect(
            &parse(
                "/a\nX(y): 1\nX\u{1}: 1\nÉ: 1\nX: a\u{0}b\nX: a\u{7f}\nX: a\tb é\n",
                dialect,
            ),
            &["/a 7 X=a\tb é"],
            &["2", "3", "4", "5", "6"],
        );
    }
}

#[test]
fn files_have_bounds() {
    let many = |count: usize, text: &str| text.repeat(count);
    let rules = (0..103).map(|number| format!("/{number}\nX: 1\n"));
    let parsed = cloudflare(&rules.collect::<String>());
    // Cloudflare counts a rule when the next one begins, so that one more than its limit counts.
    assert_eq!(parsed.rules.len(), limits::CLOUDFLARE_HEADER_RULES + 1);
    assert_eq!(told(&parsed), ["203"]);
    assert!(parsed.problems[0].message.contains("100"));
    let long = format!("/a\nX: {}\n", "é".repeat(1_998));
    assert_eq!(told(&cloudflare(&long)), ["1", "2"]);
    let long = format!("/a\nX: {}\n", "a".repeat(limits::MAX_NETLIFY_LINE_BYTES));
    assert_eq!(told(&netlify(&long)), ["1?", "2"]);
    for dialect in [Dialect::Netlify, Dialect::Cloudflare] {
        let parsed = parse(
            &("/a\n".to_owned() + &many(limits::MAX_HEADER_LINES + 5, "X: 1\n")),
            dialect,
        );
        assert_eq!(parsed.rules[0].changes.len(), limits::MAX_HEADER_LINES - 1);
        assert_eq!(told(&parsed), ["200001"]);
        let parsed = parse(&many(limits::MAX_FILE_BYTES + 1, "/"), dialect);
        assert_eq!(
            (parsed.rules.len(), told(&parsed)),
            (0, vec!["1".to_owned()])
        );
        let stars = parse(&format!("/{}\nX: 1\n", many(100, ":a/")), dialect);
        assert_eq!(told(&stars), ["1"]);
    }
}
