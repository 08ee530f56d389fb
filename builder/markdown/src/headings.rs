//! Ids, anchor links and the table of contents.

use super::{AnchorLinks, Context, Events, Findings, Heading};
use pulldown_cmark::{Event, Tag, TagEnd};
use std::collections::{HashMap, HashSet};

/// Gives every heading an id and, where asked for, a link to itself. Returns the events and the
/// headings, nested.
pub fn identify<'a>(
    events: Events<'a>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> (Events<'a>, Vec<Heading>) {
    let mut ids = Ids::reserve(&events);
    let mut toc = Vec::new();
    let mut out = Events::with_capacity(events.len());
    let mut source = events.into_iter();
    while let Some((event, range)) = source.next() {
        let Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) = event
        else {
            out.push((event, range));
            continue;
        };
        let inside: Events<'a> = source
            .by_ref()
            .take_while(|(e, _)| !matches!(e, Event::End(TagEnd::Heading(_))))
            .collect();
        let title = plain_text(&inside);
        let id = match id {
            Some(id) => id.to_string(),
            None => ids.unique(slug(&title, context.options.slugify_anchors)),
        };
        let anchor = anchor(&id, level as u8, range.start, context, found);

        let tag = Tag::Heading {
            level,
            id: Some(id.clone().into()),
            classes,
            attrs,
        };
        out.push((Event::Start(tag), range.clone()));
        out.extend(
            anchor
                .before
                .map(|html| (Event::InlineHtml(html.into()), range.clone())),
        );
        out.extend(inside);
        out.extend(
            anchor
                .after
                .map(|html| (Event::InlineHtml(html.into()), range.clone())),
        );
        out.push((Event::End(TagEnd::Heading(level)), range));

        let permalink = format!("{}#{id}", context.page.permalink);
        if !id.is_empty() {
            found.anchors.push(id.clone());
        }
        let heading = Heading {
            level: level as u8,
            id,
            permalink,
            title,
            children: Vec::new(),
        };
        insert(&mut toc, heading);
    }
    (out, toc)
}

/// Text and code, nothing else: pictures and raw HTML say nothing in a table of contents.
fn plain_text(events: &Events<'_>) -> String {
    let texts = events.iter().map(|(event, _)| match event {
        Event::Text(text) | Event::Code(text) => text.as_ref(),
        _ => "",
    });
    texts.collect()
}

/// Site model, `slugify.anchors`.
fn slug(title: &str, slugify: bool) -> String {
    if slugify {
        slug::slugify(title)
    } else {
        title.replace(|c: char| c.is_ascii_whitespace(), "_")
    }
}

/// The ids in use. Those that the author chose come first, wherever they stand.
struct Ids {
    taken: HashSet<String>,
    /// For a slug met again: the number to try next. Numbers below it are all taken.
    next: HashMap<String, usize>,
}

impl Ids {
    fn reserve(events: &Events<'_>) -> Self {
        let chosen = events.iter().filter_map(|(event, _)| match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => Some(id.to_string()),
            _ => None,
        });
        Self {
            taken: chosen.collect(),
            next: HashMap::new(),
        }
    }

    /// The slug, or the slug with the first free of -1, -2, …
    fn unique(&mut self, slug: String) -> String {
        if self.taken.insert(slug.clone()) {
            return slug;
        }
        let next = self.next.entry(slug.clone()).or_insert(1);
        loop {
            let candidate = format!("{slug}-{next}");
            *next += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

/// What an anchor link puts into a heading.
#[derive(Default)]
struct Anchor {
    before: Option<String>,
    after: Option<String>,
}

fn anchor(
    id: &str,
    level: u8,
    offset: usize,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> Anchor {
    let place = context.options.insert_anchor_links;
    if place == AnchorLinks::None {
        return Anchor::default();
    }
    let html = match context.env.anchor_link(id, level) {
        Ok(html) => html,
        Err(message) => {
            found.problem(offset, "template", message, None);
            return Anchor::default();
        }
    };
    match place {
        AnchorLinks::None => Anchor::default(),
        AnchorLinks::Left => Anchor {
            before: Some(html),
            after: None,
        },
        AnchorLinks::Right => Anchor {
            before: None,
            after: Some(html),
        },
        AnchorLinks::Heading => match opening_tag(&html) {
            Some(tag) => Anchor {
                before: Some(tag.to_owned()),
                after: Some("</a>".to_owned()),
            },
            None => {
                let message = "`anchor-link.html` has no `<a>` to put around a heading".to_owned();
                found.problem(offset, "template", message, None);
                Anchor::default()
            }
        },
    }
}

/// The first `<a …>`, quoted `>` respected.
fn opening_tag(html: &str) -> Option<&str> {
    let start = html
        .match_indices("<a")
        .map(|(at, _)| at)
        .find(|at| html[at + 2..].starts_with(|c: char| c.is_ascii_whitespace() || c == '>'))?;
    let mut quote = None;
    for (at, c) in html[start..].char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, '>') => return Some(&html[start..=start + at]),
            _ => {}
        }
    }
    None
}

/// Puts a heading below the last one that ranks higher. At most six deep.
fn insert(toc: &mut Vec<Heading>, heading: Heading) {
    match toc.last_mut() {
        Some(last) if last.level < heading.level => insert(&mut last.children, heading),
        _ => toc.push(heading),
    }
}
