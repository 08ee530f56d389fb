//! `quillfront approve`: lets a held change through.

use crate::args::{Approve, Global};
use crate::connect::connect;
use crate::handle::texts_of;
use crate::interrupt::{block_on, unless_interrupted};
use crate::{exit, out, show};
use anyhow::Result;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::run::Work;

pub fn run(global: &Global, options: Approve) -> Result<u8> {
    block_on(async {
        let settings = Options {
            now: global.now,
            ..Options::default()
        };
        let builder = connect(&global.root, &options.connection, settings).await?;
        let root = builder.look().await?.map(|(root, _)| root);
        let (held, set_aside) = root.map_or_else(Default::default, |root| {
            let set_aside: Vec<String> = root.set_aside.into_keys().collect();
            (root.held, set_aside)
        });
        if held.is_none() && set_aside.is_empty() {
            show::note("nothing is held");
            return Ok(exit::GOOD);
        }
        if let Some(held) = held {
            let count = held.keys.len();
            show::note(&format!("approving: {} ({count} sources)", held.reason));
        }
        for key in set_aside {
            let shown = key.escape_debug();
            show::note(&format!("trying {shown} again, which was set aside"));
        }
        let mut code = exit::GOOD;
        let approved = builder.run(Work::Approve);
        for report in unless_interrupted(&builder, approved).await? {
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
