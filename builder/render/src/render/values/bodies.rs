//! What templates see of a body, or what marks stand for it.

use super::fields::{Fields, array, marked};
use super::{Detail, View};
use crate::render::content::{Body, RenderedBody};
use quillfront_markdown::Heading;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::SourceKey;
use std::cell::RefCell;
use std::collections::BTreeSet;
use tera::Value;

/// A table of contents.
pub fn toc(headings: &[Heading]) -> Value {
    let value = |heading: &Heading| {
        Fields::whole()
            .set("level", heading.level)
            .set("id", heading.id.as_str())
            .set("permalink", heading.permalink.as_str())
            .set("title", heading.title.as_str())
            .with("children", |_| toc(&heading.children))
            .build()
    };
    array(headings.iter().map(value).collect())
}

/// What templates see of a body.
pub(super) struct BodyValues<'a> {
    body: Option<&'a Body>,
    marks: Option<[Option<Mark>; 3]>,
    /// Where it is noted that the body is not at hand.
    missing: Option<(&'a RefCell<BTreeSet<SourceKey>>, &'a SourceKey)>,
}

impl<'a> BodyValues<'a> {
    pub(super) fn none() -> Self {
        Self {
            body: None,
            marks: None,
            missing: None,
        }
    }

    pub(super) fn of(
        view: View<'a>,
        key: &'a SourceKey,
        written: Option<&'a RenderedBody>,
    ) -> Self {
        let body = written.and_then(|written| written.body.as_deref());
        let marks = match view.detail {
            Detail::Marks(_) => written.map(|written| {
                let facts = &written.facts;
                [Some(facts.html), facts.summary, facts.toc]
            }),
            Detail::Full | Detail::Read | Detail::Bodies(_) | Detail::Sources(_) => None,
        };
        let missing = match (view.detail, written, body) {
            (Detail::Bodies(shown), Some(_), None) => Some((&shown.missing, key)),
            (Detail::Bodies(shown), None, _) => Some((&shown.failed, key)),
            _ => None,
        };
        Self {
            body,
            marks,
            missing,
        }
    }

    /// The value that `whole` takes of the body, or its mark; none where there is no body.
    fn value(&self, part: usize, whole: impl FnOnce(&Body) -> Value) -> Option<Value> {
        if let Some((list, key)) = self.missing {
            list.borrow_mut().insert(key.clone());
        }
        match self.marks {
            Some(marks) => Some(marks[part].map_or_else(Value::none, marked)),
            None => self.body.map(whole),
        }
    }

    pub(super) fn content(&self) -> Value {
        let html = self.value(0, |body| body.html.clone());
        html.unwrap_or_else(|| Value::from(""))
    }

    pub(super) fn summary(&self) -> Value {
        let summary = self.value(1, |body| body.summary.clone());
        summary.unwrap_or_else(Value::none)
    }

    pub(super) fn toc(&self) -> Value {
        self.value(2, |body| body.toc.clone())
            .unwrap_or_else(|| toc(&[]))
    }
}
