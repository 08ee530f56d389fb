//! YAML into a tree.

use super::tree::{Data, Entry, Node, Place, Source};
use super::yaml_quotes;
use crate::diagnostic::Diagnostic;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Parses one YAML document; an empty one is an empty table. Aliases, nesting and the number of
/// values are limited, so that a small file cannot grow into a large tree.
///
/// # Errors
/// The first syntax error: the parser does not go on after it.
pub fn parse_yaml(source: &Source<'_>) -> Result<Node, Vec<Diagnostic>> {
    parse(source, source.text).or_else(|why| {
        let (problem, message) = *why;
        let is_quote = message.contains("multiline quoted scalar");
        let mended = is_quote
            .then(|| yaml_quotes::indented(source.text))
            .flatten();
        let node = mended.and_then(|text| parse(source, &text).ok());
        node.ok_or_else(|| vec![problem])
    })
}

/// Parses a text of a source; a problem comes with what the parser said.
fn parse(source: &Source<'_>, text: &str) -> Result<Node, Box<(Diagnostic, String)>> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 40,
            max_nodes: 50_000,
            max_events: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: 2 * 1024 * 1024,
            max_documents: 1,
            max_merge_keys: 100,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = serde_saphyr::from_str_with_options::<Spanned<Data>>(text, options);
    match parsed.map(Node::from) {
        Ok(Node {
            place,
            data: Data::Null,
        }) => Ok(Node {
            place,
            data: Data::Table(Vec::new()),
        }),
        Ok(node) => Ok(node),
        Err(error) => {
            let place = error.location().and_then(place_of);
            let formatter = serde_saphyr::UserMessageFormatter;
            let mut text = error.without_snippet().render_with_formatter(&formatter);
            // The place is reported by itself, and counts from the file's first line.
            if let Some(cut) = text.rfind(" at line ") {
                text.truncate(cut);
            }
            let problem = source.error(place, format!("this is not YAML: {text}"));
            let problem = match way_out(&text) {
                Some(hint) => problem.hint(hint),
                None => problem,
            };
            Err(Box::new((problem, text)))
        }
    }
}

/// The way out of common mistakes, by what the parser says of them.
fn way_out(message: &str) -> Option<&'static str> {
    let ways = [
        (
            "mapping values are not allowed",
            "quote a text that contains `: `; names on one level begin in the same column",
        ),
        ("found a tab", "indent with spaces"),
        ("unexpected character", "put the text in quotes"),
        (
            "unknown value",
            "`*` begins a reference: put the text in quotes",
        ),
        ("quoted scalar", "close the quote"),
        ("unclosed bracket", "close it on the same line"),
        ("duplicate mapping key", "keep one of the two"),
        (
            "did not find expected",
            "names on one level begin in the same column",
        ),
    ];
    let found = ways.iter().find(|(part, _)| message.contains(part));
    found.map(|(_, hint)| *hint)
}

fn place_of(location: Location) -> Option<Place> {
    let line = u32::try_from(location.line())
        .ok()
        .filter(|line| *line > 0)?;
    Some(Place::Line(line, u32::try_from(location.column()).ok()?))
}

impl From<Spanned<Data>> for Node {
    fn from(spanned: Spanned<Data>) -> Self {
        let place = place_of(spanned.referenced).unwrap_or(Place::Line(1, 1));
        Node {
            place,
            data: spanned.value,
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Data, E> {
        Ok(Data::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Data, E> {
        Ok(Data::Integer(value))
    }

    /// Beyond 63 bits a number is kept as nearly as a float can.
    fn visit_u64<E>(self, value: u64) -> Result<Data, E> {
        Ok(i64::try_from(value).map_or(Data::Float(value as f64), Data::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Data, E> {
        Ok(Data::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Data, E> {
        Ok(Data::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Data, A::Error> {
        let mut nodes = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Data>>()? {
            nodes.push(Node::from(item));
        }
        Ok(Data::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<Key>>()? {
            let place = place_of(key.referenced).unwrap_or(Place::Line(1, 1));
            let node = Node::from(map.next_value::<Spanned<Data>>()?);
            entries.push(Entry {
                key: key.value.0,
                place,
                node,
            });
        }
        Ok(Data::Table(entries))
    }
}

/// A name in a YAML mapping: numbers and booleans are taken by their spelling.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, value: &str) -> Result<Key, E> {
        Ok(Key(value.to_owned()))
    }
}
