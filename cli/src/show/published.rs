//! What a build published, in a line that begins with the page that somebody waits for, as an
//! address to click; why, in a line of its own.

use quillfront_site::key::OutputKey;
use quillfront_site::plan::{Rank, path_of};
use quillfront_site::report::{Action, Kind, OutputReport, Report};
use std::collections::HashSet;

/// Changed sources that are named; of more, the number.
const MAX_NAMED: usize = 3;

/// What a build published.
#[derive(Debug, PartialEq, Eq)]
pub struct PublishReport {
    /// The page, or what else there is to be looked at first; none where things were only removed.
    pub first: Option<String>,
    /// What else was published: `7 lists and feeds`.
    pub others: Vec<String>,
    /// What was removed.
    pub removed: Vec<String>,
    /// Outputs that could not be made.
    pub failed: Option<String>,
    /// Why.
    pub because: Option<String>,
}

impl PublishReport {
    /// Of a report; none where nothing was published or removed. `address` is where the site is.
    pub fn of(report: &Report, address: &str) -> Option<Self> {
        let ended = |action: Action| {
            let outputs = report.outputs.iter();
            outputs.filter(move |output| output.actions.last() == Some(&action))
        };
        let sources = &report.sources;
        let changed = sources.added.iter().chain(&sources.changed);
        let changed: HashSet<&str> = changed.map(String::as_str).collect();
        let first = ended(Action::Uploaded)
            .min_by_key(|output| (order(report.kind, &changed, output), &output.key));
        let others = ended(Action::Uploaded).filter(|output| Some(*output) != first);
        let (others, removed) = (counts(others), counts(ended(Action::Deleted)));
        let thumbnails = thumbnails(report);
        if first.is_none() && removed.iter().all(|count| *count == 0) {
            return None;
        }
        let first_is_page = first.is_some_and(|first| first.rank == Some(Rank::Page));
        Some(Self {
            first: first.map(|output| url(address, &output.key)),
            others: told(others, first_is_page),
            removed: told(removed, false).into_iter().chain(thumbnails).collect(),
            failed: failed(report),
            because: because(report),
        })
    }

    /// `http://localhost:8080/blog/hello/ and 7 lists and feeds; removed 1 page`, the address as
    /// `look` makes it look.
    pub fn line(&self, look: impl Fn(&str) -> String) -> String {
        let mut parts = Vec::new();
        if let Some(first) = &self.first {
            let all: Vec<String> = [look(first)]
                .into_iter()
                .chain(self.others.clone())
                .collect();
            parts.push(listed(&all));
        }
        if !self.removed.is_empty() {
            parts.push(format!("removed {}", listed(&self.removed)));
        }
        parts.extend(self.failed.clone());
        parts.join("; ")
    }
}

/// `3 could not be generated and stay as they were`.
pub fn failed(report: &Report) -> Option<String> {
    match report.counts.stale {
        0 => None,
        1 => Some("1 could not be generated and stays as it was".to_owned()),
        more => Some(format!(
            "{more} could not be generated and stay as they were"
        )),
    }
}

/// `3 thumbnails`, where any were removed.
pub fn thumbnails(report: &Report) -> Option<String> {
    match report.counts.variants {
        0 => None,
        1 => Some("1 thumbnail".to_owned()),
        more => Some(format!("{more} thumbnails")),
    }
}

/// What is looked at first: an author's own page, then others.
fn order(kind: Kind, changed: &HashSet<&str>, output: &OutputReport) -> usize {
    let is_own = changed.contains(output.source.as_str());
    match output.rank {
        // Where everything is new, the way in is the home page.
        _ if kind == Kind::Full && output.key == "index.html" => 0,
        Some(Rank::Page) if is_own => 1,
        Some(Rank::Section) if is_own => 2,
        Some(Rank::Page) => 3,
        Some(Rank::Section) => 4,
        Some(Rank::Static) if is_own => 5,
        Some(Rank::List) => 6,
        Some(Rank::Static | Rank::Alias) | None => 7,
    }
}

/// Pages, lists and feeds, redirects, files.
type Counts = [usize; 4];

fn counts<'a>(outputs: impl Iterator<Item = &'a OutputReport>) -> Counts {
    let mut counts = Counts::default();
    for output in outputs {
        counts[match output.rank {
            Some(Rank::Page) => 0,
            Some(Rank::Section | Rank::List) => 1,
            Some(Rank::Alias) => 2,
            Some(Rank::Static) | None => 3,
        }] += 1;
    }
    counts
}

fn told(counts: Counts, beside_a_page: bool) -> Vec<String> {
    let pages = if beside_a_page {
        ("more page", "more pages")
    } else {
        ("page", "pages")
    };
    let words = [
        pages,
        ("list or feed", "lists and feeds"),
        ("redirect", "redirects"),
        ("file", "files"),
    ];
    let counted = counts.into_iter().zip(words);
    let some = counted.filter(|(count, _)| *count > 0);
    some.map(|(count, (one, more))| format!("{count} {}", if count == 1 { one } else { more }))
        .collect()
}

