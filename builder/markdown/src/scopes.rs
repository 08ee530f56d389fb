//! From the many scopes of grammars to the few classes of a style sheet.
//!
//! Grammars name what they find by dotted scopes (`keyword.control.rust`), nested. The innermost
//! scope that says something wins; most say nothing and leave things as they are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;
use syntect::parsing::{ClearAmount, Scope, ScopeStackOp};

/// What a piece of code is. [`Class::name`] is what stands in the HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each is described beside its name, in the module's page"
)]
pub enum Class {
    Comment,
    Keyword,
    String,
    Escape,
    Regexp,
    Number,
    Constant,
    Function,
    Type,
    Variable,
    Key,
    Tag,
    Attribute,
    Heading,
    Strong,
    Emphasis,
    Link,
    Inserted,
    Deleted,
    Changed,
}

impl Class {
    /// Every class, in the order of the module's page.
    pub const ALL: [Self; 20] = [
        Self::Comment,
        Self::Keyword,
        Self::String,
        Self::Escape,
        Self::Regexp,
        Self::Number,
        Self::Constant,
        Self::Function,
        Self::Type,
        Self::Variable,
        Self::Key,
        Self::Tag,
        Self::Attribute,
        Self::Heading,
        Self::Strong,
        Self::Emphasis,
        Self::Link,
        Self::Inserted,
        Self::Deleted,
        Self::Changed,
    ];

    /// The class in the HTML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comment => "hl-comment",
            Self::Keyword => "hl-keyword",
            Self::String => "hl-string",
            Self::Escape => "hl-escape",
            Self::Regexp => "hl-regexp",
            Self::Number => "hl-number",
            Self::Constant => "hl-constant",
            Self::Function => "hl-function",
            Self::Type => "hl-type",
            Self::Variable => "hl-variable",
            Self::Key => "hl-key",
            Self::Tag => "hl-tag",
            Self::Attribute => "hl-attribute",
            Self::Heading => "hl-heading",
            Self::Strong => "hl-strong",
            Self::Emphasis => "hl-emphasis",
            Self::Link => "hl-link",
            Self::Inserted => "hl-inserted",
            Self::Deleted => "hl-deleted",
            Self::Changed => "hl-changed",
        }
    }
}

/// The longest prefix that fits decides. `None` is plain text: code inside a string, say.
const RULES: &[(&str, Option<Class>)] = &[
    ("source", None),
    ("text", None),
    ("meta.embedded", None),
    ("meta.interpolation", None),
    ("meta.template.expression", None),
    ("comment", Some(Class::Comment)),
    ("punctuation.definition.comment", Some(Class::Comment)),
    ("keyword", Some(Class::Keyword)),
    ("storage", Some(Class::Keyword)),
    ("variable.language", Some(Class::Keyword)),
    ("punctuation.definition.keyword", Some(Class::Keyword)),
    // Neither operators nor brackets: they would be half of all spans.
    ("keyword.operator", None),
    ("keyword.operator.word", Some(Class::Keyword)),
    ("keyword.operator.logical.python", Some(Class::Keyword)),
    ("punctuation.section", None),
    ("punctuation.separator", None),
    ("punctuation.terminator", None),
    ("punctuation.accessor", None),
    ("punctuation.definition.tag", None),
    ("keyword.other.unit", Some(Class::Number)),
    ("string", Some(Class::String)),
    ("punctuation.definition.string", Some(Class::String)),
    ("markup.raw", Some(Class::String)),
    ("string.regexp", Some(Class::Regexp)),
    ("constant", Some(Class::Constant)),
    ("constant.numeric", Some(Class::Number)),
    ("constant.character.escape", Some(Class::Escape)),
    ("constant.character.entity", Some(Class::Escape)),
    ("punctuation.terminator.entity", Some(Class::Escape)),
    ("constant.other.placeholder", Some(Class::Escape)),
    ("entity.name.constant", Some(Class::Constant)),
    ("entity.name.label", Some(Class::Constant)),
    ("support.constant", Some(Class::Constant)),
    ("entity.name.function", Some(Class::Function)),
    ("entity.name.macro", Some(Class::Function)),
    ("support.function", Some(Class::Function)),
    ("support.macro", Some(Class::Function)),
    ("variable.function", Some(Class::Function)),
    ("entity.name", Some(Class::Type)),
    ("entity.other.inherited-class", Some(Class::Type)),
    ("support.type", Some(Class::Type)),
    ("support.class", Some(Class::Type)),
    ("support.module", Some(Class::Type)),
    ("variable", Some(Class::Variable)),
    ("support.variable", Some(Class::Variable)),
    ("punctuation.definition.variable", Some(Class::Variable)),
    // Every other name of every language: colour on all of them is colour on none.
    ("variable.other.readwrite", None),
    ("variable.other.object", None),
    ("variable.other.readwrite.shell", Some(Class::Variable)),
    ("meta.structure.dictionary.key", Some(Class::Key)),
    ("meta.mapping.key", Some(Class::Key)),
    ("meta.object-literal.key", Some(Class::Key)),
    ("meta.tag.key", Some(Class::Key)),
    ("support.type.property-name", Some(Class::Key)),
    ("entity.name.tag.yaml", Some(Class::Key)),
    ("entity.name.tag.toml", Some(Class::Key)),
    ("entity.name.tag", Some(Class::Tag)),
    ("entity.other.attribute-name", Some(Class::Attribute)),
    ("entity.other.attribute-name.class.css", Some(Class::Tag)),
    ("entity.other.attribute-name.id.css", Some(Class::Tag)),
    ("meta.annotation", Some(Class::Attribute)),
    ("variable.annotation", Some(Class::Attribute)),
    ("markup.heading", Some(Class::Heading)),
    ("entity.name.section", Some(Class::Heading)),
    ("markup.bold", Some(Class::Strong)),
    ("markup.italic", Some(Class::Emphasis)),
    ("markup.quote", Some(Class::Comment)),
    ("markup.underline.link", Some(Class::Link)),
    ("markup.inserted", Some(Class::Inserted)),
    ("markup.deleted", Some(Class::Deleted)),
    ("markup.changed", Some(Class::Changed)),
    ("meta.diff", Some(Class::Changed)),
];

