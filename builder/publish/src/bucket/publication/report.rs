//! What is told of a publication.

use super::Publication;
use crate::bucket::upload::Upload;
use quillfront_render::evaluate::{Account, Placement, Unready};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::misplaced::nested_config;
use quillfront_site::plan::Rank;
use quillfront_site::report::{Action, OutputReport, Report};
use quillfront_site::source::unreadable;

impl Publication<'_> {
    /// Tells of all that was rendered, put and deleted, and of what could not be.
    pub(in super::super) fn report(&self, upload: &Upload) -> Report {
        let draft = &self.draft;
        let mut account = Account::new(&draft.changes.map, draft.full);
        if let Ok(tree) = &draft.outcome {
            for put in &self.puts {
                let placed = if upload.put.contains_key(&put.key) {
                    let is_new = put.before.is_none();
                    Placement::Put { is_new }
                } else {
                    Placement::Refused
                };
                account.made(tree, &put.key, placed);
            }
        }
        for (key, published) in &self.deletions {
            account.deleted(key, Some((published.rank, &published.source)));
        }
        if let Ok(tree) = &draft.outcome {
            for key in &self.unchanged {
                account.made(tree, key, Placement::Unchanged);
            }
            account.rest(tree);
        }
        let mut report = account.report();
        match &draft.outcome {
            Ok(tree) => {
                if let Some(site) = &tree.site {
                    report.site.clone_from(&site.world.config.base_url);
                }
            }
            Err(Unready::NoConfig) => {
                let message =
                    "there is no configuration yet; nothing is published until there is one";
                let waiting = Diagnostic::warning("no-config", "config.toml", message);
                let hint = match nested_config(&draft.sources) {
                    Some(nested) => format!(
                        "there is {nested}: upload the site to the root of the bucket, without the \
                         folder {}/",
                        nested.folder()
                    ),
                    None => "upload config.toml with at least a base_url".to_owned(),
                };
                report.diagnostics.push(waiting.hint(hint));
            }
            Err(Unready::BrokenConfig(problems)) => {
                report.diagnostics.extend(problems.iter().cloned());
            }
        }
        self.tell_refused(&mut report, upload);
        self.tell_lost(&mut report);
        report.count();
        report
    }

    /// Adds what could not be copied.
    fn tell_lost(&self, report: &mut Report) {
        const HINT: &str = "upload the file again, or let its current version through with \
                            `quillfront approve`";
        for (key, source) in &self.lost {
            let why = "the current version of the file is not used, and the previous one cannot be \
                       copied from where it was published";
            let message = format!(
                "`/{}` cannot be written: {why}",
                key.as_str().escape_debug()
            );
            let told = Diagnostic::error("last-version", source.as_str(), message);
            report.diagnostics.push(told.hint(HINT));
            report.outputs.push(OutputReport {
                key: key.to_string(),
                rank: Some(Rank::Static),
                source: source.to_string(),
                actions: vec![Action::Stale],
                because: vec![why.to_owned()],
            });
        }
    }

    /// Adds what S3 does not take, and what it cannot copy any more.
    fn tell_refused(&self, report: &mut Report, upload: &Upload) {
        const HINT: &str = "change the path, slug or file name that it comes from";
        let refused = |key: &OutputKey, source: &SourceKey, why: &str| {
            let message = format!(
                "`/{}` cannot be written: {why}",
                key.as_str().escape_debug()
            );
            Diagnostic::error("refused", source.as_str(), message).hint(HINT)
        };
        for put in &self.puts {
            let told = upload.hopeless.get(&put.key).map(|hopeless| {
                if hopeless.is_damaged {
                    unreadable(put.source.as_str())
                } else {
                    refused(&put.key, &put.source, &hopeless.why)
                }
            });
            // That a file is damaged may be known.
            let told = told.filter(|told| !report.diagnostics.contains(told));
            report.diagnostics.extend(told);
        }
        for (key, source) in &self.unnameable {
            let why = "with the site's prefix, its key is longer than 1,024 bytes";
            report.diagnostics.push(refused(key, source, why));
            report.outputs.push(OutputReport {
                key: key.to_string(),
                rank: None,
                source: source.to_string(),
                actions: vec![Action::Stale],
                because: vec![why.to_owned()],
            });
        }
    }
}
