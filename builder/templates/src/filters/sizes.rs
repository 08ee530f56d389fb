//! Filters whose result can be far larger than what they are given: as Tera's and `tera-contrib`'s,
//! but the size is reckoned first, and what would be too large is an error.

use crate::budget;
use std::borrow::Cow;
use tera::{Error, Kwargs, State, StringInput, TeraResult, Value};

/// The longest text that a filter makes of others.
pub const MAX_RESULT_BYTES: usize = 16 << 20;

/// An error where `size` is beyond [`MAX_RESULT_BYTES`]; None stands for more than can be counted.
pub(super) fn check(filter: &str, size: Option<usize>) -> TeraResult<()> {
    match size {
        Some(size) if size <= MAX_RESULT_BYTES => budget::spend_bytes(size),
        _ => Err(Error::message(format!(
            "`{filter}` would produce a text of more than {MAX_RESULT_BYTES} bytes; pass it less, \
             or work in pieces"
        ))),
    }
}

/// True where `value`, written out, has at most `left` bytes, which are then taken off. What is in
/// several places of a list counts in each; marks for characters that need some do not.
pub fn fits(value: &Value, left: &mut usize) -> bool {
    fits_indented(value, 0, 0, left)
}

/// The same where each value has a line of its own, indented by `width` for each list around it.
fn fits_indented(value: &Value, width: usize, indent: usize, left: &mut usize) -> bool {
    let own = match (value.as_str(), value.as_array(), value.as_map()) {
        (Some(text), ..) => text.len(),
        (_, Some(list), _) => list.len().saturating_mul(2 + indent),
        (_, _, Some(map)) => map
            .keys()
            .map(|key| 4 + indent + key.as_str().map_or(8, str::len))
            .sum(),
        _ => 1,
    };
    match left.checked_sub(own) {
        Some(rest) => *left = rest,
        None => return false,
    }
    let mut inner = |item: &Value| fits_indented(item, width, indent + width, left);
    match (value.as_array(), value.as_map()) {
        (Some(list), _) => list.iter().all(inner),
        (_, Some(map)) => map.values().all(&mut inner),
        _ => true,
    }
}

fn check_value(filter: &str, value: &Value, width: usize) -> TeraResult<()> {
    let mut left = MAX_RESULT_BYTES;
    let fits = fits_indented(value, width, width, &mut left);
    check(filter, fits.then_some(MAX_RESULT_BYTES - left))
}

pub(super) fn replace(value: StringInput, arguments: Kwargs, state: &State) -> TeraResult<Value> {
    budget::of_arguments(&arguments)?;
    let from = arguments.must_get::<&str>("from")?;
    let to = arguments.must_get::<StringInput>("to")?;
    let safe = state.autoescaping_enabled() && (value.is_safe() || to.is_safe());
    let (text, to) = if safe {
        (value.rendered(state)?, to.rendered(state)?)
    } else {
        (Cow::Borrowed(value.as_str()), Cow::Borrowed(to.as_str()))
    };
    if to.len() > from.len() {
        let more = text
            .matches(from)
            .count()
            .checked_mul(to.len() - from.len());
        check(
            "replace",
            more.and_then(|more| more.checked_add(text.len())),
        )?;
    }
    budget::spend_bytes(text.len())?;
    let replaced = text.replace(from, &to);
    Ok(if safe {
        Value::safe_string(&replaced)
    } else {
        Value::from(replaced)
    })
}

pub(super) fn join(list: &[Value], arguments: Kwargs, state: &State) -> TeraResult<Value> {
    budget::of_arguments(&arguments)?;
    let sep = arguments.get::<StringInput>("sep")?;
    let safe = state.autoescaping_enabled()
        && (list.iter().any(|item| item.is_string() && item.is_safe())
            || sep.as_ref().is_some_and(StringInput::is_safe));
    let sep = match &sep {
        Some(sep) if safe => sep.rendered(state)?,
        Some(sep) => Cow::Borrowed(sep.as_str()),
        None => Cow::Borrowed(""),
    };
    budget::spend(list.len() as u64)?;
    let separators = list.len().saturating_sub(1).checked_mul(sep.len());
    check("join", separators)?;
    let mut left = MAX_RESULT_BYTES - separators.unwrap_or(0);
    let fits = list.iter().all(|item| fits(item, &mut left));
    check("join", fits.then_some(MAX_RESULT_BYTES - left))?;
    let text = |item: &Value| match item {
        item if !safe => Ok(item.to_string()),
        item if item.is_undefined() => Ok(String::new()),
        item => state.escape_if_needed(item),
    };
    let parts: Vec<String> = list.iter().map(text).collect::<TeraResult<_>>()?;
    let joined = parts.join(&sep);
    Ok(if safe {
        Value::safe_string(&joined)
    } else {
        Value::from(joined)
    })
}

/// The engine's width at most.
const MAX_INDENT: usize = 1000;

