//! Reads requests, a line of JSON each, and answers each with a line of JSON. `tests/edge-files/run.py` compares the
//! answers with those of the packages of Netlify and Cloudflare.

use quillfront_edge_files::{Dialect, Problem, headers, redirects};
use serde_json::{Value, json};
use std::io::{BufRead, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let dialect = match request["dialect"].as_str() {
            Some("netlify") => Dialect::Netlify,
            Some("cloudflare") => Dialect::Cloudflare,
            other => panic!("{other:?} is no dialect"),
        };
        let text = request["text"].as_str().expect("a text");
        let paths: Vec<&str> = request["paths"].as_array().map_or_else(Vec::new, |paths| {
            paths.iter().filter_map(Value::as_str).collect()
        });
        let answer = match request["kind"].as_str() {
            Some("redirects") => parse_redirects(text, dialect, &paths),
            Some("headers") => parse_headers(text, dialect, &paths),
            other => panic!("{other:?} is no kind of file"),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn parse_redirects(text: &str, dialect: Dialect, paths: &[&str]) -> Value {
    let parsed = redirects::parse(text, dialect);
    let rules = parsed.rules.iter().map(|rule| {
        json!({
            "line": rule.line, "scheme_and_host": rule.scheme_and_host, "from": rule.from, "query": rule.query,
            "to": rule.to, "status": rule.status, "is_forced": rule.is_forced, "conditions": rule.conditions,
        })
    });
    let rules: Vec<Value> = rules.collect();
    let matches = paths
        .iter()
        .filter(|_| dialect == Dialect::Cloudflare)
        .map(|path| find_redirect(&parsed.rules, path));
    json!({ "rules": rules, "problems": problems(&parsed.problems), "matches": matches.collect::<Vec<_>>() })
}

/// The first rule of Cloudflare's dialect that matches, and where it leads. Rules above all patterns lead where they
/// say.
fn find_redirect(rules: &[redirects::Rule], path: &str) -> Value {
    let mut has_pattern = false;
    for rule in rules {
        has_pattern |= rule.has_pattern();
        let matcher = redirects::Matcher::new(rule).expect("a rule that stands");
        if let Some(captures) = matcher.captures(path) {
            let fill = |to: &String| {
                if has_pattern {
                    redirects::fill_target(to, &captures)
                } else {
                    to.clone()
                }
            };
            return json!({ "line": rule.line, "to": rule.to.as_ref().map(fill) });
        }
    }
    Value::Null
}

fn parse_headers(text: &str, dialect: Dialect, paths: &[&str]) -> Value {
    let parsed = headers::parse(text, dialect);
    let rules = parsed.rules.iter().map(|rule| {
        let changes = rule.changes.iter().map(|(line, change)| match change {
            headers::Change::Set { name, value } => json!([line, name, value]),
            headers::Change::Remove { name } => json!([line, name, null]),
        });
        json!({
            "line": rule.line, "scheme_and_host": rule.scheme_and_host, "path": rule.path,
            "changes": changes.collect::<Vec<_>>(),
        })
    });
    let rules: Vec<Value> = rules.collect();
    let matchers = parsed.rules.iter().map(|rule| {
        let matcher = headers::Matcher::new(rule, dialect).expect("a rule that stands");
        (rule, matcher)
    });
    let matchers: Vec<_> = matchers.collect();
    let matches = paths.iter().map(|path| {
        let found = matchers.iter().filter_map(|(rule, matcher)| {
            let captures = matcher.captures(path)?;
            let values = rule.changes.iter().filter_map(|(_, change)| match change {
                headers::Change::Set { value, .. } => Some(captures.fill(value)),
                headers::Change::Remove { .. } => None,
            });
            Some(json!({ "line": rule.line, "values": values.collect::<Vec<_>>() }))
        });
        found.collect::<Vec<_>>()
    });
    json!({ "rules": rules, "problems": problems(&parsed.problems), "matches": matches.collect::<Vec<_>>() })
}

fn problems(problems: &[Problem]) -> Vec<Value> {
    let told = problems.iter().map(|problem| {
        json!({
            "line": problem.line, "is_error": problem.is_error, "message": problem.message, "hint": problem.hint,
        })
    });
    told.collect()
}
