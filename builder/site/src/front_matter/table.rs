//! Reading a tree by name: typed fields are taken one by one, problems are gathered, and what is
//! left over at the end is unknown.

use super::nearest::nearest;
use super::split::Kind;
use super::tree::{Data, Entry, Node, Place, Source};
use super::value::Value;
use crate::dates::Date;
use crate::diagnostic::{Diagnostic, Severity};

/// More problems than this in one file are not listed.
const MAX_PROBLEMS: usize = 50;

/// Shorter names are not taken for misspelt ones.
const MIN_DOUBTED_BYTES: usize = 5;

/// What happens to names that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The file is refused.
    Refused,
    /// The author is told.
    Warned,
}

/// A table being read. Fields that are absent, or null, come back as none; a field of the wrong
/// kind is a problem and comes back as none too, so that reading goes on.
pub struct Table<'r, 's> {
    entries: Vec<Entry>,
    asked: Vec<&'static str>,
    /// The name of this table with a dot after it, empty at the root.
    prefix: String,
    place: Place,
    source: &'r Source<'s>,
    problems: &'r mut Vec<Diagnostic>,
}

impl<'r, 's> Table<'r, 's> {
    /// Reads `node`, which is the whole document; anything but a table is a problem.
    pub fn root(node: Node, source: &'r Source<'s>, problems: &'r mut Vec<Diagnostic>) -> Self {
        let place = node.place;
        let mut table = Table {
            entries: Vec::new(),
            asked: Vec::new(),
            prefix: String::new(),
            place,
            source,
            problems,
        };
        match node.data {
            Data::Table(entries) => table.entries = entries,
            _ => table.problem(
                place,
                format!("expected names and values, found {}", node.noun()),
            ),
        }
        table
    }

    /// Where the table begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Takes the field out of the table.
    pub fn take(&mut self, name: &'static str) -> Option<Entry> {
        self.asked.push(name);
        let index = self.entries.iter().position(|entry| entry.key == name)?;
        let entry = self.entries.remove(index);
        (entry.node.data != Data::Null).then_some(entry)
    }

    /// Takes every remaining field, whatever its name.
    pub fn take_all(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// Takes every remaining field as text, each with its place; `hint` is told of what is none.
    pub fn take_texts(&mut self, hint: &str) -> Vec<(String, String, Place)> {
        let mut texts = Vec::new();
        for entry in self.take_all() {
            let Entry { key, node, .. } = entry;
            let (place, noun) = (node.place, node.noun());
            match node.data {
                Data::Text(text) => texts.push((key, text, place)),
                _ => {
                    let message = format!("`{}{key}` must be text, not {noun}", self.prefix);
                    self.problem_with_hint(place, message, hint);
                }
            }
        }
        texts
    }

    /// A field of text.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let entry = self.take(name)?;
        match entry.node.data {
            Data::Text(text) => Some(text),
            _ => self.wrong(&entry, "text", quotes_hint(&entry.node)),
        }
    }

    /// A field that is on or off.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let entry = self.take(name)?;
        match entry.node.data {
            Data::Bool(value) => Some(value),
            _ => self.wrong(&entry, "true or false", None),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, name: &'static str) -> Option<i64> {
        let entry = self.take(name)?;
        match entry.node.data {
            Data::Integer(value) => Some(value),
            _ => self.wrong(&entry, "a whole number", None),
        }
    }

    /// A whole number that counts something.
    pub fn count(&mut self, name: &'static str) -> Option<usize> {
        let entry = self.take(name)?;
        match entry.node.data {
            Data::Integer(value) if value >= 0 => usize::try_from(value).ok(),
            _ => self.wrong(&entry, "a whole number, zero or more", None),
        }
    }

