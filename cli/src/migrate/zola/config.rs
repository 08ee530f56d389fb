//! The configuration of Zola 0.22 and before, as 0.23 has it (site model, sections 3 and 22).

use crate::migrate::edits::{Edits, line_of, whole_line};
use crate::migrate::findings::Findings;
use quillfront_builder::front_matter::parse_toml;
use quillfront_builder::front_matter::tree::{Data, Entry, Place, Source};
use std::ops::Range;

/// Keys that have another name, and whether their value is now a list.
const RENAMED: [(&str, &str, bool); 5] = [
    ("generate_feed", "generate_feeds", false),
    ("feed_filename", "feed_filenames", true),
    ("generate_rss", "generate_feeds", false),
    ("rss_limit", "feed_limit", false),
    ("language_code", "default_language", false),
];
/// Keys that speak of highlighting, beside those of `[markdown.highlighting]`.
const HIGHLIGHT_KEYS: [&str; 6] = [
    "highlight_code",
    "highlight_theme",
    "highlight_themes_css",
    "extra_syntaxes",
    "extra_syntaxes_and_themes",
    "highlight_inline",
];
/// The theme where there was none that could be kept.
const FALLBACK_THEME: &str = "catppuccin-mocha";

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
                    "Mend the file, and migrate again",
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
        change.left(entry, "`languages` is no list any more", action);
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

struct Change<'a> {
    file: &'a str,
    text: &'a str,
    edits: Edits,
    findings: &'a mut Findings,
}

