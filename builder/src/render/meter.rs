//! What the templating of a page's own text may cost.
//!
//! The engine bounds how deep components call each other, how deep a template is nested and how
//! long a `range` is, but not how often loops inside loops turn or how large a text grows. A page
//! may come from anyone who may upload, so its text is metered before it is rendered: behind every
//! `{% for … %}` and `{% component … %}` stands a call that counts a step, behind every
//! `{% set … %}` one that looks at the size. Templates are not metered: whoever writes them decides
//! over the whole site.

use crate::filters::sizes::MAX_RESULT_BYTES;
use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Write};
use tera::{Error, Kwargs, State, Tera, Value};

/// Turns of loops, calls of components of its own and values of lists that a page's text may make.
pub const MAX_STEPS: u64 = 100_000;
/// The longest text that a page's text may put into a variable.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Texts that lists made by `for` inside brackets, and loops inside blocks that are kept, may hold
/// in one page.
pub const MAX_KEPT_BYTES: usize = 64 << 20;
/// `~` in one tag.
pub const MAX_JOINS: usize = 100;
/// The most that a page's text may become before Markdown.
pub const MAX_OUTPUT_BYTES: usize = 16 << 20;

thread_local! {
    /// What is left to the text that is being rendered; None where nothing is metered.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    /// What is left of [`MAX_KEPT_BYTES`].
    static KEPT: Cell<usize> = const { Cell::new(MAX_KEPT_BYTES) };
}

/// Runs a render of metered text.
pub fn within_budget<T>(render: impl FnOnce() -> T) -> T {
    struct Restore(Option<u64>, usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
            KEPT.set(self.1);
        }
    }
    let _restore = Restore(LEFT.replace(Some(MAX_STEPS)), KEPT.replace(MAX_KEPT_BYTES));
    render()
}

fn spend(steps: u64) -> Result<(), Error> {
    let Some(left) = LEFT.get() else {
        return Ok(());
    };
    let left = left.checked_sub(steps).ok_or_else(|| {
        Error::message(format!(
            "the loops and lists of this page take more than {MAX_STEPS} steps; \
             put what needs so many into a template"
        ))
    })?;
    LEFT.set(Some(left));
    Ok(())
}

/// Registers what metered text calls, and a `range` that counts.
pub fn register(tera: &mut Tera) {
    tera.register_function(STEP, |_: Kwargs, _: &State| spend(1).map(|()| ""));
    tera.register_function(SIZE, |arguments: Kwargs, _: &State| {
        let value = arguments.must_get::<Value>("of")?;
        if value
            .as_str()
            .is_some_and(|text| text.len() > MAX_TEXT_BYTES)
        {
            let message = format!("a variable holds a text of more than {MAX_TEXT_BYTES} bytes");
            return Err(Error::message(message));
        }
        let mut left = MAX_RESULT_BYTES;
        take(&value, &mut left, "a list holds", MAX_RESULT_BYTES)?;
        Ok("")
    });
    tera.register_function(KEEP, |arguments: Kwargs, _: &State| {
        let value = arguments.must_get::<Value>("of")?;
        let mut left = KEPT.get();
        take(
            &value,
            &mut left,
            "the lists and loops of this page hold",
            MAX_KEPT_BYTES,
        )?;
        KEPT.set(left);
        Ok::<Value, Error>(value)
    });
    tera.register_function("range", range);
}

const STEP: &str = "__step";
const SIZE: &str = "__size";
/// Answers with what it is given.
const KEEP: &str = "__keep";

