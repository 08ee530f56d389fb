//! XML as it was written: a tree that keeps every byte, so that a setting that nobody here knows
//! survives a change of another one.
//!
//! CloudFront removes what an update leaves out, and SDKs leave out what they do not know. What is
//! read is therefore kept as it came: names, order, white space, comments, quotes of attributes.
//! [`Document::write`] of an unchanged document is the text that was parsed.

mod parse;
#[cfg(test)]
mod tests;

use quick_xml::escape::{escape, unescape};

/// The most that is parsed. CloudFront's largest configurations (100 origins, 75 behaviours) are
/// below 1 MB.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The deepest that elements may stand in each other; CloudFront's own have about ten levels.
pub const MAX_DEPTH: usize = 64;

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Longer than [`MAX_BYTES`].
    #[error("the document has {0} bytes; at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// Deeper than [`MAX_DEPTH`].
    #[error("byte {0}: elements stand more than {MAX_DEPTH} deep in each other")]
    TooDeep(usize),
    /// Not well-formed.
    #[error("byte {at}: {what}")]
    Malformed {
        /// Where, in bytes from the beginning.
        at: usize,
        /// The parser's words.
        what: String,
    },
}

/// A document: one root element, and what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    before: String,
    root: Element,
    after: String,
}

/// An element, with its tags as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: String,
    /// From `<` to `>`.
    open: String,
    children: Vec<Node>,
    /// From `</` to `>`; none where `open` ends in `/>`.
    close: Option<String>,
}

/// A piece of an element's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text as it was written, with its references (`&amp;`).
    Text(String),
    /// A CDATA section as it was written, with its delimiters.
    CData(String),
    /// A comment or processing instruction, as it was written.
    Other(String),
}

impl Document {
    /// Parses a document.
    ///
    /// # Errors
    /// It is not well-formed, or beyond the limits.
    pub fn parse(text: &str) -> Result<Self, XmlError> {
        if text.len() > MAX_BYTES {
            return Err(XmlError::TooLong(text.len()));
        }
        parse::Parser::new(text).document()
    }

    /// The root element.
    pub fn root(&self) -> &Element {
        &self.root
    }

    /// The root element, to change it.
    pub fn root_mut(&mut self) -> &mut Element {
        &mut self.root
    }

    /// The document as text: what was parsed, but for what has been changed since.
    pub fn write(&self) -> String {
        let mut out = self.before.clone();
        self.root.write(&mut out);
        out.push_str(&self.after);
        out
    }
}

impl Element {
    /// A new element that holds a text.
    pub fn with_text(name: &str, text: &str) -> Self {
        let mut element = Self {
            name: name.to_owned(),
            open: format!("<{name}>"),
            children: Vec::new(),
            close: Some(format!("</{name}>")),
        };
        element.set_text(text);
        element
    }

    /// The name without its prefix (`s3:Id` is `Id`).
    pub fn name(&self) -> &str {
        self.name.rsplit(':').next().unwrap_or(&self.name)
    }

