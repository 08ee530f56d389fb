//! The engine's filters of texts, which take steps for the bytes that they go through.
//!
//! The engine hides its own, so each is written again here; that they make the same is tested.

use crate::budget;
use std::borrow::Cow;
use tera::{
    Error, FunctionResult, Kwargs, State, StringInput, Tera, TeraResult, TestResult, Value,
};
use unicode_segmentation::UnicodeSegmentation;

/// A filter of texts that takes steps for what it is given.
pub(super) fn counted<Made: FunctionResult>(
    filter: impl for<'a> Fn(&'a str, Kwargs, &State) -> Made + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a str, Kwargs, &State) -> TeraResult<Value> {
    move |text: &str, arguments: Kwargs, state: &State| {
        budget::spend_bytes(text.len())?;
        budget::of_arguments(&arguments)?;
        filter(text, arguments, state).into_result()
    }
}

/// What looks at each character is so much dearer than what copies bytes.
const BY_CHARACTER: usize = 8;

/// A filter that looks at each character.
fn by_character<Made: FunctionResult>(
    filter: impl for<'a> Fn(StringInput<'a>, Kwargs, &State) -> Made + Send + Sync + 'static,
) -> impl for<'a> Fn(StringInput<'a>, Kwargs, &State) -> TeraResult<Value> {
    counted_input(
        move |text: StringInput<'_>, arguments: Kwargs, state: &State| {
            budget::spend_bytes((BY_CHARACTER - 1) * text.as_str().len())?;
            filter(text, arguments, state).into_result()
        },
    )
}

/// The same of a filter that looks whether its text is safe.
pub(super) fn counted_input<Made: FunctionResult>(
    filter: impl for<'a> Fn(StringInput<'a>, Kwargs, &State) -> Made + Send + Sync + 'static,
) -> impl for<'a> Fn(StringInput<'a>, Kwargs, &State) -> TeraResult<Value> {
    move |text: StringInput<'_>, arguments: Kwargs, state: &State| {
        budget::spend_bytes(text.as_str().len())?;
        budget::of_arguments(&arguments)?;
        filter(text, arguments, state).into_result()
    }
}

/// A filter of any value that takes steps for what it is given.
pub(super) fn counted_value<Made: FunctionResult>(
    filter: impl for<'a> Fn(&'a Value, Kwargs, &State) -> Made + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a Value, Kwargs, &State) -> TeraResult<Value> {
    move |value: &Value, arguments: Kwargs, state: &State| {
        budget::of_arguments(&arguments)?;
        match (value.as_array(), value.as_map()) {
            (Some(list), _) => budget::spend(list.len() as u64)?,
            (_, Some(map)) => budget::spend(map.len() as u64)?,
            _ => budget::spend_bytes(value.as_str().map_or(0, str::len))?,
        }
        filter(value, arguments, state).into_result()
    }
}

/// A test of texts that takes steps for what it is given.
pub(super) fn counted_test<Told: TestResult>(
    test: impl for<'a> Fn(&'a str, Kwargs, &State) -> Told + Send + Sync + 'static,
) -> impl for<'a> Fn(&'a str, Kwargs, &State) -> TeraResult<bool> {
    move |text: &str, arguments: Kwargs, state: &State| {
        budget::spend_bytes(text.len())?;
        budget::of_arguments(&arguments)?;
        test(text, arguments, state).into_result()
    }
}

/// Registers them.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("safe", |text: Cow<'_, str>, _: Kwargs, _: &State| {
        budget::spend_bytes(text.len() / 8)?;
        Ok::<_, Error>(Value::safe_string(&text))
    });
    tera.register_filter(
        "upper",
        counted_input(|text, _, _| text.inherit_safety(text.as_str().to_uppercase())),
    );
    tera.register_filter(
        "lower",
        counted_input(|text, _, _| text.inherit_safety(text.as_str().to_lowercase())),
    );
    tera.register_filter(
        "wordcount",
        by_character(|text, _, _| word_count(text.as_str())),
    );
    tera.register_filter("escape", counted_input(escape));
    tera.register_filter("escape_html", counted(escape_html));
    tera.register_filter("escape_xml", counted(|text, _, _| escape_xml(text)));
    tera.register_filter(
        "newlines_to_br",
        counted(|text, _, _| text.replace("\r\n", "<br>").replace(['\n', '\r'], "<br>")),
    );
    tera.register_filter(
        "trim",
        counted_input(|text, arguments, _| {
            trimmed(text, &arguments, str::trim, |text, pat| {
                text.trim_start_matches(pat).trim_end_matches(pat)
            })
        }),
    );
    tera.register_filter(
        "trim_start",
        counted_input(|text, arguments, _| {
            trimmed(text, &arguments, str::trim_start, |text, pat| {
                text.trim_start_matches(pat)
            })
        }),
    );
    tera.register_filter(
        "trim_end",
        counted_input(|text, arguments, _| {
            trimmed(text, &arguments, str::trim_end, |text, pat| {
                text.trim_end_matches(pat)
            })
        }),
    );
    tera.register_filter("capitalize", by_character(|text, _, _| capitalize(text)));
    tera.register_filter("title", by_character(|text, _, _| title(text)));
    tera.register_filter("truncate", counted(truncate));
    tera.register_filter("split", counted(split));
    tera.register_filter("int", counted_value(int));
    tera.register_filter("float", counted_value(float));
    let about = |test: fn(&str, &str) -> bool| {
        counted_test(move |text, arguments: Kwargs, _: &State| {
            arguments.must_get::<&str>("pat").map(|pat| test(text, pat))
        })
    };
    tera.register_test("starting_with", about(|text, pat| text.starts_with(pat)));
    tera.register_test("ending_with", about(|text, pat| text.ends_with(pat)));
}

