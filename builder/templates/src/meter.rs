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

mod expressions;
mod tags;
mod unknown;

use crate::budget::{self, MAX_TEXT_VARIABLE_BYTES, MAX_VARIABLE_BYTES};
use expressions::{Calls, Place, Use, is_literal, measures, plain_path};
use std::borrow::Cow;
use std::io::{self, Write};
use tags::{Tag, count, count_for, parameters};
use tera::{Error, Kwargs, State, Tera, Value};
pub use unknown::{components, many_unknown};

/// `~` in one tag of a page's text.
pub const MAX_JOINS: usize = 100;
/// The most that a page's text may become before Markdown.
pub const MAX_TEXT_OUTPUT_BYTES: usize = 16 << 20;
/// The most that one output may have.
pub const MAX_OUTPUT_BYTES: usize = 128 << 20;

/// Registers what metered text calls, and a `range` that counts.
pub fn register(tera: &mut Tera) {
    tera.register_function(STEP, |_: Kwargs, _: &State| {
        budget::spend_of_text(1).map(|()| "")
    });
    for power in 0..=MAX_POWER {
        let steps = 1 << power;
        tera.register_function(format!("{TURN}{power}"), move |_: Kwargs, _: &State| {
            budget::spend(steps).map(|()| "")
        });
        tera.register_function(
            format!("{TURN_KEPT}{power}"),
            move |_: Kwargs, _: &State| {
                budget::keep(budget::BYTES_A_STEP << power)?;
                budget::spend(steps).map(|()| "")
            },
        );
    }
    tera.register_function(SIZE, |arguments: Kwargs, _: &State| {
        let value = of(&arguments)?;
        budget::of_variable(&value, MAX_TEXT_VARIABLE_BYTES)?;
        spend_lists(&value).map(|()| "")
    });
    tera.register_function(SIZE_IN_TEMPLATE, |arguments: Kwargs, _: &State| {
        budget::of_variable(&of(&arguments)?, MAX_VARIABLE_BYTES).map(|()| "")
    });
    tera.register_function(LOOK, |arguments: Kwargs, _: &State| {
        for (name, value) in arguments.iter() {
            match name.as_str().and_then(|name| name.chars().next()) {
                Some('s') => of_searched(value)?,
                Some('i') => of_indexed(value)?,
                _ => of_compared(value)?,
            }
        }
        Ok::<_, Error>("")
    });
    tera.register_function(LOOK_KEPT, |arguments: Kwargs, _: &State| {
        keep_of(&of(&arguments)?).map(|()| "")
    });
    /// What a value costs that passes through a call.
    type Cost = fn(&Value) -> Result<(), Error>;
    let passing: [(&'static str, Cost); 12] = [
        (SEARCHED, of_searched),
        (INDEXED, of_indexed),
        (COMPARED, of_compared),
        (KEEP, |value| {
            budget::of_entry(value)?;
            keep_all_of_text(value)
        }),
        (KEEP_IN_TEMPLATE, keep_of),
        (ELEMENT, |value| {
            budget::of_entry(value)?;
            keep_of(value)
        }),
        (ENTRY, budget::of_entry),
        (SPREAD, budget::spread),
        (ALL, budget::through),
        (EACH, |value| match value.as_array() {
            // Its turns are counted.
            Some(_) => Ok(()),
            None => budget::through(value),
        }),
        (JOINED, |value| {
            budget::of_variable(value, MAX_VARIABLE_BYTES)
        }),
        (JOINED_IN_TEXT, |value| {
            budget::of_variable(value, MAX_TEXT_VARIABLE_BYTES)
        }),
    ];
    for (name, check) in passing {
        tera.register_function(name, move |arguments: Kwargs, _: &State| {
            let value = of(&arguments)?;
            check(&value).map(|()| value)
        });
    }
    tera.register_function("range", range);
}

/// What a call is given; what has no value stays without one.
fn of(arguments: &Kwargs) -> Result<Value, Error> {
    Ok(arguments
        .get::<Value>("of")?
        .unwrap_or_else(Value::undefined))
}

/// Bytes of source that entering another template or a component counts as.
const ENTERED_BYTES: usize = 7 * budget::BYTES_A_STEP;

const STEP: &str = "__step";
/// Followed by the power of two of the steps that it takes.
const TURN: &str = "__turn";
/// The same where what is written is kept.
const TURN_KEPT: &str = "__turn_kept";
const MAX_POWER: usize = 20;
const SIZE: &str = "__size";
const SIZE_IN_TEMPLATE: &str = "__size_in_template";
const LOOK: &str = "__look";
const LOOK_KEPT: &str = "__look_kept";
// These answer with what they are given.
const KEEP: &str = "__keep";
const KEEP_IN_TEMPLATE: &str = "__keep_in_template";
const ELEMENT: &str = "__element";
const ENTRY: &str = "__entry";
const SPREAD: &str = "__spread";
const ALL: &str = "__all";
const EACH: &str = "__each";
const JOINED: &str = "__joined";
const JOINED_IN_TEXT: &str = "__joined_in_text";
const SEARCHED: &str = "__searched";
const INDEXED: &str = "__indexed";
const COMPARED: &str = "__compared";

const IN_TEXT: Calls = Calls {
    entry: ENTRY,
    spread: SPREAD,
    element: KEEP,
    all: ALL,
    each: EACH,
    joined: JOINED_IN_TEXT,
    searched: SEARCHED,
    indexed: INDEXED,
    compared: COMPARED,
};
const IN_TEMPLATE: Calls = Calls {
    element: ELEMENT,
    joined: JOINED,
    ..IN_TEXT
};

/// The texts of a value, and of lists in lists, count as kept; a value of a list is a step.
fn keep_all_of_text(value: &Value) -> Result<(), Error> {
    budget::keep_of_text(value.as_str().map_or(0, str::len))?;
    if let Some(list) = value.as_array() {
        budget::spend_of_text(list.len() as u64)?;
        list.iter().try_for_each(keep_all_of_text)?;
    }
    Ok(())
}

/// Lists in a variable of a page's text: their values are steps, their texts are kept.
fn spend_lists(value: &Value) -> Result<(), Error> {
    match value.as_array() {
        Some(_) => {
            let mut left = MAX_LISTED_BYTES;
            if !crate::filters::sizes::fits(value, &mut left) {
                return Err(Error::message(format!(
                    "a list holds more than {MAX_LISTED_BYTES} bytes of text; move the large part \
                     into a template"
                )));
            }
            count_lists(value)
        }
        None => Ok(()),
    }
}

/// Texts in one list in a variable of a page's text.
pub const MAX_LISTED_BYTES: usize = 16 << 20;

fn count_lists(value: &Value) -> Result<(), Error> {
    if let Some(list) = value.as_array() {
        budget::spend_of_text(list.len() as u64)?;
        list.iter().try_for_each(count_lists)?;
    }
    Ok(())
}

/// What is written into something that is kept.
fn keep_of(value: &Value) -> Result<(), Error> {
    let bytes = match value.as_str() {
        Some(text) => text.len(),
        None if value.as_array().is_some() || value.as_map().is_some() => {
            let mut left = MAX_OUTPUT_BYTES;
            if !crate::filters::sizes::fits(value, &mut left) {
                left = 0;
            }
            MAX_OUTPUT_BYTES - left
        }
        None => 8,
    };
    budget::spend_bytes(bytes / 4)?;
    budget::keep(bytes)
}

/// What is searched with `in`, or cut.
fn of_searched(value: &Value) -> Result<(), Error> {
    match value.as_array() {
        // Compared with one after the other.
        Some(list) => budget::spend(list.len() as u64 / 8),
        None if value.is_string() => budget::through(value),
        None => Ok(()),
    }
}

/// What one value is taken of: the engine cuts texts into their characters for it.
fn of_indexed(value: &Value) -> Result<(), Error> {
    if value.is_string() {
        budget::through(value)
    } else {
        Ok(())
    }
}

/// What is compared: at most all of it.
fn of_compared(value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => budget::spend_bytes(text.len()),
        None if value.as_array().is_some() || value.as_map().is_some() => {
            let mut left = MAX_OUTPUT_BYTES;
            let fits = crate::filters::sizes::fits(value, &mut left);
            budget::spend_bytes(if fits {
                MAX_OUTPUT_BYTES - left
            } else {
                MAX_OUTPUT_BYTES
            })
        }
        None => Ok(()),
    }
}

