//! `minify_html` (site model, section 16): white space and comments that are not shown, quotes and
//! end tags that are optional, and style sheets in pages.
//!
//! One pass over the tags, without a tree: what a browser would have to repair is left as it is,
//! scripts, entities and the order of attributes as well. Libraries for it bring a compiler for
//! style sheets and tables of all entities, which take longer to build than the rest of this crate.

mod css;
mod elements;
mod order;
mod tag;

use elements::Next;
use order::Order;
use tag::Tag;

/// Minifies one page. It looks and does the same, unless a style sheet shows white space elsewhere
/// than in `pre`, `textarea` and `code`, or puts blocks into lines.
pub fn page(html: &str) -> String {
    let mut page = Page::new(html.len());
    let mut rest = html;
    while !rest.is_empty() {
        rest = page.step(rest);
    }
    page.end()
}

/// A page as far as it is written.
struct Page {
    out: String,
    order: Order,
    /// How many elements are open that show white space.
    kept: usize,
    /// An attribute says that white space is shown.
    keeps_all: bool,
    /// The last end tag, which may be optional: name and text.
    end_tag: Option<(String, String)>,
    /// White space stands here that is not written yet.
    gap: bool,
    /// A line begins here, so that white space is not shown.
    at_start: bool,
    in_head: bool,
}

impl Page {
    fn new(length: usize) -> Self {
        Self {
            out: String::with_capacity(length),
            order: Order::default(),
            kept: 0,
            keeps_all: false,
            end_tag: None,
            gap: false,
            at_start: true,
            in_head: true,
        }
    }

