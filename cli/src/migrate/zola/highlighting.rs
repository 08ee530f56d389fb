//! `highlight_code` and its kin become `[markdown.highlighting]`.

use super::config::{Change, byte, table};
use crate::migrate::edits::whole_line;
use quillfront_site::front_matter::tree::{Data, Entry};

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

impl Change<'_> {
    /// `highlight_code` and its kin, at the root or in `[markdown]`, become
    /// `[markdown.highlighting]`.
    pub fn highlighting(&mut self, entries: &[Entry]) {
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
                let action = "Find a TextMate grammar (JSON) and list it in extra_grammars";
                self.left(
                    entry,
                    "syntaxes in Sublime's format are no longer read",
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
                    format!("there is no highlighting theme `{name}` any more; `{new}` is similar");
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
            let reason = format!("`{}` is on a line with other keys", entry.key);
            self.left(
                entry,
                &reason,
                "Remove it, and write [markdown.highlighting]",
            );
        }
    }
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
