//! `quillfront plan`: what an upload would change.

use crate::args::{self, Global};
use crate::connect::connect;
use crate::excerpt::Texts;
use crate::exit::{self, UsageError};
use crate::out::{self, say};
use crate::root::key_of;
use crate::show::{self, BOLD, CYAN, DIM, GREEN, RED, YELLOW};
use anyhow::{Context, Result};
use quillfront_publish::bucket::preview::{Output, Preview, PreviewError};
use quillfront_publish::bucket::store::{GivenObjects, StandIn};
use quillfront_publish::bucket::{Options, Step};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{Role, SourceKey};
use quillfront_site::report::Action;
use std::path::Path;
use std::sync::Arc;

/// Outputs whose difference is shown; `--json` has them all.
const MAX_DIFFERENCES: usize = 20;
/// Outputs that are listed; of more, the number.
const MAX_LISTED: usize = 40;
/// Paths that are listed.
const MAX_PATHS: usize = 10;

pub fn run(global: &Global, options: args::Plan) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        let settings = Options {
            now: global.now,
            ..Options::default()
        };
        let mut files = GivenObjects::new();
        for file in &options.files {
            let (key, given) = given(global, file).await?;
            files.insert(key, given);
        }
        let texts: Texts = files
            .iter()
            .filter_map(|(key, given)| {
                let bytes = given.as_ref()?.bytes.as_ref()?;
                Some((key.clone(), String::from_utf8(bytes.to_vec()).ok()?))
            })
            .collect();
        let builder = connect(&global.root, &options.connection, settings).await?;
        let most = if options.json {
            usize::MAX
        } else {
            MAX_DIFFERENCES
        };
        let builder = builder.with_progress(Arc::new(|step| {
            if let Step::Waiting(why) = step {
                show::note(why);
            }
        }));
        let given = files.len();
        let preview = match Box::pin(builder.preview(files, most)).await {
            Ok(preview) => preview,
            Err(PreviewError::Failed(error)) => return Err(error.into()),
            Err(error @ PreviewError::Nowhere(_)) => {
                return Err(UsageError(error.to_string()).into());
            }
            Err(error @ PreviewError::Moving) => return Err(error.into()),
        };
        if options.json {
            out::json(&preview)?;
        } else {
            show_preview(&preview, &texts, given);
        }
        Ok(exit::with(&preview.caused))
    })
}

/// A file as if it were uploaded, under the key that it has in the site.
async fn given(global: &Global, file: &Path) -> Result<(String, Option<StandIn>)> {
    let shown = file.display();
    let usage = |why: String| UsageError(format!("{shown} {why}"));
    let key = key_of(&global.root, file);
    let key = key.ok_or_else(|| {
        usage(format!(
            "is not in the site's folder ({})",
            global.root.display()
        ))
    })?;
    let path = global.root.join(&key);
    if path.is_dir() {
        return Err(usage("is a folder; name its files".to_owned()).into());
    }
    if SourceKey::from(key.as_str()).role() == Role::Ignored {
        return Err(usage("is not a source file of a site".to_owned()).into());
    }
    let given = StandIn::read(&path).await;
    Ok((key, given.with_context(|| path.display().to_string())?))
}