impl Change<'_> {
    fn left(&mut self, entry: &Entry, reason: &str, action: &str) {
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
                    &format!("`{old}` and `{new}` are both there"),
                    "Take the first out",
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

    /// `highlight_code` and its kin, at the root or in `[markdown]`, become
    /// `[markdown.highlighting]`.
    fn highlighting(&mut self, entries: &[Entry]) {
        let markdown = table(entries, "markdown").unwrap_or(&[]);
        let all = || entries.iter().chain(markdown);
        let find = |key: &str| all().find(|entry| entry.key == key);
        let old: Vec<&Entry> = all()
            .filter(|entry| HIGHLIGHT_KEYS.contains(&entry.key.as_str()))
            .collect();
        if old.is_empty() {
            return;
        }
        let is_on =
            find("highlight_code").is_some_and(|entry| matches!(entry.node.data, Data::Bool(true)));
        for entry in &old {
            if matches!(
                entry.key.as_str(),
                "extra_syntaxes" | "extra_syntaxes_and_themes"
            ) {
                let action =
                    "Find a grammar in the format of TextMate (JSON) and name it in extra_grammars";
                self.left(
                    entry,
                    "syntaxes in Sublime's format are not read any more",
                    action,
                );
            }
            self.remove(entry);
        }
        let is_inline = entries
            .iter()
            .find(|entry| entry.key == "markdown")
            .and_then(|entry| byte(entry.node.place))
            .is_some_and(|at| self.text[at..].starts_with('{'));
        let has_new = is_inline || markdown.iter().any(|entry| entry.key == "highlighting");
        if !is_on || has_new {
            self.findings.changed("`highlight_code`, left out");
            return;
        }
        let mut lines = String::from("\n[markdown.highlighting]\n");
        lines.push_str(&self.themes(find("highlight_theme"), find("highlight_themes_css")));
        let end = self.text.len();
        let gap = if self.text.ends_with('\n') { "" } else { "\n" };
        self.edits.insert(end, format!("{gap}{lines}"));
        self.findings
            .changed("`highlight_code` and its kin, now `[markdown.highlighting]`");
    }

    fn themes(&mut self, theme: Option<&Entry>, css: Option<&Entry>) -> String {
        let name = theme.and_then(|entry| match &entry.node.data {
            Data::Text(name) => Some(name.as_str()),
            _ => None,
        });
        if let (Some(name), Some(entry)) = (name.filter(|name| *name != "css"), theme) {
            let (new, is_same) = theme_name(name);
            if !is_same {
                let reason =
                    format!("the highlighting theme `{name}` has no namesake; `{new}` is like it");
                self.left(entry, &reason, "Choose another in [markdown.highlighting]");
            }
            return format!("theme = \"{new}\"\n");
        }
        let mut themes: Vec<String> = Vec::new();
        if let Some(Data::Array(items)) = css.map(|entry| &entry.node.data) {
            for item in items {
                let Data::Table(keys) = &item.data else {
                    continue;
                };
                let name = keys
                    .iter()
                    .find(|key| key.key == "theme")
                    .map(|key| &key.node.data);
                if let Some(Data::Text(name)) = name {
                    themes.push(theme_name(name).0.to_owned());
                }
            }
        }
        if let Some(entry) = css.or(theme) {
            let reason = "the style sheets of highlighting have fixed names, and other classes";
            let action =
                "Link giallo.css, or giallo-light.css and giallo-dark.css, in your templates";
            self.left(entry, reason, action);
        }
        match themes.as_slice() {
            [light, dark] => {
                let (light, dark) = if light.contains("dark") {
                    (dark, light)
                } else {
                    (light, dark)
                };
                format!("light_theme = \"{light}\"\ndark_theme = \"{dark}\"\nstyle = \"class\"\n")
            }
            [one, ..] => format!("theme = \"{one}\"\nstyle = \"class\"\n"),
            [] if theme.is_some() || css.is_some() => {
                format!("theme = \"{FALLBACK_THEME}\"\nstyle = \"class\"\n")
            }
            [] => format!("theme = \"{FALLBACK_THEME}\"\n"),
        }
    }

    /// Takes a key and its value out: to the place where the next one begins, or its line ends.
    fn remove(&mut self, entry: &Entry) {
        let (Some(start), Some(value)) = (byte(entry.place), byte(entry.node.place)) else {
            return;
        };
        let end = match &entry.node.data {
            Data::Array(_) => end_of_list(self.text, value),
            _ => {
                value
                    + self.text[value..]
                        .find('\n')
                        .unwrap_or(self.text.len() - value)
            }
        };
        let line = self.text[..start].rsplit('\n').next();
        if line.is_some_and(|line| line.trim().is_empty()) {
            self.edits.remove(whole_line(self.text, start..end));
        } else {
            let reason = format!("`{}` stands on a line with other keys", entry.key);
            self.left(
                entry,
                &reason,
                "Take it out, and write [markdown.highlighting]",
            );
        }
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

/// Behind the bracket that closes the list at `start`.
fn end_of_list(text: &str, start: usize) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text[start..].char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return start + at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The theme of that name, or one like it; and whether it is the same.
fn theme_name(name: &str) -> (&str, bool) {
    const SAME: [&str; 6] = [
        "dracula",
        "nord",
        "monokai",
        "solarized-light",
        "solarized-dark",
        "one-dark-pro",
    ];
    const LIKE: [(&str, &str); 11] = [
        ("one-dark", "one-dark-pro"),
        ("gruvbox-dark", "gruvbox-dark-medium"),
        ("gruvbox-light", "gruvbox-light-medium"),
        ("ayu-dark", "ayu-dark"),
        ("ayu-mirage", "ayu-mirage"),
        ("ayu-light", "ayu-light"),
        ("OneHalfLight", "one-light"),
        ("OneHalfDark", "one-dark-pro"),
        ("material-dark", "material-theme-darker"),
        ("material-light", "material-theme-lighter"),
        ("inspired-github", "github-light"),
    ];
    if SAME.contains(&name) || name.starts_with("catppuccin-") || name.starts_with("github-") {
        return (name, true);
    }
    let like = LIKE
        .iter()
        .find(|(old, _)| *old == name)
        .map(|(_, new)| *new);
    let fallback = if name.contains("light") {
        "github-light"
    } else {
        FALLBACK_THEME
    };
    let new = like.unwrap_or(fallback);
    (new, new == name)
}

fn table<'a>(entries: &'a [Entry], key: &str) -> Option<&'a [Entry]> {
    let entry = entries.iter().find(|entry| entry.key == key)?;
    match &entry.node.data {
        Data::Table(inner) => Some(inner),
        _ => None,
    }
}

fn byte(place: Place) -> Option<usize> {
    match place {
        Place::Byte(at) => Some(at),
        Place::Line(..) => None,
    }
}
