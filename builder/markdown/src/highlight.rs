//! Colours for code: classes, never inline styles.
//!
//! The languages that most code is written in go through a [`lexer`](super::lexer) of our own,
//! which is fast at any input. All others go through the grammars of the `bat` project (crate
//! `two-face`: MIT, Apache-2.0, BSD), run by `syntect`.
//!
//! Grammars are regular expressions written by many hands, and some take time with the cube of a
//! line's length, so the work is bounded. Nesting ends at a hundred contexts (syntect), an
//! expression that backtracks a million times counts as not matching (fancy-regex), and a page has
//! a [`Budget`]: each line is charged with the cube of its length. Lines over [`MAX_LINE_BYTES`],
//! lines beyond the budget, and what a grammar cannot go on with stay plain. The charge does not
//! depend on time or on what is remembered, so the output does not either.
//!
//! Running a grammar is slow (a few hundred kilobytes a second), and code repeats itself, within a
//! site far more than within a page. So lines are remembered: the same line met in the same state
//! of the same grammar gives the same HTML and the same next state. This memory is per thread and
//! bounded ([`MAX_REMEMBERED_BYTES`], [`MAX_STATES`]).
//!
//! Blocks over [`MAX_BLOCK_BYTES`] stay plain in any language.

use super::html;
use super::lexer::{LANGUAGES, Lexer};
use super::scopes::Classes;
use super::spans::Spans;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use syntect::parsing::{ParseState, SyntaxReference, SyntaxSet};

/// Blocks over this size stay plain.
pub const MAX_BLOCK_BYTES: usize = 1_000_000;
/// Lines over this size stay plain; colours go on behind them.
pub const MAX_LINE_BYTES: usize = 1_000;
/// What the code of a page may cost that goes through grammars, in cubed bytes: some five thousand
/// ordinary lines, some seconds of the worst.
const MAX_COST: usize = 1_000_000_000;
/// What a thread remembers before it starts again.
const MAX_REMEMBERED_BYTES: usize = 8 * 1024 * 1024;
/// How many states of one grammar a thread tells apart.
const MAX_STATES: usize = 256;

/// Loading unpacks an index only (two milliseconds); each grammar is unpacked, and its
/// expressions compiled, when first used.
static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// The languages of the lexer.
static LEXERS: LazyLock<Vec<Lexer>> = LazyLock::new(|| LANGUAGES.iter().map(Lexer::new).collect());

/// How much more code of a page gets colours.
pub struct Budget {
    cost_left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            cost_left: MAX_COST,
        }
    }
}

impl Budget {
    /// Charges a line; false if it is too long or there is too little left.
    fn pay(&mut self, line: &str) -> bool {
        let cost = line.len().min(MAX_LINE_BYTES + 1).pow(3);
        let affordable = line.len() <= MAX_LINE_BYTES && cost <= self.cost_left;
        if affordable {
            self.cost_left -= cost;
        }
        affordable
    }
}

