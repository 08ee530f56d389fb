//! Removing from the state what no root names: segments and lists of a builder that died before it
//! could write the root that was to name them.
//!
//! A reconcile does it, at its end, without the lease. The root is read, the state is listed, and
//! the root is written as it was, which fails if anybody wrote it since. What was listed and is not
//! named can never be named then:
//!
//! * whoever wrote it meant to write on a root of before, which is refused from now on (a lease was
//!   on none of them);
//! * whoever comes writes what it names anew, and no two writes of a segment have the same ETag
//!   ([`super::state`]), nor have two lists the same name. A removal is only for the ETag that was
//!   listed, so that not even one that comes late hits anything else.
//!
//! None of this needs a clock. That it is old as well is a second wall: no run lives so long. Ages go
//! by the newest object of the listing, so by S3's own clock.

use super::context::Context;
use super::root::LoadedRoot;
use super::store::{Condition, ListEntry};
use super::{BuildError, lists, state};
use futures::stream::{StreamExt, TryStreamExt, iter};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longer than any run lives that could still name what it wrote: a Lambda function has 15
/// minutes, a lease two, a request less than one.
pub(super) const LONGER_THAN_ANY_RUN: Duration = Duration::from_secs(60 * 60);

/// Removes what neither the root nor one of the last roots names.
///
/// # Errors
/// Storage failed. What is left is found by the next one.
pub(super) async fn sweep(context: &Context) -> Result<(), BuildError> {
    let mut loaded = LoadedRoot::read(&context.state).await?;
    let Some(root) = loaded.root.clone().filter(|root| root.lease.is_none()) else {
        return Ok(());
    };
    let listed = context.state.list().await?;
    let adrift = adrift(&listed, &loaded.names(), context.options.sweep_after);
    if adrift.is_empty()
        || !loaded
            .write(&context.state, root, context.host.new_id())
            .await?
    {
        return Ok(());
    }
    for chunk in adrift.chunks(context.options.parallel) {
        if context.is_late() {
            return Ok(());
        }
        let removals = chunk.iter().map(|object| async move {
            // Where it is refused, somebody has written it anew.
            let as_listed = Condition::Matches(object.etag.clone());
            context.state.delete(&object.key, &as_listed).await
        });
        let removals = iter(removals).buffer_unordered(context.options.parallel);
        removals.try_collect::<Vec<_>>().await?;
    }
    Ok(())
}

/// The segments and lists that are not among `names` and are older than `age`.
fn adrift<'a>(
    listed: &'a [ListEntry],
    names: &BTreeSet<String>,
    age: Duration,
) -> Vec<&'a ListEntry> {
    let times = listed.iter().filter_map(|object| object.modified_ms);
    let newest = times.max().unwrap_or_default();
    let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    let is_old = |object: &&ListEntry| {
        let modified_ms = object.modified_ms;
        modified_ms.is_some_and(|at| newest.saturating_sub(at) >= age_ms)
    };
    let is_ours = |key: &str| key.starts_with(state::FOLDER) || key.starts_with(lists::FOLDER);
    listed
        .iter()
        .filter(|object| is_ours(&object.key) && !names.contains(&object.key))
        .filter(is_old)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, modified_ms: Option<i64>) -> ListEntry {
        ListEntry {
            key: key.into(),
            etag: "e".into(),
            modified_ms,
        }
    }

    #[test]
    fn what_is_named_young_of_no_known_age_or_not_ours_stays() {
        let hour = LONGER_THAN_ANY_RUN.as_millis() as i64;
        let now = 100 * hour;
        let listed = [
            object("lists/old", Some(now - hour)),
            object("notes.txt", Some(0)),
            object("report.json", Some(0)),
            object("root.json", Some(now)),
            object("segments/named", Some(0)),
            object("segments/old", Some(0)),
            object("segments/unknown", None),
            object("segments/young", Some(now - hour + 1)),
        ];
        let names = BTreeSet::from(["segments/named".to_owned()]);
        let found = adrift(&listed, &names, LONGER_THAN_ANY_RUN);
        let keys: Vec<&str> = found.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["lists/old", "segments/old"]);
    }
}