/// The longest list that `range` makes anywhere; Tera's own limit.
const MAX_RANGE: i128 = 100_000;

/// `range(start, end, step_by)`, as the engine's.
fn range(arguments: Kwargs, _: &State) -> Result<Vec<i128>, Error> {
    let start = arguments.get::<i128>("start")?.unwrap_or_default();
    let end = arguments.must_get::<i128>("end")?;
    let step = arguments.get::<i128>("step_by")?.unwrap_or(1);
    if step == 0 {
        return Err(Error::message("`range` was called with a `step_by` of 0"));
    }
    if start > end && step > 0 {
        let message = "`range` was called with a `start` greater than its `end`";
        return Err(Error::message(message));
    }
    let overflow = || Error::message("the numbers given to `range` are too large");
    let span = if step > 0 {
        end.checked_sub(start)
    } else {
        start.checked_sub(end)
    };
    let span = span.ok_or_else(overflow)?.max(0).unsigned_abs();
    let count = i128::try_from(span.div_ceil(step.unsigned_abs())).map_err(|_| overflow())?;
    if count > MAX_RANGE {
        let message = format!("`range` would make {count} values; {MAX_RANGE} are the most");
        return Err(Error::message(message));
    }
    budget::spend_of_text(count as u64)?;
    budget::spend(count as u64)?;
    Ok((0..count).map(|i| start + i * step).collect())
}

