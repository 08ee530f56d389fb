//! A diagnostic with the lines that it is about.
//!
//! The text comes from files that anybody may have written: lines are cut to what fits, and
//! characters that move the cursor or turn the direction of writing are shown as `·`.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use quillfront_site::diagnostic::{self, Diagnostic};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// Texts of files by source key.
pub type Texts = BTreeMap<String, String>;

/// A longer line is cut to this many characters.
const MAX_LINE_CHARS: usize = 160;
/// Of a line that is cut, so many characters before the mistake stay.
const CHARS_BEFORE: usize = 60;
/// A larger file is not opened to show a line of it.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Messages are not wrapped to more than this; it is hard to read.
const MAX_WIDTH: usize = 110;

/// How things are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns of the terminal; none means that lines are not wrapped.
    pub width: Option<usize>,
    /// Lines and arrows beyond ASCII.
    pub unicode: bool,
}

impl Look {
    /// What stands where a line was cut off.
    fn cut(self) -> char {
        if self.unicode { '…' } else { '~' }
    }

    /// That of standard error. Colours are not in it: they are taken out on the way
    /// (crate `anstream`).
    pub fn of_this_terminal() -> Self {
        let terminal = console::Term::stderr();
        let size = terminal
            .is_term()
            .then(|| terminal.size_checked())
            .flatten();
        Self {
            width: size.map(|(_, columns)| usize::from(columns).clamp(40, MAX_WIDTH)),
            unicode: speaks_utf8(|name| std::env::var(name).ok()),
        }
    }
}

/// True where the locale says UTF-8 (POSIX: the first of the three that is set decides).
fn speaks_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    if cfg!(windows) {
        return true;
    }
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The texts of the files that diagnostics name a line of, from a site's folder.
pub fn texts_from_folder<'a>(
    root: &Path,
    problems: impl IntoIterator<Item = &'a Diagnostic>,
) -> Texts {
    let Ok(root) = root.canonicalize() else {
        return Texts::new();
    };
    let located = problems
        .into_iter()
        .filter(|problem| problem.line.is_some());
    let files: BTreeSet<&str> = located.map(|problem| problem.file.as_str()).collect();
    let read = |file: &str| {
        let path = root.join(file).canonicalize().ok()?;
        let small = path.metadata().ok()?.len() <= MAX_FILE_BYTES;
        let inside = path.starts_with(&root);
        let text = (inside && small).then(|| std::fs::read_to_string(path).ok());
        Some((file.to_owned(), text.flatten()?))
    };
    files.into_iter().filter_map(read).collect()
}

/// A diagnostic as a block of lines, with ANSI colours; with an excerpt where its line is known
/// and in `text`.
pub fn draw(problem: &Diagnostic, text: Option<&str>, look: Look) -> String {
    let word = match problem.severity {
        diagnostic::Severity::Error => "error",
        diagnostic::Severity::Warning => "warning",
    };
    let line = problem.line.filter(|line| *line > 0);
    let excerpt = line.and_then(|line| Excerpt::cut(problem, text?, line, look.cut()));
    let mut heading = format!("{word}[{}]", problem.code);
    if excerpt.is_none() {
        heading.push(' ');
        heading.push_str(&visible(&place(problem)));
    }
    heading.push(':');
    let report = DrawnDiagnostic { problem, excerpt };
    let mut drawn = String::new();
    // Writing into a string fails only if the crate's own bookkeeping does; then this will do.
    if handler(heading, look)
        .render_report(&mut drawn, &report)
        .is_err()
    {
        return format!("{problem}\n");
    }
    let drawn = drawn.strip_prefix("  ").unwrap_or(&drawn);
    let drawn: String = drawn
        .lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    if look.unicode {
        drawn
    } else {
        drawn.replace('…', "...").replace('·', "?")
    }
}

/// `content/post.md:3:5`.
fn place(problem: &Diagnostic) -> String {
    let mut place = problem.file.clone();
    for number in [problem.line, problem.column].into_iter().flatten() {
        place.push_str(&format!(":{number}"));
    }
    place
}

fn handler(heading: String, look: Look) -> GraphicalReportHandler {
    let characters = if look.unicode {
        ThemeCharacters::unicode()
    } else {
        ThemeCharacters::ascii()
    };
    let theme = GraphicalTheme {
        characters: ThemeCharacters {
            error: heading.clone(),
            warning: heading,
            ..characters
        },
        styles: ThemeStyles::ansi(),
    };
    GraphicalReportHandler::new_themed(theme)
        .without_primary_span_start()
        .without_syntax_highlighting()
        .with_links(false)
        .with_context_lines(2)
        .with_break_words(false)
        .with_wrap_lines(look.width.is_some())
        .with_width(look.width.unwrap_or(MAX_WIDTH))
}

