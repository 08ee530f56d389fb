//! Live reload: the script that a page is given, and the events it listens to.
//!
//! An event has an id, `<generation>-<number>`: the generation is the server's, the number counts
//! its invalidations. Script and browser hand the last id back when they connect again, and are
//! told what they missed. If that is no longer known, or the server is another one, the page
//! reloads.
//!
//! A page is also told of its mistakes: when it connects, if there are any, and whenever they are
//! others. These events have no id, since only the last of them matters.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use http::header::{self, HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::look_up::SiteResponse;
use super::problems::{Problem, shown_at};
use super::serve::ShutdownSignal;
use super::{Shared, answer, body, csp, look_up};
use crate::locks::IgnorePoison;
use crate::net::Endless;

/// Where the script is.
pub(super) const SCRIPT_PATH: &str = "/_quillfront/live.js";
/// Where the events are.
pub(super) const EVENTS_PATH: &str = "/_quillfront/live";

const SCRIPT: &str = include_str!("live.js");

/// The element that loads the script; `is_missing` on a page that stands for one that is not there.
fn tag(nonce: Option<&str>, is_missing: bool) -> String {
    let nonce = nonce.map(|nonce| format!(r#" nonce="{nonce}""#));
    let missing = if is_missing { " data-missing" } else { "" };
    let attributes = nonce.unwrap_or_default() + missing;
    format!(r#"<script src="{SCRIPT_PATH}" defer{attributes}></script>"#)
}

/// What nobody can guess who put something into a page.
fn new_nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// The largest page that is given the script: it passes through memory.
const PAGE_BYTES: u64 = 10_000_000;

/// The names of the events that say nothing more. They are their data as well: a browser drops an
/// event without data (HTML Standard, section 9.2.6).
const HELLO: &str = "hello";
const RELOAD: &str = "reload";

/// How many invalidations are remembered for pages that connect again.
const REMEMBERED: usize = 64;

/// Tells the pages that are open what was invalidated.
pub(super) struct Live {
    /// Differs from one start of the server to the next.
    generation: String,
    sender: broadcast::Sender<InvalidationMessage>,
    recent: Mutex<Recent>,
    problems: watch::Sender<Arc<[Problem]>>,
}

#[derive(Default)]
struct Recent {
    /// The number of the last invalidation; 0 where there was none yet.
    last: u64,
    /// The last ones, oldest first.
    invalidated: VecDeque<InvalidationMessage>,
}

#[derive(Clone)]
struct InvalidationMessage {
    number: u64,
    /// The paths as a JSON array.
    paths: Arc<str>,
}

impl Live {
    pub fn new() -> Live {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let generation = format!("{:x}", since_epoch.unwrap_or_default().as_nanos());
        let (sender, _) = broadcast::channel(REMEMBERED);
        Live {
            generation,
            sender,
            recent: Mutex::default(),
            problems: watch::Sender::new(Arc::default()),
        }
    }

    /// Tells everyone that `paths` were invalidated. They may end in `*`.
    pub fn invalidated(&self, paths: &[String]) {
        let paths = serde_json::json!(paths).to_string().into();
        let mut recent = self.lock();
        recent.last += 1;
        let invalidated = InvalidationMessage {
            number: recent.last,
            paths,
        };
        recent.invalidated.push_back(invalidated.clone());
        if recent.invalidated.len() > REMEMBERED {
            recent.invalidated.pop_front();
        }
        // An error says that no page is open.
        let _ = self.sender.send(invalidated);
    }

    /// Shows these mistakes from now on.
    pub fn show(&self, problems: Vec<Problem>) {
        self.problems.send_if_modified(|shown| {
            let differ = **shown != *problems;
            if differ {
                *shown = problems.into();
            }
            differ
        });
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.generation)
    }

    /// What to tell a page that knows of everything up to `id`, and then what comes after.
    fn subscribe(&self, id: &str) -> (Vec<Event>, broadcast::Receiver<InvalidationMessage>) {
        let recent = self.lock();
        let receiver = self.sender.subscribe();
        let known = id
            .strip_prefix(&self.generation)
            .and_then(|rest| rest.strip_prefix('-')?.parse().ok())
            .filter(|&number: &u64| {
                let forgotten = recent.last - recent.invalidated.len() as u64;
                (forgotten..=recent.last).contains(&number)
            });
        let events = match known {
            Some(known) => {
                // The browser asks again a second after it lost the connection.
                let hello = Event::default().id(self.id(known)).event(HELLO).data(HELLO);
                let missed = recent.invalidated.iter().filter(|it| it.number > known);
                let missed = missed.map(|it| self.event(it));
                [hello.retry(Duration::from_secs(1))]
                    .into_iter()
                    .chain(missed)
                    .collect()
            }
            None => vec![self.reload(recent.last)],
        };
        (events, receiver)
    }

    fn event(&self, invalidated: &InvalidationMessage) -> Event {
        let event = Event::default()
            .id(self.id(invalidated.number))
            .event("invalidation");
        event.data(&*invalidated.paths)
    }

    fn reload(&self, number: u64) -> Event {
        Event::default()
            .id(self.id(number))
            .event(RELOAD)
            .data(RELOAD)
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unpoisoned()
    }
}

/// The script. It holds the id of the last invalidation, so that none is missed between page and
/// first connection.
pub(super) async fn script(State(shared): State<Arc<Shared>>) -> Response {
    let id = shared.live.id(shared.live.lock().last);
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCRIPT.replace("{{id}}", &id)).into_response()
}

/// The last id that the script knows, and its page. `Last-Event-ID`, which the browser sends, is newer.
#[derive(Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    since: String,
    /// Of the page that is looked at, as the key of its object would have it, decoded:
    /// `/blog/post/`.
    #[serde(default)]
    path: String,
    /// There is no such page.
    #[serde(default)]
    missing: bool,
}

