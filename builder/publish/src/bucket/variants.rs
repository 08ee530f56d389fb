//! Stored thumbnails (variants) of originals that have changed or are gone.
//!
//! The service at the edge stores what it has made in the site bucket, below the folder of the original:
//! `img/photos/cat.jpg/width=640`. A commit that puts other bytes under `photos/cat.jpg`, or deletes it, leaves the
//! removal of that folder in the outbox, after the original's own. [`compare`] finds what is left all the same.

pub(super) mod compare;

use super::BuildError;
use super::context::Context;
use super::outbox::empty_outbox;
use super::publication::Publication;
use super::root::{LoadedRoot, Root};
use super::rules::{self, CacheChanges, RulesChange};
use super::session::Session;
use super::state::{PublishedObject, State};
use super::store::{Condition, ListEntry, WriteOutcome, count};
use super::transfer::Put;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_image_urls::{Settings, Variant};
use quillfront_site::key::OutputKey;
use quillfront_site::object::may_be_picture;
use quillfront_site::plan::PICTURES;
use quillfront_site::quillfront_toml::{self, OwnConfig};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often a thumbnail is tried that was refused and is there all the same.
const MAX_SURPRISES: usize = 4;

/// Of more originals than this, all stored thumbnails are listed at once.
const FEW: usize = 100;

/// What sources say of thumbnails: one for each prefix that there is among them.
pub(super) fn settings<'s>(all: impl IntoIterator<Item = &'s Arc<Sources>>) -> Vec<Settings> {
    let mut found: Vec<Settings> = Vec::new();
    for sources in all {
        // What cannot be read says nothing, and nothing is published by it.
        let own = OwnConfig::of(sources.text(quillfront_toml::KEY)).unwrap_or_default();
        let settings = own.images.settings;
        if !found.iter().any(|known| known.prefix == settings.prefix) {
            found.push(settings);
        }
    }
    found
}

/// What the keys of the thumbnails begin with that may have been made of these outputs.
pub(super) fn folders<'k>(
    outputs: impl Iterator<Item = &'k str>,
    settings: &[Settings],
) -> BTreeSet<String> {
    let pictures = outputs.filter(|key| may_be_picture(key));
    let folders = pictures.flat_map(|original| {
        let of = |settings| Variant::folder(original, settings);
        settings.iter().map(of)
    });
    folders.collect()
}

/// The folders of which a publication will remove the thumbnails once it is put.
pub(super) fn of_publication(publication: &Publication<'_>) -> BTreeSet<String> {
    let before = &publication.proposal.state.sources;
    let settings = settings([before, &publication.draft.sources]);
    let published = &publication.proposal.state.outputs;
    let is_replaced = |put: &&Put| match (&put.before, put.etag()) {
        (None, _) => false,
        (Some(before), Some(etag)) => *before != etag,
        // Of bytes that are not here the fingerprint says whether they are those that are there.
        (Some(_), None) => {
            let there = published.get(put.key.as_str());
            let there = there.and_then(|there| there.fingerprint);
            there.is_none_or(|there| there.body != put.object.fingerprint().body)
        }
    };
    let replaced = publication.puts.iter().filter(is_replaced);
    let replaced = replaced.map(|put| put.key.as_str());
    // Pictures of templates stay for as long as cached pages may show them.
    let gone = publication.deletions.keys().map(OutputKey::as_str);
    let gone = gone.filter(|key| !key.starts_with(PICTURES));
    folders(replaced.chain(gone), &settings)
}

/// Removes the stored thumbnails in these folders. True where all are gone, false where time ran out.
///
/// One that somebody has stored anew since it was listed stays: who stores one looks at the original once more
/// afterwards. Where S3 refuses since another request was under way (409), the one that was listed may be there still,
/// and is removed again, or waits in the outbox.
pub(super) async fn remove(
    context: &Context,
    session: &mut Session<'_>,
    folders: &BTreeSet<String>,
    outputs: &BTreeMap<OutputKey, PublishedObject>,
) -> Result<bool, BuildError> {
    let Some(stored) = list(context, session, folders, outputs).await? else {
        return Ok(false);
    };
    for chunk in stored.chunks(context.options.parallel) {
        if context.is_late() {
            return Ok(false);
        }
        session.keep().await?;
        let mut left: Vec<&ListEntry> = chunk.iter().collect();
        for _ in 0..MAX_SURPRISES {
            left = remove_at_once(context, left).await?;
            if left.is_empty() {
                break;
            }
            // Something else wrote there: go on only if still the writer.
            session.verify().await?;
        }
        if !left.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes thumbnails as they were listed. Returns those that were not removed and are there still.
async fn remove_at_once<'l>(
    context: &Context,
    listed: Vec<&'l ListEntry>,
) -> Result<Vec<&'l ListEntry>, BuildError> {
    let removals = listed.into_iter().map(|object| async move {
        let as_listed = Condition::Matches(object.etag.clone());
        let written = context.site.delete(&object.key, &as_listed).await?;
        if written != WriteOutcome::Refused {
            count(&context.counts.variants, 1);
            return Ok(None);
        }
        let there = context.site.head(&object.key).await?;
        let is_there = there.is_some_and(|there| there.etag == object.etag);
        Ok::<_, BuildError>(is_there.then_some(object))
    });
    let removals = iter(removals).buffer_unordered(context.options.parallel);
    let left: Vec<Option<&ListEntry>> = removals.try_collect().await?;
    Ok(left.into_iter().flatten().collect())
}

