//! `quillfront status`: the last build, stale outputs, pending hints, what is held.

use crate::args::{self, Global};
use crate::connect::connect;
use crate::excerpt::Texts;
use crate::handle::texts_of;
use crate::{exit, show};
use anyhow::Result;
use quillfront_builder::publish::Options;
use quillfront_builder::report::{Action, Report};
use quillfront_builder::site::schedule::NextDue;
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    commit: String,
    generation: u64,
    now: String,
    outputs: usize,
    sources: usize,
    stale: Vec<String>,
    hints: Vec<String>,
    publishing: Option<String>,
    held: Option<String>,
    /// The posts that are published next, and when.
    next_due: Option<NextDue>,
    last: Option<Report>,
}

pub fn run(global: &Global, options: args::Status) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        let data = options.connection.data.as_deref();
        let builder = connect(&global.root, data, Options::default()).await?;
        let Some((root, state)) = builder.look().await? else {
            show::note("nothing was published yet");
            return Ok(exit::GOOD);
        };
        let last = builder.last_report().await?;
        let stale = last.iter().flat_map(|report| &report.outputs);
        let stale = stale.filter(|output| output.actions.contains(&Action::Stale));
        let status = Status {
            stale: stale.map(|output| output.key.clone()).collect(),
            commit: root.commit,
            generation: root.generation,
            now: root.now,
            outputs: state.outputs.len(),
            sources: state.sources.len(),
            hints: root.hints.into_keys().collect(),
            publishing: root.lease.map(|lease| lease.holder),
            next_due: root.next_due,
            held: root.held.map(|held| held.reason),
            last,
        };
        if options.json {
            println!("{}", serde_json::to_string(&status)?);
        } else {
            let texts = match &status.last {
                Some(report) => texts_of(&builder, report).await,
                None => Texts::new(),
            };
            show_status(&status, &texts);
        }
        let diagnostics = status
            .last
            .map(|report| report.diagnostics)
            .unwrap_or_default();
        Ok(exit::with(&diagnostics))
    })
}

fn show_status(status: &Status, texts: &Texts) {
    let Status {
        generation,
        outputs,
        sources,
        ..
    } = status;
    show::note(&format!(
        "commit {generation}: {outputs} objects made from {sources} sources"
    ));
    if let Some(holder) = &status.publishing {
        show::note(&format!("{holder} is publishing"));
    }
    for key in &status.hints {
        show::note(&format!("waiting to be looked at: {key}"));
    }
    if let Some(NextDue { at, sources }) = &status.next_due {
        for source in sources {
            show::note(&format!("{source} is due at {at}"));
        }
    }
    for key in &status.stale {
        show::warning(&format!(
            "/{key} could not be made; what was published stays"
        ));
    }
    if let Some(report) = &status.last {
        show::report(report, texts);
    }
}
