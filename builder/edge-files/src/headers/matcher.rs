//! Which paths a rule is for.

use super::Rule;
use crate::dialect::Dialect;
use crate::pattern::{Captures, Pattern};
use crate::problem::Problem;

/// A rule, ready to be compared with paths. Its host is not looked at.
#[derive(Clone, Debug)]
pub struct Matcher {
    pattern: Pattern,
}

impl Matcher {
    /// Prepares a rule. A rule that [`super::parse`] returned can always be prepared.
    pub fn new(rule: &Rule, dialect: Dialect) -> Result<Self, Problem> {
        let pattern = match dialect {
            Dialect::Netlify => Pattern::netlify(&rule.path),
            Dialect::Cloudflare => Pattern::cloudflare(&rule.path),
        };
        let pattern = pattern.map_err(|unusable| {
            let (message, hint) = unusable.explain();
            Problem::error(rule.line, message, hint)
        })?;
        Ok(Self { pattern })
    }

    /// Whether it matches every path, as `/*` does.
    pub fn matches_all(&self) -> bool {
        self.pattern.matches_all()
    }

    /// What `*` and `:name` hold where the path matches. The path is as the site shows it, decoded: `/blog/a b/`.
    pub fn captures(&self, path: &str) -> Option<Captures> {
        self.pattern.captures(path)
    }
}
