//! The calls that measure what a template costs while it is rendered.
//!
//! The engine bounds how deep components call each other, how deep a template is nested and how long a
//! `range` is, but not how often loops inside loops turn, or how large a value grows, and it tells
//! nobody. So calls that count stand in every text before the engine sees it: behind every `{% for … %}`,
//! `{% include … %}`, `{% block … %}` and `{% component … %}` one that takes steps, behind every
//! `{% set … %}` one that looks at what was set, and around the values of lists and maps one that looks
//! how deep they are. [`budget`](crate::budget) says how much there is.
//!
//! A page's own text comes from anyone who may upload, and has a smaller budget besides that of its
//! render. What is put in has no line breaks, so lines stay; columns are mapped back.

mod bounded;
mod expressions;
mod functions;
mod named;
mod tags;
mod unknown;
mod writer;

pub use bounded::BoundedWriter;
pub use functions::register;
pub use named::{TemplateName, defined_components, first_super, named_templates};
use std::borrow::Cow;
pub use unknown::{components, many_unknown};

/// `~` in one tag of a page's text.
pub const MAX_JOINS: usize = 100;
/// The most that a page's text may become before Markdown.
pub const MAX_TEXT_OUTPUT_BYTES: usize = 16 << 20;
/// The most that one output may have.
pub const MAX_OUTPUT_BYTES: usize = 128 << 20;
/// Texts in one list in a variable of a page's text.
pub const MAX_LISTED_BYTES: usize = 16 << 20;

/// A text with its meters, and where they are.
pub struct MeteredText<'a> {
    /// To be rendered.
    pub text: Cow<'a, str>,
    original: &'a str,
    /// Offsets in the original, and characters put in there.
    inserted: Vec<(usize, usize)>,
}

impl MeteredText<'_> {
    /// The column in the original of a 1-based line and column in the metered text.
    pub fn original_column(&self, line: u32, column: u32) -> u32 {
        let lines = self.original.split_inclusive('\n');
        let before: usize = lines.take(line as usize - 1).map(str::len).sum();
        let rest = &self.original[before..];
        let end = before + rest.find('\n').unwrap_or(rest.len());
        let mut column = column as usize;
        for (at, count) in &self.inserted {
            if (before..=end).contains(at) {
                let here = self.original[before..*at].chars().count();
                if column > here + count {
                    column -= count;
                }
            }
        }
        u32::try_from(column).unwrap_or(u32::MAX)
    }
}

/// What a text is.
#[derive(Clone, Copy)]
pub enum Role<'a> {
    /// That of a page.
    Text,
    /// A template.
    Template {
        /// True where what it writes may be kept: it is included in a block that is captured, or
        /// `super()` asks for it.
        kept: bool,
        /// Bytes of the template of a name.
        size_of: &'a dyn Fn(&str) -> usize,
    },
}

/// Puts the meters into a page's text.
///
/// # Errors
/// What cannot be metered, a list comprehension inside another or inside a loop, and what
/// [`check_branches`] refuses: its 1-based line, and what is wrong.
pub fn meter(text: &str) -> Result<MeteredText<'_>, (u32, &'static str)> {
    check_branches(text)?;
    let mut loops = 0_usize;
    for tag in tags::all(text) {
        let word = tag.word();
        let opens_loop = word == "for";
        let comprehensions = tags::loops(&tag) - usize::from(opens_loop);
        if comprehensions > usize::from(loops == 0 && !opens_loop) {
            return Err((tags::line_of(text, tag.range.start), COMPREHENSION));
        }
        if tags::joins(&tag) > MAX_JOINS {
            return Err((tags::line_of(text, tag.range.start), JOINS));
        }
        match word {
            "for" | "component" => loops += 1,
            "endfor" | "endcomponent" => loops = loops.saturating_sub(1),
            _ => {}
        }
    }
    Ok(metered(text, Role::Text))
}

/// Puts the meters into a text.
pub fn metered<'a>(text: &'a str, role: Role<'_>) -> MeteredText<'a> {
    writer::metered(text, role)
}

const COMPREHENSION: &str =
    "a list comprehension inside a loop or another one is too much for a page";
const JOINS: &str = "more than 100 `~` in one tag; put some of them into variables";
const BRANCHES: &str = "an `if` has too many branches: more than 200 `if` and `elif` are open here";

/// `if` and `elif` that may be open at one place. The engine's parser goes down its stack for each,
/// and an overflow would end the whole process.
pub const MAX_BRANCHES: usize = 200;

/// Looks for more than [`MAX_BRANCHES`].
///
/// # Errors
/// The 1-based line of the first that is too many, and what is wrong.
pub fn check_branches(text: &str) -> Result<(), (u32, &'static str)> {
    // The branches of each open `if`.
    let mut open: Vec<usize> = Vec::new();
    let mut sum = 0;
    for tag in tags::all(text) {
        match tag.word() {
            "if" => {
                open.push(1);
                sum += 1;
            }
            "elif" => {
                if let Some(branches) = open.last_mut() {
                    *branches += 1;
                    sum += 1;
                }
            }
            "endif" => sum -= open.pop().unwrap_or(0),
            _ => {}
        }
        if sum > MAX_BRANCHES {
            return Err((tags::line_of(text, tag.range.start), BRANCHES));
        }
    }
    Ok(())
}
