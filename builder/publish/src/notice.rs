//! What is told to whoever wants to hear of it when a site was published: a message for SNS.
//!
//! Programs get JSON, and a person who is sent a mail gets text. Who uploads by a client that knows nothing of
//! Quillfront learns so that a post has mistakes. A message is sent once, after the commit; the report in the state
//! bucket is what holds.

use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use quillfront_site::plan::path_of;
use quillfront_site::report::{Action, Report};
use serde_json::{Value, json};
use std::fmt::Write;

/// Bytes of each of the four lists in a message, as JSON. A message has at most 256 KB (SNS API Reference, `Publish`),
/// and holds each list twice: as text in JSON, and as JSON in JSON, which may double it.
const MAX_LIST_BYTES: usize = 20_000;

/// A message for the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// At most 100 printable ASCII characters.
    pub subject: String,
    /// By protocol: `default` and `email`.
    pub message: String,
    /// What subscriptions filter on.
    pub outcome: Outcome,
}

/// What came of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is published.
    Published,
    /// Something is not as its author wanted it.
    Problems,
}

impl Outcome {
    /// The value of the message attribute `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Problems => "problems",
        }
    }
}

/// The message of a report; none where nothing has changed. What is wrong is told of when it arises, not each time that
/// somebody looks again.
pub fn of(report: &Report) -> Option<Notice> {
    let ended = |action: Action| -> Vec<String> {
        let outputs = report.outputs.iter();
        let ended = outputs.filter(|output| output.actions.last() == Some(&action));
        let url = |key: &str| {
            let path = path_of(&OutputKey::from(key));
            format!("{}{path}", report.site.trim_end_matches('/'))
        };
        ended.map(|output| url(&output.key)).collect()
    };
    let (published, removed) = (ended(Action::Uploaded), ended(Action::Deleted));
    let has_problems = report.held.is_some()
        || report.counts.stale > 0
        || report.diagnostics.iter().any(Diagnostic::is_error);
    let sources = &report.sources;
    let mut changed = [&sources.added, &sources.changed, &sources.removed].into_iter();
    let is_noteworthy = has_problems && changed.any(|keys| !keys.is_empty());
    if published.is_empty() && removed.is_empty() && !is_noteworthy {
        return None;
    }
    let outcome = if has_problems {
        Outcome::Problems
    } else {
        Outcome::Published
    };
    let diagnostics: Vec<String> = report.diagnostics.iter().map(ToString::to_string).collect();
    let published = cut(published);
    let removed = cut(removed);
    let diagnostics = cut(diagnostics);
    let program = json!({
        "version": 1,
        "outcome": outcome.name(),
        "site": report.site,
        "commit": report.commit,
        "generation": report.generation,
        "at": report.at,
        "counts": report.counts,
        "published": published.shown,
        "removed": removed.shown,
        "diagnostics": diagnostics.shown,
        "held": report.held,
        "left_out": {
            "published": published.left_out,
            "removed": removed.left_out,
            "diagnostics": diagnostics.left_out,
        },
    });
    let mut person = String::new();
    let held = report
        .held
        .iter()
        .map(|why| format!("{why} (see `quillfront status`)"));
    let held = cut(held.collect());
    for (title, list) in [
        ("Waiting for your approval", &held),
        ("Problems", &diagnostics),
        ("Published", &published),
        ("Removed", &removed),
    ] {
        list.write(title, &mut person);
    }
    let message = json!({ "default": program.to_string(), "email": person });
    Some(Notice {
        subject: subject(report, outcome),
        message: message.to_string(),
        outcome,
    })
}

/// A host in ASCII and what happened there.
fn subject(report: &Report, outcome: Outcome) -> String {
    let host = report.site.split("//").nth(1).unwrap_or_default();
    let host = host.split('/').next().unwrap_or_default();
    let host: String = host
        .chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect();
    let what = match outcome {
        Outcome::Published => "published",
        Outcome::Problems => "published with problems",
    };
    if host.is_empty() {
        format!("Quillfront: {what}")
    } else {
        format!("{host}: {what}")
    }
}

/// A list that fits into a message.
struct List {
    shown: Vec<String>,
    left_out: usize,
}

fn cut(all: Vec<String>) -> List {
    let mut room = MAX_LIST_BYTES;
    let total = all.len();
    let fits = |one: &String| {
        let escaped = Value::from(one.as_str()).to_string();
        let rest = room.checked_sub(escaped.len() + 1);
        room = rest.unwrap_or(0);
        rest.is_some()
    };
    let shown: Vec<String> = all.into_iter().take_while(fits).collect();
    List {
        left_out: total - shown.len(),
        shown,
    }
}

