//! What waits has a reason (invariant 1): admitted singly, and all together, it cannot be made. This is
//! said by evaluations of their own in which it is taken as accepted, not by how a builder selects.

use crate::builders::builder;
use crate::clock::Machine;
use crate::finale::Direct;
use crate::s3::{Bucket, S3};
use crate::world::{SOURCE, World};
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::run::Work;
use quillfront_site::plan::Rank;
use std::collections::BTreeSet;

/// More of them are tried together, but not each alone: a trial is a build.
const MAX_ALONE: usize = 6;

/// Fails where anything that waits could be published without taking another page down. `effective` is what
/// counts without it.
pub async fn cannot_be_admitted(
    world: &World,
    options: &Options,
    effective: &Bucket,
    waiting: &BTreeSet<String>,
) -> Result<(), String> {
    if waiting.is_empty() {
        return Ok(());
    }
    let site = Site {
        world,
        options,
        effective,
    };
    if site.admits(waiting).await? {
        return Err(format!(
            "{waiting:?} wait, and can all be published together"
        ));
    }
    for key in waiting.iter().take(MAX_ALONE) {
        if site.admits(&BTreeSet::from([key.clone()])).await? {
            let text = String::from_utf8_lossy(&world.s3.bucket(SOURCE)[key].bytes);
            return Err(format!("{key} waits, and can be published:\n{text}"));
        }
    }
    Ok(())
}

/// What was accepted.
struct Site<'a> {
    world: &'a World,
    options: &'a Options,
    effective: &'a Bucket,
}

/// What a build made of a site, every file of which was taken as accepted.
struct Made {
    /// The files whose own outputs were made.
    own: BTreeSet<String>,
    /// The files with a mistake, or with a link to nothing: in what is accepted, that is a warning.
    refused: BTreeSet<String>,
}

impl Site<'_> {
    /// True where all these can be made beside the others, and those as well.
    async fn admits(&self, tried: &BTreeSet<String>) -> Result<bool, String> {
        let with = self.made_with(tried).await?;
        let is_made = |key: &String| {
            let bytes = &self.world.s3.bucket(SOURCE)[key].bytes;
            let is_hidden = String::from_utf8_lossy(bytes).contains("render = false");
            (with.own.contains(key) || is_hidden) && !with.refused.contains(key)
        };
        if !tried.iter().all(is_made) {
            return Ok(false);
        }
        let without = self.made_with(&BTreeSet::new()).await?;
        let is_other = |key: &&String| !tried.contains(*key);
        Ok(without
            .own
            .iter()
            .filter(is_other)
            .all(|key| with.own.contains(key)))
    }

    async fn made_with(&self, tried: &BTreeSet<String>) -> Result<Made, String> {
        let mut source = self.effective.clone();
        for key in tried {
            let object = self.world.s3.bucket(SOURCE).get(key);
            let object = object.ok_or_else(|| format!("{key} waits, and is not there"))?;
            source.insert(key.clone(), object.clone());
        }
        let mut s3 = S3::default();
        s3.buckets.insert(SOURCE.to_owned(), source);
        let machine = Machine::standing_still("admits", self.world.clock.clone());
        let builder = builder(&machine, Direct::new(s3), 0, self.options.clone());
        let reports = builder.run(Work::Reconcile).await;
        let reports = reports.map_err(|error| error.to_string())?;
        let told = reports.iter().flat_map(|report| &report.diagnostics);
        let told = told.filter(|one| one.is_error() || one.code == "internal-link");
        let looked = builder.look().await.map_err(|error| error.to_string())?;
        let (_, state) = looked.ok_or("nothing was built")?;
        let is_own = |rank: Rank| matches!(rank, Rank::Page | Rank::Section);
        let own = state.outputs.values().filter(|output| is_own(output.rank));
        Ok(Made {
            own: own.map(|output| output.source.to_string()).collect(),
            refused: told.map(|one| one.file.clone()).collect(),
        })
    }
}
