//! From text to events: what can be decided one event at a time.

use super::highlight::Budget;
use super::{Context, Events, Findings, Options, code, emoji, html, links, pictures};
use pulldown_cmark::TextMergeWithOffset;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options as Parse, Parser, Tag, TagEnd};
use std::ops::Range;

/// The events of the text. Links lead where they should, pictures and code blocks are each one
/// event of HTML, emoji are characters.
pub fn read<'a>(context: &Context<'a>, found: &mut Findings<'_>) -> Events<'a> {
    let parser = Parser::new_ext(context.text, extensions(context.options)).into_offset_iter();
    let mut source = TextMergeWithOffset::new(parser);
    let mut events = Events::new();
    let mut budget = Budget::default();
    while let Some((event, range)) = source.next() {
        let event = match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let text = code_text(&mut source);
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.as_ref(),
                    CodeBlockKind::Indented => "",
                };
                let block = code::block(
                    info,
                    &text,
                    context.options.highlighting.as_ref(),
                    &mut budget,
                );
                if let Some(language) = block.unknown_language {
                    let message = format!("unknown language `{language}` in a code block");
                    let hint = "name another language, or none; \
                                `error_on_missing_language = false` makes such blocks plain text";
                    found.problem(range.start, "language", message, Some(hint));
                }
                Event::Html(block.html.into())
            }
            Event::Start(Tag::Image {
                dest_url, title, ..
            }) => {
                let url = links::picture(&dest_url, &range, context, found);
                let alt = pictures::alt_text(&mut source, context.options);
                let shown = pictures::show(url, title, alt, context);
                let place = events.len();
                found
                    .captions
                    .extend(shown.figure.map(|figure| (place, figure)));
                Event::InlineHtml(shown.html)
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => links::open(link_type, dest_url, title, id, &range, context, found),
            Event::Text(text) if context.options.render_emoji => Event::Text(with_emoji(text)),
            Event::Start(Tag::HtmlBlock) => {
                let block = context.text.get(range.clone()).unwrap_or_default();
                found.anchors.extend(html::ids(block).map(str::to_owned));
                Event::Start(Tag::HtmlBlock)
            }
            Event::InlineHtml(tag) => {
                found.anchors.extend(html::ids(&tag).map(str::to_owned));
                Event::InlineHtml(tag)
            }
            other => other,
        };
        events.push((event, range));
    }
    events
}

/// Tables, footnotes, strikethrough, task lists and heading attributes are always on.
fn extensions(options: &Options) -> Parse {
    let mut parse = Parse::ENABLE_TABLES
        | Parse::ENABLE_FOOTNOTES
        | Parse::ENABLE_STRIKETHROUGH
        | Parse::ENABLE_TASKLISTS
        | Parse::ENABLE_HEADING_ATTRIBUTES;
    parse.set(Parse::ENABLE_SMART_PUNCTUATION, options.smart_punctuation);
    parse.set(Parse::ENABLE_DEFINITION_LIST, options.definition_list);
    parse.set(Parse::ENABLE_GFM, options.github_alerts);
    parse
}

pub fn with_emoji(text: CowStr<'_>) -> CowStr<'_> {
    emoji::replace(&text).map_or(text, CowStr::from)
}

/// The text up to the end of a code block.
fn code_text<'a>(source: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>) -> CowStr<'a> {
    let mut whole = CowStr::Borrowed("");
    for (event, _) in source {
        match event {
            Event::Text(text) if whole.is_empty() => whole = text,
            Event::Text(text) => whole = format!("{whole}{text}").into(),
            Event::End(TagEnd::CodeBlock) => break,
            _ => {}
        }
    }
    whole
}
