//! Names for shapes, so that what is worked out of a shape can be kept under it.
//!
//! A shape gets its id from an [`Interner`]: equal shapes get the same one. A shape that was put together
//! elsewhere, and a copy of one, have none, and nothing is kept under it. An address would not do: one
//! that is used again makes two shapes into one, and what reads another part would be taken to be
//! unchanged.

use super::{Parts, Shape};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

/// Stands for a shape; equal where the shapes are. Those of different interners cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(Option<NonZeroU32>);

impl ShapeId {
    /// Of [`Shape::Whole`].
    const WHOLE: Self = Self(None);
}

/// The id of parts, where they have one. It says nothing that the parts do not say, so it counts in no
/// comparison; and a copy, which may be changed, has none.
#[derive(Debug, Default)]
pub struct AssignedId(Option<NonZeroU32>);

impl Clone for AssignedId {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl PartialEq for AssignedId {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for AssignedId {}

impl PartialOrd for AssignedId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AssignedId {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl std::hash::Hash for AssignedId {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl Shape {
    /// Stands for it; None where no interner has seen it.
    pub fn id(&self) -> Option<ShapeId> {
        match self {
            Self::Whole => Some(ShapeId::WHOLE),
            Self::Parts(parts) => parts.id.0.map(|id| ShapeId(Some(id))),
        }
    }
}

/// Gives out ids: those of the templates of one site.
#[derive(Debug, Default)]
pub struct Interner(Mutex<HashMap<Parts, NonZeroU32>>);

impl Interner {
    /// Gives a shape, and all that it is made of, their ids.
    pub fn intern(&self, shape: &mut Shape) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        intern(&mut known, shape);
    }
}

fn intern(known: &mut HashMap<Parts, NonZeroU32>, shape: &mut Shape) {
    let Shape::Parts(parts) = shape else {
        return;
    };
    for field in parts.fields.values_mut() {
        intern(known, field);
    }
    if let Some(items) = &mut parts.items {
        intern(known, &mut items.shape);
    }
    parts.id = AssignedId(match known.get(parts) {
        Some(id) => Some(*id),
        None => {
            let next = u32::try_from(known.len() + 1)
                .ok()
                .and_then(NonZeroU32::new);
            if let Some(next) = next {
                known.insert(parts.clone(), next);
            }
            next
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::Items;

    fn parts(names: &[&str]) -> Shape {
        let fields = names.iter().map(|name| ((*name).to_owned(), Shape::Whole));
        Shape::Parts(Parts {
            fields: fields.collect(),
            ..Parts::default()
        })
    }

    #[test]
    fn equal_shapes_have_one_id_wherever_they_are() {
        let interner = Interner::default();
        let [mut one, mut same, mut other] = [&["a", "b"][..], &["b", "a"], &["a"]].map(parts);
        assert_eq!(one.id(), None);
        for shape in [&mut one, &mut same, &mut other] {
            interner.intern(shape);
        }
        assert!(one.id().is_some() && one.id() == same.id());
        assert_ne!(one.id(), other.id());
        assert_ne!(one.id(), Shape::Whole.id());
        // What a shape is made of has its ids too.
        let items = Items {
            first: Some(3),
            shape: parts(&["a"]),
        };
        let mut list = Shape::Parts(Parts {
            items: Some(Box::new(items)),
            ..Parts::default()
        });
        interner.intern(&mut list);
        let Shape::Parts(list) = &list else {
            unreachable!()
        };
        assert_eq!(list.items.as_ref().unwrap().shape.id(), other.id());
    }

    #[test]
    fn what_may_be_changed_has_no_id() {
        let interner = Interner::default();
        let mut shape = parts(&["a"]);
        interner.intern(&mut shape);
        assert_eq!(shape.clone().id(), None);
        assert_eq!(shape.clone(), shape, "the id counts in no comparison");
        shape.merge(parts(&["b"]));
        assert_eq!(shape.id(), None);
    }
}
