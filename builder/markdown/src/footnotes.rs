//! Footnotes: where they are written, or at the bottom.
//!
//! The parser pairs references and definitions without regard to case; here both get the
//! definition's spelling, so that links and ids agree.

use super::{Events, Findings, html};
use pulldown_cmark::{CowStr, Event, Tag, TagEnd};
use std::collections::{HashMap, HashSet, VecDeque};

/// Notes the ids, and moves the definitions to the bottom if so set.
pub fn place<'a>(mut events: Events<'a>, bottom: bool, found: &mut Findings<'_>) -> Events<'a> {
    let names: HashMap<String, CowStr<'a>> = events
        .iter()
        .filter_map(|(event, _)| match event {
            Event::Start(Tag::FootnoteDefinition(name)) => {
                Some((name.to_lowercase(), name.clone()))
            }
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return events;
    }
    for (event, _) in &mut events {
        if let Event::FootnoteReference(name) | Event::Start(Tag::FootnoteDefinition(name)) = event
            && let Some(defined) = names.get(&name.to_lowercase())
        {
            *name = defined.clone();
        }
    }
    if bottom {
        at_bottom(events, found)
    } else {
        found
            .anchors
            .extend(names.into_values().map(|name| name.to_string()));
        events
    }
}

/// A text with its definitions taken out.
struct Parts<'a> {
    body: Events<'a>,
    definitions: Vec<(CowStr<'a>, Events<'a>)>,
}

fn at_bottom<'a>(events: Events<'a>, found: &mut Findings<'_>) -> Events<'a> {
    let order = numbering(&events);
    let Parts {
        mut body,
        definitions,
    } = take_out(events);
    let mut uses = Uses {
        order,
        count: HashMap::new(),
    };

    // References are counted in the order in which they are read: the text, then the notes.
    uses.mark(&mut body, found);
    let mut notes: Vec<(usize, CowStr<'a>, Events<'a>)> = definitions
        .into_iter()
        .filter_map(|(name, note)| Some((*uses.order.get(&name)?, name, note)))
        .collect();
    notes.sort_by_key(|(number, ..)| *number);
    notes.dedup_by_key(|(number, ..)| *number);
    for (_, _, note) in &mut notes {
        uses.mark(note, found);
    }
    if notes.is_empty() {
        return body;
    }

    let raw = |text: String| (Event::Html(text.into()), 0..0);
    body.push(raw(
        "<section class=\"footnotes\">\n<ol class=\"footnotes-list\">\n".to_owned(),
    ));
    for (_, name, mut note) in notes {
        let id = html::attribute(&name);
        let back = back_links(&id, uses.count.get(&name).copied().unwrap_or(0));
        let paragraph_end = note
            .iter()
            .rposition(|(e, _)| matches!(e, Event::End(TagEnd::Paragraph)));
        note.insert(paragraph_end.unwrap_or(note.len()), raw(back));
        body.push(raw(format!("<li id=\"fn-{id}\">\n")));
        body.append(&mut note);
        body.push(raw("</li>\n".to_owned()));
        found.anchors.push(format!("fn-{name}"));
    }
    body.push(raw("</ol>\n</section>\n".to_owned()));
    body
}

/// Numbers for the footnotes that a reader can reach from the text, by their first reference.
fn numbering<'a>(events: &Events<'a>) -> HashMap<CowStr<'a>, usize> {
    let reachable = reachable(events);
    let mut order = HashMap::new();
    let mut inside: Vec<&CowStr<'a>> = Vec::new();
    for (event, _) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(name)) => inside.push(name),
            Event::End(TagEnd::FootnoteDefinition) => {
                inside.pop();
            }
            Event::FootnoteReference(name)
                if inside.last().is_none_or(|note| reachable.contains(*note)) =>
            {
                let next = order.len() + 1;
                order.entry(name.clone()).or_insert(next);
            }
            _ => {}
        }
    }
    order
}

/// The footnotes that the text refers to, directly or through other footnotes.
fn reachable<'a>(events: &Events<'a>) -> HashSet<CowStr<'a>> {
    let mut references: HashMap<Option<&CowStr<'a>>, Vec<&CowStr<'a>>> = HashMap::new();
    let mut inside: Vec<&CowStr<'a>> = Vec::new();
    for (event, _) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(name)) => inside.push(name),
            Event::End(TagEnd::FootnoteDefinition) => {
                inside.pop();
            }
            Event::FootnoteReference(name) => {
                references
                    .entry(inside.last().copied())
                    .or_default()
                    .push(name);
            }
            _ => {}
        }
    }
    let mut reached = HashSet::new();
    let mut queue = VecDeque::from([None]);
    while let Some(from) = queue.pop_front() {
        for name in references.remove(&from).unwrap_or_default() {
            if reached.insert(name.clone()) {
                queue.push_back(Some(name));
            }
        }
    }
    reached
}

fn take_out(events: Events<'_>) -> Parts<'_> {
    let mut parts = Parts {
        body: Events::new(),
        definitions: Vec::new(),
    };
    let mut open: Vec<(CowStr<'_>, Events<'_>)> = Vec::new();
    for (event, range) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(name)) => open.push((name, Events::new())),
            Event::End(TagEnd::FootnoteDefinition) => parts.definitions.extend(open.pop()),
            event => open
                .last_mut()
                .map_or(&mut parts.body, |(_, note)| note)
                .push((event, range)),
        }
    }
    parts
}

/// How often each footnote has been referred to so far.
struct Uses<'a> {
    order: HashMap<CowStr<'a>, usize>,
    count: HashMap<CowStr<'a>, usize>,
}

impl<'a> Uses<'a> {
    /// Makes references into links that can be linked back to.
    fn mark(&mut self, events: &mut Events<'a>, found: &mut Findings<'_>) {
        for (event, _) in events {
            let Event::FootnoteReference(name) = event else {
                continue;
            };
            let number = self.order.get(name).copied().unwrap_or_default();
            let nth = self.count.entry(name.clone()).or_default();
            *nth += 1;
            let id = html::attribute(name);
            found.anchors.push(format!("fr-{name}-{nth}"));
            let link = format!(
                "<sup class=\"footnote-reference\" id=\"fr-{id}-{nth}\">\
                 <a href=\"#fn-{id}\">[{number}]</a></sup>"
            );
            *event = Event::InlineHtml(link.into());
        }
    }
}

/// One arrow for each reference; from the second on with its number.
fn back_links(id: &str, count: usize) -> String {
    let links = (1..=count).map(|nth| {
        let number = if nth == 1 {
            String::new()
        } else {
            nth.to_string()
        };
        format!(" <a href=\"#fr-{id}-{nth}\">↩{number}</a>")
    });
    links.collect()
}
