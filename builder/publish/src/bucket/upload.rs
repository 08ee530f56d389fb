//! Putting what differs, wave by wave, under the lease.

use super::BuildError;
use super::context::{Context, Step};
use super::publication::Publication;
use super::relook::{self, look_again};
use super::session::Session;
use super::state::PublishedObject;
use super::transfer::{self, Hopeless, Outcome, Put, WAVES};
use futures::future::{FutureExt, try_join};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_site::key::{OutputKey, SourceKey};
use std::collections::{BTreeMap, BTreeSet};

/// Times that a put is tried over something unexpected.
const MAX_SURPRISES: usize = 4;

/// Bytes of pictures that are held at once to take something out of them; one picture may be larger. There are up
/// to three copies of them for a moment.
const HELD_BYTES: u64 = 64 * 1024 * 1024;

/// What was put.
#[derive(Default)]
pub(super) struct Upload {
    pub(super) put: BTreeMap<OutputKey, PublishedObject>,
    /// Those of them where other bytes were before.
    pub(super) replaced: BTreeSet<OutputKey>,
    /// Outputs whose source has another version by now.
    pub(super) moved: BTreeMap<OutputKey, SourceKey>,
    /// Sources that may be others by now than those that this was made from.
    pub(super) again: BTreeSet<SourceKey>,
    /// Outputs that S3 will never take, and why. Each run tries them again, and tells of them.
    pub(super) hopeless: BTreeMap<OutputKey, Hopeless>,
    /// Copies of a version that is in use, and was nowhere any more.
    pub(super) lost: BTreeSet<OutputKey>,
}

impl Upload {
    /// Whether time ran out before all was tried.
    pub(super) fn is_cut_short(&self, publication: &Publication<'_>) -> bool {
        let ended = self.put.len() + self.moved.len() + self.hopeless.len() + self.lost.len();
        ended < publication.puts.len()
    }

    /// Notes what became of a put. Gives it back where it is to be tried again, over what is there.
    fn note(&mut self, mut put: Put, outcome: Outcome) -> Option<Put> {
        match outcome {
            Outcome::Put(published) => {
                if put.before.is_some_and(|before| before != published.etag) {
                    self.replaced.insert(put.key.clone());
                }
                self.put.insert(put.key, published);
            }
            Outcome::SourceMoved(current) => {
                let current = current.map(|there| (put.key.clone(), there));
                self.put.extend(current);
                self.moved.insert(put.key, put.source);
            }
            Outcome::Unexpected(etag) => {
                put.before = etag;
                return Some(put);
            }
            Outcome::LastGoodGone => {
                self.lost.insert(put.key);
            }
            Outcome::Hopeless(why) => {
                self.hopeless.insert(put.key, why);
            }
        }
        None
    }
}

/// Puts what differs. Meanwhile looks whether the sources are still what was seen of them.
pub(super) async fn upload(
    context: &Context,
    session: &mut Session<'_>,
    publication: &Publication<'_>,
) -> Result<Upload, BuildError> {
    // What is left as hints anyway need not be looked at.
    let view = if publication.draft.part {
        relook::View::new()
    } else {
        let proposal = &publication.proposal;
        relook::differing(&proposal.state.sources, &proposal.seen)
    };
    let again = look_again(context, &view, session.idle_until_ms());
    let puts = put_all(context, session, publication);
    let (mut upload, again) = try_join(puts, again.map(Ok)).await?;
    upload.again = again;
    Ok(upload)
}

/// Puts all objects, wave by wave.
async fn put_all(
    context: &Context,
    session: &mut Session<'_>,
    publication: &Publication<'_>,
) -> Result<Upload, BuildError> {
    let mut upload = Upload::default();
    let total = publication.puts.len();
    for wave in 0..WAVES {
        let puts = publication.puts.iter();
        let puts: Vec<&Put> = puts.filter(|put| put.wave == wave).collect();
        for chunk in chunks(&puts, context.options.parallel) {
            if context.is_late() {
                return Ok(upload);
            }
            put_chunk(context, session, chunk, &mut upload, total).await?;
        }
    }
    (context.progress)(Step::Putting(total, total));
    Ok(upload)
}

/// What is put at once: so many objects, and of those that go through memory no more than fits into it.
fn chunks<'p>(mut puts: &'p [&'p Put], parallel: usize) -> Vec<&'p [&'p Put]> {
    let mut chunks = Vec::new();
    while !puts.is_empty() {
        let mut bytes = 0;
        let mut fits = |put: &&Put| {
            bytes += put.held_bytes();
            bytes <= HELD_BYTES
        };
        let at_once = puts
            .iter()
            .copied()
            .take(parallel)
            .take_while(|put| fits(put));
        // One at least, however large it is.
        let (chunk, rest) = puts.split_at(at_once.count().max(1));
        chunks.push(chunk);
        puts = rest;
    }
    chunks
}

/// Puts some of `total` objects at once. One is tried again where something unexpected is in its
/// place.
async fn put_chunk(
    context: &Context,
    session: &mut Session<'_>,
    chunk: &[&Put],
    upload: &mut Upload,
    total: usize,
) -> Result<(), BuildError> {
    let mut left: Vec<Put> = chunk.iter().map(|put| (*put).clone()).collect();
    for surprise in 1..=MAX_SURPRISES {
        session.keep().await?;
        let until_ms = session.begin_until_ms();
        let may_begin = || context.now_ms() < until_ms;
        let puts = left.drain(..).map(|put| async move {
            let put_it = transfer::put(&context.site, &context.source, &put, may_begin);
            let outcome = put_it.await?;
            Ok::<_, BuildError>((put, outcome))
        });
        let outcomes: Vec<(Put, Outcome)> = iter(puts)
            .buffer_unordered(context.options.parallel)
            .try_collect()
            .await?;
        let again = outcomes.into_iter();
        left = again
            .filter_map(|(put, outcome)| upload.note(put, outcome))
            .collect();
        (context.progress)(Step::Putting(upload.put.len(), total));
        if left.is_empty() {
            return Ok(());
        }
        if surprise < MAX_SURPRISES {
            // Somebody else wrote there: go on only if still the writer.
            session.verify().await?;
        }
    }
    Err(BuildError::LostRace)
}
