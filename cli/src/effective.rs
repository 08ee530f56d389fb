//! `quillfront effective`: the sources that the published site was made from.

use crate::args::{self, Global};
use crate::connect::connect;
use crate::exit::{self, UsageError};
use crate::show;
use anyhow::{Context, Result};
use quillfront_publish::bucket::Options;

pub fn run(global: &Global, options: args::Effective) -> Result<u8> {
    let out = &options.output_dir;
    let used = out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if used {
        return Err(UsageError(format!("{} is not empty", out.display())).into());
    }
    super::serve::runtime()?.block_on(async {
        let builder = connect(&global.root, &options.connection, Options::default()).await?;
        std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        let written = builder.write_effective(out).await?;
        for (key, reason) in &written.refused {
            show::warning(&format!(
                "{key:?} cannot be a file in {}: {reason}; copy it with an S3 client",
                out.display()
            ));
        }
        let files = written.files;
        show::note(&format!("{files} sources written to {}", out.display()));
        Ok(if written.refused.is_empty() {
            exit::GOOD
        } else {
            exit::INFRASTRUCTURE
        })
    })
}
