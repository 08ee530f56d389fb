//! The rules of the edge as they are published: what replaces them, and the invalidations that follow.

use super::BuildError;
use super::context::Context;
use super::publication::Publication;
use super::root::{Later, Root};
use super::upload::Upload;
use crate::invalidate::{self, redirects::TouchedPaths};
use quillfront_headers::{MAX_RULES_BYTES, RULES_KEY, Rules};
use quillfront_site::report::Invalidations;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The most lists of paths that wait at once. What comes then waits with the last of them.
const MAX_LATER: usize = 8;

/// What a publication does to the rules.
#[derive(Default)]
pub(super) struct RulesChange {
    /// Those that readers get from now on.
    after: Arc<Rules>,
    /// Those that were there, where they are replaced; none within where they cannot be read.
    before: Option<Option<Rules>>,
}

impl RulesChange {
    /// Reads the rules that a publication replaces, before it does.
    pub(super) async fn of(
        context: &Context,
        publication: &Publication<'_>,
    ) -> Result<Self, BuildError> {
        let mut change = Self::default();
        if let Ok(tree) = &publication.draft.outcome {
            change.after = tree.rules.clone();
        }
        if context.cloudfront.is_some() && is_replaced_by(publication) {
            change.before = Some(published(context).await?);
        }
        Ok(change)
    }

    /// What is known of the rules where these keys were found in the site bucket, put by a builder that died:
    /// what it replaced by other rules, nobody can say.
    pub(super) async fn found(
        context: &Context,
        keys: &BTreeSet<&str>,
    ) -> Result<Self, BuildError> {
        if context.cloudfront.is_none() {
            return Ok(Self::default());
        }
        let after = published(context).await?.unwrap_or_default();
        Ok(Self {
            after: Arc::new(after),
            before: keys.contains(RULES_KEY).then_some(None),
        })
    }

    /// What was done of it: the rules may not have been put after all, or not yet.
    pub(super) fn once_put(mut self, upload: &Upload, publication: &Publication<'_>) -> Self {
        let is_put = upload.put.contains_key(RULES_KEY);
        if !is_put && !publication.deletions.contains_key(RULES_KEY) {
            self.before = None;
        }
        self
    }

    /// What edges may have answered by the rules of before, until they have read these.
    fn touched(&self) -> TouchedPaths {
        match &self.before {
            None => TouchedPaths::default(),
            Some(None) => TouchedPaths::all(),
            Some(Some(before)) => TouchedPaths::by_change(before, &self.after),
        }
    }
}

/// Whether a publication puts other rules, or removes them.
pub(super) fn is_replaced_by(publication: &Publication<'_>) -> bool {
    let mut puts = publication.puts.iter();
    puts.any(|put| put.key.as_str() == RULES_KEY) || publication.deletions.contains_key(RULES_KEY)
}

/// Reads the rules that are published; none where they cannot be read as such.
pub(super) async fn published(context: &Context) -> Result<Option<Rules>, BuildError> {
    let got = context.site.get(RULES_KEY, MAX_RULES_BYTES as u64).await;
    match got {
        Ok(None) => Ok(Some(Rules::default())),
        Ok(Some(got)) => Ok(got.bytes.and_then(|bytes| Rules::read(&bytes).ok())),
        Err(error) if error.is_damaged() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What caches are to forget.
pub(super) struct CacheChanges<'k, 'a> {
    /// The keys that a commit touches.
    pub(super) touched: &'a BTreeSet<&'k str>,
    /// What the keys of the thumbnails begin with that it removes.
    pub(super) variants: &'a BTreeSet<String>,
    /// Paths that earlier commits have left.
    pub(super) owed: Vec<String>,
}

/// What a commit tells caches to forget, at once and later. `published` are all keys there are.
pub(super) fn invalidations<'k>(
    context: &Context,
    rules: &RulesChange,
    forgotten: CacheChanges<'k, '_>,
    published: impl Iterator<Item = &'k str> + Clone,
) -> Invalidations {
    let CacheChanges {
        touched,
        variants,
        mut owed,
    } = forgotten;
    let shown = TouchedPaths::by_shown(&rules.after, touched.iter().copied());
    owed.extend(shown.cheapest(published.clone()));
    let mut later = rules.touched().cheapest(published.clone());
    if context.options.rules_delay.is_zero() {
        owed.append(&mut later);
    }
    Invalidations {
        later,
        ..invalidate::choose_with_variants(touched, published, &owed, variants)
    }
}

/// Notes paths that are to be invalidated once no edge goes by the rules of before any more.
pub(super) fn invalidate_later(root: &mut Root, at_ms: i64, paths: Vec<String>) {
    if paths.is_empty() {
        return;
    }
    let is_full = root.later.len() >= MAX_LATER;
    match root.later.last_mut().filter(|_| is_full) {
        Some(last) => {
            last.at_ms = last.at_ms.max(at_ms);
            last.paths.extend(paths);
            last.paths.sort_unstable();
            last.paths.dedup();
        }
        None => root.later.push(Later { at_ms, paths }),
    }
}

/// Puts off the invalidations that wait: the rules of before have been there until then.
pub(super) fn put_off(root: &mut Root, since_ms: i64, delay: Duration) {
    let at_ms = since_ms + delay.as_millis() as i64;
    for later in &mut root.later {
        later.at_ms = later.at_ms.max(at_ms);
    }
}