fn show_preview(preview: &Preview, texts: &Texts, given: usize) {
    show::diagnostics(&preview.caused, texts);
    // A post that waits for its time is no problem.
    let problems = |list: &[Diagnostic]| {
        let problems = list.iter().filter(|found| found.code != "scheduled");
        problems.count()
    };
    match problems(&preview.diagnostics) - problems(&preview.caused) {
        0 => {}
        1 => show::note("1 earlier problem elsewhere remains; `quillfront status` shows it"),
        more => show::note(&format!(
            "{more} earlier problems elsewhere remain; `quillfront status` shows them"
        )),
    }
    if let Some(reason) = &preview.held {
        say!("{YELLOW}held{YELLOW:#} this would wait for `quillfront approve`: {reason}");
    }
    let is_touched = |output: &Output| output.actions != [Action::Stale];
    if preview.published.len() == given && !preview.outputs.iter().any(is_touched) {
        say!(
            "{BOLD}nothing to do{BOLD:#}: {}",
            already(&preview.published)
        );
        return;
    }
    if preview.outputs.is_empty() {
        let until = match &preview.held {
            Some(_) => " until then",
            None => "",
        };
        say!("{BOLD}plan{BOLD:#} nothing that is published would change{until}");
        return;
    }
    let counts = &preview.counts;
    say!(
        "{BOLD}plan{BOLD:#} {} rendered, {} uploaded, {} deleted",
        counts.rendered,
        counts.uploaded,
        counts.deleted
    );
    let listed: Vec<&Output> = preview
        .outputs
        .iter()
        .filter(|output| !output.actions.contains(&Action::Unchanged))
        .filter(|output| is_touched(output) || is_caused(output, preview))
        .collect();
    let shown = &listed[..listed.len().min(MAX_LISTED)];
    let width = show::subject_width(shown.iter().map(|output| output.key.as_str()));
    for output in shown {
        show::output(&output.key, &output.actions, &output.because, width);
    }
    if listed.len() > MAX_LISTED {
        say!("  {DIM}… and {} more{DIM:#}", listed.len() - MAX_LISTED);
    }
    show_differences(&listed);
    show_costs(preview);
}

/// True of an output that could not be made for what the upload would cause, and not for an old
/// mistake elsewhere.
fn is_caused(output: &Output, preview: &Preview) -> bool {
    let mut caused = preview.caused.iter().map(Diagnostic::in_brief);
    caused.any(|problem| {
        let mut reasons = output.because.iter();
        // How many it fails may be added at the end.
        reasons.any(|reason| problem.starts_with(reason.as_str()))
    })
}

/// That these files are published.
fn already(files: &[String]) -> String {
    match files {
        [file] => format!("{file} is already published as it is"),
        _ => format!(
            "the {} files are already published as they are",
            files.len()
        ),
    }
}

fn show_differences(outputs: &[&Output]) {
    for output in outputs {
        let Some(difference) = &output.difference else {
            continue;
        };
        say!("\n{BOLD}/{}{BOLD:#}", output.key);
        if difference.lines.is_empty() {
            say!("{DIM}the same bytes with other headers{DIM:#}");
        }
        for line in &difference.lines {
            match line.chars().next() {
                Some('+') => say!("{GREEN}{line}{GREEN:#}"),
                Some('-') => say!("{RED}{line}{RED:#}"),
                Some('@') => say!("{CYAN}{line}{CYAN:#}"),
                _ => say!("{line}"),
            }
        }
        if difference.more > 0 {
            say!("{DIM}… and {} more lines{DIM:#}", difference.more);
        }
    }
    let compared = outputs.iter().filter(|output| output.difference.is_some());
    let is_put = |output: &&&Output| output.actions.contains(&Action::Uploaded);
    let put = outputs.iter().filter(is_put).count();
    if compared.count() == MAX_DIFFERENCES && put > MAX_DIFFERENCES {
        say!("\n{DIM}the first {MAX_DIFFERENCES} differences; --json has them all{DIM:#}");
    }
}

fn show_costs(preview: &Preview) {
    let requests = &preview.requests;
    say!(
        "\nrequests: {} GET, {} HEAD, {} PUT, {} DELETE, {} LIST, {} invalidation",
        requests.get,
        requests.head,
        requests.put,
        requests.delete,
        requests.list,
        requests.invalidation
    );
    let paths = &preview.invalidations.paths;
    let more = match paths.len().checked_sub(MAX_PATHS) {
        Some(more) if more > 0 => format!(" … and {more} more"),
        _ => String::new(),
    };
    let told: Vec<&str> = paths.iter().take(MAX_PATHS).map(String::as_str).collect();
    say!(
        "invalidates: {} ({}) {DIM}{}{more}{DIM:#}",
        paths.len(),
        preview.invalidations.mode,
        told.join(" ")
    );
    let dollars = &preview.dollars;
    say!(
        "costs about ${:.6} of requests; invalidations are free up to 1,000 paths a month, then \
         ${:.3} {DIM}(an estimate, at the prices of us-east-1){DIM:#}",
        dollars.requests,
        dollars.invalidations
    );
}