/// The invalidations as server-sent events (HTML Standard, section 9.2), until the page goes or
/// the server stops.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Query(page): Query<Since>,
    request: Request,
) -> Response {
    let last_event_id = request.headers().get("last-event-id");
    let id = last_event_id
        .and_then(|id| id.to_str().ok())
        .unwrap_or(&page.since);
    let (missed, receiver) = shared.live.subscribe(id);
    let closing = request.extensions().get::<ShutdownSignal>().cloned();
    let stopped = async move {
        match closing {
            Some(closing) => closing.wait().await,
            None => future::pending().await,
        }
    };
    let problems = problems(shared.live.problems.subscribe(), page);
    let invalidations = stream::iter(missed).chain(follow(shared, receiver));
    let stream = stream::select(invalidations, problems)
        .map(Ok::<_, Infallible>)
        .take_until(Box::pin(stopped));
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The browser connects again where it has to make room.
    response.extensions_mut().insert(Endless);
    response
}

fn follow(
    shared: Arc<Shared>,
    receiver: broadcast::Receiver<InvalidationMessage>,
) -> impl Stream<Item = Event> + Send {
    stream::unfold((shared, receiver), |(shared, mut receiver)| async move {
        let event = match receiver.recv().await {
            Ok(invalidated) => shared.live.event(&invalidated),
            // The client reads slower than it is written to.
            Err(RecvError::Lagged(_)) => shared.live.reload(shared.live.lock().last),
            Err(RecvError::Closed) => return None,
        };
        Some((event, (shared, receiver)))
    })
}

/// The mistakes of a page, at first if there are any, then whenever they are others.
fn problems(
    problems: watch::Receiver<Arc<[Problem]>>,
    page: Since,
) -> impl Stream<Item = Event> + Send {
    let none = "[]".to_owned();
    stream::unfold(
        (problems, page, none),
        |(mut problems, page, mut last)| async move {
            loop {
                let now = shown_at(&problems.borrow_and_update(), &page.path, page.missing);
                if now != last {
                    last.clone_from(&now);
                    let event = Event::default().event("problems").data(now);
                    return Some((event, (problems, page, last)));
                }
                // An error says that the site is gone.
                problems.changed().await.ok()?;
            }
        },
    )
}

