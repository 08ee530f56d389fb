//! Where the front matter ends and the body begins.

use super::CODE;
use crate::diagnostic::Diagnostic;

/// The format of a front matter, told by its delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Between two lines `+++`.
    Toml,
    /// Between two lines `---`.
    Yaml,
}

impl Kind {
    fn delimiter(self) -> &'static str {
        match self {
            Kind::Toml => "+++",
            Kind::Yaml => "---",
        }
    }

    /// Where what belongs into a table is written, in the words of the format.
    pub(super) fn below(self, table: &str) -> String {
        match self {
            Kind::Toml => format!("below a line [{table}]"),
            Kind::Yaml => format!("indented, below a line `{table}:`"),
        }
    }

    /// How a front matter begins and ends.
    fn example(self) -> &'static str {
        match self {
            Kind::Toml => "a line `+++`, TOML such as `title = \"…\"`, and a line `+++`",
            Kind::Yaml => "a line `---`, YAML such as `title: \"…\"`, and a line `---`",
        }
    }

    /// The format of a line `title = "A"` or `title: A`; none of any other line.
    fn of_line(line: &str) -> Option<Self> {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let name = line.find(|c| !is_name(c)).filter(|end| *end > 0)?;
        let rest = line[name..].trim_start();
        match (rest.strip_prefix('='), rest.strip_prefix(':')) {
            (Some(_), _) => Some(Kind::Toml),
            (_, Some(value)) if value.is_empty() || value.starts_with(' ') => Some(Kind::Yaml),
            _ => None,
        }
    }
}

/// A content file in its two parts, with 1-based line numbers within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// TOML or YAML.
    pub kind: Kind,
    /// The text between the delimiters.
    pub front: &'a str,
    /// The line that `front` starts on.
    pub front_line: u32,
    /// Everything after the closing delimiter's line.
    pub body: &'a str,
    /// The line that `body` starts on.
    pub body_line: u32,
}

/// Parts a content file (site model, sections 2 and 4). A byte order mark, blank lines before the
/// first delimiter, Windows line ends and blanks around delimiters are tolerated.
///
/// # Errors
/// When the file does not begin with a delimiter, or the delimiter is never repeated.
pub fn split<'a>(file: &str, text: &'a str) -> Result<Split<'a>, Diagnostic> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines {
        rest: text,
        next_line: 1,
    };
    let opening = loop {
        match lines.next() {
            Some(line) if line.trim().is_empty() => {}
            Some(line) => break line.trim(),
            None => return Err(missing(file, 1, "")),
        }
    };
    let kind = match opening {
        "+++" => Kind::Toml,
        "---" => Kind::Yaml,
        _ => return Err(missing(file, lines.next_line - 1, opening)),
    };

    let (start, front_line) = (lines.rest, lines.next_line);
    loop {
        let before = lines.rest;
        let Some(line) = lines.next() else {
            let message = format!(
                "the front matter is not closed: no second line `{}`",
                kind.delimiter()
            );
            return Err(Diagnostic::error(CODE, file, message)
                .at(front_line - 1, None)
                .hint(format!("end it with a line `{}`", kind.delimiter())));
        };
        if line.trim() == kind.delimiter() {
            let front = &start[..start.len() - before.len()];
            let (body, body_line) = (lines.rest, lines.next_line);
            return Ok(Split {
                kind,
                front,
                front_line,
                body,
                body_line,
            });
        }
    }
}

fn missing(file: &str, line: u32, found: &str) -> Diagnostic {
    let hint = match Kind::of_line(found) {
        Some(kind) => format!("begin it with {}", kind.example()),
        None => format!(
            "begin it with {}; or with {}",
            Kind::Toml.example(),
            Kind::Yaml.example()
        ),
    };
    Diagnostic::error(CODE, file, "the file does not begin with front matter")
        .at(line, None)
        .hint(hint)
}

/// The lines of a text, one at a time, and what is left after each.
struct Lines<'a> {
    rest: &'a str,
    next_line: u32,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.next_line += 1;
        Some(line)
    }
}
