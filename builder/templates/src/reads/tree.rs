//! What may be read, as a tree that grows as it is read.

use super::{Items, Parts, Shape};
use std::collections::BTreeMap;

/// A value that comes from outside: a node of the tree, or the list of the first few of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    node: usize,
    first: Option<usize>,
}

impl Place {
    /// Its first `count` values, in a list.
    pub fn up_to(self, count: usize) -> Self {
        Self {
            first: at_most(self.first, Some(count)),
            ..self
        }
    }
}

fn at_most(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// As [`Items::first`]: None is all.
pub(super) fn at_least(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    Some(one?.max(other?))
}

#[derive(Debug, Default)]
struct Node {
    depth: usize,
    /// Whether it is there and what it is has been looked at.
    touched: bool,
    whole: bool,
    length: bool,
    fields: BTreeMap<String, usize>,
    items: Option<(Option<usize>, usize)>,
}

/// How far down parts are told apart; what is deeper is read whole.
pub(super) const MAX_DEPTH: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// A new value from outside.
    pub fn root(&mut self) -> Place {
        self.node(0)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&mut self, depth: usize) -> Place {
        self.nodes.push(Node {
            depth,
            ..Node::default()
        });
        Place {
            node: self.nodes.len() - 1,
            first: None,
        }
    }

    /// Its presence, its kind and whether it is empty are read, and all of what is neither map nor list.
    pub fn touch(&mut self, place: Place) {
        self.nodes[place.node].touched = true;
    }

    /// All of it is read.
    pub fn whole(&mut self, place: Place) {
        self.touch(place);
        if place.first.is_none() {
            self.nodes[place.node].whole = true;
        } else if let Some(item) = self.items(place, None) {
            self.whole(item);
        }
    }

    /// How many values it has is read.
    pub fn length(&mut self, place: Place) {
        self.touch(place);
        match place.first {
            None => self.nodes[place.node].length = true,
            Some(_) => drop(self.items(place, None)),
        }
    }

    /// The parent is touched. None where there is nothing more to tell apart: it is read whole, or
    /// there is no such field.
    pub fn field(&mut self, place: Place, name: &str) -> Option<Place> {
        self.touch(place);
        if place.first.is_some() || self.is_whole(place.node) {
            return None;
        }
        let node = match self.nodes[place.node].fields.get(name) {
            Some(node) => *node,
            None => {
                let new = self.node(self.nodes[place.node].depth + 1).node;
                self.nodes[place.node].fields.insert(name.to_owned(), new);
                new
            }
        };
        Some(Place { node, first: None })
    }

    /// Any of its first values, or of all of them. As for a field; the number of those is read.
    pub fn items(&mut self, place: Place, first: Option<usize>) -> Option<Place> {
        self.touch(place);
        if self.is_whole(place.node) {
            return None;
        }
        let first = at_most(place.first, first);
        let depth = self.nodes[place.node].depth + 1;
        let node = match self.nodes[place.node].items {
            Some((before, node)) => {
                self.nodes[place.node].items = Some((at_least(before, first), node));
                node
            }
            None => {
                let new = self.node(depth).node;
                self.nodes[place.node].items = Some((first, new));
                new
            }
        };
        Some(Place { node, first: None })
    }

    /// True for what is read whole; what is too deep is from here on.
    fn is_whole(&mut self, node: usize) -> bool {
        let node = &mut self.nodes[node];
        node.whole |= node.depth >= MAX_DEPTH;
        node.whole
    }

    /// What has been read of it so far; None where nothing has.
    pub fn shape(&self, place: Place) -> Option<Shape> {
        let node = &self.nodes[place.node];
        node.touched.then(|| self.shape_of(node))
    }

    fn shape_of(&self, node: &Node) -> Shape {
        if node.whole {
            return Shape::Whole;
        }
        let touched = |(name, node): (&String, &usize)| {
            let node = &self.nodes[*node];
            node.touched.then(|| (name.clone(), self.shape_of(node)))
        };
        Shape::Parts(Parts {
            fields: node.fields.iter().filter_map(touched).collect(),
            items: node.items.map(|(first, node)| {
                Box::new(Items {
                    first,
                    shape: self.shape_of(&self.nodes[node]),
                })
            }),
            length: node.length,
            ..Parts::default()
        })
    }
}