/// Takes the texts of a value, and of lists in lists, off `left`; a value of a list is a step.
fn take(value: &Value, left: &mut usize, what: &str, most: usize) -> Result<(), Error> {
    let bytes = value.as_str().map_or(0, str::len);
    *left = left.checked_sub(bytes).ok_or_else(|| {
        Error::message(format!(
            "{what} more than {most} bytes of text; put what needs so much into a template"
        ))
    })?;
    if let Some(list) = value.as_array() {
        spend(list.len() as u64)?;
        list.iter()
            .try_for_each(|item| take(item, left, what, most))?;
    }
    Ok(())
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
    spend(count as u64)?;
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

/// Puts the meters in.
///
/// # Errors
/// What cannot be metered, a list comprehension inside another or inside a loop, and what
/// [`check_branches`] refuses: its 1-based line, and what is wrong.
pub fn meter(text: &str) -> Result<Metered<'_>, (u32, &'static str)> {
    check_branches(text)?;
    let mut metered = Metered {
        text: Cow::Borrowed(text),
        original: text,
        inserted: Vec::new(),
    };
    let mut out = String::new();
    let mut copied = 0;
    // The variables of open `{% set x %}` blocks, and how many loops are open.
    let (mut blocks, mut loops) = (Vec::new(), 0_usize);
    // Blocks whose text is kept before it is written: those of variables, filters and components.
    let mut kept = 0_usize;
    let mut at = 0;
    while let Some(tag) = Tag::next(text, at) {
        at = tag.end;
        let word = tag.word();
        let opens_loop = word == "for";
        let comprehensions = count_for(tag.inner) - usize::from(opens_loop);
        if comprehensions > usize::from(loops == 0 && !opens_loop) {
            return Err((line_of(text, tag.start), COMPREHENSION));
        }
        if count(tag.inner, |rest| rest.starts_with('~')) > MAX_JOINS {
            return Err((line_of(text, tag.start), JOINS));
        }
        let whole = !tag.is_block && loops > 0 && kept > 0;
        if let Some((from, to)) = if whole {
            tag.expression()
        } else {
            tag.element()
        } {
            let inner = tag.start + 2;
            for (at, part) in [(from, format!("{KEEP}(of=")), (to, ")".to_owned())] {
                out.push_str(&text[copied..inner + at]);
                out.push_str(&part);
                metered.inserted.push((inner + at, part.len()));
                copied = inner + at;
            }
        }
        match word {
            "filter" | "component" => kept += 1,
            "endfilter" | "endcomponent" | "endset" => kept = kept.saturating_sub(1),
            // The body of a component that is called.
            "" => {
                let inner = tag.inner.trim_start_matches('-').trim_ascii();
                if inner.starts_with("</") {
                    kept = kept.saturating_sub(1);
                } else if inner.starts_with('<') && !inner.ends_with("/>") {
                    kept += 1;
                }
            }
            _ => {}
        }
        let call = match word {
            "for" => {
                loops += 1;
                Some(format!("{STEP}()"))
            }
            "component" => {
                loops += 1;
                let sizes =
                    parameters(tag.inner).map(|name| format!(" }}}}{{{{ {SIZE}(of={name})"));
                Some(format!("{STEP}(){}", sizes.collect::<String>()))
            }
            "endfor" | "endcomponent" => {
                loops = loops.saturating_sub(1);
                None
            }
            "set" | "set_global" => {
                let rest = tag.inner.trim_start_matches('-').trim_start();
                let rest = rest[word.len()..].trim_start();
                let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
                if rest[name.len()..].trim_start().starts_with('=') {
                    Some(format!("{SIZE}(of={name})"))
                } else {
                    blocks.push(name);
                    kept += 1;
                    None
                }
            }
            "endset" => blocks.pop().map(|name| format!("{SIZE}(of={name})")),
            _ => None,
        };
        if let Some(call) = call {
            // A tag that trims what follows it goes on to do so.
            let end = if tag.trims { "-}}" } else { "}}" };
            let meter = format!("{{{{ {call} {end}");
            out.push_str(&text[copied..at]);
            out.push_str(&meter);
            metered.inserted.push((at, meter.chars().count()));
            copied = at;
        }
    }
    if copied > 0 {
        out.push_str(&text[copied..]);
        metered.text = Cow::Owned(out);
    }
    Ok(metered)
}

const COMPREHENSION: &str =
    "a list comprehension inside a loop or another one is too much for a page";
const JOINS: &str = "more than 100 `~` in one tag; put some of them into variables";
const BRANCHES: &str = "an `if` has too many branches: more than 200 `if` and `elif` are open here";

fn line_of(text: &str, offset: usize) -> u32 {
    text[..offset].matches('\n').count() as u32 + 1
}

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
    let mut at = 0;
    while let Some(tag) = Tag::next(text, at) {
        at = tag.end;
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
            return Err((line_of(text, tag.start), BRANCHES));
        }
    }
    Ok(())
}

/// What a template extends and includes, as far as the names are written out; a name that is not
/// cannot be included.
pub fn named_templates(text: &str) -> Vec<(&'static str, &str)> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(tag) = Tag::next(text, at) {
        at = tag.end;
        let inner = tag.inner.trim_start_matches('-').trim_start();
        let found = ["extends", "include"]
            .into_iter()
            .find_map(|word| Some((word, inner.strip_prefix(word)?)));
        if let (true, Some((word, rest))) = (tag.is_block, found) {
            let quoted = rest.trim();
            let quote = |c| matches!(c, '"' | '\'' | '`');
            names.push((word, quoted.trim_matches(quote)));
        }
    }
    names
}

/// The components that a template defines, each with the line of its definition.
pub fn defined_components(text: &str) -> Vec<(&str, u32)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = Tag::next(text, at) {
        at = tag.end;
        if tag.word() != "component" {
            continue;
        }
        let rest = tag.inner.trim_start_matches('-').trim_ascii_start();
        let rest = rest["component".len()..].trim_ascii_start();
        let ends = |c: char| c == '(' || c.is_whitespace();
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let line = text[..tag.start].matches('\n').count() + 1;
        found.push((name, u32::try_from(line).unwrap_or(u32::MAX)));
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A tag or an expression; comments and raw blocks are passed over as the engine does.
struct Tag<'a> {
    start: usize,
    /// After `%}` or `}}`.
    end: usize,
    inner: &'a str,
    is_block: bool,
    /// Ends in `-%}`.
    trims: bool,
}