    /// A list of texts, each with its place.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<(String, Place)>> {
        let entry = self.take(name)?;
        self.texts_of(entry)
    }

    /// The same for an entry that was taken already.
    pub fn texts_of(&mut self, entry: Entry) -> Option<Vec<(String, Place)>> {
        let Data::Array(items) = entry.node.data else {
            return self.wrong(
                &entry,
                "a list of texts",
                Some("write it as [\"a\", \"b\"]"),
            );
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.data {
                Data::Text(text) => texts.push((text, item.place)),
                _ => self.problem(
                    item.place,
                    format!(
                        "`{}{}` is a list of texts, and this is {}",
                        self.prefix,
                        entry.key,
                        item.noun()
                    ),
                ),
            }
        }
        Some(texts)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let entry = self.take(name)?;
        if let Data::Text(text) = &entry.node.data
            && let Some((_, value)) = choices.iter().find(|(word, _)| word == text)
        {
            return Some(*value);
        }
        let words: Vec<_> = choices
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        self.wrong(&entry, &format!("one of {}", words.join(", ")), None)
    }

    /// A date, bare or in quotes.
    pub fn date(&mut self, name: &'static str) -> Option<Date> {
        let entry = self.take(name)?;
        let date = match &entry.node.data {
            Data::Date(value) => Date::from_toml(*value),
            Data::Text(text) => Date::parse(text),
            _ => None,
        };
        if date.is_some() {
            return date;
        }
        let hint = "write it as 2024-05-31 or 2024-05-31T18:30:00Z";
        self.wrong(&entry, "a date", Some(hint))
    }

    /// A free table.
    pub fn free_table(&mut self, name: &'static str) -> Value {
        let Some(entry) = self.take(name) else {
            return Value::empty_table();
        };
        match entry.node.data {
            Data::Table(_) => entry.node.into_value(),
            _ => self.wrong(&entry, "a table", None).unwrap_or_default(),
        }
    }

    /// A table to be read in the same way; an absent one is empty.
    pub fn table(&mut self, name: &'static str) -> Table<'_, 's> {
        let place = self.place;
        let empty = Node {
            place,
            data: Data::Table(Vec::new()),
        };
        let node = self.take(name).map_or(empty, |entry| entry.node);
        self.nested(name, node)
    }

    /// A table within this one, which was taken already.
    pub fn nested(&mut self, name: &str, node: Node) -> Table<'_, 's> {
        let prefix = format!("{}{name}.", self.prefix);
        let place = node.place;
        let noun = node.noun();
        let entries = match node.data {
            Data::Table(entries) => entries,
            _ => {
                self.problem(
                    place,
                    format!("`{}{name}` is a table, not {noun}", self.prefix),
                );
                Vec::new()
            }
        };
        let (source, problems) = (self.source, &mut *self.problems);
        Table {
            entries,
            asked: Vec::new(),
            prefix,
            place,
            source,
            problems,
        }
    }

    /// Says what is left over, with the nearest name that would have been known.
    pub fn finish(mut self, unknown: Unknown) {
        for entry in self.take_all() {
            if self.is_full() {
                return;
            }
            let name = format!("{}{}", self.prefix, entry.key);
            let mut problem = self.source.error(
                Some(entry.place),
                format!("unknown key `{}`", shortened(&name)),
            );
            if unknown == Unknown::Warned {
                problem.severity = Severity::Warning;
                problem.message.push_str(" has no effect");
            }
            problem.hint = nearest(&entry.key, &self.asked)
                .map(|near| format!("did you mean `{}{near}`?", self.prefix));
            self.problems.push(problem);
        }
    }

    /// Warns of what is left over and nearly a known name, or one of `misplaced`, which has names
    /// and the tables that they belong into. The rest is tolerated.
    pub fn doubt_misspelt(mut self, kind: Kind, misplaced: &[(&str, &str)]) {
        for entry in self.take_all() {
            let hint = match misplaced.iter().find(|(name, _)| *name == entry.key) {
                Some((_, table)) => Some(format!("write it {}", kind.below(table))),
                // Of short names too many are near.
                None if entry.key.len() < MIN_DOUBTED_BYTES => None,
                None => nearest(&entry.key, &self.asked).map(|near| {
                    let own = kind.below("extra");
                    format!("did you mean `{near}`? Your own keys go {own}")
                }),
            };
            if let Some(hint) = hint.filter(|_| !self.is_full()) {
                let message = format!("unknown key `{}` has no effect", shortened(&entry.key));
                let mut problem = self.source.error(Some(entry.place), message).hint(hint);
                problem.severity = Severity::Warning;
                self.problems.push(problem);
            }
        }
    }

    /// Records a problem.
    pub fn problem(&mut self, place: Place, message: impl Into<String>) {
        if !self.is_full() {
            self.problems.push(self.source.error(Some(place), message));
        }
    }

    /// Records a problem and its way out.
    pub fn problem_with_hint(&mut self, place: Place, message: String, hint: &str) {
        if !self.is_full() {
            self.problems
                .push(self.source.error(Some(place), message).hint(hint));
        }
    }

    fn wrong<T>(&mut self, entry: &Entry, expected: &str, hint: Option<&str>) -> Option<T> {
        let found = match &entry.node.data {
            Data::Text(text) => format!("\"{}\"", shortened(text)),
            Data::Integer(..0) => "a negative number".to_owned(),
            Data::Date(value) if value.date.is_none() => "a time".to_owned(),
            _ => entry.node.noun().to_owned(),
        };
        let message = format!(
            "`{}{}` must be {expected}, not {found}",
            self.prefix, entry.key
        );
        match hint {
            Some(hint) => self.problem_with_hint(entry.node.place, message, hint),
            None => self.problem(entry.node.place, message),
        }
        None
    }

    /// Asked before a place is turned into a line, which takes time by the length of the text.
    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }
}

fn quotes_hint(node: &Node) -> Option<&'static str> {
    let scalar = matches!(
        node.data,
        Data::Bool(_) | Data::Integer(_) | Data::Float(_) | Data::Date(_)
    );
    scalar.then_some("put it in quotes")
}

/// A quotation of the author's text that fits into a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
