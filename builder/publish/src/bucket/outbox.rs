//! What a commit leaves to be done, driven from the root so that a crash loses none of it:
//! deletions, of stored thumbnails too, invalidations, segments that no root names any more. Then the lease is let go.

use super::BuildError;
use super::context::Context;
use super::root::{Outbox, Root};
use super::rules;
use super::session::Session;
use super::state::{FOLDER, PublishedObject};
use super::store::{Condition, WriteOutcome};
use super::variants;
use crate::invalidate::send::{PACE, Refusal, batches, send};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_headers::RULES_KEY;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::OutputKey;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Segments that no root of the last so many generations names are removed.
const KEPT_GENERATIONS: u64 = 3;
/// Times that a deletion is tried over something unexpected.
const MAX_SURPRISES: usize = 4;
/// Tries of one batch while CloudFront is busy; what is left after that stays in the outbox.
const MAX_TRIES: u32 = 5;

/// How far the invalidations came.
enum InvalidationProgress {
    All,
    /// Time ran out.
    Some,
    /// CloudFront did not take the next batch.
    Refused(String),
}

/// Does what the outbox says. What cannot be done now, because time runs out or CloudFront
/// takes no more, stays in it; the next commit or reconcile goes on from there. `outputs` is what is published:
/// none of it is a stored thumbnail, whatever its key.
///
/// # Errors
/// Storage failed, or [`BuildError::Invalidation`].
pub(super) async fn empty_outbox(
    context: &Context,
    session: &mut Session<'_>,
    mut outbox: Outbox,
    outputs: &BTreeMap<OutputKey, PublishedObject>,
) -> Result<(), BuildError> {
    let is_done = delete_all(context, session, &outbox.deletions).await?
        && variants::remove(context, session, &outbox.variants, outputs).await?;
    if !is_done {
        return session.let_go(|_| {}).await;
    }
    // Edges go by the rules that were removed for as long as by others.
    let since_ms = outbox
        .deletions
        .contains_key(RULES_KEY)
        .then(|| context.now_ms());
    let put_off = |root: &mut Root| {
        if let Some(since_ms) = since_ms {
            rules::put_off(root, since_ms, context.options.rules_delay);
        }
    };
    // A builder that died may have sent the paths of thumbnails already, and one that was made late may have been
    // stored since, and shown. To a reference that it knows CloudFront answers with the invalidation of that time.
    if !outbox.variants.is_empty() {
        outbox.reference = context.host.new_id();
    }
    outbox.deletions.clear();
    outbox.variants.clear();
    let told = invalidate(context, session, &mut outbox).await?;
    if !matches!(told, InvalidationProgress::All) {
        session
            .let_go(|root| {
                put_off(root);
                root.outbox = Some(outbox.clone());
            })
            .await?;
        return match told {
            InvalidationProgress::Refused(why) => Err(BuildError::Invalidation(why)),
            InvalidationProgress::All | InvalidationProgress::Some => Ok(()),
        };
    }
    let removed = remove_segments(context, session).await?;
    session
        .let_go(|root| {
            put_off(root);
            root.outbox = None;
            if let Some(removed) = removed {
                root.retired.retain(|dropped, _| *dropped > removed);
            }
        })
        .await
}

/// True where all are gone, false where time ran out.
async fn delete_all(
    context: &Context,
    session: &mut Session<'_>,
    deletions: &BTreeMap<String, String>,
) -> Result<bool, BuildError> {
    let deletions: Vec<(&String, &String)> = deletions.iter().collect();
    for chunk in deletions.chunks(context.options.parallel) {
        if context.is_late() {
            return Ok(false);
        }
        session.keep().await?;
        let chunk = chunk.iter().map(|(key, etag)| async move {
            let condition = Condition::Matches((*etag).clone());
            let written = context.site.delete(key, &condition).await?;
            Ok::<_, BuildError>((written == WriteOutcome::Refused).then_some(*key))
        });
        let list = iter(chunk).buffer_unordered(context.options.parallel);
        let refused: Vec<Option<&String>> = list.try_collect().await?;
        for key in refused.into_iter().flatten() {
            delete_as_found(context, session, key).await?;
        }
    }
    Ok(true)
}

/// Removes what is not as it was published: ours to remove all the same, but only as it was
/// while the lease was ours.
async fn delete_as_found(
    context: &Context,
    session: &mut Session<'_>,
    key: &str,
) -> Result<(), BuildError> {
    for _ in 0..MAX_SURPRISES {
        let Some(there) = context.site.head(key).await? else {
            return Ok(());
        };
        session.verify().await?;
        let found = Condition::Matches(there.etag);
        if context.site.delete(key, &found).await? != WriteOutcome::Refused {
            return Ok(());
        }
    }
    Err(BuildError::LostRace)
}

/// Sends batch by batch, and takes those that CloudFront took out of the outbox.
async fn invalidate(
    context: &Context,
    session: &mut Session<'_>,
    outbox: &mut Outbox,
) -> Result<InvalidationProgress, BuildError> {
    let Some((client, distribution)) = &context.cloudfront else {
        return Ok(InvalidationProgress::All);
    };
    let all = batches(&outbox.invalidations);
    for (index, batch) in all.iter().enumerate() {
        // The first one always, which mostly is all there is.
        if index > 0 && context.is_late() {
            return Ok(InvalidationProgress::Some);
        }
        if index > 0 {
            context.host.sleep(PACE).await;
        }
        let reference = format!("{}-{}", outbox.reference, outbox.sent);
        for attempt in 1.. {
            session.keep().await?;
            context.counts.invalidation.fetch_add(1, Ordering::Relaxed);
            match Box::pin(send(client, distribution, batch, &reference)).await {
                Ok(()) => break,
                Err(Refusal::Busy(_)) if attempt < MAX_TRIES && !context.is_late() => {
                    context.host.sleep(backoff(context, attempt)).await;
                }
                Err(Refusal::Busy(why) | Refusal::Failed(why)) => {
                    return Ok(InvalidationProgress::Refused(why));
                }
            }
        }
        outbox.sent += 1;
        outbox.invalidations.retain(|path| !batch.contains(path));
    }
    Ok(InvalidationProgress::All)
}

/// 1 to 2, 2 to 4, 4 to 8, 8 to 16 seconds.
fn backoff(context: &Context, attempt: u32) -> Duration {
    let least = PACE * 2_u32.pow(attempt - 1);
    let random = Fingerprint::of(context.host.new_id().as_bytes()).prefix();
    least + Duration::from_millis(random % least.as_millis() as u64)
}

/// Removes old segments. The generation up to which they are gone; none where time ran out, or
/// where there are none so old.
async fn remove_segments(
    context: &Context,
    session: &mut Session<'_>,
) -> Result<Option<u64>, BuildError> {
    let Some(root) = session.root() else {
        return Ok(None);
    };
    let Some(generation) = root.generation.checked_sub(KEPT_GENERATIONS) else {
        return Ok(None);
    };
    let old = root.retired.range(..=generation);
    let old: Vec<String> = old.flat_map(|(_, list)| list.clone()).collect();
    for name in &old {
        if context.is_late() {
            return Ok(None);
        }
        session.keep().await?;
        let key = format!("{FOLDER}{name}");
        context.state.delete(&key, &Condition::Always).await?;
    }
    Ok(Some(generation))
}
