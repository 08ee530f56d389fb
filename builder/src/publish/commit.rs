//! The commit, what its outbox leaves to be done, and taking over from a builder that died.

use super::draft::Draft;
use super::publication::{Done, Publication};
use super::root::{Loaded, Outbox, Root};
use super::session::Session;
use super::state::{Dirty, Encoded, FOLDER, Published, State};
use super::store::{Condition, Written};
use super::{BuildError, Builder, Step};
use crate::invalidate;
use crate::key::{OutputKey, SourceKey};
use crate::plan::{PICTURES, Rank};
use futures::stream::{StreamExt, TryStreamExt, iter};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Segments that no root of the last so many generations names are removed.
const KEPT_GENERATIONS: u64 = 3;
/// Times that a deletion is tried over something unexpected.
const MAX_SURPRISES: usize = 4;

impl Builder {
    /// Commits, then does what the outbox says, then lets go of the lease.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn commit(
        &self,
        mut session: Session<'_>,
        mut state: State,
        draft: &Draft,
        strange: BTreeSet<OutputKey>,
        publication: &Publication,
        done: Done,
        next: &Root,
        settled: &BTreeMap<String, u64>,
    ) -> Result<Root, BuildError> {
        let mut touched: Vec<OutputKey> = done.put.keys().cloned().collect();
        touched.extend(publication.deletions.keys().cloned());
        // A source whose removal is held is known to be gone; looking again would find no more.
        let held = draft
            .held
            .iter()
            .flat_map(|held| &held.keys)
            .collect::<BTreeSet<_>>();
        let moved: Vec<String> = done.moved.values().map(ToString::to_string).collect();
        let moved: Vec<String> = moved
            .into_iter()
            .filter(|key| !held.contains(key))
            .collect();
        state.outputs.extend(done.put);
        for key in publication.deletions.keys() {
            state.outputs.remove(key.as_str());
        }
        let mut sources = (*draft.sources).clone();
        for key in &moved {
            sources.forget_version(key);
        }
        let mut dirty = Dirty {
            sources: draft.looked_at.clone(),
            outputs: touched.iter().cloned().collect(),
            all: false,
        };
        dirty
            .sources
            .extend(moved.iter().map(|key| SourceKey::from(key.as_str())));
        dirty.outputs.extend(strange);
        state.sources = Arc::new(sources);
        if let Ok(tree) = &draft.outcome {
            state.answers.clone_from(&tree.answers);
            dirty.note(&state.graph, &tree.graph);
            state.graph = Arc::new(tree.graph.clone());
        }

        let known = session
            .root()
            .map(|root| root.segments.clone())
            .unwrap_or_default();
        state.read_for_writing(&self.state, &dirty).await?;
        let encoded = state.encode(&known, &dirty)?;
        session.keep().await?;
        encoded.write(&self.state, &known.all()).await?;
        let dropped: Vec<String> = {
            let used = encoded.segments.all();
            known
                .all()
                .into_iter()
                .filter(|name| !used.contains(name))
                .cloned()
                .collect()
        };
        let commit = self.host.new_id();
        let outbox = Outbox {
            deletions: publication
                .deletions
                .iter()
                .map(|(key, published)| (key.to_string(), published.etag.clone()))
                .collect(),
            invalidations: invalidate::merged(
                invalidate::paths(touched.iter().map(OutputKey::as_str)),
                session.root().and_then(|root| root.outbox.as_ref()),
            ),
            reference: commit.clone(),
        };
        session
            .update(|root| {
                root.engine = env!("CARGO_PKG_VERSION").to_owned();
                root.commit.clone_from(&commit);
                root.generation += 1;
                root.now.clone_from(&next.now);
                root.next_due.clone_from(&next.next_due);
                root.settings.clone_from(&next.settings);
                root.segments = encoded.segments.clone();
                root.settle_hints(settled);
                if !moved.is_empty() {
                    root.add_hints(moved.iter().map(String::as_str));
                }
                root.held.clone_from(&draft.held);
                root.outbox = Some(outbox.clone());
                root.unretire();
                root.retired.insert(root.generation, dropped.clone());
                root.retired.retain(|_, list| !list.is_empty());
            })
            .await?;
        let Encoded {
            segments, texts, ..
        } = encoded;
        state.written(texts);
        self.keep_warm(&segments, &state);
        self.empty_outbox(&mut session, &outbox).await?;
        session.into_root()
    }

    async fn delete_all(
        &self,
        session: &mut Session<'_>,
        deletions: &[(&String, &String)],
    ) -> Result<(), BuildError> {
        for chunk in deletions.chunks(self.options.parallel) {
            session.keep().await?;
            let chunk = chunk.iter().map(|(key, etag)| async move {
                let condition = Condition::Matches((*etag).clone());
                let written = self.site.delete(key, &condition).await?;
                Ok::<_, BuildError>((written == Written::Refused).then_some(*key))
            });
            let list = iter(chunk).buffer_unordered(self.options.parallel);
            let refused: Vec<Option<&String>> = list.try_collect().await?;
            for key in refused.into_iter().flatten() {
                self.delete_as_found(session, key).await?;
            }
        }
        Ok(())
    }

    /// Removes what is not as it was published: ours to remove all the same, but only as it was
    /// while the lease was ours.
    async fn delete_as_found(
        &self,
        session: &mut Session<'_>,
        key: &str,
    ) -> Result<(), BuildError> {
        for _ in 0..MAX_SURPRISES {
            let Some(there) = self.site.head(key).await? else {
                return Ok(());
            };
            session.verify().await?;
            let found = Condition::Matches(there.etag);
            if self.site.delete(key, &found).await? != Written::Refused {
                return Ok(());
            }
        }
        Err(BuildError::LostRace)
    }

    /// Deletions, invalidations, old segments; then the lease is let go.
    async fn empty_outbox(
        &self,
        session: &mut Session<'_>,
        outbox: &Outbox,
    ) -> Result<(), BuildError> {
        // Pages in caches still show the pictures of before, until they are invalidated.
        let (pictures, others): (Vec<_>, Vec<_>) = outbox
            .deletions
            .iter()
            .partition(|(key, _)| key.starts_with(PICTURES));
        self.delete_all(session, &others).await?;
        if !outbox.invalidations.is_empty() {
            session.keep().await?;
            if let Err(error) = self.invalidate(outbox).await {
                // Trouble with CloudFront does not stop publishing: it is tried again with what
                // comes next.
                session
                    .update(|root| {
                        root.lease = None;
                        if let Some(outbox) = &mut root.outbox {
                            // Pictures that were to go are found by reconcile.
                            outbox.deletions.clear();
                        }
                    })
                    .await?;
                return Err(error);
            }
        }
        self.delete_all(session, &pictures).await?;
        let old: Vec<String> = session
            .root()
            .map(|root| {
                let generation = root.generation.saturating_sub(KEPT_GENERATIONS);
                root.retired
                    .range(..=generation)
                    .flat_map(|(_, list)| list.clone())
                    .collect()
            })
            .unwrap_or_default();
        for name in &old {
            session.keep().await?;
            let key = format!("{FOLDER}{name}");
            self.state.delete(&key, &Condition::Always).await?;
        }
        session
            .update(|root| {
                root.outbox = None;
                root.lease = None;
                let generation = root.generation.saturating_sub(KEPT_GENERATIONS);
                root.retired.retain(|dropped, _| *dropped > generation);
            })
            .await
    }

    /// Takes over from a builder that did not come to its end: does what its commit left to do,
    /// and adopts what is under the keys that it meant to touch.
    pub(super) async fn recover(&self, loaded: Loaded, base: &Root) -> Result<(), BuildError> {
        (self.progress)(Step::Waiting(
            "taking over from a builder that did not finish",
        ));
        let intent = base
            .lease
            .as_ref()
            .map(|lease| lease.intent.clone())
            .unwrap_or_default();
        let Some(mut session) = Session::begin(self, loaded, base, intent.clone(), |_| {}).await?
        else {
            return Ok(());
        };
        let mut state = self.state(base).await?;
        let mut outbox = base.outbox.clone().unwrap_or(Outbox {
            deletions: BTreeMap::new(),
            invalidations: Vec::new(),
            reference: self.host.new_id(),
        });
        let mut adopted = false;
        let mut found = Vec::new();
        for chunk in intent.chunks(self.options.parallel) {
            session.keep().await?;
            let heads = chunk.iter().map(|key| async move {
                Ok::<_, BuildError>((key.as_str(), self.site.head(key).await?))
            });
            let heads: Vec<_> = iter(heads)
                .buffer_unordered(self.options.parallel)
                .try_collect()
                .await?;
            for (key, head) in heads {
                if outbox.deletions.contains_key(key) {
                    continue;
                }
                let there = head.is_some();
                adopted |= adopt(&mut state, key, head.map(|head| head.etag));
                // Before the commit a put of other metadata over the same bytes leaves no trace in
                // the ETag.
                if let (true, true, Some(output)) =
                    (there, base.outbox.is_none(), state.outputs.get_mut(key))
                {
                    output.fingerprint = None;
                    adopted = true;
                    found.push(key);
                }
            }
        }
        if adopted {
            // Some of it is new to readers, and the build that follows may have no reason or no
            // way to put it again (a page that cannot be rendered any more).
            if base.outbox.is_none() {
                outbox.invalidations = invalidate::paths(found.into_iter());
            }
            let owed = (!outbox.invalidations.is_empty()).then(|| outbox.clone());
            let dirty = Dirty {
                outputs: intent
                    .iter()
                    .map(|key| OutputKey::from(key.as_str()))
                    .collect(),
                ..Dirty::default()
            };
            let encoded = state.encode(&base.segments, &dirty)?;
            session.keep().await?;
            let known = base.segments.all();
            encoded.write(&self.state, &known).await?;
            session
                .update(|root| {
                    root.segments = encoded.segments.clone();
                    root.unretire();
                    root.outbox = root.outbox.take().or_else(|| owed.clone());
                    // The hints of the builder that died are there; the build that follows
                    // makes the adopted keys right.
                })
                .await?;
            self.keep_warm(&encoded.segments, &state);
        }
        self.empty_outbox(&mut session, &outbox).await
    }

    async fn invalidate(&self, outbox: &Outbox) -> Result<(), BuildError> {
        let Some((client, distribution)) = &self.cloudfront else {
            return Ok(());
        };
        self.counts
            .invalidation
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        invalidate::send(
            client,
            distribution,
            &outbox.invalidations,
            &outbox.reference,
        )
        .await
        .map_err(BuildError::Invalidation)
    }
}

/// Notes what is under a key, as found. True where it is not what the state said.
pub(super) fn adopt(state: &mut State, key: &str, etag: Option<String>) -> bool {
    match (state.outputs.get(key), etag) {
        (Some(known), Some(etag)) if known.etag == etag => false,
        (None, None) => false,
        (_, None) => state.outputs.remove(key).is_some(),
        (known, Some(etag)) => {
            let source = known.map_or_else(|| SourceKey::from(""), |known| known.source.clone());
            let rank = known.map_or(Rank::Static, |known| known.rank);
            let published = Published {
                fingerprint: None,
                etag,
                source,
                rank,
            };
            state.outputs.insert(OutputKey::from(key), published);
            true
        }
    }
}