    /// The child elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name() == name)
    }

    /// The first child of that name, to change it.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.children.iter_mut().find_map(|node| match node {
            Node::Element(element) if element.name() == name => Some(element),
            _ => None,
        })
    }

    /// The first element along a path of names (`Aliases/Items`).
    pub fn at(&self, path: &str) -> Option<&Element> {
        path.split('/')
            .try_fold(self, |element, name| element.child(name))
    }

    /// The first element along a path of names, to change it.
    pub fn at_mut(&mut self, path: &str) -> Option<&mut Element> {
        path.split('/')
            .try_fold(self, |element, name| element.child_mut(name))
    }

    /// The text of the element at a path without white space around it; none where there is no
    /// such element or it is empty.
    pub fn text_at(&self, path: &str) -> Option<String> {
        let text = self.at(path)?.text();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether the element at a path says `true`.
    pub fn is_true(&self, path: &str) -> bool {
        self.text_at(path).is_some_and(|text| text == "true")
    }

    /// The number at a path; none where it is not one.
    pub fn number_at(&self, path: &str) -> Option<u64> {
        self.text_at(path)?.parse().ok()
    }

    /// The elements of CloudFront's lists: what stands in `Items` of the element at a path.
    pub fn items(&self, path: &str) -> Vec<&Element> {
        self.at(path)
            .and_then(|list| list.child("Items"))
            .map(|items| items.elements().collect())
            .unwrap_or_default()
    }

    /// The texts of such a list.
    pub fn texts(&self, path: &str) -> Vec<String> {
        let items = self.items(path);
        items
            .iter()
            .map(|item| item.text().trim().to_owned())
            .collect()
    }

    /// All text in this element itself, with references resolved. A reference that XML does not
    /// define stays as it was written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            match node {
                Node::Text(raw) => match unescape(raw) {
                    Ok(plain) => text.push_str(&plain),
                    Err(_) => text.push_str(raw),
                },
                Node::CData(raw) => {
                    let inner = raw.strip_prefix("<![CDATA[").unwrap_or(raw);
                    text.push_str(inner.strip_suffix("]]>").unwrap_or(inner));
                }
                Node::Element(_) | Node::Other(_) => {}
            }
        }
        text
    }

    /// Puts a text in place of everything that is in this element. Where it is that text already,
    /// nothing changes.
    pub fn set_text(&mut self, text: &str) {
        let is_plain = !self
            .children
            .iter()
            .any(|node| matches!(node, Node::Element(_)));
        if is_plain && self.text() == text {
            return;
        }
        self.open_up();
        self.children = vec![Node::Text(escape(text).into_owned())];
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: Element) {
        self.open_up();
        self.children.push(Node::Element(element));
    }

    /// The child elements, to change them.
    pub fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// Adds an element before the first of those that come after it in `order`, the names of all
    /// that can stand here; at the end where there is none. Whatever `order` does not name keeps its
    /// place.
    pub fn insert(&mut self, element: Element, order: &[&str]) {
        let rank = |name: &str| order.iter().position(|other| *other == name);
        let own = rank(element.name());
        let comes_after = |node: &Node| match node {
            Node::Element(other) => own.is_some() && rank(other.name()) > own,
            _ => false,
        };
        self.open_up();
        let place = self.children.iter().position(comes_after);
        let place = place.unwrap_or(self.children.len());
        self.children.insert(place, Node::Element(element));
    }

    /// The first child of that name, put in as [`Self::insert`] does where there is none.
    pub fn child_or_insert(&mut self, name: &str, order: &[&str]) -> &mut Element {
        if self.child(name).is_none() {
            self.insert(Self::with_text(name, ""), order);
        }
        self.child_mut(name)
            .unwrap_or_else(|| unreachable!("it was put in"))
    }

    /// Takes out the child elements that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Element) -> bool) {
        self.children
            .retain(|node| !matches!(node, Node::Element(element) if !keep(element)));
    }

    /// Takes the first child of that name out, with all that is in it.
    pub fn remove(&mut self, name: &str) -> Option<Element> {
        let place = self
            .children
            .iter()
            .position(|node| matches!(node, Node::Element(element) if element.name() == name))?;
        match self.children.remove(place) {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::CData(_) | Node::Other(_) => None,
        }
    }

    /// Gives `<a/>` an end of its own, so that something can stand in it.
    fn open_up(&mut self) {
        if self.close.is_none() {
            let open = self.open.strip_suffix("/>").unwrap_or(&self.open);
            self.open = format!("{open}>");
            self.close = Some(format!("</{}>", self.name));
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.open);
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(out),
                Node::Text(raw) | Node::CData(raw) | Node::Other(raw) => out.push_str(raw),
            }
        }
        out.push_str(self.close.as_deref().unwrap_or_default());
    }
}
