//! The open elements, as far as they decide whether one is in SVG or MathML
//! ([HTML, section 13.2.6](https://html.spec.whatwg.org/multipage/parsing.html#tree-construction)).
//!
//! Of HTML only so much is kept as says what an end tag closes. Where tags are crossed in each other, browsers
//! do more than this.

use super::{Element, Namespace};

/// How deep elements are followed, and as deep again from an `<svg>` or `<math>` on. Browsers stop at 512.
pub(crate) const MAX_DEPTH: usize = 256;

/// The open elements.
#[derive(Default)]
pub(super) struct Tree {
    open: Vec<Open>,
    /// How many of them are around the outermost `<svg>` or `<math>`.
    around: Option<usize>,
    /// Elements whose text was kept and that have been closed.
    closed: Vec<(Element, String)>,
}

struct Open {
    element: Element,
    /// HTML may stand in it.
    integrates: Integration,
    /// It is one of [`SPECIAL`].
    is_special: bool,
    /// The text that stands directly in it, if that is kept.
    text: Option<String>,
}

/// What may stand in a foreign element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Integration {
    No,
    /// HTML, but for `mglyph` and `malignmark`.
    MathText,
    Html,
}

impl Tree {
    /// Returns the namespace of the element that a start tag opens here, if it is a foreign one in a foreign
    /// one. Closes the foreign elements that HTML ends.
    pub(super) fn foreign(&mut self, tag: &Element) -> Option<Namespace> {
        let top = self.open.last()?;
        let namespace = top.element.namespace;
        let is_html = match (namespace, top.integrates) {
            (Namespace::Html, _) | (_, Integration::Html) => true,
            (_, Integration::MathText) => !matches!(tag.name.as_str(), "mglyph" | "malignmark"),
            (Namespace::MathMl, _) => top.element.name == "annotation-xml" && tag.name == "svg",
            _ => false,
        };
        if is_html {
            return None;
        }
        let has_font = || {
            ["color", "face", "size"]
                .iter()
                .any(|name| tag.get(name).is_some())
        };
        if BREAKS_OUT.contains(&tag.name.as_str()) || (tag.name == "font" && has_font()) {
            self.break_out();
            return None;
        }
        Some(namespace)
    }

    /// Closes foreign elements up to one that HTML may stand in.
    fn break_out(&mut self) {
        while let Some(top) = self.open.last()
            && top.element.namespace != Namespace::Html
            && top.integrates == Integration::No
        {
            self.pop();
        }
    }

    /// Opens an element. Returns false where it is too deep in SVG or MathML.
    pub(super) fn open(&mut self, element: Element, keeps_text: bool) -> bool {
        let name = element.name.as_str();
        let is_html = element.namespace == Namespace::Html;
        if is_html && VOID.contains(&name) {
            return true;
        }
        if is_html {
            self.end_implied(name);
        }
        let around = match self.around {
            None if is_html => 0,
            None => *self.around.insert(self.open.len()),
            Some(around) => around,
        };
        if self.open.len() - around >= MAX_DEPTH {
            if keeps_text {
                self.closed.push((element, String::new()));
            }
            return self.around.is_none();
        }
        self.open.push(Open {
            integrates: integration(&element),
            is_special: is_html && SPECIAL.contains(&name),
            text: keeps_text.then(String::new),
            element,
        });
        true
    }

    /// Closes an HTML element whose end tag may go before a start tag.
    fn end_implied(&mut self, name: &str) {
        if let Some(top) = self.open.last()
            && top.element.namespace == Namespace::Html
        {
            let top = top.element.name.as_str();
            let is_next = top == name && REPEATED.contains(&name);
            let is_cell = matches!(top, "td" | "th") && matches!(name, "td" | "th" | "tr");
            let is_term = matches!(top, "dd" | "dt") && matches!(name, "dd" | "dt");
            let is_block = top == "p" && SPECIAL.contains(&name);
            if is_next || is_cell || is_term || is_block {
                self.pop();
            }
        }
    }

