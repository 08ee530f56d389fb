//! `_headers` as Cloudflare reads it.

use super::{
    Change, Parsed, Rule, check_header, check_name, header_before_path, no_headers, too_many_lines,
};
use crate::limits::{CLOUDFLARE_HEADER_RULES, CLOUDFLARE_LINE_LENGTH, MAX_HEADER_LINES};
use crate::pattern::{Pattern, names};
use crate::problem::{Problem, Problems};
use crate::text::{control_character, lines, quote, trim, utf16_length};
use crate::url::{Backslash, parse_address, split_https};

pub(super) fn parse(text: &str) -> Parsed {
    let mut reader = Reader::default();
    for (count, (number, line)) in lines(text).enumerate() {
        if count == MAX_HEADER_LINES {
            reader.problems.push(too_many_lines(number));
            break;
        }
        match reader.read(line, number) {
            Ok(()) => {}
            Err(Refusal::Line(problem)) => reader.problems.push(problem),
            Err(Refusal::Rest(problem)) => {
                reader.problems.push(problem);
                break;
            }
        }
    }
    reader.finish()
}

/// Where the reader is.
#[derive(Default)]
enum Place {
    #[default]
    AboveTheFirstPath,
    /// Below a path that Cloudflare refuses, the lines of which it does not read.
    Skipped,
    /// Below a path that Cloudflare accepts and never matches. The lines are read, and do not count.
    Unusable(Rule),
    Within(Rule),
}

#[derive(Default)]
struct Reader {
    rules: Vec<Rule>,
    /// Rules that cannot be used, which count for the limit.
    unusable: usize,
    place: Place,
    problems: Problems,
}

enum Refusal {
    Line(Problem),
    /// Nor do the lines below count.
    Rest(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Line(problem)
    }
}

impl Reader {
    fn read(&mut self, line: &str, number: u32) -> Result<(), Refusal> {
        let length = utf16_length(line);
        if length > CLOUDFLARE_LINE_LENGTH {
            return Err(Refusal::Line(Problem::error(
                number,
                format!(
                    "the line has {length} characters, more than the {CLOUDFLARE_LINE_LENGTH} of Cloudflare's dialect"
                ),
                "write a long header on several lines with the same name; their values are joined with commas",
            )));
        }
        if is_path(line) {
            return self.begin(line, number);
        }
        let rule = match &mut self.place {
            Place::Skipped => return Ok(()),
            Place::AboveTheFirstPath => None,
            Place::Within(rule) | Place::Unusable(rule) => Some(rule),
        };
        let change = parse_change(line, number, rule.is_some())?;
        let rule = rule.ok_or_else(|| header_before_path(number))?;
        rule.changes.push((number, change));
        Ok(())
    }

    fn begin(&mut self, line: &str, number: u32) -> Result<(), Refusal> {
        if self.rules.len() + self.unusable >= CLOUDFLARE_HEADER_RULES {
            return Err(Refusal::Rest(Problem::error(
                number,
                format!(
                    "the file has more than {CLOUDFLARE_HEADER_RULES} rules, the limit of Cloudflare's dialect; this \
                     line and those below do not count"
                ),
                "replace paths that are alike by one with `*` or `:name`; Netlify's dialect has no such limit",
            )));
        }
        self.end();
        self.place = Place::Skipped;
        let (scheme_and_host, path) = parse_path(line, number)?;
        let whole = format!("{}{path}", scheme_and_host.as_deref().unwrap_or_default());
        let usable = check_path(line, &whole, number);
        let wildcards = whole.matches('*').count();
        if wildcards > 1 || (wildcards > 0 && names(&whole).any(|name| name == "splat")) {
            return usable.map_err(Refusal::Line);
        }
        let rule = Rule {
            line: number,
            scheme_and_host: scheme_and_host.map(lower_case),
            path,
            changes: Vec::new(),
        };
        self.place = match usable {
            Ok(()) => Place::Within(rule),
            Err(_) => Place::Unusable(rule),
        };
        usable.map_err(Refusal::Line)
    }

    /// Keeps the rule that the lines so far belong to, if it does anything.
    fn end(&mut self) {
        match std::mem::take(&mut self.place) {
            Place::Within(rule) if rule.changes.is_empty() => {
                let (message, hint) = no_headers(&rule.path);
                self.problems.push(Problem::error(rule.line, message, hint));
            }
            Place::Within(mut rule) => {
                let is_set = |(_, change): &(u32, Change)| matches!(change, Change::Set { .. });
                rule.changes.sort_by_key(is_set);
                self.rules.push(rule);
            }
            Place::Unusable(rule) => self.unusable += usize::from(!rule.changes.is_empty()),
            Place::AboveTheFirstPath | Place::Skipped => {}
        }
    }

