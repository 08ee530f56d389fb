//! Which paths a redirect of Cloudflare's dialect is for, and where it leads them. Netlify publishes no matcher.

use super::Rule;
use crate::pattern::{Captures, Pattern};
use crate::problem::Problem;

/// A redirect of Cloudflare's dialect, ready to be compared with paths.
#[derive(Clone, Debug)]
pub struct Matcher {
    pattern: Pattern,
}

impl Matcher {
    /// Prepares a rule. One that [`super::parse`] returned can always be prepared.
    pub fn new(rule: &Rule) -> Result<Self, Problem> {
        let pattern = Pattern::cloudflare(&rule.from).map_err(|unusable| {
            let (message, hint) = unusable.explain();
            Problem::error(rule.line, message, hint)
        })?;
        Ok(Self { pattern })
    }

    /// What `*` and `:name` hold where the path matches. The path is decoded.
    pub fn captures(&self, path: &str) -> Option<Captures> {
        self.pattern.captures(path)
    }
}

/// Fills the target of a rule with a pattern. In a path, slashes in a row become one, so that a value cannot lead to
/// another host; a target that names a host stays as it is.
pub fn fill_target(to: &str, captures: &Captures) -> String {
    let filled = captures.fill(to);
    let after_slashes = to.strip_prefix("//").and_then(|rest| rest.chars().next());
    let names_host = after_slashes.is_some_and(|c| !matches!(c, '/' | '\\' | '?' | '#'));
    if names_host || to.starts_with("https://") {
        return filled;
    }
    let end = filled.find(['?', '#']).unwrap_or(filled.len());
    let (path, rest) = filled.split_at(end);
    let mut out = String::with_capacity(filled.len());
    for c in path.chars() {
        let c = if c == '\\' { '/' } else { c };
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out + rest
}
