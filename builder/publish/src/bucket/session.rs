//! Holding the lease: every write of the root goes through here (invariant 4).

use super::BuildError;
use super::context::{Context, Step};
use super::end::End;
use super::observe::Claim;
use super::publication::Publication;
use super::root::{Lease, LoadedRoot, Root};
use quillfront_site::key::SourceKey;
use std::collections::BTreeMap;
use std::time::Duration;

/// Conditional writes that fail because others add hints are tried this often.
const MAX_TRIES: usize = 50;

/// The time in which a context is the only writer.
pub(super) struct Session<'a> {
    context: &'a Context,
    loaded: LoadedRoot,
    holder: String,
    deadline_ms: i64,
    /// The hints that its commit settles, with their numbers.
    pub(super) settles: BTreeMap<String, u64>,
}

/// Takes the lease for a publication, together with its intent and the hints of what it is about. What
/// the attempt has noted is taken back with the same write.
pub(super) async fn lease<'a>(
    context: &'a Context,
    claim: Claim,
    publication: &Publication<'_>,
) -> Result<Session<'a>, End> {
    let Claim {
        loaded,
        trial,
        taken,
        compared_ms,
    } = claim;
    let base = &publication.proposal.root;
    let session = Session::begin(context, loaded, base, publication.intent(), |root| {
        trial.settle(root);
        root.compared_ms = compared_ms.unwrap_or(root.compared_ms);
        // Noted before the first put, so that whoever takes over after a crash goes on. A hint
        // that came since is another's, and not settled by this run.
        let keys = trial.keys.iter().map(SourceKey::as_str);
        let ours = keys.filter(|key| root.hints.get(*key) == taken.get(*key));
        let ours: Vec<&str> = ours.collect();
        root.add_hints(ours);
    });
    let mut session = session.await?.ok_or(End::Outdated)?;
    if let Some(root) = session.root() {
        session.settles = root.hints_numbered(root.newest_hint);
    }
    for (key, number) in taken {
        session.settles.entry(key).or_insert(number);
    }
    Ok(session)
}

impl<'a> Session<'a> {
    /// Takes the lease on the root that was read, together with what `change` says. None if
    /// somebody committed or took the lease in the meantime. Hints that came in are kept.
    pub async fn begin(
        context: &'a Context,
        mut loaded: LoadedRoot,
        base: &Root,
        intent: Vec<String>,
        change: impl Fn(&mut Root),
    ) -> Result<Option<Session<'a>>, BuildError> {
        let holder = format!("{}-{}", context.options.holder, context.host.new_id());
        for _ in 0..MAX_TRIES {
            let mut root = match &loaded.root {
                None => base.clone(),
                Some(root) => root.clone(),
            };
            let unchanged = root.commit == base.commit && root.segments == base.segments;
            let taken = root.lease.as_ref().map(|lease| &lease.holder);
            let was_taken = base.lease.as_ref().map(|lease| &lease.holder);
            if !unchanged || taken != was_taken {
                return Ok(None);
            }
            let deadline_ms = deadline_ms(context);
            let intent = intent.clone();
            root.lease = Some(Lease {
                holder: holder.clone(),
                deadline_ms,
                intent,
                committed: false,
            });
            change(&mut root);
            if loaded
                .write(&context.state, root, context.host.new_id())
                .await?
            {
                return Ok(Some(Session {
                    context,
                    loaded,
                    holder,
                    deadline_ms,
                    settles: BTreeMap::new(),
                }));
            }
        }
        Err(BuildError::LostRace)
    }

    /// The root as last written or read.
    pub fn root(&self) -> Option<&Root> {
        self.loaded.root.as_ref()
    }

    /// The root when all is done.
    ///
    /// # Errors
    /// There is none, so the lease cannot have been ours.
    pub fn into_root(self) -> Result<Root, BuildError> {
        self.loaded.root.ok_or(BuildError::LostRace)
    }

    /// True while a request may still be started.
    pub fn in_time(&self) -> bool {
        self.context.now_ms() < self.begin_until_ms()
    }

    /// Until when a request may be started, in milliseconds of Unix time, if the lease is not renewed.
    pub fn begin_until_ms(&self) -> i64 {
        let timeout = self.context.options.request_timeout.as_millis() as i64;
        self.deadline_ms - timeout
    }

    /// Until when requests may begin that nothing renews the lease beside, in milliseconds of Unix
    /// time: each may last one request timeout, and the commit needs another after it.
    pub fn idle_until_ms(&self) -> i64 {
        let timeout = self.context.options.request_timeout.as_millis() as i64;
        self.deadline_ms - 2 * timeout
    }

    /// Makes sure that there is time for more requests; renews the lease in good time.
    ///
    /// # Errors
    /// The lease ran out, or is another's by now.
    pub async fn keep(&mut self) -> Result<(), BuildError> {
        if !self.in_time() {
            return Err(BuildError::LostRace);
        }
        // What follows may last one request timeout, and another must be left after it.
        let enough = 2 * self.context.options.request_timeout.as_millis() as i64;
        if self.context.now_ms() + enough < self.deadline_ms {
            return Ok(());
        }
        let deadline_ms = deadline_ms(self.context);
        self.update(|root| {
            if let Some(lease) = &mut root.lease {
                lease.deadline_ms = deadline_ms;
            }
        })
        .await?;
        self.deadline_ms = deadline_ms;
        // A process that stood still while the root was written has a lease that is over by now.
        if self.in_time() {
            Ok(())
        } else {
            Err(BuildError::LostRace)
        }
    }

    /// Reads the root again: is the lease still ours?
    ///
    /// # Errors
    /// It is not.
    pub async fn verify(&mut self) -> Result<(), BuildError> {
        self.loaded = LoadedRoot::read(&self.context.state).await?;
        if self.is_ours() && self.in_time() {
            Ok(())
        } else {
            Err(BuildError::LostRace)
        }
    }

    fn is_ours(&self) -> bool {
        let lease = self
            .loaded
            .root
            .as_ref()
            .and_then(|root| root.lease.as_ref());
        lease.is_some_and(|lease| lease.holder == self.holder)
    }

    /// Changes the root as it is now, hints of others included.
    ///
    /// # Errors
    /// The lease is another's by now.
    pub async fn update(&mut self, change: impl Fn(&mut Root)) -> Result<(), BuildError> {
        for _ in 0..MAX_TRIES {
            if !self.is_ours() || !self.in_time() {
                return Err(BuildError::LostRace);
            }
            let Some(mut root) = self.loaded.root.clone() else {
                return Err(BuildError::LostRace);
            };
            change(&mut root);
            let id = self.context.host.new_id();
            if self.loaded.write(&self.context.state, root, id).await? {
                return Ok(());
            }
        }
        Err(BuildError::LostRace)
    }
}

