//! `from [key=value…] [to] [status[!]] [Condition=…]`, as `@netlify/redirect-parser` reads it.

use super::{Parsed, Rule, too_many_rules};
use crate::limits::{MAX_NETLIFY_LINE_BYTES, MAX_RULES};
use crate::problem::{Problem, Problems};
use crate::text::{control_character, leading_integer, lines, quote, words};
use crate::url::{Backslash, parse_address, split_web};

const DEFAULT_STATUS: u16 = 301;

pub(super) fn parse(text: &str) -> Parsed {
    let mut rules = Vec::new();
    let mut problems = Problems::default();
    for (number, line) in lines(text) {
        match parse_line(line, number, &mut problems) {
            Ok(_) if rules.len() == MAX_RULES => {
                problems.push(too_many_rules(number));
                break;
            }
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    Parsed {
        rules,
        problems: problems.finish(),
    }
}

fn parse_line(line: &str, number: u32, problems: &mut Problems) -> Result<Rule, Problem> {
    if line.len() > MAX_NETLIFY_LINE_BYTES {
        return Err(Problem::error(
            number,
            format!(
                "the line has {} bytes, more than the {MAX_NETLIFY_LINE_BYTES} that are read",
                line.len()
            ),
            "shorten the addresses: no browser asks for one of that length",
        ));
    }
    let error = |message: String, hint: &str| Problem::error(number, message, hint);
    let mut words = words(line, number)?;
    let comment = words.iter().position(|word| word.starts_with('#'));
    words.truncate(comment.unwrap_or(words.len()));
    if let Some(c) = words.iter().find_map(|word| control_character(word)) {
        return Err(error(
            format!(
                "the line has the control character {}, which no address can have",
                c.escape_unicode()
            ),
            "write the address anew; an editor may hide such a character",
        ));
    }
    let (from, words) = words.split_first().expect("a line that is not empty");
    let (scheme_and_host, path) =
        parse_from(from).map_err(|(message, hint)| error(message, hint))?;
    let Split { query, to, rest } = split(words).map_err(|(message, hint)| error(message, hint))?;
    let (status, conditions) = match rest.split_first() {
        Some((status, conditions)) => (Some(*status), conditions),
        None => (None, rest),
    };
    let is_forced = status.is_some_and(|status| status.ends_with('!'));
    let status = status.map_or(Ok(DEFAULT_STATUS), parse_status);
    let status = status.map_err(|(message, hint)| error(message, hint))?;
    let to = match to {
        Some(to) => Some(to.to_owned()),
        None => target_of_itself(from, status).map_err(|(message, hint)| error(message, hint))?,
    };
    Ok(Rule {
        line: number,
        scheme_and_host,
        from: path,
        query: pairs(query, number, "a query", problems),
        to,
        status,
        is_forced,
        conditions: pairs(conditions, number, "a condition", problems),
    })
}

type Fault = (String, &'static str);

/// The host and the path of the first word.
fn parse_from(from: &str) -> Result<(Option<String>, String), Fault> {
    let (host, path) = if is_url(from) {
        let (scheme, host, rest) = split_web(from).ok_or_else(|| {
            (
                format!("{} has no host that a rule can be for", quote(from)),
                "write the host in plain ASCII, as in `https://example.com/old`, without a name or a password; \
                 for other letters, its form with `xn--`",
            )
        })?;
        let path = parse_address(rest, Backslash::IsSlash).path;
        (Some(format!("{scheme}://{host}")), path)
    } else if from.starts_with('/') {
        (None, from.to_owned())
    } else {
        return Err((
            format!(
                "{} is no path, so the rule would match nothing",
                quote(from)
            ),
            "begin the line with `/`, or with `https://` and a host",
        ));
    };
    if path.starts_with("/.netlify") {
        return Err((
            "paths that begin with `/.netlify` belong to Netlify and are not redirected".to_owned(),
            "delete the line",
        ));
    }
    Ok((host, path))
}

fn is_url(word: &str) -> bool {
    word.starts_with("http://") || word.starts_with("https://")
}

struct Split<'a, 'b> {
    query: &'b [&'a str],
    to: Option<&'a str>,
    /// The status and the conditions.
    rest: &'b [&'a str],
}

/// What is ahead of the target, the target, and what is behind it.
fn split<'a, 'b>(words: &'b [&'a str]) -> Result<Split<'a, 'b>, Fault> {
    let Some(first) = words.first() else {
        return Err((
            "the line has no target".to_owned(),
            "write where it leads behind the path: `/old /new`",
        ));
    };
    if leading_integer(first).is_some() {
        return Ok(Split {
            query: &[],
            to: None,
            rest: words,
        });
    }
    let is_target = |word: &&str| word.starts_with('/') || is_url(word);
    let at = words.iter().position(is_target).ok_or_else(|| {
        (
            format!("{} is no target", quote(first)),
            "begin the target with `/`, `http://` or `https://`",
        )
    })?;
    Ok(Split {
        query: &words[..at],
        to: Some(words[at]),
        rest: &words[at + 1..],
    })
}

/// The number that the word begins with.
fn parse_status(word: &str) -> Result<u16, Fault> {
    let Some(number) = leading_integer(word) else {
        return Err((
            format!("{} is no status", quote(word)),
            "write the status behind the target, and conditions behind the status: `/old /new 302 Country=de`",
        ));
    };
    let known = (100..=599u16).find(|status| f64::from(*status) == number);
    known.ok_or_else(|| {
        (
            format!("{} is no status of HTTP", quote(word)),
            "write a number such as 301, 302, 200 or 404",
        )
    })
}

/// The target where none is written: a rule for all that is below a path leads to the same path, and what is missing
/// or gone leads nowhere.
fn target_of_itself(from: &str, status: u16) -> Result<Option<String>, Fault> {
    match (from.strip_suffix("/*"), status) {
        (Some(base), 200..=299) => Ok(Some(format!("{base}/:splat"))),
        (_, 404 | 410) => Ok(None),
        _ => Err((
            format!("the line has the status {status} and no target"),
            "write where it leads between the path and the status: `/old /new 301`",
        )),
    }
}

/// Words with `=`. What follows a second `=` does not count. A word without one is told; it takes away what was
/// given under its name.
fn pairs(words: &[&str], line: u32, what: &str, problems: &mut Problems) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in words {
        let mut parts = word.split('=');
        let key = parts.next().unwrap_or_default();
        let Some(value) = parts.next() else {
            pairs.retain(|(own, _)| own != key);
            problems.push(Problem::warning(
                line,
                format!("{} is not {what} and does not count", quote(word)),
                "write it as `key=value`, or delete it; a comment begins with `#`",
            ));
            continue;
        };
        match pairs.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => value.clone_into(own),
            None => pairs.push((key.to_owned(), value.to_owned())),
        }
    }
    pairs
}
