//! Scripts of other sites.

use super::Result;
use crate::observed::{Page, host_of};

/// What can be said of scripts of other sites, the best first.
const LOADED: [Result; 3] = [
    (
        "sri-implemented-but-external-scripts-not-loaded-securely",
        -20,
    ),
    (
        "sri-not-implemented-but-external-scripts-loaded-securely",
        -5,
    ),
    (
        "sri-not-implemented-and-external-scripts-not-loaded-securely",
        -50,
    ),
];

pub(super) fn result(page: &Page) -> Result {
    if !page.is_html() {
        return ("sri-not-implemented-response-not-html", 0);
    }
    if page.scripts.loaded.is_empty() && page.scripts.inline == 0 {
        return ("sri-not-implemented-but-no-scripts-loaded", 0);
    }
    let mut worst = None;
    let (mut has_foreign, mut has_own_hash) = (false, false);
    for script in page
        .scripts
        .loaded
        .iter()
        .filter(|script| !script.src.is_empty())
    {
        let is_schemeless = script.src.starts_with("//") && !script.src.starts_with("///");
        let is_full = script.src.starts_with("https://") || script.src.starts_with("http://");
        let is_relative = !is_schemeless && !is_full;
        let is_own = is_relative || (is_full && site(host_of(&script.src)) == site(page.host()));
        let is_safe = script.src.starts_with("https://") || (is_relative && page.is_https());
        if is_own {
            has_own_hash |= script.has_integrity && is_safe && worst.is_none();
            continue;
        }
        has_foreign = true;
        let found = match (script.has_integrity, is_safe) {
            (true, true) => continue,
            (true, false) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        worst = worst.max(Some(found));
    }
    match worst {
        Some(worst) => LOADED[worst],
        None if has_own_hash => ("sri-implemented-and-all-scripts-loaded-securely", 5),
        None if has_foreign => ("sri-implemented-and-external-scripts-loaded-securely", 5),
        None => (
            "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
            0,
        ),
    }
}

/// The name that somebody has registered, by a rule of thumb instead of the list of public
/// suffixes: two labels, three under short second labels of countries (`co.uk`).
fn site(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').collect();
    let is_country =
        matches!(labels.as_slice(), [top, second, ..] if top.len() == 2 && second.len() <= 3);
    let count = if is_country { 3 } else { 2 };
    labels.into_iter().take(count).collect::<Vec<_>>().join(".")
}
