//! `quillfront status`: the last build, stale outputs, pending hints, what is held, what is under
//! way, and what is still owed.

mod edge_errors;

use crate::args::{self, Global};
use crate::connect::connect;
use crate::excerpt::Texts;
use crate::handle::texts_of;
use crate::{exit, out, show};
use anyhow::Result;
use jiff::Timestamp;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::root::Root;
use quillfront_publish::bucket::state::State;
use quillfront_site::library::schedule::NextDue;
use quillfront_site::object::HTML_LIFETIME_SECONDS;
use quillfront_site::report::{Action, Report, SourceChanges};
use serde::Serialize;
use std::collections::BTreeMap;

/// Keys that are told one by one; of more, the number.
const MAX_LISTED: usize = 12;

#[derive(Default, Serialize)]
struct Status {
    commit: String,
    generation: u64,
    now: String,
    outputs: usize,
    sources: usize,
    /// Sources of which nothing is published, since they have mistakes.
    waiting: Vec<String>,
    /// Sources of which an earlier version is published, since they have mistakes.
    kept: Vec<String>,
    /// When the versions of those were taken into use.
    since: BTreeMap<String, String>,
    /// What is wrong with both.
    because: BTreeMap<String, Vec<String>>,
    /// Outputs that could not be made, and why.
    stale: Vec<String>,
    stale_because: BTreeMap<String, Vec<String>>,
    hints: Vec<String>,
    publishing: Option<String>,
    lease: Option<UnderWay>,
    held: Option<String>,
    /// The sources that the held change is made of.
    held_keys: Vec<String>,
    /// The posts that are published next, and when.
    next_due: Option<NextDue>,
    owed: Option<Owed>,
    unreferenced: Option<Unreferenced>,
    last: Option<Report>,
}

/// A builder that is at work, or died at it.
#[derive(Serialize)]
struct UnderWay {
    holder: String,
    until: String,
    /// True where another may take over.
    over: bool,
    committed: bool,
    objects: usize,
}

/// What a commit left to be done.
#[derive(Serialize)]
struct Owed {
    paths: Vec<String>,
    deletions: usize,
    because: Option<String>,
}

/// Pictures that are removed when no cached page can show them.
#[derive(Serialize)]
struct Unreferenced {
    objects: usize,
    next_at: String,
}

pub fn run(global: &Global, options: args::Status) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        if options.edge_errors {
            return edge_errors::run(&options).await;
        }
        let builder = connect(&global.root, &options.connection, Options::default()).await?;
        let Some((root, state)) = builder.look().await? else {
            show::note("nothing has been published yet");
            return Ok(exit::GOOD);
        };
        let last = builder.last_report().await?;
        let status = Status::of(root, &state, last, Timestamp::now());
        if options.json {
            out::json(&status)?;
        } else {
            let texts = match &status.last {
                Some(report) => texts_of(&builder, report).await,
                None => Texts::new(),
            };
            show_status(&status, &texts);
        }
        let diagnostics = status
            .last
            .map(|report| report.diagnostics)
            .unwrap_or_default();
        Ok(exit::with(&diagnostics))
    })
}

fn time(ms: i64) -> String {
    let time = Timestamp::from_second(ms.div_euclid(1_000));
    time.map(|time| time.to_string()).unwrap_or_default()
}

