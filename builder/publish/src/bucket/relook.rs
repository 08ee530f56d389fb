//! Looking once more, under the lease, at the sources that a commit is about to change
//! (invariant 4).
//!
//! A run reads its sources before it has the lease. Whoever gets the event of a later change
//! meanwhile compares with the committed state, which this run's view is no part of yet: where the
//! change leads back to that state, there is nothing to do for it. So the view is compared with
//! the source bucket again once the lease is taken, and what is no longer as it was read stays a
//! hint at the commit. No change is lost then:
//!
//! * one from *before* this look is found by it;
//! * one from *after* it is told of by an event that comes after it. Whoever takes that event reads
//!   the root afterwards, and finds this lease in it, and leaves the key as a hint; or finds this
//!   commit, and compares with it.
//!
//! Keys that were seen as the committed state has them need no such look: any change of theirs
//! differs from that state, for whoever comes.

use super::context::Context;
use futures::stream::{StreamExt, iter};
use quillfront_render::effective::SourceObservation;
use quillfront_site::key::{Role, SourceKey};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// Up to so many keys are looked at one by one; for more the bucket is listed.
pub(super) const FEW: usize = 50;

/// What a run saw: key to version, none where nothing was there.
pub(super) type View = BTreeMap<SourceKey, Option<String>>;

/// What was seen and is not so in `known`.
pub(super) fn differing(known: &Sources, seen: &[(SourceKey, SourceObservation)]) -> View {
    let used = seen.iter().filter(|(key, _)| key.role() != Role::Ignored);
    used.map(|(key, observed)| (key, observed.version()))
        .filter(|(key, version)| {
            let known = known.get(key.as_str());
            known.map(|source| source.version.as_str()) != *version
        })
        .map(|(key, version)| (key.clone(), version.map(str::to_owned)))
        .collect()
}

/// The keys whose objects are no longer what was seen. Also those of which that cannot be told,
/// because storage failed or there was no time: no request begins from `until_ms` of Unix time
/// on.
pub(super) async fn look_again(
    context: &Context,
    view: &View,
    until_ms: i64,
) -> BTreeSet<SourceKey> {
    if view.len() > FEW {
        return list_again(context, view, until_ms).await;
    }
    let looks = view.iter().map(|(key, version)| async move {
        if !may_begin(context, until_ms) {
            return Some(key.clone());
        }
        let same = match context.source.head(key.as_str()).await {
            Ok(there) => there.map(|there| there.etag) == *version,
            // As it was seen, without a version.
            Err(error) => error.is_damaged() && version.is_none(),
        };
        (!same).then(|| key.clone())
    });
    let looks = iter(looks).buffer_unordered(context.options.parallel);
    looks.filter_map(std::future::ready).collect().await
}

async fn list_again(context: &Context, view: &View, until_ms: i64) -> BTreeSet<SourceKey> {
    let (mut found, mut next) = (View::new(), None);
    let all_listed = loop {
        if !may_begin(context, until_ms) {
            break false;
        }
        let Ok(page) = context.source.page(next).await else {
            break false;
        };
        let of_view = page.objects.into_iter();
        let of_view = of_view.filter(|object| view.contains_key(object.key.as_str()));
        found.extend(of_view.map(|object| (SourceKey::from(object.key), Some(object.etag))));
        next = page.next;
        if next.is_none() {
            break true;
        }
    };
    let moved = view.iter().filter(|(key, version)| match found.get(*key) {
        Some(there) => there != *version,
        None => version.is_some() || !all_listed,
    });
    moved.map(|(key, _)| key.clone()).collect()
}

fn may_begin(context: &Context, until_ms: i64) -> bool {
    !context.is_late() && context.now_ms() < until_ms
}