pub(super) fn indent(value: StringInput, arguments: Kwargs, state: &State) -> TeraResult<Value> {
    budget::of_arguments(&arguments)?;
    let width = arguments.get::<usize>("width")?.unwrap_or(4);
    let indentation = arguments.get::<StringInput>("indentation")?;
    let first = arguments.get::<bool>("first")?.unwrap_or(false);
    let blank = arguments.get::<bool>("blank")?.unwrap_or(false);
    if let Some(indentation) = &indentation
        && indentation.as_str().chars().count() != 1
    {
        let message = "The `indentation` argument must contain exactly one character";
        return Err(Error::message(message));
    }
    let safe = state.autoescaping_enabled()
        && (value.is_safe() || indentation.as_ref().is_some_and(StringInput::is_safe));
    let text = if safe {
        value.rendered(state)?
    } else {
        Cow::Borrowed(value.as_str())
    };
    let unit = match &indentation {
        Some(indentation) if safe => indentation.rendered(state)?,
        Some(indentation) => Cow::Borrowed(indentation.as_str()),
        None => Cow::Borrowed(" "),
    };
    let indent = unit.repeat(width.min(MAX_INDENT));
    let added = text.lines().count().checked_mul(indent.len() + 1);
    check(
        "indent",
        added.and_then(|added| added.checked_add(text.len())),
    )?;
    let mut indented = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            indented.push('\n');
        }
        let wanted = if number == 0 {
            first
        } else {
            blank || !line.is_empty()
        };
        if wanted {
            indented.push_str(&indent);
        }
        indented.push_str(line);
    }
    if text.ends_with('\n') {
        indented.push('\n');
    }
    Ok(if safe {
        Value::safe_string(&indented)
    } else {
        Value::from(indented)
    })
}

pub(super) fn as_text(value: &Value, _: Kwargs, _: &State) -> TeraResult<String> {
    check_value("str", value, 0)?;
    Ok(value.to_string())
}

