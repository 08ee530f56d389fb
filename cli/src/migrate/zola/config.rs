//! The configuration of Zola 0.22 and before, as 0.23 has it (site model, sections 3 and 22).

use crate::migrate::edits::{Edits, line_of};
use crate::migrate::findings::Findings;
use quillfront_site::front_matter::parse_toml;
use quillfront_site::front_matter::tree::{Data, Entry, Place, Source};
use std::ops::Range;

/// Keys that have another name, and whether their value is now a list.
const RENAMED: [(&str, &str, bool); 5] = [
    ("generate_feed", "generate_feeds", false),
    ("feed_filename", "feed_filenames", true),
    ("generate_rss", "generate_feeds", false),
    ("rss_limit", "feed_limit", false),
    ("language_code", "default_language", false),
];

/// Rewrites a configuration; `skipped` are the pages that are no templates, relative to
/// `content/`. Comments and order stay.
pub fn rewrite(file: &str, text: &str, skipped: &[String], findings: &mut Findings) -> String {
    let source = Source {
        file,
        text,
        first_line: 1,
        code: "config",
    };
    let entries = match parse_toml(&source) {
        Ok(node) => match node.data {
            Data::Table(entries) => entries,
            _ => return text.to_owned(),
        },
        Err(problems) => {
            for problem in problems {
                findings.left(
                    file,
                    problem.line,
                    problem.message,
                    "Fix the file, and migrate again",
                );
            }
            return text.to_owned();
        }
    };
    let mut change = Change {
        file,
        text,
        edits: Edits::default(),
        findings,
    };
    change.rename(&entries);
    if let Some(languages) = table(&entries, "languages") {
        for language in languages {
            if let Data::Table(keys) = &language.node.data {
                change.rename(keys);
            }
        }
    }
    if let Some(entry) = entries.iter().find(|entry| entry.key == "languages")
        && matches!(entry.node.data, Data::Array(_))
    {
        let action = "Write a table for each: [languages.fr]";
        change.left(entry, "`languages` is no longer a list", action);
    }
    change.highlighting(&entries);
    change.skip(&entries, skipped);
    change.edits.apply(text)
}

/// Gives the keys of a section's front matter their new names.
pub fn section_keys(file: &str, front: &str, findings: &mut Findings) -> String {
    let Some(inner) = front
        .trim_start_matches(['\u{feff}', '\n', '\r', ' '])
        .strip_prefix("+++")
    else {
        return front.to_owned();
    };
    let start = front.len() - inner.len();
    let end = front.rfind("+++").unwrap_or(start).max(start);
    let text = &front[start..end];
    let source = Source {
        file,
        text,
        first_line: 1,
        code: "front-matter",
    };
    let Ok(node) = parse_toml(&source) else {
        return front.to_owned();
    };
    let Data::Table(entries) = node.data else {
        return front.to_owned();
    };
    let mut change = Change {
        file,
        text,
        edits: Edits::default(),
        findings,
    };
    change.rename(&entries);
    format!(
        "{}{}{}",
        &front[..start],
        change.edits.apply(text),
        &front[end..]
    )
}

/// A configuration that is being changed.
pub struct Change<'a> {
    /// The file.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
    /// What is to be changed.
    pub edits: Edits,
    /// Where changes are counted and the rest is listed.
    pub findings: &'a mut Findings,
}

impl Change<'_> {
    /// Lists a key.
    pub fn left(&mut self, entry: &Entry, reason: &str, action: &str) {
        let line = byte(entry.place).map(|at| line_of(self.text, at));
        self.findings.left(self.file, line, reason, action);
    }

    fn rename(&mut self, entries: &[Entry]) {
        for (old, new, is_list) in RENAMED {
            let Some(entry) = entries.iter().find(|entry| entry.key == old) else {
                continue;
            };
            let Some(start) = byte(entry.place) else {
                continue;
            };
            if entries.iter().any(|entry| entry.key == new) {
                self.left(
                    entry,
                    &format!("`{old}` and `{new}` are both set"),
                    "Remove the first",
                );
                continue;
            }
            self.edits.replace(start..start + old.len(), new);
            if let (true, Data::Text(_), Some(value)) =
                (is_list, &entry.node.data, self.line_value(entry))
            {
                self.edits.insert(value.start, "[");
                self.edits.insert(value.end, "]");
            }
            self.findings.changed(&format!("`{old}`, now `{new}`"));
        }
    }

    /// The bytes of a string that stands on one line.
    fn line_value(&self, entry: &Entry) -> Option<Range<usize>> {
        let start = byte(entry.node.place)?;
        let quote = self.text[start..]
            .chars()
            .next()
            .filter(|quote| "\"'".contains(*quote))?;
        let length = self.text[start + 1..].find(quote)?;
        Some(start..start + length + 2)
    }

    fn skip(&mut self, entries: &[Entry], skipped: &[String]) {
        if skipped.is_empty() {
            return;
        }
        let quoted: Vec<String> = skipped
            .iter()
            .map(|path| format!("  {:?},\n", glob(path)))
            .collect();
        let existing = entries
            .iter()
            .find(|entry| entry.key == "skip_content_templating");
        if let Some(start) = existing.and_then(|entry| byte(entry.node.place)) {
            self.edits
                .insert(start + 1, format!("\n{}", quoted.concat()));
        } else {
            let comment = "# These pages show braces; they are no templates.\n";
            let list = format!(
                "{comment}skip_content_templating = [\n{}]\n\n",
                quoted.concat()
            );
            self.edits.insert(0, list);
        }
        self.findings.changed("pages in `skip_content_templating`");
    }
}

/// A path as a pattern that matches nothing else.
fn glob(path: &str) -> String {
    let mut pattern = String::new();
    for c in path.chars() {
        if "[]{}*?!\\".contains(c) {
            pattern.push('[');
            pattern.push(c);
            pattern.push(']');
        } else {
            pattern.push(c);
        }
    }
    pattern
}

/// The entries of a table in a table.
pub fn table<'a>(entries: &'a [Entry], key: &str) -> Option<&'a [Entry]> {
    let entry = entries.iter().find(|entry| entry.key == key)?;
    match &entry.node.data {
        Data::Table(inner) => Some(inner),
        _ => None,
    }
}

/// Where something stands, in bytes.
pub fn byte(place: Place) -> Option<usize> {
    match place {
        Place::Byte(at) => Some(at),
        Place::Line(..) => None,
    }
}
