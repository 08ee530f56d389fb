//! Stored thumbnails, compared with their originals by a reconcile.
//!
//! Who stores a thumbnail notes the ETag of the original that it was made of ([`Field::Original`]), and looks at the
//! original once more afterwards. Who dies in between leaves one that may be of other bytes; no event tells of
//! it. A listing has no metadata, so it takes a HEAD to see what one was made of. It does not take one for each
//! at every reconcile:
//!
//! * A thumbnail is never overwritten, and only a write of the original makes it wrong. So of those that were
//!   stored before a comparison, and whose originals were written before it, nothing is new after it.
//! * [`Root::compared_ms`] says up to when that is: to the newest object of the listing, less
//!   [`LONGER_THAN_ANY_RUN`], since a listing of several parts may have missed what was stored meanwhile. It is
//!   the clock of S3 on both sides.
//! * Of what is left, the oldest comes first, [`MAX_COMPARED`] in all; the next reconcile goes on from there.
//!
//! So each costs one HEAD after it was made, rarely two, and one after each write of its original that left its
//! bytes as they were. When either was written says nothing by itself: one that is younger than its original
//! may have been made of the bytes of before.

use super::super::sweep::LONGER_THAN_ANY_RUN;
use crate::bucket::BuildError;
use crate::bucket::context::Context;
use crate::bucket::root::Root;
use crate::bucket::state::PublishedObject;
use crate::bucket::store::ListEntry;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_headers::{Field, Original};
use quillfront_image_urls::{Place, Settings, Variant};
use quillfront_site::key::OutputKey;
use std::collections::{BTreeMap, BTreeSet};

/// The most thumbnails that a reconcile looks at: half a minute or so.
const MAX_COMPARED: usize = 20_000;

/// What a reconcile has found of stored thumbnails.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::bucket) struct Compared {
    /// The folders of originals of which some are wrong.
    pub(in crate::bucket) stale: BTreeSet<String>,
    /// What [`Root::compared_ms`] is from now on, where it is another.
    pub(in crate::bucket) compared_ms: Option<i64>,
}

/// Stored thumbnails, by what a listing alone says of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::bucket) struct StoredVariants {
    /// The folders of those that are of no original, or that nobody makes.
    stale: BTreeSet<String>,
    /// Those that may be wrong, the oldest first.
    doubtful: Vec<Doubtful>,
    /// When the newest object of the site bucket was written.
    newest_ms: i64,
}

/// A stored thumbnail that may be of other bytes than its original has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Doubtful {
    /// When it or its original was written, whichever is later.
    since_ms: i64,
    key: String,
    /// The ETag of its original.
    original: String,
}

impl StoredVariants {
    /// Takes the stored thumbnails out of a listing of the site bucket. What is published is none of them.
    pub(in crate::bucket) fn take(
        listed: &mut Vec<ListEntry>,
        outputs: &BTreeMap<OutputKey, PublishedObject>,
        settings: &Settings,
        compared_ms: i64,
    ) -> Self {
        let is_taken = |object: &mut ListEntry| kind(&object.key, outputs, settings).is_some();
        let taken: Vec<ListEntry> = listed.extract_if(.., is_taken).collect();
        let times = listed.iter().chain(&taken);
        let newest_ms = times.filter_map(|object| object.modified_ms).max();
        let mut stored = Self {
            newest_ms: newest_ms.unwrap_or_default(),
            ..Self::default()
        };
        // A bucket in use, or a state that is to be made anew: there is nothing to compare with yet.
        if outputs.is_empty() {
            return stored;
        }
        let originals: BTreeMap<&str, &ListEntry> = listed
            .iter()
            .map(|object| (object.key.as_str(), object))
            .collect();
        for object in &taken {
            let original = match kind(&object.key, outputs, settings) {
                Some(Kind::Of(original)) => originals.get(original),
                Some(Kind::Junk) | None => None,
            };
            let Some(original) = original else {
                let folder = super::folder(&object.key).map(str::to_owned);
                stored.stale.extend(folder);
                continue;
            };
            let times = object.modified_ms.zip(original.modified_ms);
            // Where the storage does not say when, nothing is known.
            let since_ms = times.map_or(i64::MAX, |(one, other)| one.max(other));
            if since_ms >= compared_ms {
                stored.doubtful.push(Doubtful {
                    since_ms,
                    key: object.key.clone(),
                    original: original.etag.clone(),
                });
            }
        }
        stored.doubtful.sort_unstable();
        stored
    }