impl Session<'_> {
    /// Ends the lease, with `change`. What was sent and not answered may still be done by S3, and is
    /// waited for: under a later lease it could undo what was done there.
    ///
    /// # Errors
    /// The lease is another's by now.
    pub async fn let_go(&mut self, change: impl Fn(&mut Root)) -> Result<(), BuildError> {
        let Context {
            host,
            unanswered,
            options,
            ..
        } = self.context;
        while let Some(left) = unanswered.left(host.now().as_millisecond()) {
            (self.context.progress)(Step::Waiting(
                "a request was not answered and may still take effect",
            ));
            self.keep().await?;
            // Often enough to renew the lease in time.
            host.sleep(left.min(options.request_timeout / 2)).await;
        }
        self.update(|root| {
            root.lease = None;
            change(root);
        })
        .await
    }
}

/// Ends a lease of this builder's name, and the attempts of its predecessors; `attempt_id` is what its
/// own are called.
pub(super) async fn end_own_lease(context: &Context, attempt_id: &str) -> Result<(), BuildError> {
    for _ in 0..MAX_TRIES {
        let mut loaded = LoadedRoot::read(&context.state).await?;
        let Some(mut root) = loaded.root.clone() else {
            return Ok(());
        };
        let own = format!("{}-", context.options.holder);
        let before = root.clone();
        if let Some(lease) = &mut root.lease
            && lease.holder.starts_with(&own)
        {
            lease.deadline_ms = 0;
        }
        for (id, attempt) in &mut root.attempts {
            if id.starts_with(&own) && *id != attempt_id {
                attempt.until_ms = 0;
            }
        }
        if root == before {
            return Ok(());
        }
        if loaded
            .write(&context.state, root, context.host.new_id())
            .await?
        {
            return Ok(());
        }
    }
    Err(BuildError::LostRace)
}

fn deadline_ms(context: &Context) -> i64 {
    context.now_ms() + context.options.lease.as_millis() as i64
}

/// How long a lease is still to be respected; none when it can be taken over.
pub(super) fn lease_left(context: &Context, lease: &Lease) -> Option<Duration> {
    let until = lease.deadline_ms + context.options.request_timeout.as_millis() as i64;
    let left = until - context.now_ms();
    u64::try_from(left)
        .ok()
        .filter(|left| *left > 0)
        .map(Duration::from_millis)
}