/// Lists the stored thumbnails in these folders; none where time ran out.
async fn list(
    context: &Context,
    session: &mut Session<'_>,
    folders: &BTreeSet<String>,
    outputs: &BTreeMap<OutputKey, PublishedObject>,
) -> Result<Option<Vec<ListEntry>>, BuildError> {
    let is_wanted = |object: &ListEntry| {
        let key = object.key.as_str();
        let is_of_them = folder(key).is_some_and(|folder| folders.contains(folder));
        is_of_them && !outputs.contains_key(key) && context.site.may_have(key)
    };
    let mut found = Vec::new();
    let starts = starts(folders).into_iter();
    let mut left: Vec<(String, Option<String>)> = starts.map(|start| (start, None)).collect();
    while !left.is_empty() {
        if context.is_late() {
            return Ok(None);
        }
        session.keep().await?;
        let at_once = left.split_off(left.len().saturating_sub(context.options.parallel));
        let pages = at_once.into_iter().map(|(start, token)| async move {
            let page = context.site.page_below(&start, token).await?;
            Ok::<_, BuildError>((start, page))
        });
        let pages = iter(pages).buffer_unordered(context.options.parallel);
        for (start, page) in pages.try_collect::<Vec<_>>().await? {
            found.extend(page.objects.into_iter().filter(is_wanted));
            left.extend(page.next.map(|next| (start, Some(next))));
        }
    }
    Ok(Some(found))
}

/// The folder of the original that a key is a thumbnail of by its form: the last part of such a key has an `=`,
/// and nothing else lies there that is not published.
fn folder(key: &str) -> Option<&str> {
    let (folder, last) = key.split_at(key.rfind('/')? + 1);
    last.contains('=').then_some(folder)
}

/// What is listed to find all that lies in these folders: each of a few; of many, what they all begin with.
pub(super) fn starts(folders: &BTreeSet<String>) -> Vec<String> {
    let (Some(first), Some(last)) = (folders.first(), folders.last()) else {
        return Vec::new();
    };
    if folders.len() <= FEW {
        return folders.iter().cloned().collect();
    }
    // What the first and the last in order share, all between them do.
    let same = first.bytes().zip(last.bytes());
    let same = same.take_while(|(one, other)| one == other).count();
    let end = first.as_bytes()[..same]
        .iter()
        .rposition(|byte| *byte == b'/');
    vec![first[..end.map_or(0, |at| at + 1)].to_owned()]
}

/// Removes thumbnails that a reconcile has found to be of other bytes than their originals, or of none, and has
/// caches forget them. The state and the tree are what they were.
pub(super) async fn drop_stale(
    context: &Context,
    loaded: LoadedRoot,
    base: &Root,
    state: &State,
    stale: BTreeSet<String>,
) -> Result<(), BuildError> {
    let Some(mut session) = Session::begin(context, loaded, base, Vec::new(), |_| {}).await? else {
        return Ok(());
    };
    let before = session.root().cloned().ok_or(BuildError::LostRace)?;
    let mut outbox = before.outbox.unwrap_or_default();
    let forgotten = CacheChanges {
        touched: &BTreeSet::new(),
        variants: &stale,
        owed: std::mem::take(&mut outbox.invalidations),
    };
    let published = state.outputs.keys().map(OutputKey::as_str);
    let rules = RulesChange::default();
    outbox.invalidations = rules::invalidations(context, &rules, forgotten, published).paths;
    outbox.variants.extend(stale);
    outbox.reference = context.host.new_id();
    outbox.sent = 0;
    session
        .update(|root| root.outbox = Some(outbox.clone()))
        .await?;
    match empty_outbox(context, &mut session, outbox, &state.outputs).await {
        // It stays in the outbox, and is told with what comes next.
        Err(BuildError::Invalidation(_)) => Ok(()),
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        list.into_iter().collect()
    }

    #[test]
    fn pictures_have_a_folder_below_each_prefix() {
        let elsewhere = Settings {
            prefix: "/a/b".to_owned(),
            ..Settings::default()
        };
        let keys = ["cat.jpg", "index.html", "x/cat.svg"];
        let found = folders(keys.into_iter(), &[Settings::default(), elsewhere]);
        let expected = [
            "a/b/cat.jpg/",
            "a/b/x/cat.svg/",
            "img/cat.jpg/",
            "img/x/cat.svg/",
        ];
        assert_eq!(found, set(expected.map(str::to_owned)));
    }

    #[test]
    fn a_thumbnail_is_of_the_folder_that_it_lies_in() {
        assert_eq!(folder("img/a.jpg/width=1"), Some("img/a.jpg/"));
        assert_eq!(folder("img/a.jpg/b.png/width=1"), Some("img/a.jpg/b.png/"));
        for key in ["img/a.jpg/b.png", "width=1", "img/a=b/c.jpg", "img/a.jpg/"] {
            assert_eq!(folder(key), None, "{key}");
        }
    }

    #[test]
    fn many_folders_are_listed_at_once() {
        let few = set((0..FEW).map(|n| format!("img/{n}.jpg/")));
        assert_eq!(starts(&few).len(), FEW);
        let many = set((0..=FEW).map(|n| format!("img/photos/1{n}.jpg/")));
        assert_eq!(starts(&many), ["img/photos/"]);
        let mut wide = many.clone();
        wide.insert("img/a.jpg/".to_owned());
        assert_eq!(starts(&wide), ["img/"]);
        wide.insert("pictures/a.jpg/".to_owned());
        assert_eq!(starts(&wide), [""]);
        assert!(starts(&BTreeSet::new()).is_empty());
    }
}
