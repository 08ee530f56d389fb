//! `from to [status]`, as Cloudflare reads it.

use super::{Parsed, Rule};
use crate::limits::{
    CLOUDFLARE_DYNAMIC_REDIRECTS, CLOUDFLARE_LINE_LENGTH, CLOUDFLARE_STATIC_REDIRECTS,
};
use crate::pattern::{Pattern, has_variable};
use crate::problem::{Problem, Problems};
use crate::text::{control_character, is_space, lines, number, quote, utf16_length, words};
use crate::url::{Address, Backslash, parse_address, split_https};
use std::collections::HashMap;

const DEFAULT_STATUS: u16 = 302;
const STATUSES: [u16; 6] = [200, 301, 302, 303, 307, 308];

pub(super) fn parse(text: &str) -> Parsed {
    let mut reader = Reader::default();
    let mut problems = Problems::default();
    let mut rules = Vec::new();
    for (number, line) in lines(text) {
        match reader.read(line, number) {
            Ok(rule) => rules.push(rule),
            Err(Refusal::Line(problem)) => problems.push(problem),
            Err(Refusal::Rest(problem)) => {
                problems.push(problem);
                break;
            }
        }
    }
    Parsed {
        rules,
        problems: problems.finish(),
    }
}

/// What the lines so far have used up.
#[derive(Default)]
struct Reader {
    statics: usize,
    dynamics: usize,
    /// The line of each `from`.
    seen: HashMap<String, u32>,
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
    fn read(&mut self, line: &str, number: u32) -> Result<Rule, Refusal> {
        check_length(line, number)?;
        let words = words(without_comment(line), number)?;
        let (from, to, status) = match words.as_slice() {
            [from, to] => (*from, *to, None),
            [from, to, status] => (*from, *to, Some(*status)),
            _ => return Err(wrong_count(number, words.len()).into()),
        };
        let from = parse_from(from, number)?;
        self.count(&from, number)?;
        let to = parse_to(to, number)?;
        let status = status.map_or(Ok(DEFAULT_STATUS), |word| parse_status(word, number))?;
        let is_absolute = split_https(&to).is_some();
        if !is_absolute && is_loop(&from, &to) {
            return Err(infinite_loop(number, &to).into());
        }
        if let Some(first) = self.seen.get(&from) {
            return Err(duplicate(number, &from, *first).into());
        }
        self.seen.insert(from.clone(), number);
        if status == 200 && is_absolute {
            return Err(proxy(number, &to).into());
        }
        if has_variable(&from)
            && let Err(unusable) = Pattern::cloudflare(&from)
        {
            let (message, hint) = unusable.explain();
            return Err(Problem::error(number, message, hint).into());
        }
        if let Some(c) = words.iter().find_map(|word| control_character(word)) {
            return Err(control(number, c).into());
        }
        Ok(Rule {
            line: number,
            scheme_and_host: None,
            from,
            query: Vec::new(),
            to: Some(to),
            status,
            is_forced: true,
            conditions: Vec::new(),
        })
    }

    /// Counts the rule, before it is known whether the rest of its line is right.
    fn count(&mut self, from: &str, number: u32) -> Result<(), Refusal> {
        if self.dynamics == 0 && !has_variable(from) {
            self.statics += 1;
            if self.statics > CLOUDFLARE_STATIC_REDIRECTS {
                return Err(Refusal::Line(Problem::error(
                    number,
                    format!(
                        "the file has more than {CLOUDFLARE_STATIC_REDIRECTS} redirects without `*` and `:name`, the \
                         limit of Cloudflare's dialect; this one does not count"
                    ),
                    "replace rules that are alike by one with `*` or `:name`; Netlify's dialect has no such limit",
                )));
            }
            return Ok(());
        }
        self.dynamics += 1;
        if self.dynamics > CLOUDFLARE_DYNAMIC_REDIRECTS {
            return Err(Refusal::Rest(Problem::error(
                number,
                format!(
                    "the file has more than {CLOUDFLARE_DYNAMIC_REDIRECTS} redirects from the first with `*` or \
                     `:name` on, the limit of Cloudflare's dialect; this line and those below do not count"
                ),
                "move redirects without `*` and `:name` to the top of the file, where 2,000 are allowed; Netlify's \
                 dialect has no such limit",
            )));
        }
        Ok(())
    }
}

