//! `quillfront approve`: lets a held change through.

use crate::args::{Approve, Global};
use crate::connect::connect;
use crate::handle::texts_of;
use crate::{exit, out, show};
use anyhow::Result;
use quillfront_builder::publish::Options;
use quillfront_builder::publish::run::Work;

pub fn run(global: &Global, options: Approve) -> Result<u8> {
    super::serve::runtime()?.block_on(async {
        let settings = Options {
            now: global.now,
            ..Options::default()
        };
        let builder = connect(&global.root, options.connection.data.as_deref(), settings).await?;
        let held = builder.look().await?.and_then(|(root, _)| root.held);
        let Some(held) = held else {
            show::note("nothing is held");
            return Ok(exit::GOOD);
        };
        show::note(&format!(
            "approving: {} ({} sources)",
            held.reason,
            held.keys.len()
        ));
        let mut code = exit::GOOD;
        for report in builder.run(Work::Approve).await? {
            if options.json {
                out::json(&report)?;
            }
            let address = report.site.clone();
            show::report(&report, &texts_of(&builder, &report).await, &address);
            code = code.max(exit::with(&report.diagnostics));
        }
        Ok(code)
    })
}
