//! The mark of what a shape reads of a value.

use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_templates::reads::{Parts, Shape, WHOLE};
use tera::Value;
use tera::value::Key;

/// The mark of what is read of a value.
pub fn value_mark(value: &Value, shape: &Shape) -> Mark {
    let mut marker = Marker::default();
    add_value(&mut marker, value, shape);
    marker.done()
}

/// Adds what is read of a value.
pub fn add_value(marker: &mut Marker, value: &Value, shape: &Shape) {
    if let Some(map) = value.as_map() {
        marker.number(1).number(u64::from(map.is_empty()));
        match shape.of_map() {
            Shape::Whole => {
                marker.number(map.len() as u64);
                for (key, value) in map {
                    add_key(marker, key);
                    add_value(marker, value, shape);
                }
            }
            Shape::Parts(Parts { fields, length, .. }) => {
                if *length {
                    marker.number(map.len() as u64);
                }
                for (name, shape) in fields {
                    let field = map.get(&Key::Str(name));
                    marker.option(field, |marker, value| add_value(marker, value, shape));
                }
            }
        }
    } else if let Some(list) = value.as_array() {
        let mark = list_mark(shape, list.len(), |index, shape| {
            value_mark(&list[index], shape)
        });
        marker.number(2).mark(mark);
    } else if let Some(text) = value.as_str() {
        marker
            .number(3)
            .number(u64::from(value.is_safe()))
            .bytes(text);
    } else if let Some(bytes) = value.as_bytes() {
        marker.number(4).bytes(bytes);
    } else if value.is_undefined() {
        marker.number(5);
    } else if value.is_none() {
        marker.number(6);
    } else if let Some(flag) = value.as_bool() {
        marker.number(7).number(u64::from(flag));
    } else if let (true, Some(number)) = (value.is_f64(), value.as_f64()) {
        marker.number(8).number(number.to_bits());
    } else if let Some(number) = value.as_i128() {
        marker.number(9).bytes(number.to_le_bytes());
    } else {
        // Numbers beyond i128.
        marker.number(10).bytes(value.to_string());
    }
}

/// The kind counts: `1` as a number is another key than `"1"`.
fn add_key(marker: &mut Marker, key: &Key<'_>) {
    match (key.as_str(), key) {
        (Some(text), _) => marker.number(1).bytes(text),
        (None, Key::Bool(flag)) => marker.number(2).number(u64::from(*flag)),
        (None, number) => marker.number(3).bytes(number.to_string()),
    };
}

/// The mark of what is read of a list of `len` values, each of which has a mark under a shape.
pub fn list_mark(shape: &Shape, len: usize, mark: impl Fn(usize, &Shape) -> Mark) -> Mark {
    let mut marker = Marker::default();
    marker.number(u64::from(len == 0));
    let (first, each, length) = match shape {
        Shape::Whole => (len, Some(&WHOLE), true),
        Shape::Parts(parts) => match &parts.items {
            None => (0, None, parts.length),
            Some(items) => {
                let first = items.first.unwrap_or(len).min(len);
                (
                    first,
                    Some(&items.shape),
                    parts.length || items.first.is_none(),
                )
            }
        },
    };
    if length {
        marker.number(len as u64);
    }
    if let Some(shape) = each {
        marker.number(first as u64);
        for index in 0..first {
            marker.mark(mark(index, shape));
        }
    }
    marker.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_templates::reads::Items;
    use std::collections::BTreeMap;

    fn value(json: &str) -> Value {
        Value::from_serializable(&serde_json::from_str::<serde_json::Value>(json).unwrap())
    }

    fn parts(fields: &[(&str, Shape)]) -> Shape {
        let fields = fields
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), shape.clone()));
        Shape::Parts(Parts {
            fields: fields.collect::<BTreeMap<_, _>>(),
            ..Parts::default()
        })
    }

    fn items(first: Option<usize>, shape: Shape) -> Shape {
        let items = Some(Box::new(Items { first, shape }));
        Shape::Parts(Parts {
            items,
            ..Parts::default()
        })
    }

    fn same(shape: &Shape, one: &str, other: &str) -> bool {
        value_mark(&value(one), shape) == value_mark(&value(other), shape)
    }

    #[test]
    fn only_what_is_read_counts() {
        let title = parts(&[("title", Shape::Whole)]);
        assert!(same(
            &title,
            r#"{"title":"a","x":1}"#,
            r#"{"x":2,"title":"a"}"#
        ));
        assert!(!same(&title, r#"{"title":"a"}"#, r#"{"title":"b"}"#));
        assert!(!same(&title, r#"{"title":null}"#, r#"{"x":1}"#));
        let three = items(Some(3), title);
        let list = |n: usize, last: &str| {
            let all: Vec<String> = (0..n)
                .map(|i| {
                    format!(
                        "{{\"title\":\"{}\"}}",
                        if i + 1 == n {
                            last.into()
                        } else {
                            i.to_string()
                        }
                    )
                })
                .collect();
            format!("[{}]", all.join(","))
        };
        assert!(same(&three, &list(4, "a"), &list(9, "b")));
        assert!(!same(&three, &list(2, "a"), &list(4, "b")));
        assert!(!same(&three, &list(3, "a"), &list(3, "b")));
        let empty = parts(&[]);
        assert!(same(&empty, r#"[1,2]"#, r#"[3]"#) && !same(&empty, "[1]", "[]"));
        assert!(!same(&empty, "1", "2"), "only lists and maps have parts");
        let of_loop = items(None, parts(&[]));
        assert!(
            !same(&of_loop, r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
            "a loop goes over all of a map"
        );
        assert!(
            !same(&Shape::Whole, r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
            "order is printed"
        );
    }
}
