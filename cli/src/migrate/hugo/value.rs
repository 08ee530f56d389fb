//! Values of TOML, YAML and JSON, and their writing as TOML.

use quillfront_site::dates::Date;
use quillfront_site::front_matter::tree::{Node, Source};
use quillfront_site::front_matter::{Value, parse_toml, parse_yaml};

/// Tables deeper than this are written on one line.
const MAX_DEPTH: usize = 16;

/// Parses TOML.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn of_toml(text: &str) -> Result<Value, String> {
    read(parse_toml(&source(text)))
}

/// Parses YAML.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn of_yaml(text: &str) -> Result<Value, String> {
    read(parse_yaml(&source(text)))
}

fn source(text: &str) -> Source<'_> {
    Source {
        file: "",
        text,
        first_line: 1,
        code: "front-matter",
    }
}

fn read(
    parsed: Result<Node, Vec<quillfront_site::diagnostic::Diagnostic>>,
) -> Result<Value, String> {
    parsed.map(Node::into_value).map_err(|problems| {
        let messages: Vec<String> = problems.into_iter().map(|one| one.message).collect();
        messages.join("; ")
    })
}

/// The value of parsed JSON.
pub fn of_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(of_json).collect()),
        serde_json::Value::Object(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, of_json(value)));
            Value::Table(entries.collect())
        }
    }
}

/// The text under a key.
pub fn table_text<'a>(entries: &'a [(String, Value)], key: &str) -> Option<&'a str> {
    entries.iter().find_map(|(one, value)| match value {
        Value::Text(text) if one == key => Some(text.as_str()),
        _ => None,
    })
}

/// A table as a TOML document. `null` is left out: TOML has none.
pub fn to_toml(entries: &[(String, Value)]) -> String {
    let mut out = String::new();
    write_table(&mut out, "", entries, 0);
    out
}

fn write_table(out: &mut String, name: &str, entries: &[(String, Value)], depth: usize) {
    let is_table = |value: &Value| matches!(value, Value::Table(_)) && depth < MAX_DEPTH;
    for (key, value) in entries {
        if !is_table(value) && *value != Value::Null {
            out.push_str(&format!("{} = {}\n", quoted_key(key), inline(key, value)));
        }
    }
    for (key, value) in entries {
        let (true, Value::Table(inner)) = (is_table(value), value) else {
            continue;
        };
        let path = match name {
            "" => quoted_key(key),
            name => format!("{name}.{}", quoted_key(key)),
        };
        let gap = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{gap}[{path}]\n"));
        write_table(out, &path, inner, depth + 1);
    }
}

fn inline(key: &str, value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) if number.is_nan() => "nan".to_owned(),
        Value::Float(number) if number.is_infinite() => {
            if *number > 0.0 {
                "inf".to_owned()
            } else {
                "-inf".to_owned()
            }
        }
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) if matches!(key, "date" | "updated") && is_toml_date(text) => {
            text.clone()
        }
        Value::Text(text) => quoted(text),
        Value::Array(items) => {
            let items = items.iter().filter(|item| **item != Value::Null);
            let items: Vec<String> = items.map(|item| inline("", item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(entries) => {
            let entries = entries.iter().filter(|(_, value)| *value != Value::Null);
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{} = {}", quoted_key(key), inline(key, value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// True for a date that TOML reads as one: with all its digits, and a `T` before the time.
fn is_toml_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is_day = digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'-')
        && digits(8..10);
    let is_time = digits(11..13)
        && bytes.get(13) == Some(&b':')
        && digits(14..16)
        && bytes.get(16) == Some(&b':')
        && digits(17..19);
    let zone = bytes.get(19..).unwrap_or_default();
    let has_zone = matches!(zone, b"" | b"Z")
        || (zone.len() == 6 && matches!(zone[0], b'+' | b'-') && zone[3] == b':');
    Date::parse(text).is_some()
        && is_day
        && (bytes.len() == 10 || (bytes.get(10) == Some(&b'T') && is_time && has_zone))
}

fn quoted_key(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// A text as a basic string of TOML.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let text = "title = \"a \\\"b\\\" \\\\ \\u0001\"\nempty = []\nn = -1.0\n\n[extra]\n\"a b\" = [{ x = 1 }]\n\n[extra.\"ü\"]\ny = true\n";
        let value = of_toml(text).unwrap();
        let Value::Table(entries) = &value else {
            panic!()
        };
        assert_eq!(of_toml(&to_toml(entries)).unwrap(), value);
    }

    #[test]
    fn dates_are_dates_where_toml_has_them() {
        let entries = |text: &str| vec![("date".to_owned(), Value::Text(text.to_owned()))];
        assert_eq!(to_toml(&entries("2024-01-02")), "date = 2024-01-02\n");
        assert_eq!(
            to_toml(&entries("2024-01-02T03:04:05+02:00")),
            "date = 2024-01-02T03:04:05+02:00\n"
        );
        assert_eq!(to_toml(&entries("2024-1-2")), "date = \"2024-1-2\"\n");
        assert_eq!(
            to_toml(&entries("2024-01-02 03:04:05")),
            "date = \"2024-01-02 03:04:05\"\n"
        );
    }
}
