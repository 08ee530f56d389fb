//! `regex_replace`, `matching` and `containing`: as the engine's and `tera-contrib`'s, but patterns have a
//! size, what is compiled is kept in a cache that does not grow for ever, and both take steps.

use crate::budget;
use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tera::{Error, Kwargs, State, TeraResult, Value};

/// Bytes of a pattern once it is compiled.
pub const MAX_COMPILED_BYTES: usize = 2 << 20;
/// Up to so many bytes a pattern is small, as almost all are.
const SMALL_BYTES: usize = 128 << 10;
/// Steps of compiling a small pattern, and a larger one.
const SMALL_STEPS: u64 = 2_000;
const LARGE_STEPS: u64 = 100_000;
/// How much dearer a byte is to a larger pattern.
const LARGE_FACTOR: usize = 16;
/// Patterns that are kept, and the larger ones of them.
const MAX_CACHED: usize = 512;
const MAX_CACHED_LARGE: usize = 32;

/// A pattern that is compiled.
#[derive(Clone)]
pub(super) struct Pattern {
    regex: Regex,
    large: bool,
}

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

#[derive(Default)]
struct Cache {
    patterns: HashMap<String, Pattern>,
    large: usize,
}

thread_local! {
    /// The render at hand and the patterns that it has come to: each costs it once, whatever others
    /// have left in the cache.
    static SEEN: RefCell<(u64, HashSet<String>)> = RefCell::default();
}

impl Pattern {
    fn of(pattern: &str) -> TeraResult<Self> {
        let compiled = Self::cached(pattern)?;
        let render = budget::render();
        let is_new = SEEN.with_borrow_mut(|(of, seen)| {
            if *of != render {
                (*of, *seen) = (render, HashSet::new());
            }
            seen.insert(pattern.to_owned())
        });
        if is_new {
            budget::spend(if compiled.large {
                LARGE_STEPS
            } else {
                SMALL_STEPS
            })?;
        }
        Ok(compiled)
    }

    fn cached(pattern: &str) -> TeraResult<Self> {
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = cache.get_or_insert_default();
        if let Some(found) = cache.patterns.get(pattern) {
            return Ok(found.clone());
        }
        // What is compiled is paid for also where it turns out to be wrong or too large: that ends
        // the render.
        let compiled = Self::compile(pattern)?;
        let full = cache.patterns.len() >= MAX_CACHED || cache.large >= MAX_CACHED_LARGE;
        if full {
            *cache = Cache::default();
        }
        cache.large += usize::from(compiled.large);
        cache.patterns.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }

    fn compile(pattern: &str) -> TeraResult<Self> {
        let build = |bytes: usize| RegexBuilder::new(pattern).size_limit(bytes).build();
        match build(SMALL_BYTES) {
            Ok(regex) => Ok(Self {
                regex,
                large: false,
            }),
            Err(regex::Error::CompiledTooBig(_)) => match build(MAX_COMPILED_BYTES) {
                Ok(regex) => Ok(Self { regex, large: true }),
                Err(regex::Error::CompiledTooBig(_)) => Err(Error::message(format!(
                    "the pattern takes more than {MAX_COMPILED_BYTES} bytes once it is compiled; \
                     repeat less in it"
                ))),
                Err(error) => Err(Error::message(format!("Invalid regex: {error}"))),
            },
            Err(error) => Err(Error::message(format!("Invalid regex: {error}"))),
        }
    }

    /// Takes the steps of going through a text.
    fn through(&self, text: &str) -> TeraResult<()> {
        let factor = if self.large { LARGE_FACTOR } else { 2 };
        budget::spend_bytes(text.len() * factor)
    }
}

/// `regex_replace(pattern, rep)`.
pub(super) fn regex_replace(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    budget::of_arguments(&arguments)?;
    let pattern = arguments.must_get::<&str>("pattern")?;
    let rep = arguments.must_get::<&str>("rep")?;
    let pattern = Pattern::of(pattern)?;
    pattern.through(text)?;
    // Each `$` stands for a part of the match at most, and all matches together are at most the
    // whole text.
    let groups = text.len().checked_mul(1 + rep.matches('$').count());
    let size = |matches: usize| {
        let reps = matches.checked_mul(rep.len())?;
        groups?.checked_add(reps)
    };
    if size(text.len() + 1).is_none_or(|size| size > super::sizes::MAX_RESULT_BYTES) {
        let matches = pattern.regex.find_iter(text).count();
        super::sizes::check("regex_replace", size(matches))?;
    }
    let made = pattern.regex.replace_all(text, rep).into_owned();
    budget::spend_bytes(made.len())?;
    Ok(made)
}

/// `matching(pat)`.
pub(super) fn matching(text: &str, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    budget::of_arguments(&arguments)?;
    let pattern = Pattern::of(arguments.must_get::<&str>("pat")?)?;
    pattern.through(text)?;
    Ok(pattern.regex.is_match(text))
}

/// `containing(pat)`, of a text, a list or a map.
pub(super) fn containing(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    budget::of_arguments(&arguments)?;
    let wanted = arguments.must_get::<Value>("pat")?;
    match (value.as_str(), value.as_array(), value.as_map()) {
        (Some(text), ..) => {
            budget::spend_bytes(text.len())?;
            Ok(text.contains(<&str as tera::ArgFromValue>::from_value(&wanted)?))
        }
        (_, Some(list), _) => {
            budget::spend(list.len() as u64 / 4)?;
            Ok(list.contains(&wanted))
        }
        (_, _, Some(map)) => {
            Ok(super::groups::key_of(&wanted).is_ok_and(|key| map.contains_key(&key)))
        }
        _ => Err(Error::message(format!(
            "a value of type {} cannot contain anything; `containing` works on texts, lists and \
             maps",
            value.name()
        ))),
    }
}
