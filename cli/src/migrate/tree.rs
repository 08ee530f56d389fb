//! A site as plain data: texts by path, and what is copied as it is.

use std::collections::BTreeMap;

/// A site's files by path relative to its root, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Files that a migration may read and change.
    pub texts: BTreeMap<String, String>,
    /// Files that are copied: where they go, and where they are now.
    pub copies: BTreeMap<String, String>,
}

impl Tree {
    /// True where there is a file at `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.copies.contains_key(path)
    }

    /// Gives a file another path.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(text) = self.texts.remove(from) {
            self.texts.insert(to.to_owned(), text);
        }
        if let Some(source) = self.copies.remove(from) {
            self.copies.insert(to.to_owned(), source);
        }
    }

    /// The paths of texts that begin with `prefix`.
    pub fn texts_under(&self, prefix: &str) -> Vec<String> {
        let below = self.texts.range(prefix.to_owned()..);
        below
            .take_while(|(path, _)| path.starts_with(prefix))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// All paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts.keys().map(String::as_str);
        texts.chain(self.copies.keys().map(String::as_str))
    }
}

/// Splits a content file: everything up to and with the closing delimiter's line, and the body.
/// None where there is no front matter of the known forms.
pub fn split_front(text: &str) -> Option<(&str, &str)> {
    let split = quillfront_site::front_matter::split("", text).ok()?;
    let at = text.len() - split.body.len();
    Some(text.split_at(at))
}
