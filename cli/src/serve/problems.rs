//! Which pages the mistakes of a build are about, so that `serve` can show them there.

use crate::show;
use quillfront_local::site::{On, Problem};
use quillfront_publish::bucket::Builder;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use quillfront_site::plan::{Rank, path_of};
use quillfront_site::report::{Action, OutputReport, Report};
use std::collections::{BTreeMap, BTreeSet};

/// The pages that stand for each content file, as they are published.
pub type PagesOf = BTreeMap<String, BTreeSet<OutputKey>>;

/// The pages of the content files that have mistakes.
pub async fn pages_of(builder: &Builder, report: &Report) -> PagesOf {
    let mut pages_of = PagesOf::new();
    let errors = report.diagnostics.iter().filter(|found| found.is_error());
    let files: BTreeSet<&str> = errors.map(|found| found.file.as_str()).collect();
    if !files.iter().any(|file| file.starts_with("content/")) {
        return pages_of;
    }
    let state = match builder.look().await {
        Ok(Some((_, state))) => state,
        Ok(None) => return pages_of,
        Err(error) => {
            show::warning(&format!("cannot tell which pages have errors: {error}"));
            return pages_of;
        }
    };
    for (key, published) in state.outputs.iter() {
        let file = published.source.as_str();
        let is_page = matches!(published.rank, Rank::Page | Rank::Section);
        if is_page && files.contains(file) {
            let pages = pages_of.entry(file.to_owned()).or_default();
            pages.insert(key.clone());
        }
    }
    pages_of
}

/// The errors of a report, each with the pages that it is about: those that could not be made because
/// of it, and those of its file.
pub fn problems(report: &Report, pages_of: &PagesOf) -> Vec<Problem> {
    let errors = report.diagnostics.iter().filter(|found| found.is_error());
    errors
        .map(|found| Problem {
            place: place(found),
            message: found.message.clone(),
            hint: found.hint.clone(),
            on: on(found, report, pages_of),
        })
        .collect()
}

fn on(found: &Diagnostic, report: &Report, pages_of: &PagesOf) -> On {
    let brief = found.in_brief();
    let fails = |output: &&OutputReport| {
        let mut reasons = output.because.iter();
        // How many it fails may be added at the end.
        let is_stale = output.actions.contains(&Action::Stale);
        is_stale && reasons.any(|reason| brief.starts_with(reason.as_str()))
    };
    let failed = report.outputs.iter().filter(fails);
    let failed = failed.map(|output| OutputKey::from(output.key.as_str()));
    let own = pages_of.get(&found.file).into_iter().flatten().cloned();
    let pages: BTreeSet<String> = failed.chain(own).map(|key| path_of(&key)).collect();
    match (pages.is_empty(), found.file.starts_with("content/")) {
        (false, _) => On::Pages(pages),
        // A new post that cannot be read: nobody knows its address.
        (true, true) => On::Missing,
        (true, false) => On::Everywhere,
    }
}

/// `content/post.md:3:1`
fn place(found: &Diagnostic) -> String {
    let numbers = [found.line, found.column].into_iter().flatten();
    numbers.fold(found.file.clone(), |place, number| {
        format!("{place}:{number}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::key::SourceKey;

    #[test]
    fn a_mistake_is_shown_where_it_is_seen() {
        let template = Diagnostic::error("template", "templates/page.html", "no `x`").at(3, None);
        let stale = |key: &str| {
            let source = SourceKey::from("content/a.md");
            let of = Some((Rank::Page, &source));
            let because = vec![template.in_brief()];
            OutputReport::new(&key.into(), of, vec![Action::Stale], because)
        };
        let told = Diagnostic {
            message: "no `x` (making a/index.html and 1 more)".into(),
            ..template.clone()
        };
        let report = Report {
            outputs: vec![stale("a/index.html"), stale("b/index.html")],
            diagnostics: vec![
                told,
                Diagnostic::error("front-matter", "content/c.md", "bad").at(2, 1),
                Diagnostic::error("front-matter", "content/new.md", "bad"),
                Diagnostic::error("config", "quillfront.toml", "bad"),
                Diagnostic::warning("scheduled", "content/c.md", "held"),
            ],
            ..Report::default()
        };
        let pages_of = PagesOf::from([(
            "content/c.md".to_owned(),
            BTreeSet::from(["c/index.html".into()]),
        )]);
        let found = problems(&report, &pages_of);
        let pages = |paths: &[&str]| On::Pages(paths.iter().map(|p| (*p).to_owned()).collect());
        let on: Vec<On> = found.iter().map(|problem| problem.on.clone()).collect();
        assert_eq!(
            on,
            [
                pages(&["/a/", "/b/"]),
                pages(&["/c/"]),
                On::Missing,
                On::Everywhere
            ]
        );
        assert_eq!(found[1].place, "content/c.md:2:1");
    }
}