fn check_length(line: &str, number: u32) -> Result<(), Problem> {
    let length = utf16_length(line);
    if length <= CLOUDFLARE_LINE_LENGTH {
        return Ok(());
    }
    Err(Problem::error(
        number,
        format!(
            "the line has {length} characters, more than the {CLOUDFLARE_LINE_LENGTH} of Cloudflare's dialect"
        ),
        "shorten it, or put a `*` in place of the end of a path",
    ))
}

/// Cuts a comment off: space, `#` and all that follows, after the last character that ends a line in JavaScript.
fn without_comment(line: &str) -> &str {
    let last = line.rfind(['\r', '\u{2028}', '\u{2029}']).unwrap_or(0);
    let marks = line[last..].match_indices('#').map(|(at, _)| last + at);
    let mut comments = marks.filter(|at| line[..*at].ends_with(is_space));
    comments
        .next()
        .map_or(line, |at| line[..at].trim_end_matches(is_space))
}

fn wrong_count(line: u32, count: usize) -> Problem {
    Problem::error(
        line,
        format!("the line has {count} words, and a redirect has two or three"),
        "write `from to status`, as in `/old /new 301`; the status may be left out",
    )
}

fn parse_from(word: &str, line: u32) -> Result<String, Problem> {
    if split_https(word).is_some() {
        return Err(Problem::error(
            line,
            format!("{} is a URL; a redirect begins with a path", quote(word)),
            "leave out `https://` and the host",
        ));
    }
    let slash = if word.starts_with('/') { "" } else { "/" };
    Ok(parse_address(&format!("{slash}{word}"), Backslash::IsItself).path)
}

fn parse_to(word: &str, line: u32) -> Result<String, Problem> {
    let whole = |Address {
                     path,
                     query,
                     fragment,
                 }| format!("{path}{query}{fragment}");
    if let Some((host, rest)) = split_https(word) {
        let slash = if rest.starts_with('/') { "" } else { "/" };
        let rest = whole(parse_address(
            &format!("{slash}{rest}"),
            Backslash::IsItself,
        ));
        return Ok(format!("https://{host}{rest}"));
    }
    if word.starts_with('/') {
        return Ok(whole(parse_address(word, Backslash::IsItself)));
    }
    Err(Problem::error(
        line,
        format!("{} is no target", quote(word)),
        "begin the target with `/` or with `https://`; `http://` is not allowed",
    ))
}

fn parse_status(word: &str, line: u32) -> Result<u16, Problem> {
    let wanted = number(word);
    let known = STATUSES
        .into_iter()
        .find(|status| Some(f64::from(*status)) == wanted);
    known.ok_or_else(|| {
        Problem::error(
            line,
            format!(
                "{} is no status that Cloudflare's dialect knows",
                quote(word)
            ),
            "write 200, 301, 302, 303, 307 or 308, or nothing for 302",
        )
    })
}

/// Whether the target becomes a path that the rule matches again, once `index.html` is taken from its end.
fn is_loop(from: &str, to: &str) -> bool {
    let is_index = to.ends_with("/index") || {
        let before = to.strip_suffix("html").map(|before| {
            let mut before = before.chars();
            before.next_back();
            before.as_str()
        });
        before.is_some_and(|before| before.ends_with("/index"))
    };
    is_index && (from.ends_with("/*") || from.ends_with('/'))
}

fn infinite_loop(line: u32, to: &str) -> Problem {
    Problem::error(
        line,
        format!(
            "the redirect never ends: {} is shown without its last part, and the rule matches that again",
            quote(to)
        ),
        "delete the line: a folder shows its `index.html` anyway",
    )
}

fn duplicate(line: u32, from: &str, first: u32) -> Problem {
    Problem::error(
        line,
        format!(
            "line {first} has a redirect of {} already, and the first counts",
            quote(from)
        ),
        "delete one of the two",
    )
}

fn proxy(line: u32, to: &str) -> Problem {
    Problem::error(
        line,
        format!(
            "the status 200 shows a file of this site, and {} is on another host",
            quote(to)
        ),
        "redirect with 302, or name a path of this site",
    )
}

fn control(line: u32, c: char) -> Problem {
    Problem::error(
        line,
        format!(
            "the line has the control character {}, which no address can have",
            c.escape_unicode()
        ),
        "write the address anew; an editor may hide such a character",
    )
}
