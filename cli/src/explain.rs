//! `quillfront explain`: what an output is made from, what a source has a hand in, and why the last
//! build did or did not touch it.

mod text;

use crate::args::{Explain, Global};
use crate::connect::connect;
use crate::excerpt::Look;
use crate::exit::{self, UsageError};
use crate::out::{self, say};
use crate::root::key_of;
use crate::show::{self, BOLD, CYAN, DIM, YELLOW};
use anyhow::Result;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::explain::{ExplainError, Explanation};
use text::Item;

/// Where standard error is no terminal, lines are wrapped to so many columns.
const WIDTH: usize = 100;

pub fn run(global: &Global, options: Explain) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        let settings = Options {
            now: global.now,
            ..Options::default()
        };
        // A file may be named from wherever one is.
        let subject = options.subject.as_deref().map(|subject| {
            let there = std::path::Path::new(subject).is_file();
            let key = there
                .then(|| key_of(&global.root, subject.as_ref()))
                .flatten();
            key.unwrap_or_else(|| subject.to_owned())
        });
        let builder = connect(&global.root, &options.connection, settings).await?;
        if options.dot {
            out::print(&builder.draw(subject.as_deref()).await.map_err(meant)?)?;
            return Ok(exit::GOOD);
        }
        let Some(subject) = subject else {
            let message = "nothing to explain: give an address such as /blog/, or a file such as \
                           content/blog/_index.md; --dot draws the whole site";
            return Err(UsageError(message.to_owned()).into());
        };
        let explanation = builder.explain(&subject).await.map_err(meant)?;
        if options.json {
            out::json(&explanation)?;
        } else {
            show_explanation(&explanation, options.full);
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

fn show_explanation(explanation: &Explanation, full: bool) {
    let width = Look::of_this_terminal().width.unwrap_or(WIDTH);
    let Explanation { subject, last, .. } = explanation;
    say!("{BOLD}{subject}{BOLD:#}");
    let told = text::last(&last.action, &last.because);
    for why in &explanation.missing {
        let lines = text::wrapped(&format!("not published: {why}"), width.saturating_sub(4));
        say!("  {YELLOW}{}{YELLOW:#}", lines.join("\n    "));
    }
    say!("  {DIM}last build:{DIM:#} {CYAN}{told}{CYAN:#}");
    for list in text::lists(explanation, full) {
        say!("  {}:", list.title);
        for item in &list.items {
            show_item(item, width);
        }
        if list.more > 0 {
            let more = format!("    … and {} more; --full shows them", list.more);
            show::note(&more);
        }
    }
}

fn show_item(Item { lead, text }: &Item, width: usize) {
    let lead = if lead.is_empty() {
        String::new()
    } else {
        format!("{lead} ")
    };
    let indent = 4 + lead.len();
    let mut lines = text::wrapped(text, width.saturating_sub(indent + 2)).into_iter();
    let first = lines.next().unwrap_or_default();
    say!("    {DIM}{lead}{DIM:#}{first}");
    for line in lines {
        // What goes on stands a little further in.
        say!("{:indent$}  {line}", "");
    }
}