/// `a, b and c`
fn listed(items: &[String]) -> String {
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// `content/a.md changed and content/b.md was added`, or how many sources did and were.
fn because(report: &Report) -> Option<String> {
    let sources = &report.sources;
    let lists = [
        (&sources.added, "was added", "were added"),
        (&sources.changed, "changed", "changed"),
        (&sources.removed, "was removed", "were removed"),
    ];
    let count: usize = lists.iter().map(|(list, ..)| list.len()).sum();
    let told: Vec<String> = match count {
        0 => return None,
        1..=MAX_NAMED => {
            let all = lists.iter().flat_map(|(list, one, _)| {
                list.iter().map(move |source| format!("{source} {one}"))
            });
            all.collect()
        }
        _ => {
            let some = lists.iter().filter(|(list, ..)| !list.is_empty());
            some.map(|(list, one, more)| match list.len() {
                1 => format!("1 source {one}"),
                many => format!("{many} sources {more}"),
            })
            .collect()
        }
    };
    Some(listed(&told))
}

/// Where an output is seen, below the address of the site, which may be unknown.
pub fn url(address: &str, key: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    /// What would end an address in a terminal, or mean something else in one.
    const UNSAFE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'\\');
    let path = path_of(&OutputKey::from(key));
    let path = utf8_percent_encode(&path, UNSAFE);
    format!("{}{path}", address.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(key: &str, rank: Rank, source: &str, action: Action) -> OutputReport {
        let key = OutputKey::from(key);
        OutputReport::new(&key, Some((rank, &source.into())), vec![action], Vec::new())
    }

    fn line(report: &Report) -> Option<String> {
        let published = PublishReport::of(report, "http://localhost:8080/");
        published.map(|published| published.line(|first| format!("<{first}>")))
    }

    #[test]
    fn a_line_begins_with_the_page_that_somebody_waits_for() {
        let mut report = Report {
            kind: Kind::Incremental,
            ..Report::default()
        };
        report.sources.changed = vec!["content/blog/hello.md".into()];
        report.outputs = vec![
            output("atom.xml", Rank::List, "config.toml", Action::Uploaded),
            output(
                "blog/a/index.html",
                Rank::Page,
                "content/blog/a.md",
                Action::Uploaded,
            ),
            output(
                "blog/hello/index.html",
                Rank::Page,
                "content/blog/hello.md",
                Action::Uploaded,
            ),
            output(
                "blog/index.html",
                Rank::Section,
                "content/blog/_index.md",
                Action::Uploaded,
            ),
            output(
                "blog/b/index.html",
                Rank::Page,
                "content/blog/b.md",
                Action::Unchanged,
            ),
        ];
        assert_eq!(
            line(&report).as_deref(),
            Some("<http://localhost:8080/blog/hello/>, 1 more page and 2 lists and feeds")
        );
        let because = PublishReport::of(&report, "").unwrap().because;
        assert_eq!(because.as_deref(), Some("content/blog/hello.md changed"));
        report.kind = Kind::Full;
        report.sources.added = vec!["a".into(), "b".into(), "c".into()];
        report.outputs.push(output(
            "index.html",
            Rank::Section,
            "content/_index.md",
            Action::Uploaded,
        ));
        assert_eq!(
            line(&report).as_deref(),
            Some("<http://localhost:8080/>, 2 pages and 2 lists and feeds")
        );
        let because = PublishReport::of(&report, "").unwrap().because;
        assert_eq!(
            because.as_deref(),
            Some("3 sources were added and 1 source changed")
        );
    }

    #[test]
    fn what_only_goes_and_what_fails_is_told() {
        let mut report = Report {
            kind: Kind::Incremental,
            ..Report::default()
        };
        report.outputs = vec![output(
            "a/index.html",
            Rank::Page,
            "content/a.md",
            Action::Deleted,
        )];
        assert_eq!(line(&report).as_deref(), Some("removed 1 page"));
        report.counts.variants = 12;
        let removed = "removed 1 page and 12 thumbnails";
        assert_eq!(line(&report).as_deref(), Some(removed));
        report.counts.variants = 0;
        report.counts.stale = 2;
        assert_eq!(
            line(&report).as_deref(),
            Some("removed 1 page; 2 could not be generated and stay as they were")
        );
        report.outputs.clear();
        assert_eq!(line(&report), None, "nothing was published");
    }

    #[test]
    fn an_address_can_be_clicked() {
        assert_eq!(url("http://a/", "b c/index.html"), "http://a/b%20c/");
        assert_eq!(url("http://a", "index.html"), "http://a/");
        assert_eq!(url("http://a", "feed.xml"), "http://a/feed.xml");
        assert_eq!(url("", "a/index.html"), "/a/");
    }
}
