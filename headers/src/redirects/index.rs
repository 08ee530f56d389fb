//! Which of many patterns a path meets first.

use super::pattern::{Pattern, Segment, same_slash};
use super::{MAX_PARTIAL_PATTERNS, RedirectRule};
use std::collections::HashMap;

/// The patterns of a list of rules, by their places in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    ignores_slash: bool,
    /// Paths without placeholders.
    exact: HashMap<Box<str>, usize>,
    /// Patterns of whole segments: a tree, whose root is the first node.
    nodes: Vec<Node>,
    /// The others, in order.
    partial: Vec<(usize, Box<str>)>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// By the text of the next segment.
    texts: HashMap<Box<str>, usize>,
    /// Where the next segment may be any.
    name: Option<usize>,
    /// The first rule that ends here.
    end: Option<usize>,
    /// The first rule with a splat here.
    splat: Option<usize>,
    /// The first rule in the tree below: nothing further on comes before it.
    first: usize,
}

impl Index {
    pub(super) fn of(rules: &[RedirectRule], ignores_slash: bool) -> Self {
        let mut index = Self {
            ignores_slash,
            ..Self::default()
        };
        for (place, rule) in rules.iter().enumerate() {
            let Ok(pattern) = Pattern::read(&rule.from) else {
                continue;
            };
            if let Some(path) = pattern.as_path() {
                let path = same_slash(path, ignores_slash);
                index.exact.entry(path.into()).or_insert(place);
            } else if let Some(segments) = pattern.segments() {
                index.insert(&segments, place);
            } else if index.partial.len() < MAX_PARTIAL_PATTERNS {
                index.partial.push((place, rule.from.as_str().into()));
            }
        }
        index
    }

    fn insert(&mut self, segments: &[Segment<'_>], place: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(Node {
                first: place,
                ..Node::default()
            });
        }
        let mut at = 0;
        for (position, segment) in segments.iter().enumerate() {
            let is_last = position + 1 == segments.len();
            let next = self.nodes.len();
            let node = &mut self.nodes[at];
            let child = match segment {
                Segment::Splat => {
                    node.splat.get_or_insert(place);
                    return;
                }
                // A slash at the end of the pattern.
                Segment::Text("") if is_last && self.ignores_slash => break,
                Segment::Text(text) => *node.texts.entry((*text).into()).or_insert(next),
                Segment::Name => *node.name.get_or_insert(next),
            };
            if child == next {
                self.nodes.push(Node {
                    first: place,
                    ..Node::default()
                });
            }
            at = child;
        }
        self.nodes[at].end.get_or_insert(place);
    }

    /// Returns the place of the first rule that a decoded path meets.
    pub(super) fn first(&self, path: &str) -> Option<usize> {
        let exact = same_slash(path, self.ignores_slash);
        let exact = self.exact.get(exact).copied();
        let mut best = exact.unwrap_or(usize::MAX);
        self.walk(path, &mut best);
        let partial = self.partial.iter();
        for (place, from) in partial.take_while(|(place, _)| *place < best) {
            let pattern = Pattern::read(from);
            if pattern.is_ok_and(|pattern| pattern.captures(path, self.ignores_slash).is_some()) {
                best = *place;
                break;
            }
        }
        (best < usize::MAX).then_some(best)
    }

    /// Goes down the tree with all patterns at once, segment by segment: each node is seen at most once.
    fn walk(&self, path: &str, best: &mut usize) {
        if self.nodes.is_empty() {
            return;
        }
        let path = same_slash(path, self.ignores_slash);
        let Some(path) = path.strip_prefix('/').or_else(|| {
            // The root, without its slash.
            (path.is_empty() && self.ignores_slash).then_some("")
        }) else {
            return;
        };
        let is_root = path.is_empty() && self.ignores_slash;
        let mut segments = path.split('/').filter(|_| !is_root);
        let mut here = vec![0];
        let mut next = Vec::new();
        let mut lower = |place: Option<usize>| {
            if let Some(place) = place {
                *best = (*best).min(place);
            }
            *best
        };
        loop {
            let segment = segments.next();
            for at in here.drain(..) {
                let node: &Node = &self.nodes[at];
                // A splat stands behind a slash, if only for nothing.
                if segment.is_some() || self.ignores_slash {
                    lower(node.splat);
                }
                let best = match segment {
                    Some(_) => lower(None),
                    None => lower(node.end),
                };
                let Some(segment) = segment else { continue };
                let name = node.name.filter(|_| !segment.is_empty());
                let text = node.texts.get(segment).copied();
                let below = text.into_iter().chain(name);
                next.extend(below.filter(|child| self.nodes[*child].first < best));
            }
            if next.is_empty() {
                return;
            }
            std::mem::swap(&mut here, &mut next);
        }
    }
}