/// How a language is shown.
#[derive(Clone, Copy)]
pub enum Language {
    /// By the lexer.
    Lexer(&'static Lexer),
    /// By a grammar.
    Grammar(&'static SyntaxReference),
    /// As plain text, as it should be.
    Plain,
    /// As plain text, since nobody knows it.
    Unknown,
}

/// Names that writers use and the grammars do not.
const ALIASES: &[(&str, &str)] = &[
    ("docker", "Dockerfile"),
    ("fsharp", "fs"),
    ("objc", "Objective-C"),
    ("objective-c", "Objective-C"),
    ("tera", "jinja2"),
];

/// Names that mean no colours. The last ones are languages without a grammar here, common enough
/// that `error_on_missing_language` should not stop a site that uses them.
const PLAIN: &[&str] = &[
    "",
    "none",
    "output",
    "plain",
    "plaintext",
    "text",
    "txt",
    "mermaid",
    "powershell",
    "ps1",
];

/// Looks a language up by name, file extension or alias, in any case.
pub fn language(name: &str) -> Language {
    if PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(name)) {
        return Language::Plain;
    }
    if let Some(lexer) = LEXERS.iter().find(|lexer| lexer.is_named(name)) {
        return Language::Lexer(lexer);
    }
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let found = match alias {
        Some((_, known)) => GRAMMARS
            .find_syntax_by_name(known)
            .or_else(|| GRAMMARS.find_syntax_by_token(known)),
        None => GRAMMARS.find_syntax_by_token(name),
    };
    found.map_or(Language::Unknown, Language::Grammar)
}

/// The code as HTML: text and spans, none of which crosses the end of a line.
pub fn highlighted(text: &str, grammar: &'static SyntaxReference, budget: &mut Budget) -> String {
    thread_local! {
        static MEMORY: RefCell<Memory> = RefCell::default();
    }
    MEMORY.with_borrow_mut(|memory| memory.highlighted(text, grammar, budget))
}

/// The code as HTML without colours.
pub fn plain(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    html::push_text(&mut html, text);
    html
}

/// Lines met before, by grammar. A grammar is known by its name, which is unique among them.
#[derive(Default)]
struct Memory {
    grammars: HashMap<&'static str, Vec<Known>>,
    bytes: usize,
}

/// A state between lines, and the lines that were met in it.
struct Known {
    state: State,
    lines: HashMap<Box<str>, (Box<str>, usize)>,
}

/// Where a block is between two lines.
enum Place {
    /// At a known state, by its index.
    Known(usize),
    /// At a state that was one too many to be known.
    Free(Box<State>),
    /// Where the grammar could not go on.
    Lost,
}

impl Memory {
    fn highlighted(
        &mut self,
        text: &str,
        grammar: &'static SyntaxReference,
        budget: &mut Budget,
    ) -> String {
        if self.bytes > MAX_REMEMBERED_BYTES {
            *self = Self::default();
        }
        let known = self.grammars.entry(&grammar.name).or_default();
        if known.is_empty() {
            known.push(Known {
                state: State::start(grammar),
                lines: HashMap::new(),
            });
        }
        let mut html = String::with_capacity(text.len() * 2);
        let mut place = Place::Known(0);
        for line in text.split_inclusive('\n') {
            if !budget.pay(line) {
                html::push_text(&mut html, line);
                continue;
            }
            if let Place::Known(at) = place
                && let Some((met, next)) = known[at].lines.get(line)
            {
                html.push_str(met);
                place = Place::Known(*next);
                continue;
            }
            let (mut state, from) = match place {
                Place::Known(at) => (Box::new(known[at].state.clone()), Some(at)),
                Place::Free(state) => (state, None),
                Place::Lost => {
                    html::push_text(&mut html, line);
                    continue;
                }
            };
            let Some(new) = state.advance(line) else {
                html::push_text(&mut html, line);
                place = Place::Lost;
                continue;
            };
            html.push_str(&new);
            place = match from.zip(index_of(known, &state)) {
                Some((from, next)) => {
                    self.bytes += line.len() + new.len() + REMEMBERED_LINE_BYTES;
                    known[from].lines.insert(line.into(), (new.into(), next));
                    Place::Known(next)
                }
                None => Place::Free(state),
            };
        }
        html
    }
}

/// What a remembered line costs beside its text, roughly.
const REMEMBERED_LINE_BYTES: usize = 64;

/// The index of a state, which becomes known if it is not; None if that would be too many.
fn index_of(known: &mut Vec<Known>, state: &State) -> Option<usize> {
    if let Some(at) = known.iter().position(|k| k.state == *state) {
        return Some(at);
    }
    (known.len() < MAX_STATES).then(|| {
        known.push(Known {
            state: state.clone(),
            lines: HashMap::new(),
        });
        known.len() - 1
    })
}

/// A grammar in the middle of a text, between two lines.
#[derive(Clone, PartialEq)]
struct State {
    parser: ParseState,
    classes: Classes,
}

impl State {
    fn start(grammar: &SyntaxReference) -> Self {
        Self {
            parser: ParseState::new(grammar),
            classes: Classes::default(),
        }
    }

    /// A line's HTML; None if the grammar cannot go on.
    fn advance(&mut self, line: &str) -> Option<String> {
        // The grammars want to see the end of the line, which the last one may lack.
        let parsed = if line.ends_with('\n') {
            self.parser.parse_line(line, &GRAMMARS)
        } else {
            self.parser.parse_line(&format!("{line}\n"), &GRAMMARS)
        };
        let mut spans = Spans::with_capacity(line.len() * 2);
        let mut at = 0;
        for (offset, op) in parsed.ok()? {
            let end = offset.min(line.len());
            if let Some(text) = line.get(at..end).filter(|text| !text.is_empty()) {
                spans.push(text, self.classes.current());
                at = end;
            }
            self.classes.apply(&op);
        }
        spans.push(line.get(at..)?, self.classes.current());
        Some(spans.finish())
    }
}
