//! Patterns of file names.

use crate::front_matter::table::Table;
use globset::{Glob, GlobSet, GlobSetBuilder};

/// The longest pattern, and the most of them: each is compiled, and nobody writes more by hand.
const MAX_PATTERN_BYTES: usize = 500;
const MAX_PATTERNS: usize = 500;

/// A list of patterns as written, and compiled. `*` matches across `/`, as it does in Zola.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    /// As written.
    pub patterns: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// True if any pattern matches the whole path.
    pub fn is_match(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Takes a list of patterns out of a table; each that is no pattern is a problem.
    pub(super) fn take(table: &mut Table<'_, '_>, name: &'static str) -> Globs {
        let mut builder = GlobSetBuilder::new();
        let mut patterns = Vec::new();
        for (pattern, place) in table.texts(name).unwrap_or_default() {
            if pattern.len() > MAX_PATTERN_BYTES || patterns.len() == MAX_PATTERNS {
                let limits = format!("{MAX_PATTERNS} patterns of {MAX_PATTERN_BYTES} bytes");
                table.problem(place, format!("`{name}` has room for {limits}"));
                break;
            }
            match Glob::new(&pattern) {
                Ok(glob) => {
                    builder.add(glob);
                    patterns.push(pattern);
                }
                Err(error) => {
                    table.problem(place, format!("`{name}`: {error}"));
                }
            }
        }
        match builder.build() {
            Ok(set) => Globs { patterns, set },
            Err(error) => {
                let place = table.place();
                table.problem(place, format!("`{name}`: {error}"));
                Globs::default()
            }
        }
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}
