//! Pages whose time has not come: with `future = "hold"` in `quillfront.toml` they are left out
//! like drafts until `now` has reached their date.
//!
//! `now` is cut to the day, so that pages do not change from hour to hour. A post that is due in
//! the course of the day moves it on, to the very time that it is due: [`Schedule::moved`].

use crate::dates;
use crate::diagnostic::Diagnostic;
use crate::facts::Page;
use crate::front_matter::head::Front;
use crate::key::SourceKey;
use crate::library::Library;
use crate::quillfront_toml::{self, Future, OwnConfig, Publishing};
use crate::source::{Source, Sources};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which pages are held.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    /// What `quillfront.toml` says.
    pub publishing: &'a Publishing,
    /// Pages that are due later are held.
    pub up_to: Timestamp,
}

/// A page that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPage {
    /// Its source.
    pub source: SourceKey,
    /// When its time comes.
    pub due: Timestamp,
    /// The same as the author would write it.
    pub shown: String,
    /// The path that it will have: `/blog/post/`.
    pub path: String,
    /// The folder that is its own, relative to `content/`, if it has one.
    pub folder: Option<String>,
}

/// What is published next by the passing of time alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextDue {
    /// When, RFC 3339.
    pub at: Timestamp,
    /// The sources of the pages that are due then.
    pub sources: Vec<String>,
}

impl Schedule<'_> {
    /// The page, if it is held.
    pub fn holds(&self, page: &Page) -> Option<HeldPage> {
        let date = page.date.as_ref()?;
        if self.publishing.future == Future::Publish {
            return None;
        }
        let due = self.publishing.due(date);
        (due > self.up_to).then(|| HeldPage {
            source: page.place.key.clone(),
            due,
            shown: self.publishing.due_shown(date),
            path: page.path().to_owned(),
            folder: page.place.own_folder().map(str::to_owned),
        })
    }

    /// `now`, moved on to the time at which the last of the pages that are not held was due.
    pub fn moved(&self, now: Timestamp, library: &Library) -> Timestamp {
        if self.publishing.future == Future::Publish {
            return now;
        }
        let dates = library.pages.iter().filter_map(|page| page.date.as_ref());
        let due = dates.map(|date| self.publishing.due(date));
        due.filter(|due| *due <= self.up_to)
            .fold(now, Timestamp::max)
    }
}

/// The sources whose pages were not due at one time and are at another, as far as the dates that stand
/// in them or in their names tell; none where no page is held.
pub fn due_between(sources: &Sources, after: Timestamp, up_to: Timestamp) -> Vec<SourceKey> {
    let Ok(OwnConfig { publishing, .. }) = OwnConfig::of(sources.text(quillfront_toml::KEY)) else {
        return Vec::new();
    };
    if publishing.future == Future::Publish {
        return Vec::new();
    }
    let date = |key: &SourceKey, front: &Front| match front {
        Front::Page(front) => front.date.or_else(|| {
            let stem = if key.name().starts_with("index.") {
                key.folder().rsplit('/').next()?
            } else {
                key.name()
            };
            dates::from_filename(stem).map(|(date, _)| date)
        }),
        Front::Section(_) => None,
    };
    let is_due = |(key, source): &(&SourceKey, &Arc<Source>)| {
        let date = source.head.as_ref().and_then(|head| date(key, &head.front));
        date.is_some_and(|date| (after..=up_to).contains(&publishing.due(&date)))
    };
    let due = sources.under("content/").filter(is_due);
    due.map(|(key, _)| key.clone()).collect()
}

impl Library {
    /// The held page behind `@/relative`: the page itself, or the one that a file belongs to.
    pub fn held_at(&self, relative: &str) -> Option<&HeldPage> {
        if let Some(held) = self.held.get(relative) {
            return Some(held);
        }
        let owns = |folder: &str| {
            let rest = relative.strip_prefix(folder);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let held = self
            .held
            .values()
            .find(|held| held.folder.as_deref().is_some_and(owns))?;
        // Another translation may be published from the same folder.
        let shared = self
            .pages
            .iter()
            .any(|page| page.place.own_folder().is_some_and(owns));
        (!shared).then_some(held)
    }

    /// What is published next by the passing of time alone.
    pub fn next_due(&self) -> Option<NextDue> {
        let at = self.held.values().map(|held| held.due).min()?;
        let due = self.held.values().filter(|held| held.due == at);
        let sources = due.map(|held| held.source.to_string()).collect();
        Some(NextDue { at, sources })
    }

    /// Tells the author of each page that is held. It is no mistake.
    pub fn held_told(&self) -> impl Iterator<Item = Diagnostic> {
        self.held.values().map(|held| {
            let message = format!("held until {}", held.shown);
            Diagnostic::warning("scheduled", held.source.as_str(), message)
                .hint("`quillfront --now TIME build` shows the site as it will be then")
        })
    }
}
