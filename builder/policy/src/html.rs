//! HTML as a browser sees it: start tags, and what is in scripts, style sheets and `noscript`.
//!
//! The tokens are `html5gum`'s, which holds to the standard. Of the tree only so much is built as decides how
//! text is read: whether one is in SVG or MathML ([`tree`]). Scripting is on.

mod tree;

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Span, State, Tokenizer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
pub(crate) use tree::MAX_DEPTH;
use tree::Tree;

/// How deep pages in `srcdoc` are looked at.
pub const MAX_SRCDOC_DEPTH: usize = 4;

/// What a tag of a template begins with where it stands in HTML: no character (Unicode, section 23.7), which no
/// text has any use for.
pub(crate) const OPEN_MARK: char = '\u{fdd0}';

/// Whose element it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Html,
    Svg,
    MathMl,
}

/// An element, with those of its attributes that matter here ([`matters`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// In small letters.
    pub(crate) name: String,
    pub(crate) namespace: Namespace,
    attributes: BTreeMap<String, String>,
}

impl Element {
    /// Returns the value of an attribute with its character references read; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let attributes = self.attributes.iter();
        attributes.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// Returns the page in an `iframe`.
    pub(crate) fn srcdoc(&self) -> Option<&str> {
        let page = self.get("srcdoc")?;
        self.is(Namespace::Html, "iframe").then_some(page)
    }

    /// Returns true for an element whose text matters.
    fn has_content(&self) -> bool {
        match self.namespace {
            Namespace::Html => matches!(self.name.as_str(), "script" | "style" | "noscript"),
            Namespace::Svg => matches!(self.name.as_str(), "script" | "style"),
            Namespace::MathMl => false,
        }
    }
}

/// What looks at a page.
pub(crate) trait Visitor {
    /// Is called for every start tag.
    fn start(&mut self, element: &Element);

    /// Is called for a script, a style sheet or a `noscript` with the text in it.
    fn content(&mut self, element: &Element, text: &str);

    /// Is called where elements are nested deeper than is looked at.
    fn too_deep(&mut self) {}
}

/// Reads a text in time that is linear in its length. `noscript` has markup in it where scripting is off, and
/// text where it is on.
pub(crate) fn read<V: Visitor>(html: &str, scripting: bool, visitor: &mut V) {
    let reader = Reader {
        visitor,
        scripting,
        tree: Tree::default(),
        tag: None,
        attribute: None,
        raw: None,
        next: None,
    };
    let emitter = Emit {
        inner: CallbackEmitter::new(reader),
    };
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
}

/// The names of attributes that matter, but for handlers and those that a template writes.
const ATTRIBUTES: [&str; 28] = [
    "action",
    "as",
    "background",
    "by",
    "color",
    "content",
    "data",
    "encoding",
    "face",
    "formaction",
    "from",
    "href",
    "http-equiv",
    "imagesrcset",
    "integrity",
    "language",
    "ping",
    "poster",
    "rel",
    "size",
    "src",
    "srcdoc",
    "srcset",
    "style",
    "to",
    "type",
    "values",
    "xlink:href",
];

/// Returns true for an attribute that is kept.
fn matters(name: &str) -> bool {
    name.starts_with("on") || name.contains(OPEN_MARK) || ATTRIBUTES.contains(&name)
}

struct Reader<'v, V> {
    visitor: &'v mut V,
    scripting: bool,
    tree: Tree,
    /// The start tag that is read.
    tag: Option<Element>,
    /// The name of the attribute that is read, if it is the first of that name.
    attribute: Option<String>,
    /// The HTML element whose text is read, which has no tags in it.
    raw: Option<(Element, String)>,
    /// How to read what follows the last tag.
    next: Option<State>,
}

