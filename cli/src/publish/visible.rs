//! Waiting until readers get what was published: each page is asked for as they do, until it is the new one.
//!
//! Nothing here asks CloudFront whether an invalidation is completed. That comes long after caches have forgotten, and
//! it says nothing of what they answer.

use super::built::Outputs;
use crate::show;
use anyhow::Result;
use futures::stream::{StreamExt, iter};
use md5::{Digest, Md5};
use quillfront_headers::{RULES_KEY, Rules};
use quillfront_publish::bucket::state::PublishedObject;
use quillfront_site::key::OutputKey;
use quillfront_site::plan::{Rank, path_of};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use ureq::Agent;

/// Pages that are asked for; of more, the others are published in the same way.
const MAX_PAGES: usize = 100;
/// Requests at once.
const PARALLEL: usize = 8;
/// One request takes no longer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Between two requests for a page, at first; longer each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// And at most.
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// A page that is to be other than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedPage {
    /// Where.
    pub url: String,
    /// The ETag of its object: the new one, or of what is gone the old one.
    etag: String,
    /// It is to be gone.
    is_gone: bool,
    /// It may redirect.
    is_alias: bool,
}

/// A page as readers get it.
#[derive(Debug, Serialize)]
pub struct SeenPage {
    /// Where.
    pub url: String,
    /// It is no longer there.
    pub gone: bool,
    /// When it was the new one, in milliseconds since the uploads began; none where it was not in time.
    pub ms: Option<u64>,
}

/// What differs between two states of a site, what stands for the `sources` first. Paths that redirects of the site
/// take over are left out.
pub fn changed(
    address: &str,
    before: &Outputs,
    after: &Outputs,
    sources: &BTreeSet<String>,
    rules: &Rules,
) -> Vec<ChangedPage> {
    let page = |key: &OutputKey, object: &PublishedObject, is_gone| ChangedPage {
        url: show::url(address, key.as_str()),
        etag: object.etag.to_string(),
        is_gone,
        is_alias: object.rank == Rank::Alias,
    };
    let is_other = |key: &OutputKey, object: &PublishedObject| {
        let was = before.get(key);
        was.is_none_or(|was| was.etag != object.etag)
    };
    let new = after.iter().filter(|(key, object)| is_other(key, object));
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let new = new.map(|(key, object)| (key, object, false));
    let gone = gone.map(|(key, object)| (key, object, true));
    let is_asked = |key: &OutputKey| {
        key.as_str() != RULES_KEY && rules.redirects.meet(&path_of(key)).is_none()
    };
    let mut all: Vec<_> = new.chain(gone).filter(|(key, ..)| is_asked(key)).collect();
    all.sort_by_key(|(key, object, is_gone)| {
        let is_own = sources.contains(object.source.as_str());
        (!is_own, *is_gone, object.rank, (*key).clone())
    });
    let pages = all.into_iter();
    pages
        .map(|(key, object, is_gone)| page(key, object, is_gone))
        .collect()
}

/// Asks for the first of the pages until each is as it should be, or the time is over.
///
/// # Errors
/// A thread ended.
pub async fn until_visible(
    pages: &[ChangedPage],
    began: Instant,
    deadline: Instant,
) -> Result<Vec<SeenPage>> {
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("quillfront/", env!("CARGO_PKG_VERSION")));
    let agent: Agent = config.build().new_agent();
    let asked = pages.iter().take(MAX_PAGES).cloned();
    let asked = asked.map(|page| {
        let agent = agent.clone();
        async move {
            let mut pause = FIRST_PAUSE;
            let ms = loop {
                let (agent, asked) = (agent.clone(), page.clone());
                let is_new = tokio::task::spawn_blocking(move || is_new(&agent, &asked)).await?;
                if is_new {
                    break u64::try_from(began.elapsed().as_millis()).ok();
                }
                if Instant::now() >= deadline {
                    break None;
                }
                sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            };
            Ok(SeenPage {
                url: page.url,
                gone: page.is_gone,
                ms,
            })
        }
    });
    let seen: Vec<Result<SeenPage>> = iter(asked).buffered(PARALLEL).collect().await;
    seen.into_iter().collect()
}

/// Whether a reader gets the new page. A request that fails is none.
fn is_new(agent: &Agent, page: &ChangedPage) -> bool {
    // Other encodings are made of the same bytes.
    let asked = agent.get(&page.url).header("accept-encoding", "identity");
    let Ok(answer) = asked.call() else {
        return false;
    };
    let status = answer.status();
    if page.is_alias && status.is_redirection() {
        return !page.is_gone;
    }
    // An object that came in parts has no tag of its bytes.
    if page.etag.contains('-') {
        return status.is_success() != page.is_gone;
    }
    if page.is_gone && !status.is_success() {
        return !status.is_server_error();
    }
    let mut body = answer.into_body().into_reader();
    let mut hash = Md5::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hash.update(&buffer[..count]),
            Err(_) => return false,
        }
    }
    (hex::encode(hash.finalize()) == page.etag) != page.is_gone
}
