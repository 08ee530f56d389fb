//! `_redirects` and `_headers`: what the edge does beside showing objects.
//!
//! Both are read where the site has a `quillfront.toml`, in the dialect that it names. What a rule means is
//! said by the dialect (`quillfront-edge-files`); what of it can be done truthfully behind CloudFront is
//! said here. A rule that cannot be done is a diagnostic, and the others stand.

mod headers;
mod redirects;

pub use headers::{HeaderRules, MergedHeader, Setting};

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::key::{HEADERS, REDIRECTS, SourceKey};
use crate::quillfront_toml::OwnConfig;
use crate::source::Sources;
use quillfront_edge_files::Problem;
use quillfront_headers::redirects::Redirects;
use std::sync::Arc;

/// The way out where rules need functions.
const WITH_FUNCTIONS: &str = "write edge = \"functions\" below [security] in quillfront.toml";

/// The stable code of diagnostics about `_redirects`.
pub const REDIRECTS_CODE: &str = "redirects";
/// The stable code of diagnostics about `_headers`.
pub const HEADERS_CODE: &str = "headers";
/// Diagnostics of one file, at most; of more there is their number.
pub const MAX_TOLD: usize = 100;

/// What both files say.
#[derive(Debug, Clone, Default)]
pub struct EdgeFiles {
    /// The rules of `_redirects`.
    pub redirects: Redirects,
    /// The rules of `_headers`.
    pub headers: HeaderRules,
    /// What is wrong with them.
    pub problems: Vec<Diagnostic>,
    /// Paths that rules show in place of others, as far as they are known, with their places.
    pub shown: Vec<RewrittenPath>,
}

/// A path that a rule shows in place of another.
#[derive(Debug, Clone)]
pub struct RewrittenPath {
    /// The path.
    pub path: String,
    /// The file of the rule.
    pub file: SourceKey,
    /// Its line.
    pub line: u32,
}

impl EdgeFiles {
    /// Reads both; nothing without a `quillfront.toml`.
    pub fn of(config: &Config, own: &OwnConfig, sources: &Sources) -> Self {
        let mut files = Self::default();
        let Some(dialect) = own.dialect else {
            return files;
        };
        if let Some((key, text)) = find(config, sources, REDIRECTS) {
            let host = host_of(&config.base_url);
            let mut read = redirects::read(&text, dialect, host.as_deref());
            if own.is_without_functions() && !read.redirects.is_empty() {
                read.redirects = Redirects::default();
                read.shown.clear();
                let message = "the rules need the functions at the edge, and this site has none";
                read.problems.push(refused(1, message, WITH_FUNCTIONS));
            }
            files.redirects = read.redirects;
            let shown = read.shown.into_iter();
            files.shown = shown
                .map(|(line, path)| RewrittenPath {
                    path,
                    file: key.clone(),
                    line,
                })
                .collect();
            files.tell(REDIRECTS_CODE, &key, read.problems);
        }
        if let Some((key, text)) = find(config, sources, HEADERS) {
            let host = host_of(&config.base_url);
            let (rules, problems) = HeaderRules::read(&key, &text, dialect, host.as_deref());
            files.headers = rules;
            files.tell(HEADERS_CODE, &key, problems);
        }
        files
    }

    /// True where the edge has to be told of any.
    pub fn has_rules(&self) -> bool {
        !self.redirects.is_empty() || self.headers.have_any_for_all_paths()
    }

    fn tell(&mut self, code: &str, file: &SourceKey, mut problems: Vec<Problem>) {
        problems.sort_by_key(|problem| (problem.line, !problem.is_error));
        let count = problems.len();
        let told = problems.into_iter().take(MAX_TOLD);
        self.problems.extend(told.map(|problem| {
            let severity = if problem.is_error {
                Severity::Error
            } else {
                Severity::Warning
            };
            Diagnostic {
                severity,
                ..Diagnostic::error(code, file.as_str(), problem.message)
                    .at(problem.line, None)
                    .hint(problem.hint)
            }
        }));
        if count > MAX_TOLD {
            let message = format!("{} more lines have mistakes", count - MAX_TOLD);
            let hint = "mend those above first";
            self.problems
                .push(Diagnostic::error(code, file.as_str(), message).hint(hint));
        }
    }
}

/// The file of a name: the site's own, else the theme's.
fn find(config: &Config, sources: &Sources, name: &str) -> Option<(SourceKey, Arc<str>)> {
    let themed = config.theme.iter();
    let themed = themed.map(|theme| format!("themes/{theme}/static/{name}"));
    let mut keys = std::iter::once(format!("static/{name}")).chain(themed);
    keys.find_map(|key| {
        let text = sources.text(&key)?.clone();
        Some((SourceKey::from(key.as_str()), text))
    })
}

/// The host of a URL, in lower case, with its port if it has one.
fn host_of(base_url: &str) -> Option<String> {
    let (_, rest) = base_url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(host.to_ascii_lowercase())
}

/// A problem for which a rule does not stand.
fn refused(line: u32, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem {
        line,
        is_error: true,
        message: message.into(),
        hint: hint.into(),
    }
}

/// A problem with which a rule stands.
fn doubted(line: u32, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem {
        is_error: false,
        ..refused(line, message, hint)
    }
}

#[cfg(test)]
mod tests;
