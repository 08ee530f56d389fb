//! The site on one machine: a CDN in front of the bucket of this store.
//!
//! The story of a request, in order:
//!
//! 1. [`serve`](serve()): a connection, with limits on what a slow client may cost ([`crate::net`]).
//! 2. [`look_up`]: the viewer-request function, then the functions of `quillfront-edge`, over the JSON of
//!    the events that CloudFront makes of a request and of the bucket's answer ([`origin`]), with the
//!    rules of the site ([`rules`]). It is the code that runs at CloudFront's edge. On a site without
//!    Lambda@Edge a Response Headers Policy stands for them ([`policy_mode`]).
//!    A thumbnail is a finished object, or is made at once ([`thumbnails`]).
//! 3. [`answer`]: what CloudFront itself does: conditions, ranges, compression
//!    ([`compress`]). The body streams from the file ([`body`]).
//! 4. [`live`]: a page that a browser navigates to is given a script that reloads it, if
//!    [`SiteOptions::live_reload`] is on. All others get the published bytes. The same script shows
//!    the mistakes of the page, if there are any ([`problems`]).
//!
//! [`cloudfront`] is the control plane: the builder's invalidations arrive there and are told to
//! the open pages.
//!
//! # Invariants
//!
//! - Nothing is cached but compressed bodies, under the ETag of their bytes: an answer is never
//!   stale.
//! - No body of more than 10 MB is held in memory.
//! - What is added for live reload never has a validator and is never stored.

mod answer;
mod body;
mod cloudfront;
mod compress;
mod csp;
mod live;
mod look_up;
mod origin;
mod policy_mode;
mod problems;
mod rules;
mod serve;
mod thumbnails;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use quillfront_image_urls::Keys;

use crate::functions::Function;
use crate::s3::Store;
use compress::CompressedBodies;
use live::Live;
use thumbnails::Thumbnails;

pub use problems::{On, Problem};
pub use serve::serve;

/// What a [`Site`] serves.
#[derive(Clone, Debug)]
pub struct SiteOptions {
    /// The bucket with the published objects. It may be empty, and need not exist yet.
    pub bucket: String,
    /// The id under which the control plane knows the site, such as `LOCAL`.
    pub distribution_id: String,
    /// Whether pages that a browser navigates to reload when they are published anew.
    pub live_reload: bool,
    /// What signatures of thumbnails are checked with.
    pub image_keys: Keys,
}

/// A site and its control plane. Clones are the same site.
#[derive(Clone)]
pub struct Site {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    options: SiteOptions,
    compressed: CompressedBodies,
    live: Live,
    ledger: cloudfront::Ledger,
    rules: rules::LastRules,
    thumbnails: Thumbnails,
}

impl Site {
    /// The site in a bucket of `store`.
    pub fn new(store: Store, options: SiteOptions) -> Site {
        Site::with_thumbnail_function(store, options, None)
    }

    /// The same, with a function that makes the thumbnails that are missing, if there is one: it is asked by its
    /// URL where the bucket has none, as the second origin of an origin group is.
    pub fn with_thumbnail_function(
        store: Store,
        options: SiteOptions,
        function: Option<Function>,
    ) -> Site {
        let live = Live::new();
        let ledger = cloudfront::Ledger::default();
        let compressed = CompressedBodies::default();
        let thumbnails = Thumbnails::new(store.clone(), options.bucket.clone(), function);
        Site {
            shared: Arc::new(Shared {
                store,
                options,
                compressed,
                live,
                ledger,
                rules: rules::LastRules::default(),
                thumbnails,
            }),
        }
    }

    /// The site itself: every path is a page but, with live reload, `/_quillfront/live` and
    /// `/_quillfront/live.js`.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        if self.shared.options.live_reload {
            router = router
                .route(live::SCRIPT_PATH, get(live::script))
                .route(live::EVENTS_PATH, get(live::events));
        }
        router.fallback(page).with_state(self.shared.clone())
    }

    /// Shows these mistakes on the pages that they are about, in place of those that were shown before.
    pub fn show_problems(&self, problems: Vec<Problem>) {
        self.shared.live.show(problems);
    }

    /// Returns how many thumbnails were made since the start, or asked for of a function. One that is made for many readers at once counts once.
    pub fn thumbnails_made(&self) -> u64 {
        self.shared.thumbnails.made()
    }

    /// The part of the CloudFront API that the builder uses: invalidations of the distribution
    /// [`SiteOptions::distribution_id`]. Signatures are not checked; listen on loopback.
    ///
    /// It has no fallback, so that it can be merged with [`Site::router`].
    pub fn cloudfront_router(&self) -> Router {
        cloudfront::router().with_state(self.shared.clone())
    }
}

async fn page(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    answer::answer(&shared, &request).await
}