/// The lines around a mistake.
#[derive(Debug)]
struct Excerpt {
    /// What stands above it: file, line, column.
    name: String,
    lines: String,
    /// 0-based number of the first line.
    first: usize,
    /// The mistake, in bytes of `lines`.
    span: SourceSpan,
}

impl Excerpt {
    /// The line of the mistake with the one before and the one after; none where the file has no
    /// such line, as it was changed meanwhile.
    fn cut(problem: &Diagnostic, text: &str, line: u32, cut: char) -> Option<Self> {
        let index = line as usize - 1;
        let first = index.saturating_sub(1);
        let mut lines = String::new();
        let mut span = None;
        for (number, line) in text.lines().enumerate().skip(first).take(index + 2 - first) {
            if number == index {
                let (shown, marked) = marked_line(line, problem.column, cut);
                span = Some(SourceSpan::from((lines.len() + marked.0, marked.1)));
                lines.push_str(&shown);
            } else {
                lines.push_str(&cut_line(line, 0, cut));
            }
            lines.push('\n');
        }
        Some(Self {
            name: visible(&place(problem)),
            lines,
            first,
            span: span?,
        })
    }
}

/// The line as it is shown, and the offset and length of what is marked, in bytes: the word at
/// the column, or all that is not white space.
fn marked_line(line: &str, column: Option<u32>, cut: char) -> (String, (usize, usize)) {
    let Some(column) = column else {
        let shown = cut_line(line, 0, cut);
        let start = shown.len() - shown.trim_start().len();
        let length = shown.trim().len();
        return (shown, (start.min(line.len()), length));
    };
    let at = (column as usize).saturating_sub(1);
    let from = if line.chars().count() > MAX_LINE_CHARS {
        at.saturating_sub(CHARS_BEFORE)
    } else {
        0
    };
    let shown = cut_line(line, from, cut);
    // Where the beginning is cut off, an ellipsis stands in the place of one character.
    let start = shown
        .char_indices()
        .nth(at - from)
        .map_or(shown.len(), |(offset, _)| offset);
    let length = word_length(&shown[start..]);
    (shown, (start, length))
}

/// The line's characters from `from` on, so many as are shown, none of them harmful.
fn cut_line(line: &str, from: usize, cut: char) -> String {
    let line = line.trim_end();
    let mut shown: String = line
        .chars()
        .skip(from)
        .take(MAX_LINE_CHARS)
        .map(harmless)
        .collect();
    if from > 0 && !shown.is_empty() {
        let rest = shown.chars().skip(1).collect::<String>();
        shown = format!("{cut}{rest}");
    }
    if line.chars().nth(from + MAX_LINE_CHARS).is_some() {
        shown.push(cut);
    }
    shown
}

/// Bytes of the word, the quoted text or the sign that `text` begins with.
fn word_length(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
    let Some(first) = text.chars().next() else {
        return 0;
    };
    if matches!(first, '"' | '\'' | '`') {
        let close = text[1..].find(first);
        return close.map_or(text.trim_end().len(), |end| end + 2);
    }
    // A link, a picture, a call: up to its end, where that is on the line.
    for (begins, then, ends) in [
        ("[", "](", ")"),
        ("![", "](", ")"),
        ("{{", "", "}}"),
        ("{%", "", "%}"),
        ("<", "", ">"),
    ] {
        if text.starts_with(begins)
            && let Some(middle) = text.find(then)
            && let Some(end) = text[middle..].find(ends)
        {
            return middle + end + ends.len();
        }
    }
    if !is_word(first) {
        return first.len_utf8();
    }
    text.find(|c: char| !is_word(c)).unwrap_or(text.len())
}

/// Control characters and those that change the direction of writing are replaced.
fn visible(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// The same, of a text that may have several lines.
fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(visible).collect();
    lines.join("\n")
}

fn harmless(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '·',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => '·',
        c => c,
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self
            .lines
            .as_str()
            .read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first,
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// A diagnostic as the crate wants it.
#[derive(Debug)]
struct DrawnDiagnostic<'a> {
    problem: &'a Diagnostic,
    excerpt: Option<Excerpt>,
}

impl fmt::Display for DrawnDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible_lines(&self.problem.message))
    }
}

impl std::error::Error for DrawnDiagnostic<'_> {}

impl miette::Diagnostic for DrawnDiagnostic<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(match self.problem.severity {
            diagnostic::Severity::Error => Severity::Error,
            diagnostic::Severity::Warning => Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let hint = self.problem.hint.as_deref()?;
        Some(Box::new(visible_lines(hint)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt
            .as_ref()
            .map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.excerpt.as_ref()?.span;
        let label = LabeledSpan::new_primary_with_span(None, span);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests;
