//! The rule of the *effective source* (invariant 1): the current bytes of a key if they parse and
//! validate by themselves, else the last bytes that did, else nothing.

use crate::render::templates;
use quillfront_site::config::Config;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::front_matter;
use quillfront_site::front_matter::head::Head;
use quillfront_site::key::{self, DataFormat, MAX_TEXT_BYTES, Role, SourceKey, data_format};
use quillfront_site::quillfront_toml::OwnConfig;
use quillfront_site::source::{Effective, Source, Sources, Text, unreadable};
use rayon::prelude::*;
use smol_str::SmolStr;
use std::sync::Arc;

/// Largest file that is published as it is: what CopyObject takes (Amazon S3 API, "CopyObject").
pub const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// A source that was looked at because something said that it may have changed.
#[derive(Debug, Clone)]
pub enum SourceObservation {
    /// It is not there.
    Absent,
    /// Text, with its bytes (None where they were over the limit and so not read).
    Text {
        /// ETag or its like.
        version: String,
        /// Bytes in all.
        size: u64,
        /// The bytes.
        bytes: Option<Vec<u8>>,
    },
    /// Something that only travels.
    Opaque {
        /// ETag or its like.
        version: String,
        /// Bytes in all.
        size: u64,
    },
    /// It is there, or was and nobody has removed it, and the storage has damaged it.
    Unreadable {
        /// ETag or its like, where that is still known.
        version: Option<String>,
    },
    /// A version that is not to be used, since it ended whoever did.
    SetAside {
        /// ETag or its like; none where it is that the file is gone.
        version: Option<String>,
        /// Bytes in all.
        size: u64,
        /// For how long.
        until: Until,
    },
}

/// For how long a version is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Others, which may be to blame as well, have been tried.
    OthersAreTried,
    /// It has other bytes.
    Changed,
}

impl SourceObservation {
    /// The same, not to be used.
    pub fn set_aside(self, until: Until) -> Self {
        let (version, size) = match self {
            Self::Absent => (None, 0),
            Self::Text { version, size, .. } | Self::Opaque { version, size } => {
                (Some(version), size)
            }
            Self::Unreadable { version } => (version, 0),
            Self::SetAside { version, size, .. } => (version, size),
        };
        Self::SetAside {
            version,
            size,
            until,
        }
    }

    /// True where it is not to be used.
    pub fn is_set_aside(&self) -> bool {
        matches!(self, Self::SetAside { .. })
    }

    /// The version that was seen; none where nothing was there.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Text { version, .. } | Self::Opaque { version, .. } => Some(version),
            Self::Unreadable { version } | Self::SetAside { version, .. } => version.as_deref(),
        }
    }
}

/// What looking at a source brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Added,
    /// What a build uses of it is another.
    Changed,
    /// It is gone.
    Removed,
    /// Nothing that a build would notice.
    None,
}

/// Takes in what was seen under many keys. Each text is checked by itself, so that all threads
/// share the work.
pub fn observe_all(
    sources: &mut Sources,
    seen: Vec<(SourceKey, SourceObservation)>,
) -> Vec<(SourceKey, Change)> {
    let seen: Vec<_> = seen
        .into_par_iter()
        .map(|(key, observed)| {
            let looked_at = look_at(sources, &key, observed);
            (key, looked_at)
        })
        .collect();
    seen.into_iter()
        .map(|(key, looked_at)| {
            let change = take_in(sources, &key, looked_at);
            (key, change)
        })
        .collect()
}

/// Takes in what was seen under `key`, by the rule of the effective source.
pub fn observe(sources: &mut Sources, key: &SourceKey, observed: SourceObservation) -> Change {
    let looked_at = look_at(sources, key, observed);
    take_in(sources, key, looked_at)
}