impl<'a> Tag<'a> {
    /// The word that a block tag begins with; empty for an expression.
    fn word(&self) -> &'a str {
        if !self.is_block {
            return "";
        }
        let inner = self.inner.trim_start_matches('-').trim_ascii_start();
        &inner[..inner.find(|c| !is_of_name(c)).unwrap_or(inner.len())]
    }

    /// Where in the inside of `{{ … }}` its expression is; none for a component, whose text is metered
    /// where it is written.
    fn expression(&self) -> Option<(usize, usize)> {
        let inner = self.inner.strip_prefix('-').unwrap_or(self.inner);
        let from = self.inner.len() - inner.trim_ascii_start().len();
        let plain = !inner.trim_ascii().is_empty() && !inner.trim_ascii_start().starts_with('<');
        plain.then_some((from, self.inner.len()))
    }

    /// Where in the inside the first list comprehension has what it makes of each value.
    fn element(&self) -> Option<(usize, usize)> {
        let mut open = Vec::new();
        for at in places(self.inner) {
            match self.inner.as_bytes()[at] {
                b'[' => open.push(at + 1),
                b']' => drop(open.pop()),
                b'f' if is_for(self.inner, at) && !open.is_empty() => {
                    return open.pop().map(|from| (from, at));
                }
                _ => {}
            }
        }
        None
    }

    /// The next one from byte `at`; none behind one that never ends, at which the engine stops.
    fn next(text: &'a str, mut at: usize) -> Option<Self> {
        loop {
            let start = at + opening(&text[at..])?;
            let inside = start + 2;
            match text.as_bytes()[start + 1] {
                b'#' => at = inside + text[inside..].find("#}")? + 2,
                second => {
                    let is_block = second == b'%';
                    // The engine takes one `-` as part of `{%-`, then looks for `-? raw`.
                    let dash = usize::from(text.as_bytes().get(inside) == Some(&b'-'));
                    if is_block && let Some(raw) = named(&text[inside + dash..], "raw") {
                        at = after_raw(text, inside + dash + raw)?;
                        continue;
                    }
                    let close: &[u8] = if is_block { b"%}" } else { b"}}" };
                    let len = inner_len(&text.as_bytes()[inside..], close)?;
                    let inner = &text[inside..inside + len];
                    return Some(Self {
                        start,
                        end: inside + len + 2,
                        inner: inner.strip_suffix('-').unwrap_or(inner),
                        is_block,
                        trims: inner.ends_with('-'),
                    });
                }
            }
        }
    }
}

/// Where the first `{{`, `{%` or `{#` is.
fn opening(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows(2)
        .position(|pair| pair[0] == b'{' && matches!(pair[1], b'{' | b'%' | b'#'))
}

/// Bytes up to `close`, which is none within quotes.
fn inner_len(bytes: &[u8], close: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            _ if bytes[at..].starts_with(close) => return Some(at),
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while *bytes.get(at)? != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// If the inside of a block tag at the start of `text` is the one word `name`: the bytes up to
/// behind its `%}`.
fn named(text: &str, name: &str) -> Option<usize> {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let rest = rest.trim_ascii_start().strip_prefix(name)?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let rest = rest.strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

fn after_raw(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += text[at..].find("{%")? + 2;
        if let Some(end) = named(&text[at..], "endraw") {
            return Some(at + end);
        }
    }
}

/// Offsets outside quotes where a character or a whole word begins.
fn places(inner: &str) -> impl Iterator<Item = usize> {
    let bytes = inner.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            match *bytes.get(at)? {
                quote @ (b'"' | b'\'' | b'`') => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != quote {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                    continue;
                }
                byte if is_of_name(byte as char) => {
                    let word = bytes[at..].iter().take_while(|b| is_of_name(**b as char));
                    at += word.count();
                }
                _ => at += 1,
            }
            if inner.is_char_boundary(start) {
                return Some(start);
            }
        }
    })
}

fn count(inner: &str, wanted: impl Fn(&str) -> bool) -> usize {
    places(inner).filter(|at| wanted(&inner[*at..])).count()
}

fn is_for(inner: &str, at: usize) -> bool {
    let rest = inner[at..].strip_prefix("for");
    let is_field = at > 0 && inner.as_bytes()[at - 1] == b'.';
    !is_field && rest.is_some_and(|rest| !rest.starts_with(is_of_name))
}

/// How often the word `for` stands outside quotes.
fn count_for(inner: &str) -> usize {
    places(inner).filter(|at| is_for(inner, *at)).count()
}

/// The parameters that the tag of a component names.
fn parameters(inner: &str) -> impl Iterator<Item = &str> {
    let inner = inner.split_once('(').map_or("", |(_, rest)| rest);
    let mut depth = 1_usize;
    let mut wanted = true;
    places(inner).filter_map(move |at| {
        let rest = &inner[at..];
        match rest.as_bytes()[0] {
            // Behind the bracket that ends them there are none.
            _ if depth == 0 => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => wanted = depth == 1,
            byte if wanted && is_of_name(byte as char) => {
                wanted = false;
                let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                return Some(&rest[..end]);
            }
            _ => {}
        }
        None
    })
}

/// Takes what is written up to [`MAX_OUTPUT_BYTES`], then fails.
#[derive(Default)]
pub struct Bounded(pub Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            let message = format!("this page becomes longer than {MAX_OUTPUT_BYTES} bytes");
            return Err(io::Error::other(message));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
