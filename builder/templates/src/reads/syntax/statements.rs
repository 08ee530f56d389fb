//! Tags.

use super::{Component, Entry, Expr, For, Node, Parameter, Parser};
use super::{ComponentCall, MAX_RECURSION, Token};
use std::collections::BTreeMap;

impl<'a> Parser<'a> {
    /// The nodes up to a tag that begins with one of the words, whose word is next then.
    pub(super) fn nodes_until(&mut self, ends: &[&str]) -> Option<Vec<Node>> {
        self.nesting += 1;
        if self.nesting > MAX_RECURSION {
            return None;
        }
        let nodes = self.nodes_until_inner(ends);
        self.nesting -= 1;
        nodes
    }

    fn nodes_until_inner(&mut self, ends: &[&str]) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(token) = self.next() {
            match token {
                Token::Content => self.must_be_reached()?,
                Token::Open => {
                    self.must_be_reached()?;
                    nodes.push(Node::Print(self.expression(0)?));
                    if self.next()? != Token::Close {
                        return None;
                    }
                }
                Token::TagOpen => {
                    let is_end = match self.peek()? {
                        Token::Name(name) => ends.contains(name),
                        Token::Sign(sign) => ends.contains(sign),
                        _ => false,
                    };
                    if is_end {
                        return Some(nodes);
                    }
                    let node = self.tag()?;
                    if self.next()? != Token::TagClose {
                        return None;
                    }
                    if let Some(node) = node {
                        if !matches!(node, Node::Block(_)) {
                            self.must_be_reached()?;
                        }
                        nodes.push(node);
                    }
                }
                _ => return None,
            }
        }
        Some(nodes)
    }

    /// Outside of its blocks and components, a template that extends another has nothing.
    fn must_be_reached(&self) -> Option<()> {
        (self.out.parent.is_none() || self.nesting > 1).then_some(())
    }

    fn tag(&mut self) -> Option<Option<Node>> {
        let node = match self.next()? {
            Token::Name("set") => self.set(false)?,
            Token::Name("set_global") => self.set(true)?,
            Token::Name("include") => Node::Include(self.text()?),
            Token::Name("extends") => {
                let parent = self.text()?;
                if self.out.parent.replace(parent).is_some() || self.nesting > 1 {
                    return None;
                }
                return Some(None);
            }
            Token::Name("block") => self.block()?,
            Token::Name("for") => self.for_loop()?,
            Token::Name("if") => self.if_chain()?,
            Token::Name("filter") => {
                let mut filters = vec![self.filter()?];
                while self.take("|") {
                    filters.push(self.filter()?);
                }
                let body = self.body("endfilter")?;
                Node::Capture {
                    name: None,
                    filters,
                    body,
                    global: false,
                }
            }
            Token::Name("component") => {
                self.component()?;
                return Some(None);
            }
            Token::Name("break" | "continue") if self.loops > 0 => {
                self.jumps = true;
                Node::Jump
            }
            Token::Sign("<") => Node::Print(self.component_with_body()?),
            _ => return None,
        };
        Some(Some(node))
    }

    /// `%}`, the nodes and the word that ends them.
    fn body(&mut self, end: &str) -> Option<Vec<Node>> {
        self.close()?;
        let body = self.nodes_until(&[end])?;
        self.expect_word(end)?;
        Some(body)
    }

    fn close(&mut self) -> Option<()> {
        (self.next()? == Token::TagClose).then_some(())
    }

    fn set(&mut self, global: bool) -> Option<Node> {
        let name = self.name()?.to_owned();
        if self.take("=") {
            let value = self.expression(0)?;
            return Some(Node::Set {
                name,
                value,
                global,
            });
        }
        let mut filters = Vec::new();
        while self.take("|") {
            filters.push(self.filter()?);
        }
        Some(Node::Capture {
            name: Some(name),
            filters,
            body: self.body("endset")?,
            global,
        })
    }

    fn block(&mut self) -> Option<Node> {
        let name = self.name()?.to_owned();
        let body = self.body("endblock")?;
        if matches!(self.peek(), Some(Token::Name(_))) && self.name()? != name {
            return None;
        }
        match self.out.blocks.insert(name.clone(), body) {
            None => Some(Node::Block(name)),
            Some(_) => None,
        }
    }

    fn for_loop(&mut self) -> Option<Node> {
        let outer = std::mem::take(&mut self.jumps);
        self.loops += 1;
        let (key, value) = self.loop_variables()?;
        let target = self.expression(0)?;
        self.close()?;
        let body = self.nodes_until(&["endfor", "else"])?;
        self.loops -= 1;
        let jumps = std::mem::replace(&mut self.jumps, outer);
        let otherwise = if self.take_word("else") {
            self.close()?;
            self.nodes_until(&["endfor"])?
        } else {
            Vec::new()
        };
        self.expect_word("endfor")?;
        Some(Node::For(Box::new(For {
            key,
            value,
            target,
            body,
            otherwise,
            jumps,
        })))
    }

    fn if_chain(&mut self) -> Option<Node> {
        let mut branches = Vec::new();
        loop {
            let condition = self.expression(0)?;
            self.close()?;
            let body = self.nodes_until(&["elif", "else", "endif"])?;
            branches.push((condition, body));
            if self.take_word("elif") {
                continue;
            }
            let otherwise = if self.take_word("else") {
                self.close()?;
                self.nodes_until(&["endif"])?
            } else {
                Vec::new()
            };
            self.expect_word("endif")?;
            return Some(Node::If(branches, otherwise));
        }
    }

    /// `{% <name …> %}…{% </name> %}` behind its `<`.
    fn component_with_body(&mut self) -> Option<Expr> {
        let name = self.dotted_name()?;
        let entries = self.attributes()?;
        self.expect(">")?;
        self.close()?;
        let body = self.nodes_until(&["</"])?;
        self.expect("</")?;
        if self.dotted_name()? != name {
            return None;
        }
        self.expect(">")?;
        Some(Expr::Component(Box::new(ComponentCall {
            name,
            entries,
            body: Some(body),
        })))
    }

    /// `name="text"`, `name={expression}`, `name` and `{...map}`.
    pub(super) fn attributes(&mut self) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        loop {
            if let Some(Token::Name(name)) = self.peek() {
                let name = (*name).to_owned();
                self.at += 1;
                let value = if !self.take("=") {
                    Expr::Variable(name.clone())
                } else if self.take("{") {
                    let value = self.expression(0)?;
                    self.expect("}")?;
                    value
                } else {
                    Expr::Text(self.text()?)
                };
                entries.push(Entry::Pair(Some(name), value));
            } else if self.take("{") {
                self.expect("...")?;
                entries.push(Entry::Spread(self.expression(0)?));
                self.expect("}")?;
            } else {
                return Some(entries);
            }
        }
    }

    fn component(&mut self) -> Option<()> {
        if self.nesting > 1 {
            return None;
        }
        let name = self.dotted_name()?;
        self.expect("(")?;
        let mut parameters = BTreeMap::new();
        let mut rest = None;
        while !self.take(")") {
            if !parameters.is_empty() {
                self.expect(",")?;
                if self.take(")") {
                    break;
                }
            }
            if self.take("...") {
                rest = Some(self.name()?.to_owned());
                self.expect(")")?;
                break;
            }
            let (name, parameter) = self.parameter()?;
            if parameters.insert(name, parameter).is_some() {
                return None;
            }
        }
        // Metadata.
        if self.is("{") {
            self.expression(0)?;
        }
        let nodes = self.body("endcomponent")?;
        if matches!(self.peek(), Some(Token::Name(_))) && self.dotted_name()? != name {
            return None;
        }
        let component = Component {
            parameters,
            rest,
            nodes,
        };
        match self.out.components.insert(name, component) {
            None => Some(()),
            Some(_) => None,
        }
    }

    fn parameter(&mut self) -> Option<(String, Parameter)> {
        let implicit = self.take("@");
        let name = self.name()?.to_owned();
        let mut typed = false;
        if self.take(":") {
            self.name()?;
            typed = true;
        }
        if self.take("=") {
            self.expression(0)?;
            typed = true;
        }
        Some((name, Parameter { implicit, typed }))
    }
}
