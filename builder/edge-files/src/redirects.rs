//! The `_redirects` file: one redirect on a line.

mod cloudflare;
mod matcher;
mod netlify;

pub use matcher::{Matcher, fill_target};

use crate::dialect::Dialect;
use crate::problem::Problem;
use crate::{pattern, text};

/// One redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The line of the file, from 1.
    pub line: u32,
    /// `https://host` where `from` was a URL, with the host in lower case and the port if it has one.
    pub scheme_and_host: Option<String>,
    /// The path that is redirected, with its `*` and `:name`. It begins with `/`. In Cloudflare's dialect it is
    /// percent-encoded, without a query; in Netlify's it is as written.
    pub from: String,
    /// Netlify's `key=value` words ahead of the target. The later of two with one key counts.
    pub query: Vec<(String, String)>,
    /// Where it leads, with `:splat` and `:name` in it; `None` where no target was given, which is so for 404 and
    /// 410 alone.
    pub to: Option<String>,
    /// The status; where none was written, 301 for Netlify and 302 for Cloudflare.
    pub status: u16,
    /// Whether the rule comes before a file at its path.
    pub is_forced: bool,
    /// Netlify's `Country=…`, `Language=…`, `Role=…`, `Cookie=…` and `Sign=…`, as written. The later of two with
    /// one key counts.
    pub conditions: Vec<(String, String)>,
}

impl Rule {
    /// Whether `from` has a wildcard or a placeholder. Cloudflare looks at the rules ahead of the first that has
    /// one before all others.
    pub fn has_pattern(&self) -> bool {
        pattern::has_variable(&self.from)
    }
}

/// The redirects of a file, in its order, and what is wrong with the other lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The rules that stand.
    pub rules: Vec<Rule>,
    /// Errors and warnings, by line.
    pub problems: Vec<Problem>,
}

/// Reads the text of a `_redirects` file. Each text can be read; a line that cannot is a [`Problem`].
pub fn parse(text: &str, dialect: Dialect) -> Parsed {
    if let Some(problem) = text::too_long(text) {
        return Parsed {
            problems: vec![problem],
            ..Parsed::default()
        };
    }
    match dialect {
        Dialect::Netlify => netlify::parse(text),
        Dialect::Cloudflare => cloudflare::parse(text),
    }
}

/// What is said of the first line whose rule is one too many for anybody.
fn too_many_rules(line: u32) -> Problem {
    Problem::error(
        line,
        format!(
            "the file has more than {} rules; this one and those below do not count",
            crate::limits::MAX_RULES
        ),
        "replace rules that are alike by one with `*` or `:name`",
    )
}
