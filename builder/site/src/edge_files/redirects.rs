//! Redirect rules, from what a file says to what the edge does.

use super::{doubted, refused};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use quillfront_edge_files::redirects::{Rule, parse};
use quillfront_edge_files::{Dialect, Problem};
use quillfront_headers::redirects::{
    MAX_PARTIAL_PATTERNS, MAX_RULES, Pattern, RedirectRule, Redirects, Token, fill,
};
use std::collections::BTreeSet;

/// What a literal part of a path has as it is in a rule of the edge: its tokens are `:name` and `*`.
const LITERAL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The longest address that a rule may lead to: no browser and no cache takes a longer one for sure.
const MAX_TARGET_BYTES: usize = 2_000;
/// The most bytes of all rules: what an edge reads has room for them.
const MAX_BYTES: usize = quillfront_headers::MAX_RULES_BYTES / 2;

/// A file that was read.
pub(super) struct RedirectFile {
    pub(super) redirects: Redirects,
    pub(super) problems: Vec<Problem>,
    /// The paths that rules show in place of others, with the lines of these.
    pub(super) shown: Vec<(u32, String)>,
}

/// Reads a file. `own_host` is the host of the site.
pub(super) fn read(text: &str, dialect: Dialect, own_host: Option<&str>) -> RedirectFile {
    let parsed = parse(text, dialect);
    let mut problems = parsed.problems;
    let mut rules: Vec<RedirectRule> = Vec::new();
    let mut shown = Vec::new();
    let (mut partial, mut bytes) = (0, 0);
    for rule in &parsed.rules {
        let made = match compile(rule, dialect, own_host, &mut problems) {
            Ok(made) => made,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if is_partial(&made.from) {
            partial += 1;
        }
        bytes += made.from.len() + made.to.len();
        if let Some(problem) = too_many(rule.line, rules.len(), partial, bytes) {
            problems.push(problem);
            break;
        }
        if made.status == 200 && fill(&made.to, |_| Some("x")) == made.to {
            shown.push((rule.line, made.to.clone()));
        }
        rules.push(made);
    }
    // Netlify takes `/a` and `/a/` for one path.
    let redirects = Redirects::new(rules, dialect == Dialect::Netlify);
    RedirectFile {
        redirects,
        problems,
        shown,
    }
}

fn too_many(line: u32, rules: usize, partial: usize, bytes: usize) -> Option<Problem> {
    let what = if rules >= MAX_RULES {
        format!("there are more than {MAX_RULES} rules")
    } else if partial > MAX_PARTIAL_PATTERNS {
        format!(
            "there are more than {MAX_PARTIAL_PATTERNS} rules with a placeholder that is only a part of a segment"
        )
    } else if bytes > MAX_BYTES {
        format!("the rules are longer than {MAX_BYTES} bytes together")
    } else {
        return None;
    };
    let message = format!("{what}; this one and those behind it are left out");
    Some(refused(
        line,
        message,
        "put several of them into one with `*`",
    ))
}

/// Makes a rule of the edge. What is doubtful about one that stands is added to the problems.
fn compile(
    rule: &Rule,
    dialect: Dialect,
    own_host: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Result<RedirectRule, Problem> {
    let line = rule.line;
    check_what_is_in_no_cache_key(rule, own_host)?;
    let from =
        pattern(&rule.from, dialect).map_err(|(message, hint)| refused(line, message, hint))?;
    let to = rule.to.clone().unwrap_or_default();
    let to = match rule.status {
        301 | 302 | 303 | 307 | 308 => target(line, &to, &from)?,
        200 => shown(rule, &to, &from)?,
        404 | 410 => {
            if !(to.is_empty() || rule.status == 404 && to == "/404.html") {
                let shows = if rule.status == 404 {
                    "404.html"
                } else {
                    "a line of text"
                };
                let message = format!("{to} is not shown: readers see {shows}");
                let hint = "leave the address out; a page with another status would need the body of a \
                            second object";
                problems.push(doubted(line, message, hint));
            }
            String::new()
        }
        other => {
            let message = format!("no redirect has the status {other} here");
            let hint = "the statuses are 200, 301, 302, 303, 307, 308, 404 and 410";
            return Err(refused(line, message, hint));
        }
    };
    let made = RedirectRule {
        from,
        to,
        status: rule.status,
        is_forced: rule.is_forced,
    };
    if leads_to_itself(&made, dialect) {
        let message = format!("the rule leads from {} to itself", rule.from);
        let hint = match dialect {
            Dialect::Netlify => {
                "`/a` and `/a/` are one path in the dialect of Netlify; take the rule out"
            }
            Dialect::Cloudflare => "take the rule out, or change where it leads",
        };
        return Err(refused(line, message, hint));
    }
    if let Some(name) = unknown_name(&made) {
        let message =
            format!("`:{name}` is not in the path of the rule, and stays as it is written");
        let hint = "use a name that the path has, or `:splat` for what `*` stands for";
        problems.push(doubted(line, message, hint));
    }
    Ok(made)
}

/// Refuses a rule that depends on what is not part of the cache key: its answer would be kept, and shown to
/// all readers.
fn check_what_is_in_no_cache_key(rule: &Rule, own_host: Option<&str>) -> Result<(), Problem> {
    if let Some(url) = &rule.scheme_and_host {
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        if own_host != Some(host) {
            let message = format!(
                "a rule for {url} cannot be kept: the host that a reader asked for is not part of the cache key"
            );
            let hint =
                "redirect other domains to the site's own with `[edge] domains` in quillfront.toml";
            return Err(refused(rule.line, message, hint));
        }
    }
    let on = if !rule.query.is_empty() {
        "the query string"
    } else if let Some((name, _)) = rule.conditions.first() {
        match name.to_ascii_lowercase().as_str() {
            "country" => "the country of the reader",
            "language" => "the language of the reader",
            "role" => "the role of the reader",
            "cookie" => "a cookie",
            "sign" | "signed" => {
                let message = "a rule that signs requests is for a proxy, and there is none here";
                return Err(refused(rule.line, message, "take the rule out"));
            }
            other => {
                let message = format!("the condition `{other}` is not known");
                return Err(refused(rule.line, message, "take the condition out"));
            }
        }
    } else {
        return Ok(());
    };
    let message = format!(
        "a rule on {on} cannot be kept: it is not part of the cache key, so the answer for one reader would be \
         shown to others"
    );
    Err(refused(
        rule.line,
        message,
        "take the condition out, or decide it in a script of the page",
    ))
}

/// The path of a rule as the edge reads it.
fn pattern(from: &str, dialect: Dialect) -> Result<String, (String, &'static str)> {
    if !from.starts_with('/') {
        let message = format!("`{from}` is no path of the site");
        return Err((message, "begin it with a slash"));
    }
    let mut made = String::with_capacity(from.len());
    let mut rest = from;
    while !rest.is_empty() {
        let (literal, token, behind) = next_token(rest, dialect);
        let decoded = percent_decode_str(literal).decode_utf8().map_err(|_| {
            let message = format!("the escapes of `{literal}` are not UTF-8");
            (message, "write the characters as they are")
        })?;
        made.extend(utf8_percent_encode(&decoded, LITERAL));
        made.push_str(token);
        rest = behind;
    }
    let parts = || percent_decode_str(&made).decode_utf8_lossy();
    let is_refused = |part: &str| matches!(part, "." | "..") || part.contains('\\');
    if made.contains("//") || parts().split('/').any(is_refused) {
        let message = format!("no request reaches `{from}`: the edge answers such paths with 400");
        return Err((message, "take out empty parts, `.`, `..` and backslashes"));
    }
    match Pattern::read(&made) {
        Ok(_) => Ok(made),
        Err(error) => Err((
            format!("`{from}` is no pattern: {error}"),
            "write a simpler path",
        )),
    }
}

/// The text up to the next token, that token, and what is behind it. In the dialect of Netlify a token is a
/// whole segment, and the splat the last one.
fn next_token(text: &str, dialect: Dialect) -> (&str, &str, &str) {
    let mut from = 0;
    while let Some(found) = text[from..].find([':', '*']) {
        let begin = from + found;
        let is_splat = text.as_bytes()[begin] == b'*';
        let name = &text[begin + 1..];
        let name_len = match name.as_bytes().first() {
            Some(first) if first.is_ascii_alphabetic() => name
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                .count(),
            _ => 0,
        };
        let end = begin + 1 + if is_splat { 0 } else { name_len };
        let behind = &text[end..];
        let is_whole =
            text[..begin].ends_with('/') && (behind.is_empty() || behind.starts_with('/'));
        let is_token = match dialect {
            Dialect::Cloudflare => is_splat || name_len > 0,
            Dialect::Netlify if is_splat => is_whole && behind.is_empty(),
            Dialect::Netlify => is_whole && name_len > 0,
        };
        if is_token {
            return (&text[..begin], &text[begin..end], behind);
        }
        from = begin + 1;
    }
    (text, "", "")
}

fn is_partial(from: &str) -> bool {
    let Ok(pattern) = Pattern::read(from) else {
        return false;
    };
    pattern.as_path().is_none() && !pattern.is_of_whole_segments()
}

/// Where a redirect leads. Its host stands in the rule: what a reader asks for never names one.
fn target(line: u32, to: &str, from: &str) -> Result<String, Problem> {
    if to.is_empty() {
        return Err(refused(
            line,
            "the rule leads nowhere",
            "write the address behind the path",
        ));
    }
    if to.len() > MAX_TARGET_BYTES {
        let message = format!("the address has more than {MAX_TARGET_BYTES} bytes");
        return Err(refused(line, message, "write a shorter one"));
    }
    if to.chars().any(char::is_control) {
        let message = "the address has a control character";
        return Err(refused(line, message, "take it out"));
    }
    if to.starts_with('/') {
        // Two slashes would name a host.
        let path = to.trim_start_matches(['/', '\\']);
        return Ok(format!("/{path}"));
    }
    let lower = to.to_ascii_lowercase();
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme));
    let Some(scheme) = scheme else {
        let message = format!("`{to}` is neither a path of the site nor a web address");
        return Err(refused(
            line,
            message,
            "begin it with a slash, or with https://",
        ));
    };
    let rest = &to[scheme.len()..];
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let has_name = names(host).iter().any(|name| captures(from).contains(name));
    if host.is_empty() || host.contains(['\\', '@']) || host.contains('*') || has_name {
        let message = format!("`{to}` does not name its host");
        let hint =
            "write the host as it is: what a reader asks for must not say where a redirect leads";
        return Err(refused(line, message, hint));
    }
    Ok(to.to_owned())
}

