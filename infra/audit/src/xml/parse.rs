//! From text to tree: each event of the parser is kept as the bytes that it stands for.

use super::{Document, Element, MAX_DEPTH, Node, XmlError};
use quick_xml::Reader;
use quick_xml::events::Event;

/// A parse on its way: the elements that are open, the innermost last.
pub(super) struct Parser<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// How much of `text` stands before what the reader has: a byte order mark.
    offset: usize,
    open: Vec<Element>,
    root: Option<Element>,
    before: String,
    after: String,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let offset = text.len() - body.len();
        Self {
            text,
            reader: Reader::from_str(body),
            offset,
            open: Vec::new(),
            root: None,
            before: text[..offset].to_owned(),
            after: String::new(),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).map_or(self.text.len(), |at| {
            (self.offset + at).min(self.text.len())
        })
    }

    pub(super) fn document(mut self) -> Result<Document, XmlError> {
        let mut start = self.offset;
        loop {
            let event = self.reader.read_event();
            let end = self.position();
            let malformed = |what: String| XmlError::Malformed { at: start, what };
            let event = event.map_err(|error| malformed(error.to_string()))?;
            let raw = self
                .text
                .get(start..end)
                .ok_or_else(|| malformed("a character is cut in two".to_owned()))?
                .to_owned();
            match event {
                Event::Start(tag) => {
                    if self.open.len() >= MAX_DEPTH {
                        return Err(XmlError::TooDeep(start));
                    }
                    let name = name_of(tag.name().as_ref(), start)?;
                    self.begin(name, raw, start)?;
                }
                Event::Empty(tag) => {
                    let name = name_of(tag.name().as_ref(), start)?;
                    self.add_element(
                        Element {
                            name,
                            open: raw,
                            children: Vec::new(),
                            close: None,
                        },
                        start,
                    )?;
                }
                Event::End(_) => {
                    let Some(mut element) = self.open.pop() else {
                        return Err(malformed("an end without a beginning".to_owned()));
                    };
                    element.close = Some(raw);
                    self.add_element(element, start)?;
                }
                Event::CData(_) => self.add(Node::CData(raw), start)?,
                Event::Text(_) | Event::GeneralRef(_) => self.add(Node::Text(raw), start)?,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {
                    self.add(Node::Other(raw), start)?;
                }
                Event::Eof => break,
            }
            start = end;
        }
        self.finish(start)
    }

    fn begin(&mut self, name: String, open: String, at: usize) -> Result<(), XmlError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(second_root(at));
        }
        self.open.push(Element {
            name,
            open,
            children: Vec::new(),
            close: None,
        });
        Ok(())
    }

    fn add_element(&mut self, element: Element, at: usize) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.root.is_some() => return Err(second_root(at)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn add(&mut self, node: Node, at: usize) -> Result<(), XmlError> {
        if let Some(parent) = self.open.last_mut() {
            match (parent.children.last_mut(), node) {
                (Some(Node::Text(text)), Node::Text(more)) => text.push_str(&more),
                (_, node) => parent.children.push(node),
            }
            return Ok(());
        }
        let raw = match node {
            Node::Other(raw) => raw,
            Node::Text(raw) if raw.trim().is_empty() => raw,
            Node::Element(_) | Node::Text(_) | Node::CData(_) => {
                let what = "text outside of the root element".to_owned();
                return Err(XmlError::Malformed { at, what });
            }
        };
        let around = if self.root.is_some() {
            &mut self.after
        } else {
            &mut self.before
        };
        around.push_str(&raw);
        Ok(())
    }

    fn finish(self, end: usize) -> Result<Document, XmlError> {
        let malformed = |what: String| XmlError::Malformed { at: end, what };
        if let Some(open) = self.open.last() {
            return Err(malformed(format!("`{}` has no end", open.name)));
        }
        let root = self
            .root
            .ok_or_else(|| malformed("there is no element".to_owned()))?;
        let mut after = self.after;
        after.push_str(self.text.get(end..).unwrap_or_default());
        Ok(Document {
            before: self.before,
            root,
            after,
        })
    }
}

fn name_of(bytes: &[u8], at: usize) -> Result<String, XmlError> {
    let name = String::from_utf8_lossy(bytes).into_owned();
    if name.is_empty() {
        let what = "an element without a name".to_owned();
        return Err(XmlError::Malformed { at, what });
    }
    Ok(name)
}

fn second_root(at: usize) -> XmlError {
    let what = "a second element beside the root".to_owned();
    XmlError::Malformed { at, what }
}