    /// Writes what a text begins with, and returns the rest.
    fn step<'html>(&mut self, html: &'html str) -> &'html str {
        if !html.starts_with('<') {
            let end = html.find('<').unwrap_or(html.len());
            self.text(&html[..end]);
            return &html[end..];
        }
        if let Some(tag) = Tag::read(html) {
            let rest = &html[tag.text().len()..];
            return if tag.is_end {
                self.end_of(&tag, rest)
            } else {
                self.start_of(&tag, rest)
            };
        }
        if let Some(comment) = html.strip_prefix("<!--") {
            let Some(end) = end_of_comment(comment) else {
                return self.verbatim(html, html.len());
            };
            let end = 4 + end;
            // Behind it a line break at the start of `pre` is not dropped.
            if self.shows_space() || (joins(&self.out) && !self.gap) {
                return self.verbatim(html, end);
            }
            return &html[end..];
        }
        if html.starts_with("<![CDATA[") {
            let end = html.find("]]>").map_or(html.len(), |end| end + 3);
            return self.verbatim(html, end);
        }
        let is_markup = ["<!", "<?", "</"]
            .iter()
            .any(|begin| html.starts_with(begin));
        if is_markup {
            let end = html.find('>').map_or(html.len(), |end| end + 1);
            let is_doctype = html
                .get(..9)
                .is_some_and(|b| b.eq_ignore_ascii_case("<!doctype"));
            let rest = self.verbatim(html, end);
            self.at_start = is_doctype;
            return rest;
        }
        // A tag that does not end is dropped by browsers.
        let is_tag = html[1..].starts_with(|c: char| c.is_ascii_alphabetic());
        if is_tag {
            return self.verbatim(html, html.len());
        }
        let end = html[1..].find('<').map_or(html.len(), |end| 1 + end);
        self.text(&html[..end]);
        &html[end..]
    }

    fn text(&mut self, text: &str) {
        if self.shows_space() {
            self.settle(None);
            self.write_gap();
            self.out.push_str(text);
            self.at_start = false;
            return;
        }
        self.gap |= text.starts_with(is_space);
        let mut words = text.split(is_space).filter(|word| !word.is_empty());
        let mut next = words.next();
        while let Some(word) = next {
            self.in_head = false;
            self.order.text();
            self.settle(None);
            self.write_gap();
            self.out.push_str(word);
            self.at_start = false;
            next = words.next();
            self.gap = next.is_some() || text.ends_with(is_space);
        }
    }

    fn start_of<'html>(&mut self, tag: &Tag<'_>, rest: &'html str) -> &'html str {
        let name = tag.name.as_str();
        let is_void = elements::is_void(name);
        let has_content = !is_void && !tag.is_self_closing && !elements::is_raw(name);
        self.in_head &= elements::is_of_head(name);
        self.order.start(name, has_content);
        self.before(name, Next::Start(name));
        tag.write(is_void, &mut self.out);
        self.after(name);
        self.keeps_all |= tag.has("style", |style| {
            style.to_ascii_lowercase().contains("white-space")
        }) || tag.has("xml:space", |_| true);
        self.kept += usize::from(elements::keeps_space(name));
        if elements::is_raw(name) && !tag.is_self_closing {
            return self.raw(tag, rest);
        }
        // In SVG the former has no content.
        if elements::is_raw(name) || name == "plaintext" {
            return self.verbatim(rest, rest.len());
        }
        rest
    }

    fn end_of<'html>(&mut self, tag: &Tag<'_>, rest: &'html str) -> &'html str {
        let name = tag.name.as_str();
        self.order.end(name);
        self.before(name, Next::End(name));
        if self.order.holds() {
            self.kept -= usize::from(elements::keeps_space(name));
        }
        if self.order.holds() && elements::has_optional_end(name) {
            self.end_tag = Some((tag.name.clone(), tag.text().to_owned()));
        } else {
            self.out.push_str(tag.text());
        }
        self.after(name);
        rest
    }

    /// Writes the content of an element that has no tags in it.
    fn raw<'html>(&mut self, tag: &Tag<'_>, rest: &'html str) -> &'html str {
        let name = tag.name.as_str();
        let end = end_of_raw(rest, name);
        let content = &rest[..end];
        // In a script such a comment hides its end.
        if name == "script" && content.contains("<!--") {
            return self.verbatim(rest, rest.len());
        }
        let is_css = name == "style"
            && !tag.has("type", |kind| {
                !kind.is_empty() && !kind.eq_ignore_ascii_case("text/css")
            });
        match css::sheet(content).filter(|_| is_css) {
            Some(css) => self.out.push_str(&css),
            None => self.out.push_str(content),
        }
        let rest = &rest[end..];
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        self.out.push_str(&rest[..end]);
        &rest[end..]
    }

    /// Writes the white space and the end tag before a tag, where they are needed.
    fn before(&mut self, name: &str, next: Next<'_>) {
        self.settle(Some(next));
        if self.is_edge(name) {
            self.gap = false;
        }
        self.write_gap();
    }

    fn after(&mut self, name: &str) {
        if !elements::is_hidden(name) {
            self.at_start = self.is_edge(name);
        }
    }

    fn shows_space(&self) -> bool {
        self.keeps_all || self.kept > 0
    }

    /// True where a line ends before a tag and another begins behind it.
    fn is_edge(&self, name: &str) -> bool {
        self.order.holds() && (elements::is_block(name) || self.in_head)
    }

    /// Writes the end tag that waits, unless it may go before what comes next; None is a text.
    fn settle(&mut self, next: Option<Next<'_>>) {
        if let Some((name, text)) = self.end_tag.take()
            && !next.is_some_and(|next| self.order.holds() && elements::may_go(&name, next))
        {
            self.out.push_str(&text);
        }
    }

    fn write_gap(&mut self) {
        if self.gap && !self.at_start {
            self.out.push(' ');
        }
        self.gap = false;
    }

    /// Writes so much as it is, and returns the rest.
    fn verbatim<'html>(&mut self, html: &'html str, length: usize) -> &'html str {
        self.settle(None);
        self.write_gap();
        let (text, rest) = html.split_at(length);
        self.out.push_str(text);
        self.at_start = false;
        rest
    }

    fn end(mut self) -> String {
        let next = self.order.is_empty().then_some(Next::Nothing);
        self.settle(next);
        self.out
    }
}

/// Where a comment ends, behind its `<!--`.
fn end_of_comment(comment: &str) -> Option<usize> {
    for (short, length) in [(">", 1), ("->", 2)] {
        if comment.starts_with(short) {
            return Some(length);
        }
    }
    let mut from = 0;
    while let Some(at) = comment[from..].find("--") {
        let end = from + at + 2;
        for last in [">", "!>"] {
            if comment[end..].starts_with(last) {
                return Some(end + last.len());
            }
        }
        from += at + 1;
    }
    None
}

/// Where the end tag of an element without tags in it begins.
fn end_of_raw(html: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = html[from..].find("</") {
        let at = from + at;
        let rest = &html.as_bytes()[at + 2..];
        let is_end = rest
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && rest
                .get(name.len())
                .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
        if is_end {
            return at;
        }
        from = at + 2;
    }
    html.len()
}

/// True where a text that follows might become a part of an entity or a tag that begins here.
fn joins(out: &str) -> bool {
    const LONGEST: usize = 64;
    let bytes = out.as_bytes();
    let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
    match tail.iter().rposition(|byte| b" >;\n".contains(byte)) {
        Some(at) => tail[at..].iter().any(|byte| b"&<".contains(byte)),
        None => tail.len() == LONGEST || tail.iter().any(|byte| b"&<".contains(byte)),
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace()
}

#[cfg(test)]
mod tests;