/// What was seen, checked against what a build uses now.
fn look_at(sources: &Sources, key: &SourceKey, observed: SourceObservation) -> LookedAt {
    let (version, size, bytes) = match observed {
        SourceObservation::Absent => return LookedAt::Absent,
        SourceObservation::Opaque { version, size } => (version, size, None),
        SourceObservation::Unreadable { version } => return keep(sources, key, version),
        SourceObservation::SetAside {
            version,
            size,
            until,
        } => return put_aside(sources, key, version, size, until),
        SourceObservation::Text {
            version,
            size,
            bytes,
        } => (version, size, Some(bytes)),
    };
    let before = sources.get(key.as_str());
    if let Some(before) = before
        && before.version == version
        && before.problems.is_empty()
        // What a key is for may be another than to the version that saw it last.
        && (before.effective == Effective::Opaque) == bytes.is_none()
    {
        return LookedAt::Same;
    }
    let mut since = None;
    let (effective, head, problems) = match bytes {
        None if key.role() == Role::Unusable => {
            (Effective::Absent, None, vec![unusable(key.as_str())])
        }
        None if size > MAX_FILE_BYTES => {
            let message = format!(
                "the file has {size} bytes; S3 copies at most {MAX_FILE_BYTES} (5 GiB) at once"
            );
            let hint = "publish it from another bucket, or make it smaller";
            let problem = Diagnostic::error("too-large", key.as_str(), message).hint(hint);
            (Effective::Absent, None, vec![problem])
        }
        None => (Effective::Opaque, None, Vec::new()),
        Some(bytes) => match check(key, size, bytes) {
            Ok((text, head)) => {
                let text = Effective::Text(Text::new(text));
                (text, head.map(Arc::new), Vec::new())
            }
            Err(problems) => {
                let last_good = before.map(|source| source.effective.clone());
                let head = before.and_then(|source| source.head.clone());
                since = before.and_then(|source| source.since);
                (last_good.unwrap_or(Effective::Absent), head, problems)
            }
        },
    };
    LookedAt::Source(Source {
        version: version.into(),
        size,
        effective,
        problems,
        head,
        since,
        lacks: Vec::new(),
    })
}

/// What cannot be read stays as it was, so that nothing that is published goes with it.
fn keep(sources: &Sources, key: &SourceKey, version: Option<String>) -> LookedAt {
    let before = sources.get(key.as_str());
    let mut source = before.map_or_else(
        || Source {
            version: SmolStr::default(),
            size: 0,
            effective: Effective::Absent,
            problems: Vec::new(),
            head: None,
            since: None,
            lacks: Vec::new(),
        },
        |before| (**before).clone(),
    );
    source.problems = vec![unreadable(key.as_str())];
    if let Some(version) = version.filter(|_| source.effective != Effective::Opaque) {
        source.version = version.into();
    }
    LookedAt::Source(source)
}

/// A version that is not to be used counts as broken. The last good bytes of what only travels are
/// where they were published, so that it keeps its version.
fn put_aside(
    sources: &Sources,
    key: &SourceKey,
    version: Option<String>,
    size: u64,
    until: Until,
) -> LookedAt {
    let before = sources.get(key.as_str());
    let told = |has_last| vec![set_aside(key.as_str(), until, has_last)];
    let as_before = |before: &Arc<Source>| {
        LookedAt::Source(Source {
            problems: told(true),
            ..(**before).clone()
        })
    };
    let Some(version) = version else {
        // That it is gone is what is not used.
        return before.map_or(LookedAt::Absent, as_before);
    };
    if let Some(before) = before.filter(|before| before.effective == Effective::Opaque) {
        return as_before(before);
    }
    // A version that was good by itself may have been taken in before it was used.
    let is_last = |before: &&Arc<Source>| before.version != version || !before.problems.is_empty();
    let last = before.filter(|before| before.effective.is_text());
    let last = last.filter(is_last);
    LookedAt::Source(Source {
        version: version.into(),
        size,
        effective: last.map_or(Effective::Absent, |last| last.effective.clone()),
        problems: told(last.is_some()),
        head: last.and_then(|last| last.head.clone()),
        since: last.and_then(|last| last.since),
        lacks: Vec::new(),
    })
}