/// The path that is shown in place of another.
fn shown(rule: &Rule, to: &str, from: &str) -> Result<String, Problem> {
    let line = rule.line;
    if !rule.is_forced {
        let message = "a 200 that yields to files cannot be done: once the bucket says that there is no file, \
                       the body of another one is out of reach";
        let hint = "write `200!` if no file is under these paths; the page of an application with paths of its \
                    own belongs into templates/404.html";
        return Err(refused(line, message, hint));
    }
    if !to.starts_with('/') || to.starts_with("//") {
        let message = "a 200 shows a path of this site: there is no proxy to other hosts";
        let hint = "redirect with 302, or ask the other host from a script of the page";
        return Err(refused(line, message, hint));
    }
    let to = to.split(['?', '#']).next().unwrap_or_default();
    target(line, to, from)
}

fn leads_to_itself(rule: &RedirectRule, dialect: Dialect) -> bool {
    let end = |path: &str| match path.strip_suffix('/') {
        Some(rest) if dialect == Dialect::Netlify => rest.to_owned(),
        _ => path.to_owned(),
    };
    let Ok(pattern) = Pattern::read(&rule.from) else {
        return false;
    };
    let to = rule.to.split(['?', '#']).next().unwrap_or_default();
    match pattern.as_path() {
        Some(path) => {
            let to = percent_decode_str(to).decode_utf8_lossy();
            rule.to.starts_with('/') && end(path) == end(&to)
        }
        // With each of its tokens in its place.
        None => end(&rule.from.replace('*', ":splat")) == end(to),
    }
}

/// The first name in the target of a rule that its path has not.
fn unknown_name(rule: &RedirectRule) -> Option<String> {
    let captures = captures(&rule.from);
    let path = match rule.to.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => &rule.to,
    };
    names(path)
        .into_iter()
        .find(|name| !captures.contains(name))
}

/// The names of a text, `:name`.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(':') {
        let rest = &text[at + 1..];
        let len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        if rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            names.insert(rest[..len].to_owned());
        }
    }
    names
}

/// What a pattern captures.
fn captures(from: &str) -> BTreeSet<String> {
    let Ok(pattern) = Pattern::read(from) else {
        return BTreeSet::new();
    };
    let names = pattern.tokens().iter().filter_map(|token| match token {
        Token::Text(_) => None,
        Token::Name(name) => Some((*name).to_owned()),
        Token::Splat => Some("splat".to_owned()),
    });
    names.collect()
}
