//! What was changed, and what is left to the author.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The line of the page by which a copy is known for one.
const MARK: &str = "`quillfront migrate` wrote this page; the site does not need it.";

/// One thing that could not be done mechanically.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remaining {
    /// The file, relative to the site that was moved.
    pub file: String,
    /// 1-based line in that file, as it was before; none where the whole file is meant.
    pub line: Option<u32>,
    /// Why it was left.
    pub reason: String,
    /// What to do.
    pub action: String,
}

/// Everything that a migration has to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// What was changed, and how often.
    pub changes: BTreeMap<String, usize>,
    /// What is left.
    pub remaining: Vec<Remaining>,
}

impl Findings {
    /// Counts a change of a kind.
    pub fn changed(&mut self, kind: &str) {
        *self.changes.entry(kind.to_owned()).or_default() += 1;
    }

    /// Lists what is left to do.
    pub fn left(
        &mut self,
        file: &str,
        line: impl Into<Option<u32>>,
        reason: impl Into<String>,
        action: impl Into<String>,
    ) {
        self.remaining.push(Remaining {
            file: file.to_owned(),
            line: line.into(),
            reason: reason.into(),
            action: action.into(),
        });
    }

    /// In the order of files and lines, each once.
    pub fn sort(&mut self) {
        self.remaining.sort();
        self.remaining.dedup();
    }
}

/// Where a finding is: `content/a.md:12`.
pub fn place(remaining: &Remaining) -> String {
    match remaining.line {
        Some(line) => format!("{}:{line}", remaining.file),
        None => remaining.file.clone(),
    }
}

/// The page MIGRATION.md. `problems` are the diagnostics of the first build, one line each.
pub fn page(from: &str, findings: &Findings, problems: &[String]) -> String {
    let mut text = format!("# Moved from {from}\n\n");
    let _infallible = write!(text, "{MARK}\n\n");
    text.push_str("## What was changed\n\n");
    if findings.changes.is_empty() {
        text.push_str("Nothing.\n");
    }
    for (kind, count) in &findings.changes {
        let _infallible = writeln!(text, "- {kind}: {count}");
    }
    text.push_str("\n## What is left to do\n\n");
    if findings.remaining.is_empty() {
        text.push_str("Nothing.\n");
    }
    for one in &findings.remaining {
        let _infallible = writeln!(text, "- `{}`: {}. {}.", place(one), one.reason, one.action);
    }
    text.push_str("\n## The first build\n\n");
    if problems.is_empty() {
        text.push_str("It had no errors and no warnings.\n");
    }
    for problem in problems {
        let _infallible = writeln!(text, "- {}", problem.replace('\n', " "));
    }
    text
}

/// True for a text that [`page`] wrote.
pub fn is_page(text: &str) -> bool {
    text.starts_with("# Moved from ") && text.lines().any(|line| line == MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_kinds_counts_and_places() {
        let mut findings = Findings::default();
        findings.changed("shortcode calls");
        findings.changed("shortcode calls");
        findings.left("b.md", 3, "a reason", "Do this");
        findings.left("a.md", None, "a reason", "Do that");
        findings.left("b.md", 3, "a reason", "Do this");
        findings.sort();
        let page = page("Zola", &findings, &[]);
        assert!(page.contains("- shortcode calls: 2\n"));
        assert!(page.contains("- `a.md`: a reason. Do that.\n- `b.md:3`: a reason. Do this.\n"));
        assert!(page.contains("no errors and no warnings"));
        assert!(is_page(&page));
        assert!(!is_page("# Moved from Zola\n\nNotes of my own.\n"));
    }
}
