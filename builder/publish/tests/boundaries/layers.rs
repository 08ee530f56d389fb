//! No arrow runs upward between the modules of a crate: each names only those before it in this list,
//! in its documentation too. Tests may use all.

use super::sources;
use std::fs;
use std::path::Path;

/// The modules of each crate, from what stands alone to what uses the rest.
const LAYERS: [(&str, &[&str]); 8] = [
    (
        "edge-files",
        &[
            "limits",
            "dialect",
            "problem",
            "text",
            "url",
            "pattern",
            "redirects",
            "headers",
        ],
    ),
    (
        "policy",
        &[
            "digest",
            "facts",
            "urls",
            "css",
            "html",
            "scripts",
            "javascript",
            "shapes",
            "inspect",
        ],
    ),
    (
        "templates",
        &["budget", "filters", "lexer", "meter", "reads"],
    ),
    (
        "site",
        &[
            "diagnostic",
            "index_vec",
            "fingerprint",
            "key",
            "dates",
            "slugs",
            "front_matter",
            "config",
            "quillfront_toml",
            "source",
            "object",
            "links",
            "facts",
            "library",
            "pagination",
            "sitemap",
            "style_sheets",
            "misplaced",
            "edge_files",
            "plan",
            "report",
        ],
    ),
    (
        "render",
        &[
            "locks",
            "panics",
            "remote",
            "search",
            "sass",
            "graph",
            "security",
            "render",
            "effective",
            "evaluate",
        ],
    ),
    (
        "../infra/observe",
        &[
            "ask",
            "target",
            "pages",
            "names",
            "cloudfront",
            "find",
            "buckets",
            "lambda",
            "logs",
            "account",
        ],
    ),
    (
        "../infra/harden",
        &[
            "error", "text", "saved", "create", "call", "wait", "restore",
        ],
    ),
    (
        "publish",
        &[
            "aws",
            "fetch",
            "invalidate",
            "bucket",
            "folder",
            "handler",
            "notice",
            "topic",
        ],
    ),
];

#[test]
fn no_module_names_one_above_it() {
    for (name, layers) in LAYERS {
        let checked = check_crate(name, layers);
        assert!(checked > 5, "only {checked} names of {name} were looked at");
    }
}

/// How many names of modules there were.
fn check_crate(name: &str, layers: &[&str]) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(name)
        .join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut checked = 0;
    for file in files {
        let inner = file.strip_prefix(&root).expect("a source of the crate");
        let parts: Vec<&str> = inner.iter().filter_map(|part| part.to_str()).collect();
        let is_test = |part: &&str| {
            ["tests", "hostile", "equivalence"].contains(&part.trim_end_matches(".rs"))
        };
        if parts.iter().any(is_test) || ["lib.rs", "bin"].contains(&parts[0]) {
            continue;
        }
        let module = parts[0].trim_end_matches(".rs");
        let own = layer(layers, module);
        let text = fs::read_to_string(&file).expect("a source that can be read");
        let code = text.split("#[cfg(test)]\nmod tests").next();
        for named in modules_in(code.unwrap_or_default()) {
            assert!(
                layer(layers, named) <= own,
                "{} names `{named}`, which is above `{module}`",
                file.display()
            );
            checked += 1;
        }
    }
    checked
}

fn layer(layers: &[&str], module: &str) -> usize {
    let place = layers.iter().position(|layer| *layer == module);
    place.unwrap_or_else(|| panic!("`{module}` has no place in the list of layers"))
}

/// The modules that a text names as `crate::module` or `crate::{module, …}`.
fn modules_in(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + mark.len()..];
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut starts = true;
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => starts = true,
                        c if starts && (c.is_alphabetic() || c == '_') => {
                            starts = false;
                            found.push(word(&list[at..]));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}