impl Status {
    fn of(root: Root, state: &State, last: Option<Report>, now: Timestamp) -> Self {
        let outputs = last.iter().flat_map(|report| &report.outputs);
        let stale = outputs.filter(|output| output.actions.contains(&Action::Stale));
        let stale_because: BTreeMap<String, Vec<String>> = stale
            .map(|output| (output.key.clone(), output.because.clone()))
            .collect();
        let is_owed = root.outbox.is_some() || !root.later.is_empty();
        let outbox = root.outbox.clone().unwrap_or_default();
        let waiting = root.later.iter().flat_map(|later| later.paths.clone());
        let owed = is_owed.then(|| Owed {
            paths: outbox.invalidations.into_iter().chain(waiting).collect(),
            // How many thumbnails there are of a picture, nobody knows before they are listed.
            deletions: outbox.deletions.len() + outbox.variants.len(),
            because: last
                .as_ref()
                .and_then(|report| report.invalidations.owed.clone()),
        });
        let lease = root.lease.as_ref().map(|lease| UnderWay {
            holder: lease.holder.clone(),
            until: time(lease.deadline_ms),
            over: now.as_millisecond() > lease.deadline_ms,
            committed: lease.committed,
            objects: lease.intent.len(),
        });
        let oldest = root.unreferenced.values().map(|left| left.since_ms).min();
        let unreferenced = oldest.map(|since_ms| Unreferenced {
            objects: root.unreferenced.len(),
            next_at: time(since_ms + HTML_LIFETIME_SECONDS * 1_000),
        });
        let held_keys = root
            .held
            .iter()
            .flat_map(|held| held.keys.clone())
            .collect();
        let mut stand = SourceChanges::default();
        for (key, source) in state.sources.iter() {
            stand.stand(key, source);
        }
        Self {
            waiting: stand.waiting,
            kept: stand.kept,
            since: stand.since,
            because: stand.because,
            stale: stale_because.keys().cloned().collect(),
            stale_because,
            commit: root.commit,
            generation: root.generation,
            now: root.now,
            outputs: state.outputs.len(),
            sources: state.sources.len(),
            hints: root.hints.into_keys().collect(),
            publishing: lease.as_ref().map(|lease| lease.holder.clone()),
            lease,
            next_due: root.next_due,
            held: root.held.map(|held| held.reason),
            held_keys,
            owed,
            unreferenced,
            last,
        }
    }

    /// What all is well with.
    fn facts(&self) -> Vec<String> {
        let mut facts = vec![format!(
            "commit {}: {} objects made from {} sources; templates see {}",
            self.generation, self.outputs, self.sources, self.now
        )];
        if let Some(report) = &self.last {
            facts.push(last_build(report));
        }
        if let Some(lease) = self.lease.as_ref().filter(|lease| !lease.over) {
            let what = if lease.committed {
                "has committed and is cleaning up".to_owned()
            } else {
                format!("may touch {} objects", lease.objects)
            };
            facts.push(format!(
                "{} is publishing until {}: it {what}",
                lease.holder, lease.until
            ));
        }
        if let Some(NextDue { at, sources }) = &self.next_due {
            let due = listed(sources);
            facts.extend(
                due.into_iter()
                    .map(|source| format!("{source} is due at {at}")),
            );
        }
        let hints = listed(&self.hints).into_iter();
        facts.extend(hints.map(|key| format!("waiting to be checked: {key}")));
        if let Some(left) = &self.unreferenced {
            facts.push(format!(
                "unreferenced pictures: {}; the first is deleted after {}, when no cached page \
                 shows it",
                left.objects, left.next_at
            ));
        }
        facts
    }

    /// What should not be overlooked.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(lease) = self.lease.as_ref().filter(|lease| lease.over) {
            warnings.push(format!(
                "{} did not finish by {}; the next event or reconcile takes over",
                lease.holder, lease.until
            ));
        }
        let stand = SourceChanges {
            waiting: self.waiting.clone(),
            kept: self.kept.clone(),
            since: self.since.clone(),
            ..SourceChanges::default()
        };
        for line in show::stands(&stand) {
            let because = self.because.get(&line.sources);
            let because = because.filter(|all| !all.is_empty());
            let because = because.map_or(String::new(), |all| format!(": {}", all.join("; ")));
            warnings.push(format!("{} {}{because}", line.stand, line.sources));
        }
        for (key, because) in self.stale_because.iter().take(MAX_LISTED) {
            let because = because.join("; ");
            warnings.push(format!(
                "/{key} could not be generated; the published version stays: {because}"
            ));
        }
        if let Some(more) = self
            .stale
            .len()
            .checked_sub(MAX_LISTED)
            .filter(|more| *more > 0)
        {
            warnings.push(format!("and {more} more could not be generated"));
        }
        if let Some(reason) = &self.held {
            let keys = listed(&self.held_keys).join(", ");
            warnings.push(format!(
                "a change is held: {reason}. It waits until `quillfront approve` lets it through, or \
                 until the files are uploaded again: {keys}"
            ));
        }
        if let Some(owed) = &self.owed {
            let because = owed.because.as_ref();
            let because = because.map_or(String::new(), |because| format!(" ({because})"));
            warnings.push(format!(
                "still to be done: {} deletions, {} paths to invalidate{because}; the next event \
                 or reconcile continues",
                owed.deletions,
                owed.paths.len()
            ));
        }
        warnings
    }
}

/// The first of them, and how many more there are.
fn listed(keys: &[String]) -> Vec<String> {
    let mut told: Vec<String> = keys.iter().take(MAX_LISTED).cloned().collect();
    if let Some(more) = keys.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    told
}

