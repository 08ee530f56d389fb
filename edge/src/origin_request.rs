//! A request that is not in the cache, on its way to the bucket.

use crate::event::{Event, EventType, Line, Reply, Request};
use crate::functions::{Error, Site, answer, expect};
use crate::redirects::{self, RuleAction};
use crate::respond;
use crate::route::{ObjectKey, route};
use crate::thumbnail;

/// The header that carries the path of a folder for which its page is fetched. The bucket passes over
/// it.
///
/// In an origin group CloudFront calls the function once for each origin (Amazon CloudFront Developer
/// Guide, "Use origin failover with Lambda@Edge functions"), and does not say whether the second call
/// sees the path as the viewer sent it or as the first call left it. `/a/index.html` means one thing in
/// the first case and another in the second; this tells them apart. It is the one header that the
/// function reads, and it comes from nowhere else unless the distribution forwards it from viewers.
pub const FOLDER_HEADER: &str = "x-quillfront-folder";

pub use crate::redirects::SHOWN_HEADER;

/// Decides what to fetch.
///
/// `/a/` is the object `a/index.html`, and `/a/index.html` is redirected to `/a/`, but `/index.html` is the home page.
/// Paths that programs
/// read differently are answered 400, those of the edge's own objects 404, and so are other spellings of where
/// thumbnails are. Before all others stands a rule
/// of the site that is forced: it answers, or names the object to show.
///
/// # Errors
/// It is another event, or CloudFront would refuse the reply.
pub fn origin_request<'a>(event: &Event<'a>, site: &Site<'_>) -> Result<Reply<'a>, Error> {
    expect(event, EventType::OriginRequest)?;
    let request = event.request();
    let key = match route(&request.uri) {
        Ok(key) => key,
        Err(refusal) => return answer(event, respond::refused(refusal, site.rules)),
    };
    if key.is_internal() || thumbnail::is_disguised(&request.uri, &key, site.rules) {
        return answer(event, respond::not_found(site.rules));
    }
    if redirects::is_shown(request) {
        return Ok(event.send_request(request.clone())?);
    }
    let is_folder = is_folder(request, &key);
    match redirects::forced(site, request, &key.path(is_folder)) {
        Some(RuleAction::Answer(made)) => return answer(event, *made),
        Some(RuleAction::Show(key)) => {
            return Ok(event.send_request(redirects::shown(request, &key))?);
        }
        None => {}
    }
    if !is_folder && let Some(folder) = &key.folder() {
        return answer(
            event,
            respond::moved(folder, site.query_of(request), site.rules),
        );
    }
    Ok(event.send_request(routed(request, &key, is_folder))?)
}

/// Returns whether the request is for a folder.
pub(crate) fn is_folder(request: &Request<'_>, key: &ObjectKey) -> bool {
    request.uri.ends_with('/') || key.is_home() || was_routed(request, key)
}

/// Returns whether the function has made the path of the request, which is that of an object, from that of
/// a folder.
fn was_routed(request: &Request<'_>, key: &ObjectKey) -> bool {
    let mut lines = request.headers.get_all(FOLDER_HEADER);
    let Some(only) = lines.next().filter(|_| lines.next().is_none()) else {
        return false;
    };
    key.folder().is_some_and(|folder| *only.value == *folder)
}

/// Returns the request for an object.
fn routed<'a>(request: &Request<'a>, key: &ObjectKey, is_folder: bool) -> Request<'a> {
    let mut routed = request.clone();
    let path = key.origin_path();
    if *routed.uri != *path {
        routed.uri = path.into();
    }
    if is_folder && let Some(folder) = key.folder() {
        routed.headers.remove(FOLDER_HEADER);
        routed
            .headers
            .push(FOLDER_HEADER, Line::new(FOLDER_HEADER, folder));
    }
    routed
}
