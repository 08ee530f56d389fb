//! The mistakes in a site, for whoever looks at a page: the script of live reload shows those of the
//! page in a panel above it. No byte of them is in what is published.

use serde::Serialize;
use std::collections::BTreeSet;

/// So many are shown on one page.
const MAX_SHOWN: usize = 20;

/// A mistake, and the pages that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is: `content/blog/post.md:3:1`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Where it is shown.
    pub on: On,
}

/// The pages that a mistake is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// All of them: a template or the configuration cannot be used.
    Everywhere,
    /// Those at these paths: `/blog/post/`.
    Pages(BTreeSet<String>),
    /// One that is not there: shown where a page is missing.
    Missing,
}

/// A mistake as a page is told of it.
#[derive(Serialize)]
struct ProblemView<'a> {
    place: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

/// Those of the page at a path, as a JSON array; `missing` where there is no page.
pub(super) fn shown_at(problems: &[Problem], path: &str, missing: bool) -> String {
    let is_here = |problem: &&Problem| match &problem.on {
        On::Everywhere => true,
        On::Pages(pages) => pages.contains(path),
        On::Missing => missing,
    };
    let shown = problems.iter().filter(is_here).take(MAX_SHOWN);
    let shown: Vec<ProblemView<'_>> = shown
        .map(|problem| ProblemView {
            place: &problem.place,
            message: &problem.message,
            hint: problem.hint.as_deref(),
        })
        .collect();
    serde_json::json!(shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_of_its_own_problems() {
        let problem = |message: &str, on: On| Problem {
            place: "a:1".into(),
            message: message.into(),
            hint: None,
            on,
        };
        let pages = On::Pages(["/a/".to_owned()].into());
        let problems = [
            problem("all", On::Everywhere),
            problem("here", pages),
            problem("none", On::Missing),
        ];
        let messages = |path: &str, missing: bool| {
            let told = shown_at(&problems, path, missing);
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            let told = told.as_array().unwrap().iter();
            let told = told.map(|one| one["message"].as_str().unwrap().to_owned());
            told.collect::<Vec<_>>()
        };
        assert_eq!(messages("/a/", false), ["all", "here"]);
        assert_eq!(messages("/b/", false), ["all"]);
        assert_eq!(messages("/b/", true), ["all", "none"]);
        let many = vec![problem("x", On::Everywhere); 1_000];
        let told: Vec<serde_json::Value> =
            serde_json::from_str(&shown_at(&many, "/", false)).unwrap();
        assert_eq!(told.len(), MAX_SHOWN);
    }
}
