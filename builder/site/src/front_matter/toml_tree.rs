//! TOML into a tree.

use super::tree::{Data, Entry, Node, Place, Source};
use crate::diagnostic::Diagnostic;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// More syntax errors than this help nobody: the later ones follow from the first.
const MAX_ERRORS: usize = 10;

/// Parses a whole TOML document. Nesting is limited by the parser.
///
/// # Errors
/// Every syntax error that the parser can tell apart, and numbers that do not fit 64 bits.
pub fn parse_toml(source: &Source<'_>) -> Result<Node, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(source.text);
    let mut problems: Vec<_> = errors
        .iter()
        .take(MAX_ERRORS)
        .map(|error| {
            let place = error.span().map(|span| Place::Byte(span.start));
            let (what, hint) = in_plain_words(error.message());
            let problem = source.error(place, format!("this is not TOML: {what}"));
            match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        })
        .collect();
    // The second error of a line follows from the first.
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems.dedup_by_key(|problem| problem.line);
    let place = Place::Byte(table.span().start);
    // After a syntax error the tree has guesses in it: what it says of numbers is not reported.
    let mut number_problems = Vec::new();
    let entries = entries_of(table.into_inner(), source, &mut number_problems);
    if problems.is_empty() {
        problems = number_problems;
    }
    if problems.is_empty() {
        Ok(Node {
            place,
            data: Data::Table(entries),
        })
    } else {
        Err(problems)
    }
}

/// The parser's message without its grammar, and the way out of common mistakes.
fn in_plain_words(message: &str) -> (&str, Option<&'static str>) {
    let (what, _) = message.split_once(", expected ").unwrap_or((message, ""));
    match what {
        "invalid basic string" | "invalid literal string" => (
            "a text is not closed on its line",
            Some("end it with the quote it begins with; put longer texts between `\"\"\"`"),
        ),
        "string values must be quoted" => (
            "a text without quotes, or no value",
            Some("write it as name = \"value\""),
        ),
        "key with no value" => (
            "a name without a value",
            Some("write it as name = \"value\""),
        ),
        "invalid unquoted key" => (
            "this cannot be used in a name",
            Some(
                "write name = \"value\"; quote a name that has anything but letters, digits, `-` \
                 and `_` (`name: value` is YAML, which goes between `---` lines)",
            ),
        ),
        "unexpected key or value" => (
            "something follows the value",
            Some("a line holds one value; a text with quotes in it goes between the other quotes"),
        ),
        "duplicate key" => ("this name is already defined", Some("keep one of the two")),
        "unclosed array" => ("a list is not closed", Some("end it with `]`")),
        "unclosed table" => ("the name of a table is not closed", Some("end it with `]`")),
        "missing comma between array elements" => {
            ("a comma is missing in the list", Some("put it here"))
        }
        _ => (message, None),
    }
}

/// The parser sorts tables by name: the order of the file is found again by the names' places.
fn entries_of(
    table: DeTable<'_>,
    source: &Source<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Entry> {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
        .into_iter()
        .map(|(key, value)| Entry {
            place: Place::Byte(key.span().start),
            key: key.into_inner().into_owned(),
            node: node_of(value, source, problems),
        })
        .collect()
}

fn node_of(
    value: Spanned<DeValue<'_>>,
    source: &Source<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Node {
    let place = Place::Byte(value.span().start);
    let data = match value.into_inner() {
        DeValue::String(text) => Data::Text(text.into_owned()),
        DeValue::Boolean(value) => Data::Bool(value),
        DeValue::Datetime(value) => Data::Date(value),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Data::Integer(value),
            Err(_) => too_large(place, source, problems),
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() || float.as_str().contains(['i', 'n']) => {
                Data::Float(value)
            }
            _ => too_large(place, source, problems),
        },
        DeValue::Array(items) => Data::Array(
            items
                .into_iter()
                .map(|item| node_of(item, source, problems))
                .collect(),
        ),
        DeValue::Table(table) => Data::Table(entries_of(table, source, problems)),
    };
    Node { place, data }
}

fn too_large(place: Place, source: &Source<'_>, problems: &mut Vec<Diagnostic>) -> Data {
    if problems.len() < MAX_ERRORS {
        problems.push(
            source
                .error(Some(place), "this number does not fit into 64 bits")
                .hint("put it in quotes if it is an identifier rather than a quantity"),
        );
    }
    Data::Null
}
