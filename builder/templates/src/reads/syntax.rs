//! Templates as trees: what of Tera's syntax matters to what is read.

mod expressions;
mod statements;
mod tokens;

use std::collections::BTreeMap;

pub(super) use expressions::is_loop_variable;

use tokens::{Token, tokens};

/// A template.
#[derive(Debug, Default)]
pub(super) struct Template {
    /// What it extends, as written.
    pub parent: Option<String>,
    /// Its body; blocks stand in it by name.
    pub nodes: Vec<Node>,
    /// Its blocks, nested ones too.
    pub blocks: BTreeMap<String, Vec<Node>>,
    pub components: BTreeMap<String, Component>,
}

/// The definition of a component.
#[derive(Debug)]
pub(super) struct Component {
    pub parameters: BTreeMap<String, Parameter>,
    /// `...rest`.
    pub rest: Option<String>,
    pub nodes: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    /// `@name`: looked up where the component is called, if it is not given.
    pub implicit: bool,
    /// Its type is checked.
    pub typed: bool,
}

#[derive(Debug)]
pub(super) enum Node {
    Print(Expr),
    Set {
        name: String,
        value: Expr,
        global: bool,
    },
    /// `{% set name | filters %}…{% endset %}`; without a name, a filter section.
    Capture {
        name: Option<String>,
        filters: Vec<(String, Arguments)>,
        body: Vec<Node>,
        global: bool,
    },
    Include(String),
    Block(String),
    For(Box<For>),
    /// Conditions with what they guard, and what is left.
    If(Vec<(Expr, Vec<Node>)>, Vec<Node>),
    /// `break` or `continue`.
    Jump,
}

#[derive(Debug)]
pub(super) struct For {
    pub key: Option<String>,
    pub value: String,
    pub target: Expr,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
    /// It has a `break` or a `continue`.
    pub jumps: bool,
}

pub(super) type Arguments = BTreeMap<String, Expr>;

#[derive(Debug)]
pub(super) enum Expr {
    Text(String),
    Integer(i64),
    /// Another constant that is neither a list nor a map.
    Atom,
    Variable(String),
    Field(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Slice>),
    Filter(Box<Expr>, String, Arguments),
    Test(Box<Expr>, String, Arguments),
    Call(String, Arguments),
    Component(Box<ComponentCall>),
    Map(Vec<Entry>),
    /// Values, and whether each is spread.
    List(Vec<(Expr, bool)>),
    Comprehension(Box<Comprehension>),
    Ternary(Box<[Expr; 3]>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    Not(Box<Expr>),
    /// A sum and the like, of numbers only.
    Arithmetic(Box<[Expr; 2]>),
    Compare(Box<[Expr; 2]>),
    /// `~` and `in`.
    Other(Box<[Expr; 2]>),
}

#[derive(Debug)]
pub(super) struct Slice {
    pub of: Expr,
    pub start: Option<Expr>,
    pub end: Option<Expr>,
    pub step: Option<Expr>,
}

#[derive(Debug)]
pub(super) struct ComponentCall {
    pub name: String,
    pub entries: Vec<Entry>,
    pub body: Option<Vec<Node>>,
}

#[derive(Debug)]
pub(super) enum Entry {
    /// A key that is no text has no name.
    Pair(Option<String>, Expr),
    Spread(Expr),
}

#[derive(Debug)]
pub(super) struct Comprehension {
    pub key: Option<String>,
    pub value: String,
    pub target: Expr,
    pub condition: Option<Expr>,
    pub each: Expr,
}

/// The template of a text; None where the engine would refuse it or it is not understood.
pub(super) fn parse(text: &str) -> Option<Template> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        loops: 0,
        jumps: false,
        nesting: 0,
        recursion: 0,
        complexity: 0,
        out: Template::default(),
    };
    let nodes = parser.nodes_until(&[])?;
    parser.out.nodes = nodes;
    Some(parser.out)
}

/// The engine's own bound for expressions in expressions and tags in tags.
const MAX_RECURSION: usize = 40;
/// The engine's own bound for operators in one expression.
const MAX_COMPLEXITY: usize = 256;

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// Loops that are open.
    loops: usize,
    /// The loop at hand has a `break` or a `continue`.
    jumps: bool,
    nesting: usize,
    recursion: usize,
    complexity: usize,
    out: Template,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if *found == word)
    }

    /// Takes the sign if it is next.
    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.take(sign).then_some(())
    }

    fn expect_word(&mut self, word: &str) -> Option<()> {
        self.take_word(word).then_some(())
    }

    fn name(&mut self) -> Option<&'a str> {
        match self.next()? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        match self.next()? {
            Token::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `a.b.c`.
    fn dotted_name(&mut self) -> Option<String> {
        let mut name = self.name()?.to_owned();
        while self.take(".") {
            name.push('.');
            name.push_str(self.name()?);
        }
        Some(name)
    }

    /// The variables of a loop: the key, if there is one, and the value.
    fn loop_variables(&mut self) -> Option<(Option<String>, String)> {
        let first = self.name()?.to_owned();
        let (key, value) = if self.take(",") {
            (Some(first), self.name()?.to_owned())
        } else {
            (None, first)
        };
        self.expect_word("in")?;
        Some((key, value))
    }
}
