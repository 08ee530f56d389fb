//! Pages as they were sent: what a reader's browser is told, whoever configured it.

mod content;
mod headers;

pub(super) use content::{COOKIES, CORS, LEAKS, SCRIPTS, STORED, TAGS};
pub(super) use headers::{
    CSP, CSP_WEAK, DOUBLED, FRAMING, HSTS, HTTPS_REDIRECT, ISOLATION, NOSNIFF, PERMISSIONS,
    REFERRER, SCORE,
};

use super::Outcome;
use crate::observatory::{Test, score};
use crate::observed::{Observed, Page};

/// Calls back for each page.
fn each<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, String, &'a Page),
) {
    for page in out.known("pages", &observed.pages).into_iter().flatten() {
        look(out, format!("page {}", page.url), page);
    }
}

/// Flags pages on which a test of the Observatory costs points.
fn each_costing(observed: &Observed, out: &mut Outcome, name: &str) {
    each(observed, out, |out, place, page| {
        let tests = score(page).tests;
        let costs = |test: &&Test| test.name == name && test.modifier < 0;
        if let Some(test) = tests.iter().find(costs).filter(|_| page.is_scored()) {
            out.flag(place, format!("{} ({} points)", test.result, test.modifier));
        }
    });
}