/// A text with its meters, and where they are.
pub struct Metered<'a> {
    /// To be rendered.
    pub text: Cow<'a, str>,
    original: &'a str,
    /// Offsets in the original, and characters put in there.
    inserted: Vec<(usize, usize)>,
}

impl Metered<'_> {
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
pub fn meter(text: &str) -> Result<Metered<'_>, (u32, &'static str)> {
    check_branches(text)?;
    let mut loops = 0_usize;
    for tag in tags::all(text) {
        let word = tag.word();
        let opens_loop = word == "for";
        let comprehensions = count_for(tag.inner) - usize::from(opens_loop);
        if comprehensions > usize::from(loops == 0 && !opens_loop) {
            return Err((tags::line_of(text, tag.start), COMPREHENSION));
        }
        if count(tag.inner, |rest| rest.starts_with('~')) > MAX_JOINS {
            return Err((tags::line_of(text, tag.start), JOINS));
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
pub fn metered<'a>(text: &'a str, role: Role<'_>) -> Metered<'a> {
    let all: Vec<Tag<'_>> = tags::all(text).collect();
    let mut writer = Writer {
        text,
        role,
        put: Vec::new(),
        loops: 0,
        kept: usize::from(matches!(role, Role::Template { kept: true, .. })),
        blocks: Vec::new(),
    };
    for (tag, body) in all.iter().zip(tags::bodies(&all)) {
        writer.tag(tag, body);
    }
    writer.done()
}

struct Writer<'a, 'r> {
    text: &'a str,
    role: Role<'r>,
    /// Where, which of several at one place comes first, and what.
    put: Vec<(usize, usize, String)>,
    loops: usize,
    /// Blocks whose text is kept before it is written: those of variables, filters and components.
    kept: usize,
    /// The variables of open `{% set x %}` blocks.
    blocks: Vec<&'a str>,
}

impl<'a> Writer<'a, '_> {
    fn in_text(&self) -> bool {
        matches!(self.role, Role::Text)
    }

    fn tag(&mut self, tag: &Tag<'a>, body: usize) {
        let word = tag.word();
        let ends = word.starts_with("end");
        if !ends && !matches!(word, "component" | "extends" | "include" | "block" | "else") {
            self.expressions(tag, word);
        }
        if !tag.is_block {
            self.written(tag);
        }
        match word {
            "filter" | "component" => self.kept += 1,
            "endfilter" | "endcomponent" | "endset" => self.kept = self.kept.saturating_sub(1),
            // The body of a component that is called.
            "" if tag.is_block => {
                let inner = tag.inner.trim_start_matches('-').trim_ascii();
                if inner.starts_with("</") {
                    self.kept = self.kept.saturating_sub(1);
                } else if inner.starts_with('<') && !inner.ends_with("/>") {
                    self.kept += 1;
                }
            }
            _ => {}
        }
        let (step, size) = match self.role {
            Role::Text => (format!("{STEP}() }}}}{{{{ "), SIZE),
            Role::Template { .. } => (String::new(), SIZE_IN_TEMPLATE),
        };
        let call = match word {
            "for" => {
                self.loops += 1;
                Some(step + &self.turn(body))
            }
            "component" => {
                self.loops += 1;
                let body = ENTERED_BYTES + body;
                let sizes = parameters(tag.inner)
                    .filter(|_| self.in_text())
                    .map(|name| format!(" }}}}{{{{ {size}(of={name})"));
                Some(step + &self.turn(body) + &sizes.collect::<String>())
            }
            "block" => Some(self.turn(body)),
            "include" => match self.role {
                Role::Template { size_of, .. } => {
                    let size = tag.named("include").map_or(0, size_of);
                    Some(self.turn(ENTERED_BYTES + size))
                }
                Role::Text => Some(self.turn(ENTERED_BYTES)),
            },
            "endfor" | "endcomponent" => {
                self.loops = self.loops.saturating_sub(1);
                None
            }
            "set" | "set_global" => match tag.set() {
                Some((_, Some(value))) if is_literal(value) => None,
                Some((name, Some(_))) => Some(format!("{size}(of={name})")),
                Some((name, None)) => {
                    self.blocks.push(name);
                    self.kept += 1;
                    None
                }
                None => None,
            },
            "endset" => self.blocks.pop().map(|name| format!("{size}(of={name})")),
            _ => None,
        };
        if let Some(call) = call {
            // A tag that trims what follows it goes on to do so.
            let end = if tag.trims { "-}}" } else { "}}" };
            self.put.push((tag.end, 0, format!("{{{{ {call} {end}")));
        }
    }

    /// The call that takes the steps of a body of so many bytes.
    fn turn(&self, bytes: usize) -> String {
        let steps = 1 + bytes / budget::BYTES_A_STEP;
        let power = (steps.next_power_of_two().trailing_zeros() as usize).min(MAX_POWER);
        let call = match self.kept {
            0 => TURN,
            _ if self.in_text() => TURN,
            _ => TURN_KEPT,
        };
        format!("{call}{power}()")
    }

    /// What is measured inside a tag.
    fn expressions(&mut self, tag: &Tag<'a>, word: &str) {
        let calls = if self.in_text() {
            &IN_TEXT
        } else {
            &IN_TEMPLATE
        };
        let place = match word {
            "for" => Place::Loop,
            "" | "set" | "set_global" => Place::Value,
            "elif" => Place::Elif,
            _ => Place::Other,
        };
        let found = measures(tag.inner, place, calls);
        let inner = tag.start + 2;
        for wrap in found.wraps {
            self.wrap(inner + wrap.start, inner + wrap.end, wrap.call);
        }
        if !found.looked_at.is_empty() {
            let arguments = found.looked_at.iter().enumerate();
            let arguments: Vec<String> = arguments
                .map(|(n, (how, path))| {
                    let name = match how {
                        Use::Searched => 's',
                        Use::Indexed => 'i',
                        Use::Compared => 'c',
                    };
                    format!("{name}{n}={path}")
                })
                .collect();
            self.before(tag, &format!("{LOOK}({})", arguments.join(", ")));
        }
    }

    /// Puts a call around a part of the text.
    fn wrap(&mut self, start: usize, end: usize, call: &str) {
        // Of two that begin at one place the longer one comes first.
        self.put
            .push((start, 2 + (self.text.len() - end), format!("{call}(of=")));
        self.put.push((end, 2, ")".to_owned()));
    }

    /// Puts a call that writes nothing before a tag.
    fn before(&mut self, tag: &Tag<'_>, call: &str) {
        let dash = if tag.inner.starts_with('-') { "-" } else { "" };
        self.put
            .push((tag.start, 1, format!("{{{{{dash} {call} }}}}")));
    }

    /// Measures what `{{ … }}` writes, where that is kept.
    fn written(&mut self, tag: &Tag<'a>) {
        let Some((from, to)) = tag.expression() else {
            return;
        };
        let inner = tag.start + 2;
        match self.role {
            Role::Text if self.loops > 0 && self.kept > 0 => {
                self.wrap(inner + from, inner + to, KEEP)
            }
            Role::Template { .. } if self.kept > 0 => {
                let expression = &tag.inner[from..to];
                match plain_path(expression) {
                    _ if is_literal(expression) => {}
                    // Twice, so that the engine's own words tell what is wrong with it.
                    Some(path) => self.before(tag, &format!("{LOOK_KEPT}(of={path})")),
                    None => self.wrap(inner + from, inner + to, KEEP_IN_TEMPLATE),
                }
            }
            _ => {}
        }
    }

    fn done(mut self) -> Metered<'a> {
        self.put.sort_by_key(|(at, order, _)| (*at, *order));
        let mut text = String::new();
        let mut copied = 0;
        let mut inserted = Vec::with_capacity(self.put.len());
        for (at, _, part) in &self.put {
            text.push_str(&self.text[copied..*at]);
            text.push_str(part);
            inserted.push((*at, part.chars().count()));
            copied = *at;
        }
        text.push_str(&self.text[copied..]);
        Metered {
            text: if inserted.is_empty() {
                Cow::Borrowed(self.text)
            } else {
                Cow::Owned(text)
            },
            original: self.text,
            inserted,
        }
    }
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
            return Err((tags::line_of(text, tag.start), BRANCHES));
        }
    }
    Ok(())
}

