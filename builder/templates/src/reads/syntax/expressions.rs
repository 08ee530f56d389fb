//! Expressions, with the engine's binding powers.

use super::{Arguments, ComponentCall, Comprehension, Entry, Expr, Parser, Slice, Token};
use super::{MAX_COMPLEXITY, MAX_RECURSION};

/// Binary operators: how strongly they bind what is left and right of them.
fn powers(operator: &str) -> Option<(u8, u8)> {
    Some(match operator {
        "or" => (1, 2),
        "and" => (3, 4),
        "in" | "is" => (5, 6),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (7, 8),
        "+" | "-" => (11, 12),
        "*" | "/" | "%" | "~" | "//" => (13, 14),
        "**" => (16, 15),
        "|" => (17, 18),
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self, least: u8) -> Option<Expr> {
        if self.recursion == 0 {
            self.complexity = 0;
        }
        self.recursion += 1;
        if self.recursion > MAX_RECURSION {
            return None;
        }
        let start = self.operand()?;
        let expr = self.operators(start, least);
        self.recursion -= 1;
        expr
    }

    /// Each operator counts: the tree is as deep as there are operators.
    fn count(&mut self) -> Option<()> {
        self.complexity += 1;
        (self.complexity <= MAX_COMPLEXITY).then_some(())
    }

    fn operand(&mut self) -> Option<Expr> {
        Some(match self.next()? {
            Token::Integer(number) => Expr::Integer(number),
            Token::Float | Token::Bool => Expr::Atom,
            Token::Text(text) => Expr::Text(text),
            Token::Name("none" | "None" | "null") => Expr::Atom,
            Token::Sign("-") => match self.expression(20)? {
                Expr::Integer(number) => Expr::Integer(number.checked_neg()?),
                of => Expr::Arithmetic(Box::new([of, Expr::Atom])),
            },
            Token::Name("not") => Expr::Not(Box::new(self.expression(5)?)),
            Token::Name(name) => self.path(name)?,
            Token::Sign("<") => self.inline_component()?,
            Token::Sign("{") => self.map()?,
            Token::Sign("[") => self.list()?,
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner
            }
            _ => return None,
        })
    }

    fn operators(&mut self, mut left: Expr, least: u8) -> Option<Expr> {
        let mut negated = false;
        loop {
            let operator = match self.peek() {
                Some(Token::Name(name)) => *name,
                Some(Token::Sign(sign)) => *sign,
                _ => return Some(left),
            };
            match operator {
                "not" => {
                    if powers("in")?.0 < least {
                        return Some(left);
                    }
                    self.at += 1;
                    if !self.is_word("in") {
                        return None;
                    }
                    negated = true;
                    continue;
                }
                "[" => {
                    self.count()?;
                    left = self.subscript(left)?;
                    continue;
                }
                "if" if least == 0 => {
                    self.at += 1;
                    let condition = self.expression(0)?;
                    self.expect_word("else")?;
                    let otherwise = self.expression(0)?;
                    return Some(Expr::Ternary(Box::new([condition, left, otherwise])));
                }
                _ => {}
            }
            let Some((_, right)) = powers(operator).filter(|(power, _)| *power >= least) else {
                return Some(left);
            };
            self.count()?;
            self.at += 1;
            negated |= operator == "is" && self.take_word("not");
            left = match operator {
                "|" => {
                    let (name, arguments) = self.filter()?;
                    Expr::Filter(Box::new(left), name, arguments)
                }
                "is" => {
                    let (name, arguments) = self.filter()?;
                    Expr::Test(Box::new(left), name, arguments)
                }
                _ => {
                    let both = Box::new([left, self.expression(right)?]);
                    match operator {
                        "and" => Expr::And(both),
                        "or" => Expr::Or(both),
                        "==" | "!=" | "<" | "<=" | ">" | ">=" => Expr::Compare(both),
                        "in" | "~" => Expr::Other(both),
                        _ => Expr::Arithmetic(both),
                    }
                }
            };
            if std::mem::take(&mut negated) {
                left = Expr::Not(Box::new(left));
            }
        }
    }

    /// A name with arguments, of a filter or a test.
    pub(super) fn filter(&mut self) -> Option<(String, Arguments)> {
        let name = self.name()?.to_owned();
        let arguments = if self.is("(") {
            self.arguments()?
        } else {
            Arguments::new()
        };
        Some((name, arguments))
    }

    fn arguments(&mut self) -> Option<Arguments> {
        let mut arguments = Arguments::new();
        self.expect("(")?;
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
                if self.take(")") {
                    break;
                }
            }
            let name = self.name()?.to_owned();
            self.expect("=")?;
            let value = self.expression(0)?;
            if arguments.insert(name, value).is_some() {
                return None;
            }
        }
        Some(arguments)
    }

    /// A variable and the way from there, or a call.
    fn path(&mut self, name: &str) -> Option<Expr> {
        if self.is("(") {
            return Some(Expr::Call(name.to_owned(), self.arguments()?));
        }
        let mut expr = Expr::Variable(name.to_owned());
        loop {
            if self.take(".") || self.take("?.") {
                self.count()?;
                let field = self.name()?;
                expr = if name == "loop" && self.loops > 0 {
                    Expr::Variable(loop_variable(field)?.to_owned())
                } else {
                    Expr::Field(Box::new(expr), field.to_owned())
                };
            } else if self.is("[") || self.is("?[") {
                self.count()?;
                expr = self.subscript(expr)?;
            } else if self.is("(") {
                return None;
            } else {
                return Some(expr);
            }
        }
    }

    fn subscript(&mut self, of: Expr) -> Option<Expr> {
        self.at += 1;
        let mut slice = Slice {
            of,
            start: None,
            end: None,
            step: None,
        };
        if !self.is(":") {
            slice.start = Some(self.expression(0)?);
        }
        if !self.take(":") {
            self.expect("]")?;
            return Some(Expr::Index(Box::new(slice.of), Box::new(slice.start?)));
        }
        if !self.is(":") && !self.is("]") {
            slice.end = Some(self.expression(0)?);
        }
        if self.take(":") {
            slice.step = Some(self.expression(0)?);
        }
        self.expect("]")?;
        Some(Expr::Slice(Box::new(slice)))
    }

    fn inline_component(&mut self) -> Option<Expr> {
        let name = self.dotted_name()?;
        let entries = self.attributes()?;
        self.expect("/")?;
        self.expect(">")?;
        Some(Expr::Component(Box::new(ComponentCall {
            name,
            entries,
            body: None,
        })))
    }

    fn map(&mut self) -> Option<Expr> {
        let mut entries = Vec::new();
        while !self.take("}") {
            if !entries.is_empty() {
                self.expect(",")?;
                if self.take("}") {
                    break;
                }
            }
            if self.take("...") {
                entries.push(Entry::Spread(self.expression(0)?));
                continue;
            }
            let key = match self.next()? {
                Token::Text(text) => Some(text),
                Token::Integer(_) | Token::Bool => None,
                _ => return None,
            };
            self.expect(":")?;
            entries.push(Entry::Pair(key, self.expression(0)?));
        }
        Some(Expr::Map(entries))
    }

    fn list(&mut self) -> Option<Expr> {
        let mut values = Vec::new();
        while !self.take("]") {
            if !values.is_empty() {
                self.expect(",")?;
                if self.take("]") {
                    break;
                }
            }
            let spread = self.take("...");
            let value = self.expression(0)?;
            if values.is_empty() && !spread && self.take_word("for") {
                return self.comprehension(value);
            }
            values.push((value, spread));
        }
        Some(Expr::List(values))
    }

    /// Behind its `for`.
    fn comprehension(&mut self, each: Expr) -> Option<Expr> {
        let (key, value) = self.loop_variables()?;
        let target = self.expression(1)?;
        let condition = if self.take_word("if") {
            Some(self.expression(1)?)
        } else {
            None
        };
        self.expect("]")?;
        Some(Expr::Comprehension(Box::new(Comprehension {
            key,
            value,
            target,
            condition,
            each,
        })))
    }
}

/// The variable that stands for a field of `loop`.
fn loop_variable(field: &str) -> Option<&'static str> {
    Some(match field {
        "index" => "__tera_loop_index",
        "index0" => "__tera_loop_index0",
        "first" => "__tera_loop_first",
        "last" => "__tera_loop_last",
        "length" => "__tera_loop_length",
        _ => return None,
    })
}

/// True for the variables that a loop has by itself.
pub(in crate::reads) fn is_loop_variable(name: &str) -> bool {
    name.strip_prefix("__tera_loop_")
        .is_some_and(|field| loop_variable(field).is_some())
}
