//! `quillfront explain`: what an output is made from, what a source has a hand in, and why the last
//! build did or did not touch it.

use crate::args::{Explain, Global};
use crate::connect::connect;
use crate::exit::{self, UsageError};
use crate::root::key_of;
use crate::show::{self, BOLD, CYAN, DIM};
use anstream::eprintln;
use anyhow::Result;
use quillfront_builder::publish::Options;
use quillfront_builder::publish::explain::{ExplainError, Explanation};

/// Lines of a list that are shown; of more, the number. `--json` has them all.
const MAX_SHOWN: usize = 40;

pub fn run(global: &Global, options: Explain) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        let settings = Options {
            now: global.now,
            ..Options::default()
        };
        let data = options.connection.data.as_deref();
        // A file may be named from wherever one is.
        let subject = options.subject.as_deref().map(|subject| {
            let there = std::path::Path::new(subject).is_file();
            let key = there
                .then(|| key_of(&global.root, subject.as_ref()))
                .flatten();
            key.unwrap_or_else(|| subject.to_owned())
        });
        let builder = connect(&global.root, data, settings).await?;
        if options.dot {
            print!("{}", builder.draw(subject.as_deref()).await.map_err(meant)?);
            return Ok(exit::GOOD);
        }
        let Some(subject) = subject else {
            let message = "what is to be explained? Give an address such as /blog/, or a file such \
                           as content/blog/_index.md; --dot draws the whole site";
            return Err(UsageError(message.to_owned()).into());
        };
        let explanation = builder.explain(&subject).await.map_err(meant)?;
        if options.json {
            println!("{}", serde_json::to_string(&explanation)?);
        } else {
            show_explanation(&explanation);
        }
        Ok(exit::GOOD)
    })
}

/// What was asked for wrongly is told so.
fn meant(error: ExplainError) -> anyhow::Error {
    match error {
        ExplainError::Unknown(_) | ExplainError::Nothing => UsageError(error.to_string()).into(),
        ExplainError::Failed(error) => error.into(),
    }
}

fn show_explanation(explanation: &Explanation) {
    let Explanation {
        subject,
        reads,
        sources,
        read_by,
        last,
    } = explanation;
    eprintln!("{BOLD}{subject}{BOLD:#}");
    eprintln!(
        "  last build: {CYAN}{}{CYAN:#} {DIM}{}{DIM:#}",
        last.action,
        last.because.join(", ")
    );
    let lines = reads
        .iter()
        .map(|read| format!("{DIM}{}{DIM:#} {}", read.fingerprint, read.question));
    section("reads", lines);
    let lines = sources
        .iter()
        .map(|read| format!("{} {DIM}{}{DIM:#}", read.source, read.parts.join(", ")));
    section("of these sources", lines);
    section("is read by", read_by.iter().map(|key| format!("/{key}")));
}

fn section(title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    eprintln!("  {title}:");
    for line in lines.take(MAX_SHOWN) {
        eprintln!("    {line}");
    }
    if count > MAX_SHOWN {
        show::note(&format!("    … and {} more", count - MAX_SHOWN));
    }
}