    /// Looks at those that may be wrong.
    ///
    /// # Errors
    /// Storage failed.
    pub(in crate::bucket) async fn compare(
        mut self,
        context: &Context,
        root: &Root,
    ) -> Result<Compared, BuildError> {
        let left = self
            .doubtful
            .split_off(self.doubtful.len().min(MAX_COMPARED));
        let looks = self.doubtful.iter().map(|doubtful| async move {
            let is_stale = is_stale(context, doubtful).await?;
            let folder = super::folder(&doubtful.key).filter(|_| is_stale);
            Ok::<_, BuildError>(folder.map(str::to_owned))
        });
        let looks = iter(looks).buffer_unordered(context.options.parallel);
        let found: Vec<Option<String>> = looks.try_collect().await?;
        self.stale.extend(found.into_iter().flatten());
        // Those that are wrong are gone when the next one looks, and it is said then.
        let is_said = !self.doubtful.is_empty() && self.stale.is_empty();
        let compared_ms = is_said.then(|| compared_ms(self.newest_ms, left.first()));
        Ok(Compared {
            stale: self.stale,
            compared_ms: compared_ms.filter(|at| *at > root.compared_ms),
        })
    }
}

/// Up to when everything has been compared, if `left` is the first that has not.
fn compared_ms(newest_ms: i64, left: Option<&Doubtful>) -> i64 {
    let sure_ms = newest_ms.saturating_sub(LONGER_THAN_ANY_RUN.as_millis() as i64);
    left.map_or(sure_ms, |left| sure_ms.min(left.since_ms))
}