impl<V: Visitor> Callback<Infallible, ()> for Reader<'_, V> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Some(Element {
                    name: text(name).into_owned(),
                    namespace: Namespace::Html,
                    attributes: BTreeMap::new(),
                });
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(&text(name)),
            CallbackEvent::AttributeValue { value } => {
                let tag = self.tag.as_mut().zip(self.attribute.take());
                if let Some((tag, name)) = tag {
                    tag.attributes.insert(name, text(value).into_owned());
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                self.attribute = None;
                if let Some(element) = self.tag.take() {
                    self.start(element, self_closing);
                }
            }
            CallbackEvent::EndTag { name } => {
                self.attribute = None;
                self.end(&text(name));
            }
            CallbackEvent::String { value } => match &mut self.raw {
                Some((element, content)) if element.has_content() => {
                    content.push_str(&text(value));
                }
                Some(_) => {}
                None => self.tree.text(&text(value)),
            },
            CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
        None
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

impl<V: Visitor> Reader<'_, V> {
    fn attribute_name(&mut self, name: &str) {
        self.attribute = None;
        if let Some(tag) = &mut self.tag
            && matters(name)
            && !tag.attributes.contains_key(name)
        {
            tag.attributes.insert(name.to_owned(), String::new());
            self.attribute = Some(name.to_owned());
        }
    }

    fn start(&mut self, mut element: Element, self_closing: bool) {
        if let Some(namespace) = self.tree.foreign(&element) {
            element.namespace = namespace;
            self.visitor.start(&element);
            match self_closing {
                true if element.has_content() => self.visitor.content(&element, ""),
                true => {}
                false => self.open(element),
            }
            self.close();
            return;
        }
        self.close();
        match element.name.as_str() {
            "svg" => element.namespace = Namespace::Svg,
            "math" => element.namespace = Namespace::MathMl,
            "image" => element.name = "img".to_owned(),
            _ => {}
        }
        self.visitor.start(&element);
        if element.namespace != Namespace::Html {
            if !self_closing {
                self.open(element);
            }
            return;
        }
        self.next = match element.name.as_str() {
            "textarea" | "title" => Some(State::RcData),
            "plaintext" => Some(State::PlainText),
            "script" => Some(State::ScriptData),
            "style" | "iframe" | "xmp" | "noembed" | "noframes" => Some(State::RawText),
            "noscript" if self.scripting => Some(State::RawText),
            _ => None,
        };
        match self.next {
            Some(_) => self.raw = Some((element, String::new())),
            None => self.open(element),
        }
    }

    fn open(&mut self, element: Element) {
        let keeps_text = element.has_content();
        if !self.tree.open(element, keeps_text) {
            self.visitor.too_deep();
        }
    }

    fn end(&mut self, name: &str) {
        match self.raw.take() {
            Some((element, content)) if element.has_content() => {
                self.visitor.content(&element, &content);
            }
            Some(_) => {}
            None => {
                self.tree.end(name);
                self.close();
            }
        }
    }

    /// Hands on the elements that the tree has closed.
    fn close(&mut self) {
        for (element, content) in self.tree.closed() {
            self.visitor.content(&element, &content);
        }
    }

    fn eof(&mut self) {
        // A script that never ends does not run.
        if let Some((element, content)) = self.raw.take()
            && element.has_content()
            && element.name != "script"
        {
            self.visitor.content(&element, &content);
        }
        self.tree.eof();
        self.close();
    }
}

/// Tells the tokenizer how to read on.
struct Emit<'v, V: Visitor> {
    inner: CallbackEmitter<Reader<'v, V>>,
}

impl<V: Visitor> ForwardingEmitter for Emit<'_, V> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl Emitter<Token = Infallible> {
        &mut self.inner
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let by_name = self.inner.emit_current_tag();
        let next = self.inner.callback_mut().next.take();
        next.or(by_name)
    }

    fn emit_eof(&mut self) {
        self.inner.emit_eof();
        self.inner.callback_mut().eof();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.inner.callback_mut().tree.is_in_foreign_element()
    }
}