/// Another template that one names.
pub struct Named<'a> {
    /// `extends` or `include`.
    pub word: &'static str,
    /// The name, as far as it is written out; one that is not cannot be included.
    pub name: &'a str,
    /// True where what it writes is kept before it is written.
    pub kept: bool,
}

/// What a template extends and includes.
pub fn named_templates(text: &str) -> Vec<Named<'_>> {
    let mut names = Vec::new();
    let mut kept = 0_usize;
    for tag in tags::all(text) {
        let inner = tag.inner.trim_start_matches('-').trim_ascii();
        match tag.word() {
            "filter" | "component" => kept += 1,
            "endfilter" | "endcomponent" | "endset" => kept = kept.saturating_sub(1),
            "set" | "set_global" if tag.set().is_some_and(|(_, value)| value.is_none()) => {
                kept += 1
            }
            "" if tag.is_block && inner.starts_with("</") => kept = kept.saturating_sub(1),
            "" if tag.is_block && inner.starts_with('<') => kept += 1,
            _ => {}
        }
        for word in ["extends", "include"] {
            if let Some(name) = tag.named(word) {
                let kept = kept > 0;
                names.push(Named { word, name, kept });
            }
        }
    }
    names
}

/// The components that a template defines, each with the line of its definition.
pub fn defined_components(text: &str) -> Vec<(&str, u32)> {
    let mut found = Vec::new();
    for tag in tags::all(text).filter(|tag| tag.word() == "component") {
        let rest = tag.inner.trim_start_matches('-').trim_ascii_start();
        let rest = rest["component".len()..].trim_ascii_start();
        let ends = |c: char| c == '(' || c.is_whitespace();
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        found.push((name, tags::line_of(text, tag.start)));
    }
    found
}

/// Takes what is written up to a number of bytes, then fails.
pub struct Bounded {
    /// What was written.
    pub bytes: Vec<u8>,
    most: usize,
}

impl Bounded {
    /// With room for so many bytes.
    pub fn new(most: usize) -> Self {
        let bytes = Vec::new();
        Self { bytes, most }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.len() + bytes.len() > self.most {
            let message = format!(
                "this page would be longer than {} bytes; shorten it, or split it into several",
                self.most
            );
            return Err(io::Error::other(message));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
