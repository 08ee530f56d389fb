//! Marks that many outputs share, worked out once in a build.
//!
//! A mark is kept only where it is of a whole answer. While something that the answer is made of is yet
//! to be read, the answer is another one, and so is its mark: kept, it would say of what is read later
//! that it has not changed.

use super::whole::made_whole;
use super::{Neighbours, Question};
use crate::locks::Unpoisoned;
use quillfront_site::fingerprint::Mark;
use quillfront_site::index_vec::Id;
use quillfront_site::library::PageId;
use quillfront_templates::reads::{Shape, ShapeId};
use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock, RwLock};

/// Marks by what they are of. Nothing is kept under a shape that has no id.
#[derive(Debug, Default)]
pub struct Memo {
    pages: MemoMap<(ShapeId, Neighbours), Arc<Once<PageId, Mark>>>,
    answers: MemoMap<ShapeId, Arc<MemoMap<Question, Mark>>>,
    values: MemoMap<(ShapeId, String), Mark>,
}

/// What is known already.
#[derive(Debug)]
pub struct MemoMap<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for MemoMap<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash + Clone, V: Clone> MemoMap<K, V> {
    /// What is known under a key, or is made now. What was lacking something is made anew each time.
    pub fn get_or(&self, key: &K, make: impl FnOnce() -> V) -> V {
        let read = self.0.read().unpoisoned();
        if let Some(known) = read.get(key) {
            return known.clone();
        }
        drop(read);
        // Not under the lock: what makes it may ask here again.
        let (made, is_whole) = made_whole(make);
        if !is_whole {
            return made;
        }
        let mut write = self.0.write().unpoisoned();
        write.entry(key.clone()).or_insert(made).clone()
    }
}

/// Places for many values, named by `I`, each of which is made once. Where none is made there is no memory
/// for it.
#[derive(Debug)]
pub struct Once<I, T> {
    parts: Vec<OnceLock<Box<[OnceLock<T>]>>>,
    id: PhantomData<fn(I)>,
}

/// Places that get their memory together.
const TOGETHER: usize = 64;

impl<I: Id, T: Clone> Once<I, T> {
    /// So many places.
    pub fn new(count: usize) -> Self {
        let parts = (0..count.div_ceil(TOGETHER)).map(|_| OnceLock::new());
        Self {
            parts: parts.collect(),
            id: PhantomData,
        }
    }

    /// What is in one of the places, or is made now. What was lacking something is made anew each time.
    pub fn get_or(&self, id: I, make: impl FnOnce() -> T) -> T {
        let index = id.position();
        let part = &self.parts[index / TOGETHER];
        let part = part.get_or_init(|| (0..TOGETHER).map(|_| OnceLock::new()).collect());
        let place = &part[index % TOGETHER];
        if let Some(known) = place.get() {
            return known.clone();
        }
        match made_whole(make) {
            (made, true) => place.get_or_init(|| made).clone(),
            (made, false) => made,
        }
    }
}

impl Memo {
    /// The marks of what a shape reads of each of `count` pages, with or without their neighbours.
    pub fn pages(
        &self,
        shape: &Shape,
        neighbours: Neighbours,
        count: usize,
    ) -> Option<Arc<Once<PageId, Mark>>> {
        let make = || Arc::new(Once::new(count));
        Some(self.pages.get_or(&(shape.id()?, neighbours), make))
    }

    /// The mark of what a shape reads of the answer to a question.
    pub fn answer(&self, shape: &Shape, question: &Question, make: impl FnOnce() -> Mark) -> Mark {
        match shape.id() {
            Some(id) => self
                .answers
                .get_or(&id, Arc::default)
                .get_or(question, make),
            None => make(),
        }
    }

    /// The mark of a value that has a name, under a shape.
    pub fn value(&self, shape: &Shape, name: &str, make: impl FnOnce() -> Mark) -> Mark {
        match shape.id() {
            Some(id) => self.values.get_or(&(id, name.to_owned()), make),
            None => make(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::TextQuestion;
    use crate::graph::whole::lack;
    use quillfront_templates::reads::WHOLE;

    #[test]
    fn a_mark_of_an_answer_that_lacked_something_is_not_kept() {
        let memo = Memo::default();
        let question = Question::OfText(TextQuestion::File("notes.txt".into()));
        let lacking = || {
            lack();
            Mark::of(b"nothing yet")
        };
        let first = memo.answer(&WHOLE, &question, lacking);
        assert_eq!(first, Mark::of(b"nothing yet"));
        // The second time the need is known already, and the mark still is not whole.
        memo.answer(&WHOLE, &question, lacking);
        let read = memo.answer(&WHOLE, &question, || Mark::of(b"the text"));
        assert_eq!(read, Mark::of(b"the text"));
        let kept = memo.answer(&WHOLE, &question, || Mark::of(b"another"));
        assert_eq!(kept, read);

        let (once, page) = (Once::new(1), PageId::at(0));
        once.get_or(page, lacking);
        assert_eq!(once.get_or(page, || read), read);
        assert_eq!(once.get_or(page, lacking), read);
    }
}