impl List {
    fn write(&self, title: &str, into: &mut String) {
        if self.shown.is_empty() && self.left_out == 0 {
            return;
        }
        let mut line = |text: &str| {
            into.push_str(text);
            into.push('\n');
        };
        line(title);
        for one in &self.shown {
            line(one);
        }
        if self.left_out > 0 {
            let mut more = String::new();
            // Writing to a string never fails.
            let _ = write!(more, "and {} more", self.left_out);
            line(&more);
        }
        line("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::report::{OutputCounts, OutputReport, SourceChanges};

    fn report(outputs: &[(&str, Action)]) -> Report {
        let output = |(key, action): &(&str, Action)| OutputReport {
            key: (*key).to_owned(),
            rank: None,
            source: String::new(),
            actions: vec![*action],
            because: Vec::new(),
        };
        Report {
            site: "https://blog.example.org/".to_owned(),
            outputs: outputs.iter().map(output).collect(),
            ..Report::default()
        }
    }

    fn parts(notice: &Notice) -> (Value, String) {
        let message: Value = serde_json::from_str(&notice.message).unwrap();
        let program = message["default"].as_str().unwrap();
        (
            serde_json::from_str(program).unwrap(),
            message["email"].as_str().unwrap().to_owned(),
        )
    }

    #[test]
    fn says_what_was_published_and_what_was_removed() {
        let notice = of(&report(&[
            ("post/index.html", Action::Uploaded),
            ("style.css", Action::Uploaded),
            ("old/index.html", Action::Deleted),
            ("same/index.html", Action::Unchanged),
        ]))
        .unwrap();
        assert_eq!(notice.subject, "blog.example.org: published");
        assert_eq!(notice.outcome, Outcome::Published);
        let (program, person) = parts(&notice);
        assert_eq!(
            program["published"],
            json!([
                "https://blog.example.org/post/",
                "https://blog.example.org/style.css"
            ])
        );
        assert_eq!(program["removed"], json!(["https://blog.example.org/old/"]));
        assert_eq!(
            person,
            "Published\nhttps://blog.example.org/post/\nhttps://blog.example.org/style.css\n\n\
             Removed\nhttps://blog.example.org/old/\n\n"
        );
    }

    #[test]
    fn a_mistake_is_a_problem_though_nothing_was_published() {
        let mut wrong = report(&[]);
        let mistake = Diagnostic::error("link", "content/a.md", "no such page").at(3, 1);
        wrong.diagnostics.push(mistake);
        // It was there before: a reconcile finds it every quarter of an hour.
        assert_eq!(of(&wrong), None);
        let changed = || SourceChanges {
            changed: vec!["content/a.md".to_owned()],
            ..SourceChanges::default()
        };
        wrong.sources = changed();
        let notice = of(&wrong).unwrap();
        assert_eq!(notice.outcome, Outcome::Problems);
        let (_, person) = parts(&notice);
        assert!(
            person.starts_with("Problems\nerror[link] content/a.md:3:1"),
            "{person}"
        );

        let mut stale = report(&[]);
        stale.sources = changed();
        assert_eq!(of(&stale), None);
        stale.counts = OutputCounts {
            stale: 1,
            ..OutputCounts::default()
        };
        assert_eq!(of(&stale).unwrap().outcome, Outcome::Problems);
        let held = Report {
            held: Some("9 pages would go".to_owned()),
            sources: changed(),
            ..report(&[])
        };
        let (_, person) = parts(&of(&held).unwrap());
        assert!(person.starts_with("Waiting for your approval\n9 pages would go"));
    }

    /// SNS refuses messages of more than 256 KB.
    #[test]
    fn a_message_of_a_large_site_fits() {
        let keys: Vec<String> = (0..50_000)
            .map(|n| format!("\"{n}\"/ü\\/index.html"))
            .collect();
        let outputs: Vec<_> = keys
            .iter()
            .map(|key| (key.as_str(), Action::Uploaded))
            .collect();
        let mut large = report(&outputs);
        large
            .outputs
            .extend(report(&[("x", Action::Deleted); 50_000]).outputs);
        let mistake = || Diagnostic::error("x", "content/\"a\".md", "\"\\".repeat(300));
        large.diagnostics = (0..5_000).map(|_| mistake()).collect();
        let notice = of(&large).unwrap();
        assert!(
            notice.message.len() < 256 * 1_024,
            "{}",
            notice.message.len()
        );
        let (program, person) = parts(&notice);
        let shown = program["published"].as_array().unwrap().len();
        assert_eq!(program["left_out"]["published"], 50_000 - shown);
        assert!(person.contains(&format!("and {} more", 50_000 - shown)));
    }
}
