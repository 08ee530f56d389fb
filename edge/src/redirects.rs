//! Redirect rules at the edge: which one a request meets, and what is done by it.
//!
//! A rule that is forced decides before the bucket is asked ([`forced`]); one that yields to files does so
//! where the bucket has none ([`yielding`]). The first rule that a path meets is the one, whichever of the
//! two it is, and the result of a rule meets none again.

use http::StatusCode;
use percent_encoding::percent_decode_str;
use quillfront_headers::redirects::Met;

use crate::event::{Line, Request};
use crate::functions::Site;
use crate::location::location;
use crate::respond::{self, Answer};
use crate::route::{ObjectKey, route};

/// The header that carries the path for which another one is shown. Like
/// [`FOLDER_HEADER`](crate::origin_request::FOLDER_HEADER) it tells the functions what they did.
pub const SHOWN_HEADER: &str = "x-quillfront-shown";

/// What a rule does with a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RuleAction<'a> {
    /// It answers.
    Answer(Box<Answer<'a>>),
    /// It shows this object.
    Show(ObjectKey),
}

/// Does what the first rule for a decoded path says, where that is forced.
pub(crate) fn forced<'a>(
    site: &Site<'_>,
    request: &Request<'_>,
    path: &str,
) -> Option<RuleAction<'a>> {
    let met = site.rules.redirects.meet(path)?;
    if !met.rule.is_forced {
        return None;
    }
    if met.rule.status == 200 {
        // Query and fragment are not part of what a bucket is asked for.
        let target = met.target();
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let key = route(path).ok().filter(|key| !key.is_internal());
        return Some(match key {
            Some(key) => RuleAction::Show(key),
            None => answered(respond::not_found(site.rules)),
        });
    }
    answer(site, request, path, &met).map(answered)
}

/// Answers by the first rule for a decoded path that has no object, where that yields to files.
pub(crate) fn yielding<'a>(
    site: &Site<'_>,
    request: &Request<'_>,
    path: &str,
) -> Option<Answer<'a>> {
    let met = site.rules.redirects.meet(path)?;
    if met.rule.is_forced {
        return None;
    }
    answer(site, request, path, &met)
}

fn answered(answer: Answer<'_>) -> RuleAction<'_> {
    RuleAction::Answer(Box::new(answer))
}

/// Answers by a rule that needs no object; none for one that leaves things as they are.
fn answer<'a>(
    site: &Site<'_>,
    request: &Request<'_>,
    path: &str,
    met: &Met<'_>,
) -> Option<Answer<'a>> {
    let status = StatusCode::from_u16(met.rule.status).ok()?;
    match met.rule.status {
        301 | 302 | 303 | 307 | 308 => {
            let target = local(&met.target());
            if leads_to(&target, path, site.rules.redirects.ignores_slash()) {
                return None;
            }
            Some(respond::redirected(
                status,
                &with_query(target, site.query_of(request)),
                site.rules,
            ))
        }
        404 if met.rule.is_forced => Some(respond::not_found(site.rules)),
        410 => Some(respond::gone(site.rules)),
        _ => None,
    }
}

/// What was captured may begin with a slash, and two of them would name a host.
fn local(target: &str) -> String {
    match target.strip_prefix('/') {
        Some(path) => format!("/{}", path.trim_start_matches(['/', '\\'])),
        None => target.to_owned(),
    }
}

/// Returns whether a target is the path itself: a redirect would never end.
fn leads_to(target: &str, path: &str, ignores_slash: bool) -> bool {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    let target = percent_decode_str(target).decode_utf8_lossy();
    let end = |path: &str| match path.strip_suffix('/') {
        Some(rest) if ignores_slash => rest.to_owned(),
        _ => path.to_owned(),
    };
    end(&target) == end(path)
}

/// A target that has a query string keeps it.
fn with_query(target: String, query: Option<&str>) -> String {
    let Some(query) = query.filter(|_| !target.contains('?')) else {
        return target;
    };
    let (before, fragment) = match target.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (target.as_str(), None),
    };
    let fragment = fragment
        .map(|fragment| format!("#{fragment}"))
        .unwrap_or_default();
    let whole = format!("{before}?{query}{fragment}");
    location(&whole).map_or(target, |_| whole)
}

/// Returns whether the path of a request is one that the functions show in place of another.
pub(crate) fn is_shown(request: &Request<'_>) -> bool {
    let mut lines = request.headers.get_all(SHOWN_HEADER);
    let only = lines.next().filter(|_| lines.next().is_none());
    only.is_some_and(|line| line.value == request.uri)
}

/// Returns the request for the object that is shown in place of another.
pub(crate) fn shown<'a>(request: &Request<'a>, key: &ObjectKey) -> Request<'a> {
    let mut shown = request.clone();
    let path = key.origin_path();
    shown.headers.remove(SHOWN_HEADER);
    let line = Line::new(SHOWN_HEADER, path.clone());
    shown.headers.push(SHOWN_HEADER, line);
    shown.uri = path.into();
    shown
}
