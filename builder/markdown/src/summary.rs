//! What stands before `<!-- more -->`.

use super::{Context, Events, Findings, html};
use pulldown_cmark::{Event, Tag, TagEnd};

/// What the marker becomes in the whole text, for links that lead to the rest.
const CONTINUE_READING: &str = r#"<span id="continue-reading"></span>"#;

/// Replaces the first marker, and renders what stands before it. Without a marker there is no
/// summary.
pub fn cut<'a>(
    events: Events<'a>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> (Events<'a>, Option<String>) {
    let Some((at, before, after)) = events.iter().enumerate().find_map(|(at, (event, _))| {
        let (Event::Html(raw) | Event::InlineHtml(raw)) = event else {
            return None;
        };
        let (before, after) = split_at_marker(raw)?;
        // In a block of HTML the line ends with the marker, as the reference has it.
        let after = match event {
            Event::Html(_) => after.strip_prefix('\n').unwrap_or(after),
            _ => after,
        };
        Some((at, before.to_owned(), after.to_owned()))
    }) else {
        return (events, None);
    };
    let mut events = events;
    let offset = events[at].1.start;
    let mut shown: Vec<Event<'_>> = without_footnotes(&events[..at]);
    shown.push(Event::Html(before.clone().into()));
    let summary = render(shown, open_tags(&events[..at]), offset, context, found);

    events[at].0 = Event::Html(format!("{before}{CONTINUE_READING}{after}").into());
    found.anchors.push("continue-reading".to_owned());
    (events, Some(summary))
}

/// The raw HTML before and after `<!-- more -->`, in any case and with any white space.
fn split_at_marker(raw: &str) -> Option<(&str, &str)> {
    raw.match_indices("<!--").find_map(|(at, open)| {
        let word = raw[at + open.len()..].trim_start();
        let after = word
            .get(..4)
            .filter(|w| w.eq_ignore_ascii_case("more"))
            .map(|_| &word[4..])?;
        let after = after.trim_start().strip_prefix("-->")?;
        Some((&raw[..at], after))
    })
}

/// A summary is shown elsewhere, where a footnote has no number and its text no reader.
fn without_footnotes<'a>(events: &[(Event<'a>, std::ops::Range<usize>)]) -> Vec<Event<'a>> {
    let mut definitions = 0_usize;
    let kept = events.iter().filter(|(event, _)| match event {
        Event::FootnoteReference(_) => false,
        Event::Start(Tag::FootnoteDefinition(_)) => {
            definitions += 1;
            false
        }
        Event::End(TagEnd::FootnoteDefinition) => {
            definitions = definitions.saturating_sub(1);
            false
        }
        _ => definitions == 0,
    });
    kept.map(|(event, _)| event.clone()).collect()
}

/// The elements that are open after these events, outermost first.
fn open_tags(events: &[(Event<'_>, std::ops::Range<usize>)]) -> Vec<TagEnd> {
    let mut open = Vec::new();
    for (event, _) in events {
        match event {
            Event::Start(tag) => open.push(tag.to_end()),
            Event::End(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    open.retain(|tag| !matches!(tag, TagEnd::HtmlBlock | TagEnd::FootnoteDefinition));
    open
}

/// The summary's HTML. Cut off inside an element, it says so there and closes what is open.
fn render(
    shown: Vec<Event<'_>>,
    open: Vec<TagEnd>,
    offset: usize,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> String {
    let size_hint_bytes = offset;
    if open.is_empty() {
        let whole = html::write(shown.into_iter(), size_hint_bytes);
        return whole.trim_end().to_owned();
    }
    // Rendered twice, because only the renderer knows how to close a table's cells.
    let cut = html::write(shown.iter().cloned(), size_hint_bytes);
    let closing = open.into_iter().rev().map(Event::End);
    let closed = html::write(shown.into_iter().chain(closing), size_hint_bytes);
    let summary = cut.trim_end();
    let cutoff = context
        .env
        .summary_cutoff(summary)
        .unwrap_or_else(|message| {
            found.problem(offset, "template", message, None);
            String::new()
        });
    format!("{summary}{cutoff}{}", &closed[cut.len()..])
}
