//! A shape, as a program that makes all scripts of it.

use super::marked::{Marked, Part};
use quillfront_templates::lexer::Tag;

/// The most steps of one program. A script with more is no shape.
const MAX_OPS: usize = 4096;

/// How deep tags are nested in each other.
const MAX_NESTING: usize = 64;

/// What makes the scripts of a shape.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
}

/// A step of a program.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Writes what stands in the template.
    Text(Box<str>),
    /// Writes data.
    Hole,
    /// Goes on with one of these steps.
    Choice(Vec<usize>),
}

/// A tag whose end is not there yet.
enum Open {
    If {
        choice: usize,
        branches: Vec<usize>,
        /// Choices at the ends of branches, which go on behind the end.
        ends: Vec<usize>,
        has_else: bool,
    },
    For {
        choice: usize,
        /// The choice at the end of the body and the first step of the alternative.
        alternative: Option<(usize, usize)>,
    },
    /// What is in it is not written.
    Set {
        start: usize,
    },
    Block,
}

impl Program {
    /// Reads a script. None where it cannot be worked out what it may become.
    pub(super) fn new(script: &str, marked: &Marked<'_>) -> Option<Self> {
        let mut program = Self::default();
        let mut open = Vec::new();
        for part in marked.parts(script)? {
            match part {
                Part::Text(text) => program.ops.push(Op::Text(text.into())),
                Part::Tag(tag) if tag.prints => program.ops.push(Op::Hole),
                Part::Tag(tag) => program.tag(tag, &mut open)?,
            }
            if program.ops.len() > MAX_OPS || open.len() > MAX_NESTING {
                return None;
            }
        }
        open.is_empty().then_some(program)
    }

    /// Returns the one script that it makes, if there is but one.
    pub(super) fn literal(&self) -> Option<String> {
        let texts = self.ops.iter().map(|op| match op {
            Op::Text(text) => Some(&**text),
            _ => None,
        });
        texts.collect()
    }

    /// Adds a choice that is filled in later.
    fn choice(&mut self) -> usize {
        self.ops.push(Op::Choice(Vec::new()));
        self.ops.len() - 1
    }

    fn tag(&mut self, tag: &Tag<'_>, open: &mut Vec<Open>) -> Option<()> {
        match tag.word() {
            "if" => {
                let choice = self.choice();
                open.push(Open::If {
                    choice,
                    branches: vec![choice + 1],
                    ends: Vec::new(),
                    has_else: false,
                });
            }
            "for" => {
                let choice = self.choice();
                open.push(Open::For {
                    choice,
                    alternative: None,
                });
            }
            word @ ("elif" | "else") => {
                let end = self.choice();
                match open.last_mut()? {
                    Open::If {
                        branches,
                        ends,
                        has_else: has_else @ false,
                        ..
                    } => {
                        branches.push(end + 1);
                        ends.push(end);
                        *has_else = word == "else";
                    }
                    Open::For {
                        alternative: alternative @ None,
                        ..
                    } if word == "else" => *alternative = Some((end, end + 1)),
                    _ => return None,
                }
            }
            "endif" => {
                let Open::If {
                    choice,
                    mut branches,
                    ends,
                    has_else,
                } = open.pop()?
                else {
                    return None;
                };
                let end = self.ops.len();
                if !has_else {
                    branches.push(end);
                }
                self.ops[choice] = Op::Choice(branches);
                for at in ends {
                    self.ops[at] = Op::Choice(vec![end]);
                }
            }
            "endfor" => {
                let Open::For {
                    choice,
                    alternative,
                } = open.pop()?
                else {
                    return None;
                };
                let again = match alternative {
                    Some((again, _)) => again,
                    None => self.choice(),
                };
                let end = self.ops.len();
                let without = alternative.map_or(end, |(_, alternative)| alternative);
                self.ops[choice] = Op::Choice(vec![choice + 1, without]);
                self.ops[again] = Op::Choice(vec![choice + 1, end]);
            }
            "set" | "set_global" => {
                // `{% set name = value %}` has no end.
                if tag.tokens().nth(2).is_none_or(|token| !token.is("=")) {
                    open.push(Open::Set {
                        start: self.ops.len(),
                    });
                }
            }
            "endset" => {
                let Open::Set { start } = open.pop()? else {
                    return None;
                };
                self.ops.truncate(start);
            }
            "block" => open.push(Open::Block),
            "endblock" => {
                let Open::Block = open.pop()? else {
                    return None;
                };
            }
            _ => return None,
        }
        Some(())
    }
}
