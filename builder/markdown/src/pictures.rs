//! Pictures: as Markdown has them, or in several sizes, with a caption.

use super::read::with_emoji;
use super::{Context, Events, Options, Picture, html};
use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};
use std::fmt::Write;
use std::ops::Range;

/// A picture as HTML.
pub struct PictureMarkup<'a> {
    /// What stands in a line of text.
    pub html: CowStr<'a>,
    /// What stands in its place where it is alone: with a caption.
    pub figure: Option<String>,
}

/// Makes a picture at an address into HTML. Where the site has it in several sizes, its title is a caption.
pub fn show<'a>(
    url: CowStr<'a>,
    title: CowStr<'a>,
    alt: String,
    context: &Context<'a>,
) -> PictureMarkup<'a> {
    let lazy = context.options.lazy_async_image;
    let above = url
        .starts_with("../")
        .then(|| format!("{}{url}", context.page.permalink));
    match context.env.picture(above.as_deref().unwrap_or(&url)) {
        None => PictureMarkup {
            html: plain(url, title, alt, lazy),
            figure: None,
        },
        Some(picture) => PictureMarkup {
            html: picture.html(&alt, &title).into(),
            figure: (!title.trim().is_empty()).then(|| picture.figure(&alt, &title)),
        },
    }
}

/// Makes pictures that are alone in their paragraph into figures, where they have a caption. The captions are in
/// order, each with the place of its picture among the events.
pub fn add_captions(events: &mut Events<'_>, captions: Vec<(usize, String)>) {
    for (place, figure) in captions {
        let Some([(before, _), (picture, _), (behind, _)]) = place
            .checked_sub(1)
            .and_then(|first| events.get_mut(first..first + 3))
        else {
            continue;
        };
        if matches!(before, Event::Start(Tag::Paragraph))
            && matches!(behind, Event::End(TagEnd::Paragraph))
        {
            *before = Event::Html("".into());
            *picture = Event::Html(figure.into());
            *behind = Event::Html("\n".into());
        }
    }
}

/// The text up to the end of a picture. Raw HTML in it is kept as text, except in the plain
/// alternative text that goes with `lazy_async_image` (site model, section 11).
pub fn alt_text<'a>(
    source: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>,
    options: &Options,
) -> String {
    let mut alt = String::new();
    let mut depth = 0;
    for (event, _) in source {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) if depth == 0 => break,
            Event::End(_) => depth -= 1,
            Event::Text(text) if options.render_emoji => alt.push_str(&with_emoji(text)),
            Event::Text(text) | Event::Code(text) => alt.push_str(&text),
            Event::InlineHtml(tag) if !options.lazy_async_image => alt.push_str(&tag),
            Event::SoftBreak | Event::HardBreak => alt.push(' '),
            _ => {}
        }
    }
    alt
}

fn plain<'a>(url: CowStr<'a>, title: CowStr<'a>, alt: String, lazy: bool) -> CowStr<'a> {
    let tag = Tag::Image {
        link_type: LinkType::Inline,
        dest_url: url,
        title,
        id: "".into(),
    };
    let events = [
        Event::Start(tag),
        Event::Text(alt.into()),
        Event::End(TagEnd::Image),
    ];
    let mut html = html::write(events.into_iter(), 128);
    if lazy {
        let end = html.len() - " />".len();
        html.insert_str(end, r#" loading="lazy" decoding="async""#);
    }
    html.into()
}

impl Picture {
    fn html(&self, alt: &str, title: &str) -> String {
        let mut html = String::from("<img");
        let mut put = |name: &str, value: &str| {
            // A text takes all that is written to it.
            let _never = write!(html, " {name}=\"{}\"", html::attribute(value));
        };
        put("src", &self.src);
        if !self.srcset.is_empty() {
            put("srcset", &self.srcset);
            put("sizes", &self.sizes);
        }
        put("width", &self.width.to_string());
        put("height", &self.height.to_string());
        put("alt", alt);
        if !title.is_empty() {
            put("title", title);
        }
        put("loading", "lazy");
        put("decoding", "async");
        html.push_str(" />");
        html
    }

    fn figure(&self, alt: &str, title: &str) -> String {
        let mut figure = format!("<figure>\n{}\n<figcaption>", self.html(alt, ""));
        html::push_text(&mut figure, title);
        figure.push_str("</figcaption>\n</figure>");
        figure
    }
}
