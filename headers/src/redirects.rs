//! Redirect rules in the form in which the edge reads them, and which of them a path meets.
//!
//! The rules are a list, and the first that matches decides. A list may have tens of thousands, and one is
//! looked for at each event, so they are indexed as they are read: paths without a placeholder in a map,
//! patterns of whole segments in a tree of segments, and the few others in a list of their own.

mod index;
mod pattern;

use index::Index;
use pattern::Captures;
pub use pattern::{MAX_TOKENS, Pattern, PatternError, Token, fill};
use serde::{Deserialize, Serialize};

/// The most rules of a site. Those of `_redirects` on the largest sites are a tenth of it.
pub const MAX_RULES: usize = 100_000;
/// The most patterns whose placeholder or splat is only a part of a segment, like `/a-*`: they are tried
/// one by one.
pub const MAX_PARTIAL_PATTERNS: usize = 100;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectRule {
    /// The path that it is for, percent-encoded but for its tokens: `*`, the splat, and names like `:year`.
    pub from: String,
    /// Where it leads: a path of the site or a URL, in which `:splat` and the names stand for what was
    /// captured. It may be empty where the status needs none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// 200 shows `to` in place of the path; 301, 302, 303, 307 and 308 redirect to it; 404 and 410 say that
    /// nothing is there.
    pub status: u16,
    /// Whether it holds also where there is an object.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_forced: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The rules of a site, in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "StoredRedirects")]
pub struct Redirects {
    ignores_slash: bool,
    rules: Vec<RedirectRule>,
    #[serde(skip)]
    index: Index,
}

#[derive(Deserialize)]
struct StoredRedirects {
    #[serde(default)]
    ignores_slash: bool,
    #[serde(default)]
    rules: Vec<RedirectRule>,
}

impl From<StoredRedirects> for Redirects {
    fn from(stored: StoredRedirects) -> Self {
        Self::new(stored.rules, stored.ignores_slash)
    }
}

impl PartialEq for Redirects {
    fn eq(&self, other: &Self) -> bool {
        self.ignores_slash == other.ignores_slash && self.rules == other.rules
    }
}

impl Eq for Redirects {}

/// A rule that a path meets, with what it captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met<'r> {
    /// The rule.
    pub rule: &'r RedirectRule,
    captures: Captures,
}

impl Met<'_> {
    /// Returns where the rule leads from the path: what was captured is put in, percent-encoded.
    pub fn target(&self) -> String {
        fill(&self.rule.to, |name| self.captures.get(name))
    }
}

impl Redirects {
    /// Indexes rules. Where `ignores_slash`, `/a` and `/a/` are one path to them. A rule that is no pattern
    /// is never met.
    pub fn new(rules: Vec<RedirectRule>, ignores_slash: bool) -> Self {
        let index = Index::of(&rules, ignores_slash);
        Self {
            ignores_slash,
            rules,
            index,
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules, in order.
    pub fn rules(&self) -> &[RedirectRule] {
        &self.rules
    }

    /// Returns whether `/a` and `/a/` are one path to the rules.
    pub fn ignores_slash(&self) -> bool {
        self.ignores_slash
    }

    /// Returns the first rule that a path meets. The path is decoded, as the viewer asked for it, and begins
    /// with a slash.
    pub fn meet(&self, path: &str) -> Option<Met<'_>> {
        if self.rules.is_empty() {
            return None;
        }
        let place = self.index.first(path)?;
        let rule = self.rules.get(place)?;
        let pattern = Pattern::read(&rule.from).ok()?;
        let captures = pattern.captures(path, self.ignores_slash)?;
        Some(Met { rule, captures })
    }
}

#[cfg(test)]
mod tests;
