//! The `_headers` file: a path on a line, and the headers of what is there on the lines below it.

mod cloudflare;
mod matcher;
mod netlify;

pub use matcher::Matcher;

use crate::dialect::Dialect;
use crate::problem::Problem;
use crate::text;

/// What a line does to the headers of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sends a header. A second one with the same name in one file is appended with `, `.
    Set {
        /// As written.
        name: String,
        /// Without space around it. In Cloudflare's dialect it may have `:splat` and `:name`.
        value: String,
    },
    /// Takes a header away: Cloudflare's `! Name`.
    Remove {
        /// As written.
        name: String,
    },
}

/// The headers for the paths that match one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The line of the path, from 1.
    pub line: u32,
    /// `https://host` where the path was a URL, which only Cloudflare has. The host may have `*` and `:name`; one
    /// without is in lower case.
    pub scheme_and_host: Option<String>,
    /// The path, with its `*` and `:name`.
    pub path: String,
    /// What each line below it does, with its number, in the order in which they are applied: Cloudflare takes headers
    /// away before it sets others. There is at least one.
    pub changes: Vec<(u32, Change)>,
}

/// The rules of a file, in its order, and what is wrong with the other lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The rules that stand.
    pub rules: Vec<Rule>,
    /// Errors and warnings, by line.
    pub problems: Vec<Problem>,
}

/// Reads the text of a `_headers` file. Each text can be read; a line that cannot is a [`Problem`].
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

/// Checks a name and a value against what HTTP can carry (RFC 9110, 5.1 and 5.5).
fn check_header(line: u32, name: &str, value: &str) -> Result<(), Problem> {
    check_name(line, name)?;
    match text::control_character(value) {
        None => Ok(()),
        Some(c) => Err(Problem::error(
            line,
            format!(
                "the value of {} has the control character {}, which no header can have",
                text::quote(name),
                c.escape_unicode()
            ),
            "write the value anew; an editor may hide such a character",
        )),
    }
}

fn check_name(line: u32, name: &str) -> Result<(), Problem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_plain) {
        return Ok(());
    }
    let message = match name {
        "" => "the header has no name".to_owned(),
        name => format!("{} cannot be the name of a header", text::quote(name)),
    };
    Err(Problem::error(
        line,
        message,
        "a name is made of letters, digits and `-`, as in `X-Robots-Tag: noindex`",
    ))
}

/// What is said of a path without headers.
fn no_headers(path: &str) -> (String, &'static str) {
    (
        format!("no headers follow the path {}", text::quote(path)),
        "write them on the lines below it, as in `X-Robots-Tag: noindex`",
    )
}

fn header_before_path(line: u32) -> Problem {
    Problem::error(
        line,
        "the header stands above the first path",
        "write the path that it is for on a line above it, `/*` for all",
    )
}

/// What is said of the first line that is one too many for anybody.
fn too_many_lines(line: u32) -> Problem {
    Problem::error(
        line,
        format!(
            "the file has more than {} paths and headers; this one and those below do not count",
            crate::limits::MAX_HEADER_LINES
        ),
        "replace paths that are alike by one with `*` or `:name`",
    )
}
