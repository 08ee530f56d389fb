//! What the bucket answered, on its way into the cache.

use http::StatusCode;

use crate::event::{Event, EventType, Headers, Reply, Request};
use crate::functions::{Error, Site, answer, expect};
use crate::origin_request::is_folder;
use crate::redirects;
use crate::respond::{self, Answer};
use crate::route::{ObjectKey, route};
use crate::thumbnail;

/// Whether the page that a missing path may mean is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Nobody has looked yet.
    #[default]
    NotYet,
    /// It is there.
    There,
    /// It is not, or it could not be found out.
    Missing,
}

/// What the function does next.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // there is one for each event, and a box takes time
pub enum Step<'a> {
    /// It is done.
    Reply(Reply<'a>),
    /// It has to know whether there is an object of this key. Call it again with the answer.
    Look(ObjectKey),
}

/// Makes what the origin answered into what readers get.
///
/// The metadata of an object becomes headers, or the redirect that it stands for. A 404 is answered by the
/// rule of the site that yields to files, where there is one; else that for a path that names no file is
/// redirected to its slash where there is a page; else errors stay, without what is internal. A 304 has no metadata, and stays as it is.
///
/// # Errors
/// It is another event, or CloudFront would refuse the reply.
pub fn origin_response<'a>(
    event: &Event<'a>,
    site: &Site<'_>,
    look: Look,
) -> Result<Step<'a>, Error> {
    expect(event, EventType::OriginResponse)?;
    let Some(response) = event.response() else {
        return Err(Error::NoFunction(event.event_type()));
    };
    let status = response.to_status()?;
    if status == StatusCode::NOT_MODIFIED {
        return Ok(Step::Reply(event.send_response(response.clone())?));
    }
    let request = event.request();
    let is_missing = status == StatusCode::NOT_FOUND && !redirects::is_shown(request);
    if is_missing
        && let Ok(key) = route(&request.uri)
        && let path = key.path(is_folder(request, &key))
        && let Some(made) = redirects::yielding(site, request, &path)
    {
        return answer(event, made).map(Step::Reply);
    }
    if is_missing && let Some((path, page)) = page_behind_slash(request, site) {
        match look {
            Look::NotYet => return Ok(Step::Look(page)),
            Look::There => {
                let moved = respond::moved(&path, site.query_of(request), site.rules);
                return answer(event, moved).map(Step::Reply);
            }
            Look::Missing => {}
        }
    }
    let shown = shown(status, &response.headers, &request.uri, site);
    answer(event, shown).map(Step::Reply)
}

fn shown<'a>(status: StatusCode, came: &Headers<'a>, path: &str, site: &Site<'_>) -> Answer<'a> {
    if status.is_success() {
        if thumbnail::is_one(path, site.rules) {
            return thumbnail::found(status, came, site.rules);
        }
        return respond::found(status, came);
    }
    if status.is_redirection() {
        if let Some(led) = thumbnail::led_to_original(status, came, path, site.rules) {
            return led;
        }
        // S3 leads to another of its own hosts for some time after a bucket was made. Its name is
        // nobody's business, and readers have no access to it.
        let text = "503 Service Unavailable\n";
        return respond::error(StatusCode::SERVICE_UNAVAILABLE, text, site.rules);
    }
    respond::failed(status, came, site.rules)
}

/// Returns the path and the key of the page that a missing path may mean.
///
/// What answers where thumbnails are says all that is to be said.
fn page_behind_slash(request: &Request<'_>, site: &Site<'_>) -> Option<(String, ObjectKey)> {
    if !request.only_reads() || thumbnail::is_below(&request.uri, site.rules) {
        return None;
    }
    let page = route(&request.uri).ok()?.page_behind_slash()?;
    Some((page.folder()?, page))
}
