//! `_headers` as `@netlify/headers-parser` reads it.

use super::{Change, Parsed, Rule, check_header, header_before_path, no_headers, too_many_lines};
use crate::limits::{MAX_HEADER_LINES, MAX_NETLIFY_LINE_BYTES};
use crate::pattern::Pattern;
use crate::problem::{Problem, Problems};
use crate::text::{is_space, lines, quote, trim};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

pub(super) fn parse(text: &str) -> Parsed {
    let mut reader = Reader::default();
    for (count, (number, line)) in lines(text).enumerate() {
        if count == MAX_HEADER_LINES {
            reader.problems.push(too_many_lines(number));
            break;
        }
        if let Err(problem) = reader.read(line, number) {
            reader.problems.push(problem);
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    rules: Vec<Rule>,
    problems: Problems,
    /// Whether the lines belong to a path that cannot be used.
    is_skipped: bool,
}

impl Reader {
    fn read(&mut self, line: &str, number: u32) -> Result<(), Problem> {
        if line.len() > MAX_NETLIFY_LINE_BYTES {
            return Err(Problem::error(
                number,
                format!(
                    "the line has {} bytes, more than the {MAX_NETLIFY_LINE_BYTES} that are read",
                    line.len()
                ),
                "shorten it: all headers of a response have to fit into less",
            ));
        }
        if line.starts_with('/') {
            return self.begin(line, number);
        }
        if self.is_skipped {
            return Ok(());
        }
        let Some((name, value)) = line.split_once(':') else {
            self.problems.push(Problem::warning(
                number,
                format!(
                    "{} is neither a path nor a header and does not count",
                    quote(line)
                ),
                "write a header as `Name: value`; a comment begins with `#`",
            ));
            return Ok(());
        };
        let (name, value) = (trim(name), trim(value));
        if value.starts_with("//") && ["http", "https"].contains(&name) {
            return Err(Problem::error(
                number,
                format!(
                    "{} is a URL, and Netlify's dialect has only paths",
                    quote(line)
                ),
                "leave out the scheme and the host, so that the line begins with `/`",
            ));
        }
        if value.is_empty() {
            return Err(Problem::error(
                number,
                format!("the header {} has no value", quote(name)),
                "write the value behind the colon, or delete the line",
            ));
        }
        check_header(number, name, value)?;
        let rule = self
            .rules
            .last_mut()
            .ok_or_else(|| header_before_path(number))?;
        let change = Change::Set {
            name: name.to_owned(),
            value: join_list(value),
        };
        rule.changes.push((number, change));
        Ok(())
    }

    fn begin(&mut self, path: &str, number: u32) -> Result<(), Problem> {
        self.is_skipped = true;
        Pattern::netlify(path).map_err(|unusable| {
            let (message, hint) = unusable.explain();
            Problem::error(number, message, hint)
        })?;
        self.is_skipped = false;
        self.rules.push(Rule {
            line: number,
            scheme_and_host: None,
            path: path.to_owned(),
            changes: Vec::new(),
        });
        Ok(())
    }

    fn finish(mut self) -> Parsed {
        let mut later: HashMap<_, u32> = HashMap::new();
        let mut rules = Vec::with_capacity(self.rules.len());
        for rule in self.rules.into_iter().rev() {
            if rule.changes.is_empty() {
                let (message, hint) = no_headers(&rule.path);
                self.problems
                    .push(Problem::warning(rule.line, message, hint));
                continue;
            }
            match later.entry(identity(&rule)) {
                Entry::Occupied(own) => self.problems.push(Problem::warning(
                    rule.line,
                    format!(
                        "line {} says the same again, and counts in place of this one",
                        own.get()
                    ),
                    "delete one of the two",
                )),
                Entry::Vacant(own) => {
                    own.insert(rule.line);
                    rules.push(rule);
                }
            }
        }
        rules.reverse();
        Parsed {
            rules,
            problems: self.problems.finish(),
        }
    }
}

/// What makes two rules the same: the path, and each header with all its values.
fn identity(rule: &Rule) -> (String, BTreeMap<String, String>) {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (_, change) in &rule.changes {
        let Change::Set { name, value } = change else {
            continue;
        };
        let joined = values.entry(name.clone()).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(value);
    }
    (rule.path.clone(), values)
}

/// Writes the commas of a list with one space behind them.
fn join_list(value: &str) -> String {
    let items: Vec<&str> = value.split(',').map(trim).collect();
    items.join(", ").trim_end_matches(is_space).to_owned()
}
