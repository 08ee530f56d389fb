//! Why something is not published: it is a draft, its time has not come, it has a mistake, or it
//! waits to be approved.

use super::PublishedSite;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::library::absence::Absence;
use quillfront_site::plan::{self, Recipe};
use quillfront_site::report::{Action, Report};
use quillfront_site::source::Effective;

impl PublishedSite {
    /// The content file whose page would be under an output key, if there is one that makes none.
    pub(super) fn meant(&self, key: &str) -> Option<SourceKey> {
        let path = plan::path_of(&OutputKey::from(key));
        let library = &self.site.world.library;
        let held = library.held.values();
        let held = held
            .filter(|held| held.path == path)
            .map(|held| &held.source);
        let drafts = library.drafts.values();
        let drafts = drafts
            .filter(|draft| draft.path == path)
            .map(|draft| &draft.source);
        let broken = self.sources().iter().filter(|(key, source)| {
            source.effective == Effective::Absent && usual_path(key).is_some_and(|it| it == path)
        });
        let broken = broken.map(|(key, _)| key);
        held.chain(drafts).chain(broken).next().cloned()
    }

    /// Why the version of a source that is in the bucket is not published; empty where it is.
    pub(super) fn why_source_is_missing(
        &self,
        key: &SourceKey,
        report: Option<&Report>,
    ) -> Vec<String> {
        let mut why = Vec::new();
        let library = &self.site.world.library;
        let relative = key.as_str().strip_prefix("content/");
        let relative = relative.filter(|_| key.role() == Role::Content);
        match relative.and_then(|relative| library.absence(relative)) {
            Some(absence @ Absence::Draft(_)) => why.push(format!(
                "it {}; drafts are published with --drafts, or once `draft` is removed",
                absence.told()
            )),
            Some(absence @ Absence::Held(_)) => why.push(format!(
                "it {}; `quillfront --now TIME build` shows the site as it will be then",
                absence.told()
            )),
            Some(absence @ Absence::Loser(_)) => {
                why.push(format!(
                    "it {}; give it another slug or path",
                    absence.told()
                ));
            }
            None => {}
        }
        let is_held = |held: &&super::HeldChange| held.keys.contains(key.as_str());
        if let Some(held) = self.held.as_ref().filter(is_held) {
            why.push(format!(
                "a change to it is held: {}; `quillfront approve` lets it through",
                held.reason
            ));
        }
        if let Some(source) = self.sources().get(key.as_str()) {
            let since = source.since;
            let stays = match (&source.effective, since) {
                (Effective::Absent, _) => "nothing from it is published".to_owned(),
                (_, None) => "its last good version is what is published".to_owned(),
                (_, Some(since)) => {
                    let since = since.strftime("%Y-%m-%d %H:%M UTC");
                    format!("its last good version is what is published, as of {since}")
                }
            };
            // That it waits is what is said behind each.
            let problems = source.problems.iter();
            let problems = problems.skip(usize::from(source.is_waiting()));
            let problems = problems.map(Diagnostic::in_brief);
            why.extend(problems.map(|problem| format!("{problem}; {stays}")));
        }
        if let Some(page) = relative.and_then(|relative| library.page_by_file(relative))
            && !library.pages[page].front.render
        {
            why.push("its front matter says not to render it".to_owned());
        }
        // What the build said of the file, where it is about all of it.
        let own = report.iter().flat_map(|report| &report.diagnostics);
        let own = own.filter(|found| found.file == key.as_str());
        let told = own.filter(|found| found.is_error() || found.code == "unsorted");
        for told in told.map(Diagnostic::in_brief) {
            if !why.iter().any(|known| known.starts_with(&told)) {
                why.push(told);
            }
        }
        why
    }

    /// Why an output is not published as its sources are now; empty where it is.
    pub(super) fn why_output_is_missing(
        &self,
        key: &OutputKey,
        report: Option<&Report>,
    ) -> Vec<String> {
        let mut outputs = report.iter().flat_map(|report| &report.outputs);
        let is_stale = outputs
            .any(|output| output.key == key.as_str() && output.actions.contains(&Action::Stale));
        if is_stale {
            let stays = if self.state.outputs.contains_key(key.as_str()) {
                "it could not be generated again; the published version stays"
            } else {
                "it could not be generated and was never published"
            };
            return vec![stays.to_owned()];
        }
        let planned = self.plan.get(key.as_str());
        let own = planned
            .filter(|planned| matches!(planned.recipe, Recipe::Page(_) | Recipe::Section { .. }));
        let source = own.and_then(|planned| {
            let source = self.sources().get(planned.source.as_str())?;
            let is_broken = !source.problems.is_empty();
            is_broken.then_some(&planned.source)
        });
        source.map_or_else(Vec::new, |source| {
            self.why_source_is_missing(source, report)
        })
    }
}

/// The path that a content file has unless it says otherwise: `/blog/post/`.
fn usual_path(key: &SourceKey) -> Option<String> {
    let relative = key.as_str().strip_prefix("content/")?;
    let stem = relative.strip_suffix(".md")?;
    let stem = ["/index", "/_index"]
        .iter()
        .find_map(|end| stem.strip_suffix(end))
        .unwrap_or(stem);
    Some(match stem {
        "_index" => "/".to_owned(),
        stem => format!("/{stem}/"),
    })
}
