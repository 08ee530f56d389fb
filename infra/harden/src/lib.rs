//! Makes the changes of a plan ([`quillfront_audit::harden`]), and takes them back.
//!
//! [`apply`]: create → what the distribution will need → the distribution → wait for its deployment → what it needs no
//! more. [`rollback`]: the other way round.
//!
//! Each text is read, changed and written as it is ([`text`]), with the ETag that it was read with: where somebody
//! else was faster, it is read and changed anew. What is to be created is looked for by its name first ([`create`]).
//! So whatever is interrupted can be run again. Before the first write of a text, and after each creation, the caller
//! keeps what is needed to go back ([`saved::Saved`]).

mod call;
pub mod create;
mod error;
mod restore;
pub mod saved;
pub mod text;
pub mod wait;

pub use error::HardenError;
pub use restore::rollback;
pub use wait::Patience;

use quillfront_audit::harden::edit::Edit;
use quillfront_audit::harden::{Change, Creation, Resource, Step, When};
use quillfront_aws::Aws;
use saved::Saved;
use std::collections::BTreeMap;

/// Makes changes, and counts the requests that changed something. `keep` is given what is needed to go back, each time
/// before it grows out of date.
///
/// # Errors
/// See [`HardenError`]; what was done until then is done, and the same changes can be made again.
pub async fn apply(
    aws: &Aws,
    changes: &[Change],
    saved: &mut Saved,
    patience: Patience,
    keep: &mut (dyn FnMut(&Saved) -> Result<(), HardenError> + Send),
) -> Result<usize, HardenError> {
    let mut writes = 0;
    let mut created = BTreeMap::new();
    for what in creations(changes) {
        let found = create::find_or_create(aws, what).await?;
        if found.is_new {
            writes += 1;
            saved.created.push((what, found.id.clone()));
            keep(saved)?;
        }
        created.insert(what, found.id);
    }
    for when in [When::Before, When::With, When::Deployed] {
        for call in calls(changes, when) {
            let is_noted = saved.calls.contains(call);
            if !is_noted {
                saved.calls.push(call.clone());
                keep(saved)?;
            }
            let is_done = call::make(aws, &saved.distribution, call).await?;
            writes += usize::from(is_done);
        }
        for (resource, edits) in rewrites(changes, when) {
            let resource = known(resource, &created)?;
            let is_written = rewrite(aws, &resource, &edits, &created, saved, keep).await?;
            writes += usize::from(is_written);
        }
        let is_more = changes.iter().flat_map(|change| &change.steps).any(|step| {
            matches!(
                step,
                Step::Call(When::Deployed, _) | Step::Rewrite(When::Deployed, ..)
            )
        });
        if when == When::With && (is_more || writes > 0) {
            wait::until_deployed(aws, saved.id(), patience).await?;
        }
    }
    Ok(writes)
}

/// A resource by its id.
fn known(
    resource: Resource,
    created: &BTreeMap<Creation, String>,
) -> Result<Resource, HardenError> {
    let Resource::New(what) = resource else {
        return Ok(resource);
    };
    let missing = || HardenError::Answer(format!("{} was not created", what.name()));
    let id = created.get(&what).ok_or_else(missing)?.clone();
    Ok(match what {
        Creation::HeadersPolicy => Resource::HeadersPolicy(id),
        Creation::BucketControl | Creation::FunctionControl => Resource::AccessControl(id),
    })
}

fn creations(changes: &[Change]) -> Vec<Creation> {
    let steps = changes.iter().flat_map(|change| &change.steps);
    let mut all: Vec<Creation> = steps
        .filter_map(|step| match step {
            Step::Create(what) => Some(*what),
            _ => None,
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn calls(changes: &[Change], when: When) -> Vec<&quillfront_audit::harden::Call> {
    let steps = changes.iter().flat_map(|change| &change.steps);
    let mut all = Vec::new();
    for step in steps {
        if let Step::Call(at, call) = step
            && *at == when
            && !all.contains(&call)
        {
            all.push(call);
        }
    }
    all
}

/// All edits of each text, which is then written once.
fn rewrites(changes: &[Change], when: When) -> BTreeMap<Resource, Vec<Edit>> {
    let mut all: BTreeMap<Resource, Vec<Edit>> = BTreeMap::new();
    for step in changes.iter().flat_map(|change| &change.steps) {
        if let Step::Rewrite(at, resource, edit) = step
            && *at == when
        {
            let edits = all.entry(resource.clone()).or_default();
            if !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
    }
    all
}

/// How often a text is read again that somebody else changes meanwhile.
const MAX_OVERTAKEN: usize = 20;

/// Reads, changes and writes a text; false where it was so already.
async fn rewrite(
    aws: &Aws,
    resource: &Resource,
    edits: &[Edit],
    created: &BTreeMap<Creation, String>,
    saved: &mut Saved,
    keep: &mut (dyn FnMut(&Saved) -> Result<(), HardenError> + Send),
) -> Result<bool, HardenError> {
    let mut was_refused = false;
    for _ in 0..MAX_OVERTAKEN {
        let now = text::read(aws, resource).await?;
        let told = |error| HardenError::Edit {
            place: text::name(resource),
            error,
        };
        let after = quillfront_audit::harden::edit::apply(now.text.as_deref(), edits, created);
        let after = after.map_err(told)?;
        if now.text.as_deref().unwrap_or_default() == after {
            // The answer to an attempt was lost, and the next one met its own write.
            if was_refused {
                saved.written(resource, now.etag);
                keep(saved)?;
            }
            return Ok(was_refused);
        }
        // Of a text that was written before in this run, or in an earlier one, the first is kept.
        saved.note(resource, &now);
        keep(saved)?;
        let wanted = Some(after.as_str()).filter(|text| !text.is_empty());
        match text::write(aws, resource, wanted, now.etag.as_deref()).await {
            Ok(etag) => {
                saved.written(resource, etag);
                keep(saved)?;
                return Ok(true);
            }
            Err(error) if text::is_overtaken(&error) => was_refused = true,
            Err(error) => return Err(error.into()),
        }
    }
    Err(HardenError::Busy(text::name(resource)))
}