    fn finish(mut self) -> Parsed {
        self.end();
        let mut rules: Vec<Rule> = Vec::with_capacity(self.rules.len());
        for rule in self.rules {
            let is_same = |own: &&mut Rule| {
                own.path == rule.path && own.scheme_and_host == rule.scheme_and_host
            };
            match rules.iter_mut().find(is_same) {
                None => rules.push(rule),
                Some(own) => {
                    self.problems.push(Problem::warning(
                        own.line,
                        format!(
                            "line {} has the same path, and its headers count in place of these",
                            rule.line
                        ),
                        "write all headers of a path below it, once",
                    ));
                    *own = rule;
                }
            }
        }
        Parsed {
            rules,
            problems: self.problems.finish(),
        }
    }
}

/// Whether the line begins with `/`, or with a scheme and `://`.
fn is_path(line: &str) -> bool {
    let first = line.split(crate::text::is_space).next().unwrap_or_default();
    let mut behind = first.chars();
    behind.next();
    line.starts_with('/') || behind.as_str().contains("://")
}

fn parse_path(line: &str, number: u32) -> Result<(Option<String>, String), Problem> {
    let (host, path) = match split_https(line) {
        Some((host, rest)) => (Some(host), rest),
        None if line.starts_with('/') => (None, line),
        None => {
            return Err(Problem::error(
                number,
                format!("{} is no path", quote(line)),
                "begin it with `/` or with `https://` and a host",
            ));
        }
    };
    if host.is_some_and(has_port) {
        return Err(Problem::error(
            number,
            format!("{} has a port, which a rule cannot be for", quote(line)),
            "leave out the port",
        ));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = parse_address(&format!("{slash}{path}"), Backslash::IsItself).path;
    Ok((host.map(|host| format!("https://{host}")), path))
}

/// Whether the path can match anything.
fn check_path(line: &str, whole: &str, number: u32) -> Result<(), Problem> {
    Pattern::cloudflare(whole).map_err(|unusable| {
        let (message, hint) = unusable.explain();
        Problem::error(number, message, hint)
    })?;
    match control_character(line) {
        None => Ok(()),
        Some(c) => Err(Problem::error(
            number,
            format!(
                "the path has the control character {}, which no address can have",
                c.escape_unicode()
            ),
            "write the path anew; an editor may hide such a character",
        )),
    }
}

/// A host in lower case, as browsers send it. Names of placeholders keep their case.
fn lower_case(scheme_and_host: String) -> String {
    let has_names = names(&scheme_and_host).next().is_some();
    if has_names {
        scheme_and_host
    } else {
        scheme_and_host.to_ascii_lowercase()
    }
}

fn has_port(host: &str) -> bool {
    let digits = host.trim_end_matches(|c: char| c.is_ascii_digit());
    digits.len() < host.len() && digits.ends_with(':')
}

/// What a line below a path does.
fn parse_change(line: &str, number: u32, has_path: bool) -> Result<Change, Problem> {
    let Some((name, value)) = line.split_once(':') else {
        return match line.strip_prefix("! ") {
            _ if !has_path => Err(Problem::error(
                number,
                format!("{} stands above the first path", quote(line)),
                "begin the file with a path: a line that begins with `/`",
            )),
            None => Err(Problem::error(
                number,
                format!("{} is neither a path nor a header", quote(line)),
                "write a header as `Name: value`, and `! Name` to take one away",
            )),
            Some(name) => {
                check_name(number, trim(name))?;
                Ok(Change::Remove {
                    name: trim(name).to_owned(),
                })
            }
        };
    };
    let (name, value) = (trim(name), trim(value));
    if name.starts_with("! ") {
        return Err(Problem::error(
            number,
            format!(
                "{} both takes a header away and gives it a value",
                quote(line)
            ),
            "write `! Name` without a colon to take it away",
        ));
    }
    if value.is_empty() {
        return Err(Problem::error(
            number,
            format!("the header {} has no value", quote(name)),
            "write the value behind the colon, or `! Name` to take the header away",
        ));
    }
    check_header(number, name, value)?;
    Ok(Change::Set {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}