/// What a scope says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Nothing: as around it.
    Inherit,
    /// This, whatever is around it.
    Set(Option<Class>),
}

/// The classes of the scopes that are open, innermost last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Classes {
    open: Vec<Option<Class>>,
    /// What `clear_scopes` of a grammar took away, until it is put back.
    cleared: Vec<Vec<Option<Class>>>,
}

impl Classes {
    /// What the text at this place is.
    pub fn current(&self) -> Option<Class> {
        self.open.last().copied().flatten()
    }

    /// Opens and closes scopes.
    pub fn apply(&mut self, op: &ScopeStackOp) {
        match op {
            ScopeStackOp::Push(scope) => self.open.push(self.resolve(*scope)),
            ScopeStackOp::Pop(count) => {
                self.open.truncate(self.open.len().saturating_sub(*count));
            }
            ScopeStackOp::Clear(amount) => {
                let kept = match amount {
                    ClearAmount::TopN(count) => self.open.len().saturating_sub(*count),
                    ClearAmount::All => 0,
                };
                self.cleared.push(self.open.split_off(kept));
            }
            ScopeStackOp::Restore => self.open.extend(self.cleared.pop().unwrap_or_default()),
            ScopeStackOp::Noop => {}
        }
    }

    fn resolve(&self, scope: Scope) -> Option<Class> {
        match meaning(scope) {
            Meaning::Inherit => self.current(),
            // A key in quotes is a key.
            Meaning::Set(Some(Class::String)) if self.current() == Some(Class::Key) => {
                Some(Class::Key)
            }
            Meaning::Set(class) => class,
        }
    }
}

/// Looked up once per scope and thread; grammars have a few thousand scopes in all.
fn meaning(scope: Scope) -> Meaning {
    thread_local! {
        static KNOWN: RefCell<HashMap<Scope, Meaning>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| *known.entry(scope).or_insert_with(|| look_up(scope)))
}

fn look_up(scope: Scope) -> Meaning {
    static PREFIXES: OnceLock<Vec<(Scope, Option<Class>)>> = OnceLock::new();
    let prefixes = PREFIXES.get_or_init(|| {
        RULES
            .iter()
            .filter_map(|(name, class)| Some((Scope::new(name).ok()?, *class)))
            .collect()
    });
    let fitting = prefixes
        .iter()
        .filter(|(prefix, _)| prefix.is_prefix_of(scope));
    match fitting.max_by_key(|(prefix, _)| prefix.len()) {
        Some((_, class)) => Meaning::Set(*class),
        None => Meaning::Inherit,
    }
}
