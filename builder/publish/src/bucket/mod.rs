//! Publishing over S3: from hints to a committed tree.
//!
//! `hints → changed sources → evaluate → intent → put → commit → delete → invalidate → report`.
//! A run plans on the root that it read, without a lease; it takes the lease together with its
//! intent by one conditional write, which fails if anybody committed since. Everything after the
//! commit is driven from the outbox in the root, so that a crash loses none of it.
//!
//! [`Builder`] is the public face. Behind it are functions over a small `context`: clients, options,
//! clock and network, the `deadline`, and the `warm` state of the run before. An attempt (`run`) is a
//! chain of values, each made of the one before it:
//!
//! * `observe`: the sources that the hints name (`Observation`); `reconcile` compares both buckets, `time`
//!   says what is due;
//! * `draft`: the site after the change, without what has to be approved first ([`hold`]); `evaluate`
//!   renders it, `supply` gives it what it asks for;
//! * `publication`: the difference to what is published; `last_good`: copies of files whose current
//!   bytes are not to be used;
//! * `session`: the lease, and every write of the root under it; [`unanswered`]: why it is sometimes
//!   kept a little longer;
//! * `upload`: putting what differs, by [`transfer`]; `relook`: is what the run read still so?
//! * `commit`, and `outbox`: what a commit leaves to be done; `rules`: what of it has to wait, since edges go
//!   by the rules of before for a while; `variants`: the thumbnails of what it replaces and deletes; `stop`
//!   commits a part.
//!
//! An attempt may come to its `end` earlier: it is too late, another builder is at work, or nothing is
//! new. Around it:
//!
//! * [`attempts`]: a mark before rendering (`trial`), so that what kills a builder once does not do so
//!   for ever; [`parts`]: how it is told apart from the rest;
//! * `takeover`: going on where a builder has died; `sweep`: what such builders have left in the state;
//! * `rounds`: how long a run goes on; `measure`: what it costs.
//!
//! What they work with:
//!
//! * [`store`]: a bucket, as a few requests with conditions;
//! * [`root`], its long [`lists`], and [`state`]: what is remembered; [`seal`]: how a changed root is
//!   noticed.
//!
//! What only looks: `status`, what the state says; [`explain`]: what outputs are made from; [`preview`]:
//! what an upload would change; [`effective`]: the sources that count, as files. None of them writes to a
//! bucket.

pub mod attempts;
mod builder;
mod commit;
mod context;
mod deadline;
pub mod difference;
mod draft;
pub mod effective;
mod end;
mod evaluate;
pub mod explain;
pub mod hold;
mod host;
mod last_good;
pub mod lists;
mod measure;
mod named;
pub mod observe;
mod options;
mod outbox;
pub mod parts;
pub mod preview;
mod publication;
mod reconcile;
mod relook;
pub mod root;
mod rounds;
mod rules;
pub mod run;
pub mod seal;
mod session;
pub mod state;
mod status;
mod stop;
pub mod store;
mod supply;
mod sweep;
mod takeover;
mod time;
pub mod transfer;
mod trial;
pub mod unanswered;
mod upload;
mod variants;
mod warm;

pub use builder::Builder;
pub use context::{Progress, Step};
pub use host::{Host, SystemHost};
pub use options::{LEASE_SECONDS, Options, Places};

/// A run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] root::RootError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] state::StateError),
    /// CloudFront did not take the invalidation; it is tried again by the next run.
    #[error("the CloudFront invalidation failed: {0}")]
    Invalidation(String),
    /// Others committed again and again while this run was planning, or took the lease over.
    #[error("another builder committed first; try again")]
    LostRace,
    /// A file could not be written.
    #[error("{0}")]
    Disk(String),
    /// The evaluation did not come back.
    #[error("rendering was interrupted: {0}")]
    Rendering(String),
}