fn take_in(sources: &mut Sources, key: &SourceKey, looked_at: LookedAt) -> Change {
    let source = match looked_at {
        LookedAt::Same => return Change::None,
        LookedAt::Absent => {
            return match sources.remove(key) {
                Some(_) => Change::Removed,
                None => Change::None,
            };
        }
        LookedAt::Source(source) => source,
    };
    let change = match sources.get(key.as_str()) {
        None => Change::Added,
        Some(before) if before.effective != source.effective => Change::Changed,
        Some(before)
            if source.effective == Effective::Opaque && before.version != source.version =>
        {
            Change::Changed
        }
        Some(before) if before.problems != source.problems => Change::Changed,
        // Other bytes with the same mistakes.
        Some(before) if before.version != source.version && !source.problems.is_empty() => {
            Change::Changed
        }
        Some(_) => Change::None,
    };
    sources.insert(key, source);
    change
}

/// A source that was looked at, before it is taken in.
enum LookedAt {
    /// Nothing has changed.
    Same,
    /// It is not there.
    Absent,
    /// What it is now.
    Source(Source),
}

/// Checks a source by itself: what depends on other sources (an undefined taxonomy, a missing
/// parent template, a broken link) is found when it is used.
fn check(
    key: &SourceKey,
    size: u64,
    bytes: Option<Vec<u8>>,
) -> Result<(Arc<str>, Option<Head>), Vec<Diagnostic>> {
    let file = key.as_str();
    let Some(bytes) = bytes.filter(|_| size <= MAX_TEXT_BYTES) else {
        let message =
            format!("the file has {size} bytes; a text file may have at most {MAX_TEXT_BYTES}");
        let hint = "split it, or put it under static/ if it is only meant to be downloaded";
        return Err(vec![
            Diagnostic::error("too-large", file, message).hint(hint),
        ]);
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
            let hint =
                "save the file as UTF-8; a picture or another binary file needs its own extension";
            let problem = Diagnostic::error("utf-8", file, "this is not UTF-8 text");
            return Err(vec![problem.at(line, None).hint(hint)]);
        }
    };
    let mut head = None;
    match key.role() {
        Role::Config => Config::parse(file, &text).map(|_| ())?,
        Role::Content => head = Some(Head::read(file, &text)?),
        Role::Template => templates::check_syntax(file, &text).map_err(|problem| vec![problem])?,
        Role::OwnConfig => OwnConfig::parse(file, &text).map(|_| ())?,
        Role::ThemeConfig | Role::Data => check_data(file, &text)?,
        // What a style sheet means depends on those that it imports; of a file for the edge each line stands
        // for itself.
        Role::Sass
        | Role::EdgeFile
        | Role::Asset
        | Role::Static
        | Role::Ignored
        | Role::Unusable => {}
    }
    Ok((text.into(), head))
}

/// What is told of a version that is not to be used.
fn set_aside(file: &str, until: Until, has_last: bool) -> Diagnostic {
    let rest = if has_last {
        "the last good version stays in use"
    } else {
        "nothing is published from it"
    };
    let (why, hint) = match until {
        Until::OthersAreTried => (
            "publishing was interrupted while this file and others were in use, so it waits until \
             the others have been tried",
            "no action is needed; it is tried next",
        ),
        Until::Changed => (
            "publishing was interrupted every time this version of the file was used, so it is set \
             aside",
            "change the file and upload it again; if it is not the cause, `quillfront approve` \
             tries it once more",
        ),
    };
    Diagnostic::error("set-aside", file, format!("{why}; {rest}")).hint(hint)
}

/// What an author is told of a key that nothing can be published from.
fn unusable(file: &str) -> Diagnostic {
    let why = key::fault(file).map_or_else(String::new, |fault| format!(": it {fault}"));
    let shown = file.escape_debug();
    let message = format!("nothing is published from an object named `{shown}`{why}");
    Diagnostic::error("key", file, message)
        .hint("upload it again under another key, and remove this one")
}

fn check_data(file: &str, text: &str) -> Result<(), Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = front_matter::tree::Source {
        file,
        text,
        first_line: 1,
        code: "data",
    };
    let problems = match data_format(file) {
        Some(DataFormat::Toml) => front_matter::parse_toml(&source).err(),
        Some(DataFormat::Yaml) => front_matter::parse_yaml(&source).err(),
        Some(DataFormat::Json) => serde_json::from_str::<serde::de::IgnoredAny>(text)
            .err()
            .map(|error| vec![json_problem(file, &error)]),
        Some(DataFormat::Plain) | None => None,
    };
    match problems {
        None => Ok(()),
        Some(problems) => Err(problems),
    }
}