    /// Takes text that stands here.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(Open {
            text: Some(kept), ..
        }) = self.open.last_mut()
        {
            kept.push_str(text);
        }
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, name: &str) {
        let is_foreign = self.is_in_foreign_element();
        if is_foreign && matches!(name, "br" | "p") {
            self.break_out();
        }
        let is_formatting = FORMATTING.contains(&name);
        let is_special = SPECIAL.contains(&name);
        let is_of_table = TABLE.contains(&name);
        let mut in_html = !self.is_in_foreign_element();
        // HTML may stand in a foreign element that was passed, or an element that ends others was.
        let (mut integrates, mut special) = (false, false);
        for at in (0..self.open.len()).rev() {
            let open = &self.open[at];
            let open_name = open.element.name.as_str();
            let is_html = open.element.namespace == Namespace::Html;
            in_html |= is_html;
            if in_html && integrates {
                return;
            }
            if open_name == name && (is_html || !in_html || !is_formatting) {
                if is_formatting && special {
                    self.open.remove(at);
                    self.around = self.around.map(|around| around - usize::from(at < around));
                    return;
                }
                while self.open.len() > at {
                    self.pop();
                }
                return;
            }
            integrates |= open.integrates != Integration::No;
            special |= open.is_special;
            let stops = open.is_special
                && match () {
                    () if is_of_table => matches!(open_name, "table" | "template"),
                    () if is_special || is_formatting => BOUNDARY.contains(&open_name),
                    () => true,
                };
            if stops {
                return;
            }
        }
    }

    pub(super) fn eof(&mut self) {
        while !self.open.is_empty() {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let popped = self.open.pop();
        if self.around.is_some_and(|around| self.open.len() <= around) {
            self.around = None;
        }
        if let Some(Open {
            element,
            text: Some(text),
            ..
        }) = popped
        {
            self.closed.push((element, text));
        }
    }

    /// Returns the elements whose text was kept and that have been closed since.
    pub(super) fn closed(&mut self) -> Vec<(Element, String)> {
        std::mem::take(&mut self.closed)
    }

    /// Returns true where `<![CDATA[` is text.
    pub(super) fn is_in_foreign_element(&self) -> bool {
        let top = self.open.last();
        top.is_some_and(|top| top.element.namespace != Namespace::Html)
    }
}

fn integration(element: &Element) -> Integration {
    match (element.namespace, element.name.as_str()) {
        (Namespace::Svg, "foreignobject" | "desc" | "title") => Integration::Html,
        (Namespace::MathMl, "mi" | "mo" | "mn" | "ms" | "mtext") => Integration::MathText,
        (Namespace::MathMl, "annotation-xml") => {
            let encoding = element.get("encoding").unwrap_or_default();
            let html = ["text/html", "application/xhtml+xml"];
            if html.iter().any(|html| encoding.eq_ignore_ascii_case(html)) {
                Integration::Html
            } else {
                Integration::No
            }
        }
        _ => Integration::No,
    }
}

/// HTML elements that end SVG and MathML.
const BREAKS_OUT: [&str; 44] = [
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// HTML elements whose end tag may be missing before another one of the kind.
const REPEATED: [&str; 8] = ["li", "optgroup", "option", "p", "rp", "rt", "tbody", "tr"];

/// HTML elements that may be crossed with others.
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// HTML elements that make up tables.
const TABLE: [&str; 8] = [
    "caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
];

/// HTML elements that an end tag in them does not reach out of.
const BOUNDARY: [&str; 9] = [
    "applet", "caption", "html", "marquee", "object", "table", "td", "template", "th",
];

/// HTML elements without content.
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
];

/// HTML elements that the end tag of a common one does not close.
const SPECIAL: [&str; 66] = [
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "colgroup",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "html",
    "li",
    "listing",
    "main",
    "marquee",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "p",
    "plaintext",
    "pre",
    "script",
    "search",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "xmp",
    "style",
    "iframe",
    "image",
];
