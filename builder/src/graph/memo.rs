//! Marks that many outputs share, worked out once in a build.

use super::Question;
use crate::fingerprint::Mark;
use crate::reads::Shape;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Marks by what they are of. Shapes are told apart by where they are in memory: those of one build
/// stay where they are.
#[derive(Debug, Default)]
pub struct Memo {
    pages: Known<(usize, bool), Arc<Once<Mark>>>,
    answers: Known<usize, Arc<Known<Question, Mark>>>,
    values: Known<(usize, String), Mark>,
}

/// What is known already.
#[derive(Debug)]
pub struct Known<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Known<K, V> {
    /// What is known under a key, or is made now.
    pub fn get_or(&self, key: &K, make: impl FnOnce() -> V) -> V {
        let read = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(key) {
            return known.clone();
        }
        drop(read);
        // Not under the lock: what makes it may ask here again.
        let made = make();
        let mut write = self.0.write().unwrap_or_else(PoisonError::into_inner);
        write.entry(key.clone()).or_insert(made).clone()
    }
}

/// Places for many values, each of which is made once. Where none is made there is no memory for it.
#[derive(Debug)]
pub struct Once<T>(Vec<OnceLock<Box<[OnceLock<T>]>>>);

/// Places that get their memory together.
const TOGETHER: usize = 64;

impl<T> Once<T> {
    /// So many places.
    pub fn new(count: usize) -> Self {
        let parts = (0..count.div_ceil(TOGETHER)).map(|_| OnceLock::new());
        Self(parts.collect())
    }

    /// One of the places.
    pub fn at(&self, index: usize) -> &OnceLock<T> {
        let part = &self.0[index / TOGETHER];
        let part = part.get_or_init(|| (0..TOGETHER).map(|_| OnceLock::new()).collect());
        &part[index % TOGETHER]
    }
}

fn place(shape: &Shape) -> usize {
    std::ptr::from_ref(shape) as usize
}

impl Memo {
    /// The marks of what a shape reads of each of `count` pages, with or without their neighbours.
    pub fn pages(&self, shape: &Shape, full: bool, count: usize) -> Arc<Once<Mark>> {
        let make = || Arc::new(Once::new(count));
        self.pages.get_or(&(place(shape), full), make)
    }

    /// The mark of the answer to a question as it is read by whoever `reader` stands for.
    pub fn answer(&self, reader: usize, question: &Question, make: impl FnOnce() -> Mark) -> Mark {
        let answers = self.answers.get_or(&reader, Arc::default);
        answers.get_or(question, make)
    }

    /// The mark of a value that has a name, under a shape.
    pub fn value(&self, shape: &Shape, name: &str, make: impl FnOnce() -> Mark) -> Mark {
        self.values.get_or(&(place(shape), name.to_owned()), make)
    }
}