pub(super) fn json_encode(value: &Value, arguments: Kwargs, state: &State) -> TeraResult<String> {
    let pretty = arguments.get::<bool>("pretty")?.unwrap_or(false);
    check_value("json_encode", value, if pretty { 2 } else { 0 })?;
    tera_contrib::json::json_encode(value, arguments, state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tera::{Context, Tera};

    fn error_text(error: &Error) -> String {
        let mut text = error.to_string();
        let mut inner: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(error) = inner {
            text = format!("{text}: {error}");
            inner = error.source();
        }
        text
    }

    /// What the engine's own filter, and ours, make of a template.
    fn both(template: &str, escape: bool) -> (Result<String, String>, Result<String, String>) {
        let mut theirs = Tera::default();
        theirs.register_filter("json_encode", tera_contrib::json::json_encode);
        theirs.register_filter(
            "regex_replace",
            tera_contrib::regex::RegexReplace::default(),
        );
        let mut ours = Tera::default();
        crate::filters::register(&mut ours);
        let render = |tera: Tera| {
            tera.render_str(template, &Context::new(), escape)
                .map_err(|error| error_text(&error))
        };
        (render(theirs), render(ours))
    }

    #[test]
    fn filters_with_a_bound_do_as_those_without() {
        for template in [
            "{{ 'a<b>a' | replace(from='a', to='<i>') }}",
            "{{ 'a<b>a' | safe | replace(from='a', to='<i>') }}",
            "{{ 'a<b>a' | replace(from='b', to='<i>' | safe) }}",
            "{{ 'aé' | replace(from='', to='-') }}{{ 'abc' | replace(from='bc', to='') }}",
            "{{ 'a' | replace(from='a') }}",
            "{{ [1, 'a<', ['b', 2.0], {'c': 'd'}] | join(sep='<') }}",
            "{{ [1, 'a<' | safe, ['b']] | join(sep='&') }}{{ ['<'] | join(sep='-' | safe) }}",
            "{{ [] | join(sep='x') }}{{ ['a', 'b'] | join }}{{ 'a' | join }}",
            "{{ 'a\\n\\nb\\n' | indent }}|{{ 'a\\n\\nb' | indent(first=true, blank=true, width=2) }}",
            "{{ 'a\\n<b' | indent(indentation='<', width=3) }}{{ '<\\nb' | safe | indent(indentation='>') }}",
            "{{ 'a' | indent(indentation='ab') }}",
            "{{ [1, 'a', {'b': true}] | str }}{{ 1.0 | str }}",
            "{{ {'a': [1, 'b<']} | json_encode }}{{ [1] | json_encode(pretty=true) }}",
            "{{ 'a1b22' | regex_replace(pattern='([a-z])(?P<n>\\\\d+)', rep='$n$1') }}",
            "{{ 'a' | regex_replace(pattern='[', rep='') }}",
            "{{ 'a' | regex_replace(pattern='a') }}",
            "{{ 'é ß<' | upper }}{{ 'É<B' | safe | lower }}{{ 1 | upper }}",
            "{{ ' a  b\n' | wordcount }}{{ 'a<&\"' | escape }}{{ '<' | safe | escape }}",
            "{{ '<\'>' | escape_html }}{{ '<\'>' | escape_xml }}{{ 'a\r\nb\nc' | newlines_to_br }}",
            "{{ '  a ' | trim }}|{{ 'xxaxx' | trim(pat='x') }}|{{ ' a ' | trim_start }}|{{ 'axx' | trim_end(pat='x') }}|{{ ' b ' | trim_end }}",
            "{{ 'éCOLE' | capitalize }}{{ '' | capitalize }}{{ \"it's a-b é\" | title }}{{ '<b>' | safe | title }}",
            "{{ 'e\u{301}cole' | truncate(length=2) }}{{ 'ab' | truncate(length=2) }}{{ 'abc' | truncate(length=0, end='-') }}",
            "{{ 'a,b,,c' | split(pat=',') }}{{ '' | split(pat=',') }}{{ 'abc' | split(pat='') }}{{ 'a' | split }}",
            "{{ 'é日' | length }}{{ [1, 2] | length }}{{ {'a': 1} | length }}{{ 1 | length }}",
            "{{ 'aé' | reverse }}{{ [1, 2] | reverse }}{{ 1 | reverse }}",
            "{{ [3, 1, 2] | sort }}{{ ['b', 'a', none] | sort }}{{ [{'a': 2}, {'a': 1}] | sort(attribute='a') }}",
            "{{ [1, 'a'] | sort }}",
            "{{ [{'a': 2}, {}] | sort(attribute='a') }}",
            "{{ [1, 'a', 1, 'a', 1.0, [1], [1], {'a': 1}, {'a': 1}, none, none] | unique }}{{ [] | unique }}",
            "{{ {'b': 1, 'a': 2} | keys }}{{ {'b': 1} | values }}{{ {'b': 1} | pairs }}{{ 1 | keys }}",
            "{{ 'abc' is starting_with(pat='a') }}{{ 'abc' is ending_with(pat='b') }}{{ 'abc' is starting_with }}",
            "{{ 'abc' is containing(pat='b') }}{{ [1, 2] is containing(pat=3) }}{{ {'a': 1} is containing(pat='a') }}{{ {1: 1} is containing(pat=1) }}{{ {'a': 1} is containing(pat=[1]) }}",
            "{{ 'abc' is containing(pat=1) }}",
            "{{ 1 | safe }}{{ [1, '<'] | safe }}",
            "{{ ' 12 ' | int }}{{ '0xff' | int(base=16) }}{{ '-3' | int }}{{ '2.0' | int }}{{ 2.0 | int }}{{ 7 | int }}",
            "{{ 'a' | int }}",
            "{{ '2.5' | int }}",
            "{{ 2.5 | int }}",
            "{{ 1 | int(base=1) }}",
            "{{ [1] | int }}",
            "{{ true | int }}",
            "{{ 170141183460469231731687303715884105727 | int }}{{ 1e30 | int }}",
            "{{ ' 1.5 ' | float }}{{ 2 | float }}{{ -1e3 | float }}{{ 'inf' | float }}",
            "{{ 'a' | float }}",
            "{{ none | float }}",
        ] {
            for escape in [false, true] {
                let (theirs, ours) = both(template, escape);
                assert_eq!(theirs, ours, "{template}");
            }
        }
    }

    /// Each of these would ask for gigabytes.
    #[test]
    fn what_would_become_too_long_is_an_error() {
        let long = format!("{{% set a = '{}' %}}", "a\\n".repeat(100_000));
        for (filter, expression) in [
            ("replace", "a | replace(from='a', to=a)"),
            ("replace", "a | replace(from='', to=a)"),
            ("join", "range(end=50000) | join(sep=a)"),
            ("join", "[a for i in range(end=9999)] | join"),
            ("str", "[a for i in range(end=9999)] | str"),
            ("str", "{'a': [a for i in range(end=9999)]} | str"),
            ("json_encode", "[a for i in range(end=9999)] | json_encode"),
            ("indent", "a | indent(width=1000)"),
            ("regex_replace", "a | regex_replace(pattern='a', rep=a)"),
            ("regex_replace", "a | regex_replace(pattern='', rep=a)"),
        ] {
            let mut tera = Tera::default();
            crate::filters::register(&mut tera);
            tera.register_function("range", |arguments: Kwargs, _: &State| {
                arguments
                    .must_get::<i64>("end")
                    .map(|end| (0..end).collect::<Vec<_>>())
            });
            let template = format!("{long}{{{{ {expression} }}}}");
            let made = tera.render_str(&template, &Context::new(), false);
            let told = error_text(&made.expect_err(expression));
            assert!(
                told.contains(&format!("`{filter}` would produce")),
                "{told}"
            );
        }
        let (theirs, ours) = both(
            &format!(
                "{long}{{{{ a | regex_replace(pattern='a', rep='{}') }}}}",
                "b".repeat(90)
            ),
            false,
        );
        assert_eq!(theirs, ours);
    }
}