fn int(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let base = arguments.get::<u32>("base")?.unwrap_or(10);
    if !(2..=36).contains(&base) {
        return Err(Error::message(format!(
            "int filter `base` must be between 2 and 36, got {base}"
        )));
    }
    let whole = |number: f64| {
        let integer = tera::Number::Float(number).as_integer();
        integer.map(Value::from).ok_or_else(|| {
            Error::message(format!(
                "The float {number} cannot be converted to an int (non-integer or out of i128 range)"
            ))
        })
    };
    if let Some(text) = value.as_str() {
        let text = text.trim();
        let digits = match base {
            2 => text.trim_start_matches("0b"),
            8 => text.trim_start_matches("0o"),
            16 => text.trim_start_matches("0x"),
            _ => text,
        };
        if let Ok(number) = i128::from_str_radix(digits, base) {
            return Ok(number.into());
        }
        return match digits.contains('.').then(|| digits.parse::<f64>()) {
            Some(Ok(number)) => whole(number),
            _ => Err(Error::message(format!(
                "The string `{digits}` cannot be converted to an int in base {base}"
            ))),
        };
    }
    match value.as_number() {
        Some(tera::Number::Float(number)) => whole(number),
        Some(_) => Ok(value.clone()),
        None => Err(Error::message(format!(
            "Value of type {} cannot be converted to an int",
            value.name()
        ))),
    }
}

fn float(value: &Value, _: Kwargs, _: &State) -> TeraResult<f64> {
    if let Some(text) = value.as_str() {
        let text = text.trim();
        return text.parse().map_err(|_| {
            Error::message(format!(
                "The string `{text}` cannot be converted to a float"
            ))
        });
    }
    let number = value.as_number().map(|number| number.as_float());
    number.ok_or_else(|| {
        Error::message(format!(
            "Value of type {} cannot be converted to a float",
            value.name()
        ))
    })
}

/// Words between white space.
fn word_count(text: &str) -> usize {
    if !text.is_ascii() {
        return text.split_whitespace().count();
    }
    let mut count = 0;
    let mut in_word = false;
    for byte in text.as_bytes() {
        let is_blank = matches!(byte, 9..=13 | b' ');
        count += usize::from(!is_blank && !in_word);
        in_word = !is_blank;
    }
    count
}

fn escape(text: StringInput<'_>, _: Kwargs, state: &State) -> TeraResult<Value> {
    if text.is_safe() {
        return Ok(text.into_value());
    }
    Ok(Value::safe_string(&state.escape(text.as_str())?))
}

fn escape_html(text: &str, _: Kwargs, _: &State) -> TeraResult<String> {
    let mut escaped = Vec::with_capacity(text.len());
    tera::escape_html(text, &mut escaped)
        .map_err(|error| Error::message(format!("escape_html: {error}")))?;
    String::from_utf8(escaped).map_err(|error| Error::message(format!("escape_html: {error}")))
}

fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn trimmed(
    text: StringInput<'_>,
    arguments: &Kwargs,
    of_blanks: fn(&str) -> &str,
    of_pattern: for<'a> fn(&'a str, &str) -> &'a str,
) -> TeraResult<Value> {
    let trimmed = match arguments.get::<&str>("pat")? {
        Some(pat) => of_pattern(text.as_str(), pat),
        None => of_blanks(text.as_str()),
    };
    Ok(text.inherit_safety(trimmed.to_owned()))
}

/// The first character large, all others small.
fn capitalize(text: StringInput<'_>) -> Value {
    let mut rest = text.as_str().chars();
    text.inherit_safety(match rest.next() {
        Some(first) => first.to_uppercase().collect::<String>() + &rest.as_str().to_lowercase(),
        None => String::new(),
    })
}

/// The first character of each word large, all others small; an apostrophe ends no word.
fn title(text: StringInput<'_>) -> Value {
    let mut made = String::with_capacity(text.as_str().len());
    let mut first = true;
    for c in text.as_str().chars() {
        if c.is_ascii_punctuation() || c.is_whitespace() {
            made.push(c);
            first |= c != '\'';
        } else if std::mem::take(&mut first) {
            made.extend(c.to_uppercase());
        } else {
            made.extend(c.to_lowercase());
        }
    }
    text.inherit_safety(made)
}

fn truncate(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let length = arguments.must_get::<usize>("length")?;
    let end = arguments.get::<&str>("end")?.unwrap_or("…");
    Ok(match text.grapheme_indices(true).nth(length) {
        Some((at, _)) => text[..at].to_owned() + end,
        None => text.to_owned(),
    })
}

/// A value of a list takes as much as a short text, however short it is.
fn split(text: &str, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let pat = arguments.must_get::<&str>("pat")?;
    let count = text.split(pat).count();
    if count > budget::MAX_LIST {
        let most = budget::MAX_LIST;
        return Err(Error::message(format!(
            "`split` would produce a list of more than {most} values"
        )));
    }
    budget::spend(count as u64)?;
    Ok(text
        .split(pat)
        .map(Value::from)
        .collect::<Vec<Value>>()
        .into())
}