fn json_problem(file: &str, error: &serde_json::Error) -> Diagnostic {
    let text = error.to_string();
    // The place is told by itself.
    let what = text
        .split_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    Diagnostic::error("data", file, format!("this is not JSON: {what}"))
        .at(error.line() as u32, error.column() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::quillfront_toml::{Future, KEY};

    fn text(version: &str, body: &str) -> SourceObservation {
        let bytes = body.as_bytes().to_vec();
        SourceObservation::Text {
            version: version.into(),
            size: bytes.len() as u64,
            bytes: Some(bytes),
        }
    }

    #[test]
    fn broken_bytes_leave_the_last_good_ones_in_use_until_they_are_mended() {
        let key = SourceKey::from("content/a.md");
        let mut sources = Sources::default();
        let good = "+++\ntitle = \"A\"\n+++\nbody";
        assert_eq!(observe(&mut sources, &key, text("1", good)), Change::Added);
        assert_eq!(observe(&mut sources, &key, text("1", good)), Change::None);

        assert_eq!(
            observe(&mut sources, &key, text("2", "+++\ntitle = \n+++\n")),
            Change::Changed
        );
        assert_eq!(sources.text("content/a.md").map(|t| &**t), Some(good));
        assert_eq!(
            sources.get("content/a.md").unwrap().problems[0].file,
            "content/a.md"
        );

        assert_eq!(
            observe(&mut sources, &key, text("3", good)),
            Change::Changed
        );
        assert!(sources.get("content/a.md").unwrap().problems.is_empty());
        assert_eq!(
            observe(&mut sources, &key, SourceObservation::Absent),
            Change::Removed
        );
        assert_eq!(
            observe(&mut sources, &key, SourceObservation::Absent),
            Change::None
        );
    }

    #[test]
    fn bytes_that_were_never_good_are_absent() {
        let key = SourceKey::from("content/a.md");
        let mut sources = Sources::default();
        let binary = SourceObservation::Text {
            version: "1".into(),
            size: 2,
            bytes: Some(vec![0xff, 0xfe]),
        };
        assert_eq!(observe(&mut sources, &key, binary), Change::Added);
        assert!(!sources.exists("content/a.md"));
        assert_eq!(
            sources.get("content/a.md").unwrap().problems[0].code,
            "utf-8"
        );
    }

    #[test]
    fn a_text_over_the_limit_is_not_read() {
        let key = SourceKey::from("content/a.md");
        let mut sources = Sources::default();
        let huge = SourceObservation::Text {
            version: "1".into(),
            size: 50 << 20,
            bytes: None,
        };
        observe(&mut sources, &key, huge);
        assert_eq!(
            sources.get("content/a.md").unwrap().problems[0].code,
            "too-large"
        );
        let film = SourceKey::from("static/film.mp4");
        let observed = |size: u64| SourceObservation::Opaque {
            version: size.to_string(),
            size,
        };
        observe(&mut sources, &film, observed(MAX_FILE_BYTES));
        assert!(sources.exists("static/film.mp4"));
        observe(&mut sources, &film, observed(MAX_FILE_BYTES + 1));
        assert!(!sources.exists("static/film.mp4"));
        assert_eq!(sources.get("static/film.mp4").unwrap().problems.len(), 1);
    }

    #[test]
    fn a_configuration_that_was_never_good_is_as_none() {
        let mut sources = Sources::default();
        assert_eq!(OwnConfig::of(sources.text(KEY)), Ok(OwnConfig::default()));
        let mut put = |version: &str, body: &str| {
            observe(&mut sources, &KEY.into(), text(version, body));
            OwnConfig::of(sources.text(KEY))
        };
        let broken = "[publishing]\nfuture = \"holds\"";
        assert_eq!(put("1", broken), Ok(OwnConfig::default()));
        let held = put("2", "[publishing]\nfuture = \"hold\"").unwrap();
        assert_eq!(held.publishing.future, Future::Hold);
        // A broken one keeps the last that was good.
        assert_eq!(put("3", "[publishing"), Ok(held));
    }
}