/// Whether this response is given the script: a page of HTML that a browser navigates to, and a
/// policy under which the script can work. `Sec-Fetch-Dest` is Fetch Metadata Request Headers, 2.1.
pub(super) fn wants_script(request: &HeaderMap, found: &SiteResponse) -> bool {
    let headers = &found.headers;
    let is_html = headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let media_type = value
            .as_bytes()
            .split(|&byte| byte == b';')
            .next()
            .unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"text/html")
    });
    request
        .get("sec-fetch-dest")
        .is_some_and(|value| value == "document")
        && matches!(found.status.as_u16(), 200 | 404)
        && is_html
        && !headers.contains_key(header::CONTENT_ENCODING)
        && match &found.body {
            look_up::Body::Object(object) => object.meta.size <= PAGE_BYTES,
            look_up::Body::Bytes(bytes) => bytes.len() as u64 <= PAGE_BYTES,
            look_up::Body::Text(_) => true,
        }
        && csp::allows_live_reload(headers)
}

/// The response with the script in it. It is no longer what was published, so it has no validator
/// and nobody may keep it.
pub(super) async fn with_script(found: SiteResponse) -> std::io::Result<Response> {
    let SiteResponse {
        status,
        mut headers,
        body,
    } = found;
    let html = match body {
        look_up::Body::Object(object) => body::blocking(move || body::read_all(object)).await?,
        look_up::Body::Bytes(bytes) => bytes,
        look_up::Body::Text(text) => text.into_owned().into(),
    };
    let nonce = new_nonce()?;
    let is_by_nonce = csp::allow(&mut headers, &nonce);
    let is_missing = status == http::StatusCode::NOT_FOUND;
    let tag = tag(is_by_nonce.then_some(nonce.as_str()), is_missing);
    let html = insert_tag(&html, &tag);
    for name in [
        header::ETAG,
        header::LAST_MODIFIED,
        header::EXPIRES,
        header::ACCEPT_RANGES,
    ] {
        headers.remove(name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(html.len()));
    Ok(answer::response(status, headers, Body::from(html)))
}

/// The tag goes before the last `</body>`, or at the end where there is none.
fn insert_tag(html: &[u8], tag: &str) -> Vec<u8> {
    const END: &[u8] = b"</body";
    let is_end = |window: &[u8]| window.eq_ignore_ascii_case(END);
    let at = html
        .windows(END.len())
        .rposition(is_end)
        .unwrap_or(html.len());
    [&html[..at], tag.as_bytes(), &html[at..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_goes_before_the_end_of_the_body() {
        for (before, after) in [
            ("<body>a", "</body></html>"),
            ("<body>a", "</BODY >"),
            ("<pre></body></pre>", "</body>"),
            ("no body", ""),
            ("", ""),
        ] {
            let tag = tag(None, false);
            let html = insert_tag(format!("{before}{after}").as_bytes(), &tag);
            assert_eq!(
                String::from_utf8(html).unwrap(),
                format!("{before}{tag}{after}")
            );
        }
    }

    #[test]
    fn a_page_hears_what_it_missed() {
        let live = Live::new();
        let told = |id: &str| live.subscribe(id).0.len();
        let start = live.id(0);
        assert_eq!(told(&start), 1, "hello");
        live.invalidated(&["/a/".into()]);
        live.invalidated(&["/b/".into()]);
        assert_eq!(told(&start), 3);
        assert_eq!(told(&live.id(1)), 2);
        assert_eq!(told(&live.id(2)), 1);
        let events = live.subscribe("another-2").0;
        assert!(format!("{:?}", events[0]).contains("reload"));
        for _ in 0..REMEMBERED {
            live.invalidated(&["/c/".into()]);
        }
        assert_eq!(told(&live.id(2)), 1 + REMEMBERED);
        assert_eq!(told(&live.id(1)), 1, "too long ago: reload");
        assert_eq!(told(&live.id(999)), 1);
        assert_eq!(told(""), 1);
    }
}
