//! Paths into variables that may be undefined.

use super::names::{Inside, KEYWORDS};
use super::tag::Env;
use crate::migrate::edits::Edits;

/// Where Tera 1 took an undefined path as false, Tera 2 needs `?.` behind everything that may be
/// undefined itself.
pub fn safe_steps(tag: &Inside<'_>, root: usize, env: &mut Env<'_>, edits: &mut Edits) {
    let Some((steps, end)) = steps(tag, root) else {
        return;
    };
    if !is_lenient(tag, root, end) {
        return;
    }
    let name = tag.word(root);
    let is_there = env.defined.contains(name);
    let mut counted = false;
    for (number, (sign, step)) in steps.iter().enumerate() {
        let always = match number {
            0 => is_there,
            1 => is_there && matches!(steps[0].1, "extra" | "taxonomies") && is_free_table(name),
            _ => false,
        };
        if always
            || step
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_digit())
        {
            continue;
        }
        let new = if tag.word(*sign) == "[" { "?[" } else { "?." };
        edits.replace(tag.tokens[*sign].range(), new);
        counted = true;
    }
    if counted {
        env.findings
            .changed("paths that may be undefined, now with `?.`");
    }
}

/// The steps of a path into its variable: the token of each `.` or `[`, and the name behind a dot;
/// and the token behind the path. None where a bracket is not closed.
fn steps<'a>(tag: &Inside<'a>, root: usize) -> Option<(Vec<(usize, &'a str)>, usize)> {
    let mut steps = Vec::new();
    let mut at = root + 1;
    loop {
        match tag.word(at) {
            "." => {
                steps.push((at, tag.word(at + 1)));
                at += 2;
            }
            "[" => {
                steps.push((at, ""));
                let mut depth = 0_usize;
                loop {
                    match tag.word(at) {
                        "[" => depth += 1,
                        "]" => depth -= 1,
                        "" => return None,
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => return Some((steps, at)),
        }
    }
}

/// True where Tera 1 takes the variable at `root` as it is, be it defined or not.
pub fn may_be_undefined(tag: &Inside<'_>, root: usize) -> bool {
    steps(tag, root).is_some_and(|(_, end)| is_lenient(tag, root, end))
}

fn is_free_table(name: &str) -> bool {
    matches!(name, "page" | "section" | "config")
}

/// True where Tera 1 took what is undefined: a condition by itself, `is defined`, `default`.
fn is_lenient(tag: &Inside<'_>, root: usize, end: usize) -> bool {
    let before = root.checked_sub(1).map_or("", |before| tag.word(before));
    let (next, second, third) = (tag.word(end), tag.word(end + 1), tag.word(end + 2));
    let is_test = |word: &str| matches!(word, "defined" | "undefined");
    if (next == "|" && second == "default")
        || (next == "is" && (is_test(second) || (second == "not" && is_test(third))))
    {
        return true;
    }
    let is_call = before == "("
        && root > 1
        && tag.is_name(root - 2)
        && !KEYWORDS.contains(&tag.word(root - 2));
    let opens = matches!(before, "if" | "elif" | "and" | "or" | "not" | "(") && !is_call;
    let closes = matches!(next, "" | "and" | "or" | ")");
    (opens && closes) || (before.is_empty() && matches!(next, "and" | "or"))
}
