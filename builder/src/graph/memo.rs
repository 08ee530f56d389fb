//! Marks that many outputs share, worked out once in a build.

use super::Question;
use crate::fingerprint::Mark;
use crate::reads::Shape;
use crate::site::library::PageId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

/// Marks by what they are of. Shapes are told apart by where they are in memory: those of one build
/// stay where they are.
#[derive(Debug, Default)]
pub struct Memo {
    pages: RwLock<HashMap<(usize, bool), Arc<[OnceLock<Mark>]>>>,
    answers: Mutex<HashMap<(usize, Question), Mark>>,
    values: Mutex<HashMap<(usize, String), Mark>>,
}

fn place(shape: &Shape) -> usize {
    std::ptr::from_ref(shape) as usize
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memo {
    /// The marks of what a shape reads of each of `count` pages, with or without their neighbours.
    pub fn pages(&self, shape: &Shape, full: bool, count: usize) -> Arc<[OnceLock<Mark>]> {
        let name = (place(shape), full);
        let read = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(&name) {
            return known.clone();
        }
        drop(read);
        let mut write = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        let make = || (0..count).map(|_: PageId| OnceLock::new()).collect();
        write.entry(name).or_insert_with(make).clone()
    }

    /// The mark of the answer to a question as it is read by whoever `reader` stands for.
    pub fn answer(&self, reader: usize, question: &Question, make: impl FnOnce() -> Mark) -> Mark {
        let name = (reader, question.clone());
        if let Some(known) = lock(&self.answers).get(&name) {
            return *known;
        }
        let mark = make();
        lock(&self.answers).insert(name, mark);
        mark
    }

    /// The mark of a value that has a name, under a shape.
    pub fn value(&self, shape: &Shape, name: &str, make: impl FnOnce() -> Mark) -> Mark {
        let name = (place(shape), name.to_owned());
        if let Some(known) = lock(&self.values).get(&name) {
            return *known;
        }
        let mark = make();
        lock(&self.values).insert(name, mark);
        mark
    }
}