/// Whether it was made of other bytes than its original has, or does not say of which.
async fn is_stale(context: &Context, doubtful: &Doubtful) -> Result<bool, BuildError> {
    match context.site.head(&doubtful.key).await {
        Ok(None) => Ok(false),
        Ok(Some(head)) => {
            let made_of = head.attributes.metadata.get(Field::Original.name());
            let is_of = |value: &String| Original::read(value).etag == doubtful.original;
            Ok(!made_of.is_some_and(is_of))
        }
        Err(error) if error.is_damaged() => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// What the key of a stored thumbnail says.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'k> {
    /// It is one of this original.
    Of(&'k str),
    /// Nobody makes it: it is below another prefix, which was the site's once, or has other options.
    Junk,
}

/// What a key is that is not published; none where it is no thumbnail's.
fn kind<'k>(
    key: &'k str,
    outputs: &BTreeMap<OutputKey, PublishedObject>,
    settings: &Settings,
) -> Option<Kind<'k>> {
    let (folder, last) = key.rsplit_once('/')?;
    if !last.contains('=') || outputs.contains_key(key) {
        return None;
    }
    if Place::of(key, settings) == Place::Canonical {
        let original = folder.strip_prefix(settings.folder());
        let original = original.and_then(|rest| rest.strip_prefix('/'));
        let original = original.filter(|_| Variant::read(key, settings).is_some());
        return Some(original.map_or(Kind::Junk, Kind::Of));
    }
    // Where nothing is published yet, it may be anybody's.
    let as_here = format!("{}/x/{last}", settings.folder());
    let is_variant = !outputs.is_empty() && Variant::read(&as_here, settings).is_some();
    is_variant.then_some(Kind::Junk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::key::SourceKey;
    use quillfront_site::plan::Rank;

    const HOUR: i64 = LONGER_THAN_ANY_RUN.as_millis() as i64;

    fn object(key: &str, modified_ms: i64) -> ListEntry {
        ListEntry {
            key: key.into(),
            etag: format!("etag of {key}"),
            modified_ms: Some(modified_ms),
        }
    }

    fn outputs(keys: &[&str]) -> BTreeMap<OutputKey, PublishedObject> {
        let published = |key: &&str| {
            let published = PublishedObject {
                fingerprint: None,
                etag: format!("etag of {key}").into(),
                source: SourceKey::from(format!("static/{key}")),
                rank: Rank::Static,
            };
            (OutputKey::from(*key), published)
        };
        keys.iter().map(published).collect()
    }

    fn take(
        listed: &[ListEntry],
        published: &[&str],
        compared_ms: i64,
    ) -> (StoredVariants, Vec<String>) {
        let mut listed = listed.to_vec();
        let settings = Settings::default();
        let stored = StoredVariants::take(&mut listed, &outputs(published), &settings, compared_ms);
        (
            stored,
            listed.into_iter().map(|object| object.key).collect(),
        )
    }

    #[test]
    fn thumbnails_are_told_from_what_is_published_and_from_strangers() {
        let keys = [
            "a.jpg",
            "img/a.jpg",
            "img/a.jpg/b=c",
            "img/a.jpg/note.txt",
            "img/a.jpg/width=640",
            "img/a.jpg/width=641,blur=3",
            "img/gone.jpg/width=640",
            "img/x=y.jpg",
            "old/a.jpg/width=640,format=webp",
            "old/a.jpg/width=640,format=gif",
            "published/width=640",
        ];
        let listed = keys.map(|key| object(key, 0));
        let (stored, left) = take(&listed, &["a.jpg", "published/width=640"], 0);
        let expected = [
            "a.jpg",
            "img/a.jpg",
            "img/a.jpg/note.txt",
            "img/x=y.jpg",
            "old/a.jpg/width=640,format=gif",
            "published/width=640",
        ];
        assert_eq!(left, expected);
        let doubtful: Vec<&str> = stored.doubtful.iter().map(|one| one.key.as_str()).collect();
        // What is off the ladder may be signed.
        assert_eq!(
            doubtful,
            ["img/a.jpg/width=640", "img/a.jpg/width=641,blur=3"]
        );
        assert_eq!(stored.doubtful[0].original, "etag of a.jpg");
        let stale: Vec<&str> = stored.stale.iter().map(String::as_str).collect();
        assert_eq!(stale, ["img/a.jpg/", "img/gone.jpg/", "old/a.jpg/"]);
    }

    #[test]
    fn a_bucket_from_which_nothing_was_published_is_left_alone() {
        let listed = [
            object("a.jpg", 0),
            object("img/a.jpg/width=640", 0),
            object("img/b.jpg/width=640", 0),
            object("photos/width=640", 0),
        ];
        let (stored, left) = take(&listed, &[], 0);
        assert_eq!(stored, StoredVariants::default());
        assert_eq!(left, ["a.jpg", "photos/width=640"]);
    }

    #[test]
    fn what_was_compared_is_not_looked_at_again() {
        let listed = [
            object("new.jpg", 7),
            object("old.jpg", 3),
            object("img/new.jpg/width=640", 4),
            object("img/old.jpg/width=320", 4),
            object("img/old.jpg/width=640", 5),
        ];
        let (stored, _) = take(&listed, &["new.jpg", "old.jpg"], 5);
        let doubtful: Vec<&str> = stored.doubtful.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(doubtful, ["img/old.jpg/width=640", "img/new.jpg/width=640"]);
        assert_eq!(stored.newest_ms, 7);
    }

    #[test]
    fn a_storage_that_does_not_say_when_is_looked_at_always() {
        let mut variant = object("img/a.jpg/width=640", 1);
        variant.modified_ms = None;
        let (stored, _) = take(&[object("a.jpg", 1), variant], &["a.jpg"], 10);
        assert_eq!(stored.doubtful.len(), 1);
    }

    #[test]
    fn what_came_while_it_was_listed_is_not_taken_as_compared() {
        assert_eq!(compared_ms(3 * HOUR, None), 2 * HOUR);
        let left = |since_ms| Doubtful {
            since_ms,
            key: String::new(),
            original: String::new(),
        };
        assert_eq!(compared_ms(3 * HOUR, Some(&left(5))), 5);
        assert_eq!(compared_ms(3 * HOUR, Some(&left(i64::MAX))), 2 * HOUR);
    }
}
