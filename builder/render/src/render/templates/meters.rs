//! What is put into each template, so that what it costs is counted.

use super::finder;
use crate::render::explain::TemplateError;
use quillfront_templates::meter::{self, MeteredText};
use std::collections::{BTreeMap, BTreeSet};

/// What the meters of a template depend on besides its own text.
pub(super) struct Meters {
    /// Templates whose text may be kept before it is written.
    pub(super) kept: BTreeSet<String>,
    /// The bytes of each, by all names that it is asked for with.
    sizes: BTreeMap<String, usize>,
}

impl Meters {
    pub(super) fn new(set: &BTreeMap<String, String>, theme: Option<&str>) -> Self {
        let find = finder(set, theme);
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut sizes = BTreeMap::new();
        let mut new = Vec::new();
        for (name, text) in set {
            sizes.insert(name.clone(), text.len());
            // What `super()` renders is kept until it is written.
            let calls_super = meter::first_super(text).is_some();
            for named in meter::named_templates(text) {
                let Some(found) = find(&named.name) else {
                    continue;
                };
                sizes.insert(named.name.into_owned(), set[found].len());
                uses.entry(name).or_default().push(found);
                if named.kept || (named.word == "extends" && calls_super) {
                    new.push(found);
                }
            }
        }
        while let Some(name) = new.pop() {
            if kept.insert(name.to_owned()) {
                new.extend(uses.get(name).into_iter().flatten());
            }
        }
        Self { kept, sizes }
    }

    pub(super) fn metered<'a>(&self, name: &str, text: &'a str) -> MeteredText<'a> {
        let size_of = |name: &str| self.sizes.get(name).copied().unwrap_or(0);
        let role = meter::Role::Template {
            kept: self.kept.contains(name),
            size_of: &size_of,
        };
        meter::metered(text, role)
    }

    /// Makes the column of an error that of the author's text.
    pub(super) fn map_back(&self, error: &mut TemplateError, name: &str, text: &str) {
        if let (Some(line), Some(column)) = (error.line, error.column) {
            let metered = self.metered(name, text);
            error.column = Some(metered.original_column(line, column));
        }
    }
}
