//! What `@extend` may make of the selectors of rules.

use super::count::{Answer, fail};
use super::selectors::{MAX_MADE, descendants, woven};
use grass_compiler::Visitor;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Runs of `@extend` in one compilation.
const MAX_EXTENDS: usize = 1_000;
/// Comparisons of selectors for it.
const MAX_EXTEND_WORK: usize = 2_000_000;

thread_local! {
    static EXTENDS: RefCell<Extends> = RefCell::default();
}

/// What is known of a compilation.
#[derive(Default)]
struct Extends {
    runs: usize,
    /// Runs by what they extend.
    extended: BTreeMap<String, usize>,
    /// What the rules extend that have a part of a selector.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// How many selectors have a part.
    rules: BTreeMap<String, usize>,
    /// The selectors that have several parts.
    compound: Vec<Compound>,
    /// How many parts of extenders are inside one another at most, by what they extend.
    depths: BTreeMap<String, usize>,
    work: usize,
    /// What was extended so that too much could be made of it.
    too_many: Option<String>,
}

/// A selector with several parts.
struct Compound {
    parts: Vec<String>,
    /// How many of its parts are inside one another.
    descendants: usize,
}

/// Begins to count, on the thread that compiles.
pub(super) fn start() {
    EXTENDS.set(Extends::default());
}

/// Notes the selectors of a rule.
pub(super) fn note_selectors(header: &str) {
    for selector in header.split(',') {
        let mut parts: Vec<String> = Vec::new();
        for c in selector.trim().chars() {
            let begins = matches!(c, '.' | '#' | '%' | ':' | '[') || c.is_whitespace();
            match parts.last_mut() {
                Some(part) if !begins => part.push(c),
                _ if c.is_whitespace() => parts.push(String::new()),
                _ => parts.push(c.to_string()),
            }
        }
        parts.retain(|part| !part.is_empty());
        EXTENDS.with_borrow_mut(|extends| {
            let names: BTreeSet<&String> = parts.iter().collect();
            for name in names {
                *extends.rules.entry(name.clone()).or_default() += 1;
            }
            // What was extended before is made of this one too.
            let runs = parts.iter().filter_map(|part| extends.extended.get(part));
            let runs: usize = runs.sum();
            extends.work = extends.work.saturating_add(runs.saturating_pow(2));
            if parts.len() > 1 {
                let descendants = descendants(selector);
                let compound = Compound { parts, descendants };
                extends.check(&compound);
                extends.compound.push(compound);
            }
        });
    }
}

/// An error where rules of a file could become too many by what was extended before it.
pub(super) fn check() -> Result<(), String> {
    EXTENDS.with_borrow(Extends::told).map_or(Ok(()), Err)
}

impl Extends {
    /// The work of one more `@extend`: each selector with the target, or with what its extenders
    /// extend in turn, is made again, and what it was extended to is compared with one another.
    fn work_of(&self, target: &str) -> usize {
        let mut seen = BTreeSet::from([target]);
        let mut next = vec![target];
        let mut work = 0_usize;
        while let Some(name) = next.pop() {
            let rules = self.rules.get(name).copied().unwrap_or(0);
            work = work.saturating_add(rules);
            for target in self.targets.get(name).into_iter().flatten() {
                if seen.insert(target) {
                    next.push(target);
                }
            }
        }
        let runs = seen.iter().filter_map(|name| self.extended.get(*name));
        let runs: usize = runs.sum();
        work.saturating_mul(runs.saturating_pow(2))
    }

    /// Notes one more.
    fn note(&mut self, target: &str, extender: Option<&Value>) {
        self.runs += 1;
        *self.extended.entry(target.to_owned()).or_default() += 1;
        let mut names = Vec::new();
        if let Some(extender) = extender {
            simple_names(extender, &mut names);
            let depth = self.depths.entry(target.to_owned()).or_default();
            *depth = (*depth).max(deepest(extender));
        }
        for name in names {
            let targets = self.targets.entry(name).or_default();
            targets.insert(target.to_owned());
        }
        let work = self.work_of(target);
        self.work = self.work.saturating_add(work);
        let compounds = std::mem::take(&mut self.compound);
        let touched = compounds.iter();
        let touched = touched.filter(|compound| compound.parts.iter().any(|part| part == target));
        touched.for_each(|compound| self.check(compound));
        self.compound = compounds;
    }

    /// Looks how many selectors may be made of one.
    fn check(&mut self, compound: &Compound) {
        let parts = compound.parts.iter();
        let runs = parts
            .clone()
            .map(|part| 1 + self.extended.get(part).copied().unwrap_or(0));
        let paths = runs.fold(1, usize::saturating_mul);
        let mut targets = parts.filter(|part| self.extended.contains_key(*part));
        let woven = targets.clone().map(|part| {
            let depth = self.depths.get(part).copied().unwrap_or(0);
            woven(compound.descendants, depth)
        });
        let made = paths.saturating_mul(woven.max().unwrap_or(1));
        if made > MAX_MADE {
            self.too_many = targets.next_back().cloned();
        }
    }

    /// What is too much, if anything is.
    fn told(&self) -> Option<String> {
        if self.runs > MAX_EXTENDS || self.work > MAX_EXTEND_WORK {
            return Some(format!(
                "more than {MAX_EXTENDS} runs of @extend, or fewer on selectors that many rules \
                 have; include a mixin instead"
            ));
        }
        self.too_many.as_ref().map(|target| {
            format!(
                "@extend of {target} could turn one selector with several extended parts into more \
                 than {MAX_MADE}; include a mixin instead"
            )
        })
    }
}

/// The parts of the selectors that a value is.
fn simple_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text, _) => {
            let ends = |c: char| matches!(c, '.' | '#' | '%' | ':' | '[') || c.is_whitespace();
            let starts = text.char_indices().filter(|(_, c)| ends(*c));
            let starts: Vec<usize> = std::iter::once(0)
                .chain(starts.map(|(at, _)| at))
                .chain([text.len()])
                .collect();
            let parts = starts.windows(2).map(|pair| text[pair[0]..pair[1]].trim());
            names.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
        Value::List(list, ..) => list.iter().for_each(|value| simple_names(value, names)),
        _ => {}
    }
}

/// How many parts of a selector are inside one another at most, in `&`: a list of lists.
fn deepest(around: &Value) -> usize {
    match around {
        Value::List(list, ..) => {
            let one = |value: &Value| match value {
                Value::List(parts, ..) => parts.len(),
                _ => 1,
            };
            list.iter().map(one).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Counts one `@extend` of what it is given.
pub(crate) fn extend(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let Some(Value::String(target, _)) = arguments.get_positional(0).map(|target| target.node)
    else {
        return Ok(Value::Null);
    };
    let extender = arguments.get_positional(1).map(|around| around.node);
    let told = EXTENDS.with_borrow_mut(|extends| {
        extends.note(&target, extender.as_ref());
        extends.told()
    });
    told.map_or(Ok(Value::Null), |message| fail(message, span))
}
