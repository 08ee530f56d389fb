//! A vector whose elements are named by a type of their own, so that a page cannot be looked up by the
//! number of a section.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index, IndexMut};

/// A position in an [`IndexVec`].
pub trait Id: Copy {
    /// Names the element at a position, counted from 0.
    fn at(position: usize) -> Self;

    /// Returns the position.
    fn position(self) -> usize;
}

/// Defines types of positions.
#[macro_export]
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(usize);

        impl $crate::index_vec::Id for $name {
            fn at(position: usize) -> Self {
                Self(position)
            }

            fn position(self) -> usize {
                self.0
            }
        }
    )*};
}

pub use ids;

/// A vector that is indexed by `I` alone. All else that a slice can do, it can do too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexVec<I, T> {
    elements: Vec<T>,
    id: PhantomData<fn(I) -> I>,
}

impl<I: Id, T> IndexVec<I, T> {
    /// Makes room for so many more elements.
    pub fn reserve(&mut self, more: usize) {
        self.elements.reserve(more);
    }

    /// Cuts it, or fills it up, to so many elements.
    pub fn resize(&mut self, len: usize, element: T)
    where
        T: Clone,
    {
        self.elements.resize(len, element);
    }

    /// Appends an element and returns its name.
    pub fn push(&mut self, element: T) -> I {
        self.elements.push(element);
        I::at(self.elements.len() - 1)
    }

    /// Returns the element of this name, if there is one.
    pub fn get(&self, id: I) -> Option<&T> {
        self.elements.get(id.position())
    }

    /// Returns the element of this name for writing, if there is one.
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.elements.get_mut(id.position())
    }

    /// Returns the names of all elements, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = I> + use<I, T> {
        (0..self.elements.len()).map(I::at)
    }

    /// Returns all elements with their names, in order.
    pub fn named(&self) -> impl ExactSizeIterator<Item = (I, &T)> {
        let elements = self.elements.iter().enumerate();
        elements.map(|(position, element)| (I::at(position), element))
    }
}

impl<I, T> Default for IndexVec<I, T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<I, T> From<Vec<T>> for IndexVec<I, T> {
    fn from(elements: Vec<T>) -> Self {
        Self {
            elements,
            id: PhantomData,
        }
    }
}

impl<I, T> FromIterator<T> for IndexVec<I, T> {
    fn from_iter<All: IntoIterator<Item = T>>(all: All) -> Self {
        Self::from(Vec::from_iter(all))
    }
}

impl<I, T> IntoIterator for IndexVec<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a IndexVec<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.elements.iter()
    }
}

impl<I, T> Deref for IndexVec<I, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.elements
    }
}

impl<I, T> DerefMut for IndexVec<I, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.elements
    }
}

impl<I: Id, T> Index<I> for IndexVec<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.elements[id.position()]
    }
}

impl<I: Id, T> IndexMut<I> for IndexVec<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.elements[id.position()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    ids! {
        /// Letters.
        Letter;
    }

    #[test]
    fn elements_are_found_by_the_names_that_they_got() {
        let mut letters: IndexVec<Letter, char> = IndexVec::default();
        let (a, b) = (letters.push('a'), letters.push('b'));
        assert_eq!((letters[a], letters[b]), ('a', 'b'));
        letters[b] = 'c';
        assert_eq!(letters.get(b), Some(&'c'));
        assert_eq!(letters.get(Letter::at(2)), None);
        assert_eq!(letters.ids().collect::<Vec<_>>(), [a, b]);
        let named: Vec<_> = letters.named().collect();
        assert_eq!(named, [(a, &'a'), (b, &'c')]);
        assert_eq!(letters.iter().collect::<String>(), "ac");
    }
}
