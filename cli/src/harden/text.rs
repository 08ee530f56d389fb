//! Changes and what came of them, for people.

use crate::audit::Summary;
use crate::show::{BOLD, CYAN, DIM, GREEN, YELLOW};
use quillfront_audit::finding::Report;
use quillfront_audit::harden::{Change, Plan};
use quillfront_harden::saved::Saved;
use serde_json::{Value, json};
use std::fmt;

/// What is about to be done, and what is not.
pub struct Changes<'a> {
    pub target: &'a str,
    pub plan: &'a Plan,
}

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{BOLD}{}{BOLD:#}", self.target)?;
        for change in &self.plan.changes {
            line(f, change)?;
            if let Some(what) = change.cuts_off {
                writeln!(f, "    {YELLOW}could cut off {what}{YELLOW:#}")?;
            }
        }
        if !self.plan.held.is_empty() {
            writeln!(f, "{DIM}not without being named (--only ID):{DIM:#}")?;
        }
        for change in &self.plan.held {
            line(f, change)?;
            if let Some(what) = change.cuts_off {
                writeln!(f, "    {DIM}could cut off {what}{DIM:#}")?;
            }
        }
        if self.plan.changes.is_empty() {
            writeln!(f, "{GREEN}nothing to change{GREEN:#}")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, change: &Change) -> fmt::Result {
    writeln!(
        f,
        "  {CYAN}{}{CYAN:#} {}: {}",
        change.id, change.place, change.what
    )
}

/// Changes as plain data.
pub fn json(changes: &[Change]) -> Vec<Value> {
    let one = |change: &Change| json!({ "id": change.id, "where": change.place, "what": change.what, "cuts_off": change.cuts_off });
    changes.iter().map(one).collect()
}

/// Before and after.
pub struct Outcome<'a> {
    pub before: &'a Report,
    pub after: &'a Report,
    pub writes: usize,
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} writes", self.writes)?;
        writeln!(f, "  before: {}", Summary(self.before))?;
        write!(f, "  after:  {}", Summary(self.after))
    }
}

/// What goes back; never the texts themselves, which have secrets in them.
pub struct Back<'a>(pub &'a Saved);

impl fmt::Display for Back<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(saved) = self;
        writeln!(f, "{BOLD}{}{BOLD:#}", saved.id())?;
        for before in &saved.texts {
            let name = quillfront_harden::text::name(&before.resource);
            let what = if before.text.is_some() {
                "as it was"
            } else {
                "none"
            };
            writeln!(f, "  {name}: {what}")?;
        }
        for (what, id) in &saved.created {
            writeln!(
                f,
                "  {} ({id}): deleted, unless something else uses it",
                what.name()
            )?;
        }
        write!(f, "  {} calls taken back", saved.calls.len())
    }
}