/// `last build 2026-01-02T03:04:05Z: incremental, in 84 ms; 3 rendered, …; requests: …`
fn last_build(report: &Report) -> String {
    let kind = format!("{:?}", report.kind).to_lowercase();
    let at = match report.at.as_str() {
        "" => String::new(),
        at => format!(" {at}"),
    };
    let took = show::duration(report.ms.get("total").copied().unwrap_or(0));
    let some = |list: &[(u64, &str)]| {
        let told = list.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if told.is_empty() {
            "none".to_owned()
        } else {
            told.join(", ")
        }
    };
    let counts = &report.counts;
    let outputs = some(&[
        (counts.rendered, "rendered"),
        (counts.uploaded, "uploaded"),
        (counts.deleted, "deleted"),
        (counts.stale, "stale"),
    ]);
    let made = &report.requests;
    let requests = some(&[
        (made.get, "GET"),
        (made.head, "HEAD"),
        (made.put, "PUT"),
        (made.delete, "DELETE"),
        (made.list, "LIST"),
        (made.invalidation, "invalidation"),
    ]);
    let stopped = if report.stopped {
        ", cut off by time"
    } else {
        ""
    };
    format!("last build{at}: {kind}{stopped}, in {took}; outputs: {outputs}; requests: {requests}")
}

fn show_status(status: &Status, texts: &Texts) {
    for fact in status.facts() {
        show::note(&fact);
    }
    for warning in status.warnings() {
        show::warning(&warning);
    }
    if let Some(report) = &status.last {
        show::diagnostics(&report.diagnostics, texts);
        show::outputs(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_publish::bucket::root::{self, HeldChange, Lease, Outbox};

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn a_quiet_site_has_little_to_tell() {
        let status = Status::of(
            Root::new("2026-01-02T00:00:00Z".into()),
            &State::default(),
            None,
            now(),
        );
        assert_eq!(status.facts().len(), 1);
        assert!(status.warnings().is_empty());
        let json = serde_json::to_value(&status).unwrap();
        assert!(json["stale"].is_array() && json["held"].is_null() && json["owed"].is_null());
    }

    #[test]
    fn what_waits_is_told_with_the_way_out() {
        let mut root = Root::new("2026-01-02T00:00:00Z".into());
        root.add_hints(["content/a.md"]);
        root.lease = Some(Lease {
            holder: "builder-1".into(),
            deadline_ms: now().as_millisecond() + 1_000,
            intent: vec!["a/index.html".into()],
            committed: false,
        });
        root.held = Some(HeldChange {
            reason: "it would delete 20 of 30 pages".into(),
            keys: (0..20).map(|n| format!("content/{n:02}.md")).collect(),
        });
        root.outbox = Some(Outbox {
            invalidations: vec!["/a/".into()],
            ..Outbox::default()
        });
        root.later = vec![root::Later {
            at_ms: now().as_millisecond(),
            paths: vec!["/old/*".into()],
        }];
        root.unreferenced.insert(
            "processed_images/a.png".into(),
            root::UnreferencedObject {
                etag: "e".into(),
                since_ms: now().as_millisecond(),
            },
        );
        let mut report = Report {
            at: "2026-01-02T03:04:00Z".into(),
            ..Report::default()
        };
        report.counts.uploaded = 2;
        report.requests.put = 5;
        report.invalidations.owed = Some("AccessDenied: no".into());
        let status = Status::of(root.clone(), &State::default(), Some(report), now());
        let (facts, warnings) = (status.facts().join("\n"), status.warnings().join("\n"));
        for part in [
            "last build 2026-01-02T03:04:00Z: none, in 0 ms; outputs: 2 uploaded; requests: 5 PUT",
            "builder-1 is publishing until 2026-01-02T03:04:06Z: it may touch 1 objects",
            "waiting to be checked: content/a.md",
            "the first is deleted after 2026-01-03T03:04:05Z",
        ] {
            assert!(facts.contains(part), "{part} in {facts}");
        }
        for part in [
            "it would delete 20 of 30 pages. It waits until `quillfront approve`",
            "content/11.md, and 8 more",
            "0 deletions, 2 paths to invalidate (AccessDenied: no)",
        ] {
            assert!(warnings.contains(part), "{part} in {warnings}");
        }
        // The same lease, later.
        let later = now() + jiff::SignedDuration::from_secs(60);
        let status = Status::of(root, &State::default(), None, later);
        assert!(status.warnings()[0].contains("builder-1 did not finish by"));
    }
}
