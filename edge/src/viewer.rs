//! A request before the cache: what CloudFront Functions do.
//!
//! A viewer-request function sees every request, cached or not, and reads no file: it knows the path, the
//! host and the [rules](Rules) that were there when it was made. It runs as JavaScript at CloudFront
//! ([`javascript`]), and `serve` runs the [same function here](decide). Tests hold the two together.
//!
//! There is a function for each behaviour of a distribution ([`Behaviour`]). All of them refuse the paths
//! that [`route`] refuses, and lead to the canonical domain where a site has several. Where a Response
//! Headers Policy stands for the functions of Lambda@Edge ([`Edge::Policy`]), the one of the default
//! behaviour does their routing too. It cannot look what is there, so it goes by the path alone. The one where
//! pictures are makes of the URL of a thumbnail its canonical path ([`ask`](mod@crate::thumbnail::ask)), or refuses it.

pub mod event;
pub mod javascript;
mod minify;
pub mod policy;

use quillfront_headers::{Edge, Rules};
use quillfront_image_urls::Keys;

use crate::respond::{self, Answer, CONTENT_SECURITY_POLICY};
use crate::route::{ObjectKey, route};
use crate::thumbnail::{self, Grant, Resolution, ask};

/// Files that others look for under fixed names, often without a dot (RFC 8615). No page is there.
pub(crate) const WELL_KNOWN: &str = "/.well-known/";

/// The behaviours of a distribution. Each has a viewer-request function of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// All that no other one takes.
    Default,
    /// Variants of pictures.
    Pictures,
}

impl Behaviour {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Default, Self::Pictures];

    /// Returns the behaviour that takes a path.
    pub fn of(path: &str, rules: &Rules) -> Self {
        if thumbnail::is_below(path, rules) {
            Self::Pictures
        } else {
            Self::Default
        }
    }

    /// Returns whether there is anything to do before the cache. The functions of Lambda@Edge refuse what
    /// is to be refused in the default behaviour.
    pub fn has_function(self, rules: &Rules) -> bool {
        self == Self::Pictures || rules.edge == Edge::Policy || rules.domains.is_some()
    }

    /// Returns whether its function does the routing.
    pub(crate) fn routes(self, rules: &Rules) -> bool {
        self == Self::Default && rules.edge == Edge::Policy
    }
}

/// What a viewer-request function reads of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewerRequest<'a> {
    /// The path as the viewer sent it.
    pub path: &'a str,
    /// The query string as the viewer sent it, without its `?`.
    pub query: Option<&'a str>,
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The `Accept` header; empty where there is none.
    pub accept: &'a str,
    /// What signatures are checked with.
    pub keys: &'a Keys,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// What a viewer-request function does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It goes on, with another path if there is one.
    Pass(Option<String>),
    /// It goes on to the thumbnail of this canonical path. What has been checked goes with it
    /// ([`SIGNED_HEADER`](thumbnail::SIGNED_HEADER)).
    Picture(String, Grant),
    /// It is answered.
    Answer(Answer<'static>),
}

/// Decides what becomes of a request, in the behaviour that its path belongs to.
pub fn decide(viewed: ViewerRequest<'_>, rules: &Rules) -> Decision {
    let behaviour = Behaviour::of(viewed.path, rules);
    match decided(viewed, behaviour, rules) {
        Decision::Answer(answer) => Decision::Answer(own_policy(answer, behaviour)),
        other => other,
    }
}

/// Where pictures are, what is answered has a policy of its own: it shows nothing, and that of a whole site may be too
/// long for a function.
fn own_policy(mut answer: Answer<'static>, behaviour: Behaviour) -> Answer<'static> {
    if behaviour == Behaviour::Pictures {
        let policy = "default-src 'none'; frame-ancestors 'none'";
        answer.headers.set(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn decided(viewed: ViewerRequest<'_>, behaviour: Behaviour, rules: &Rules) -> Decision {
    if !behaviour.has_function(rules) {
        return Decision::Pass(None);
    }
    let query = viewed.query.filter(|query| !query.is_empty());
    let moved = |path: &str| Decision::Answer(respond::moved(path, query, rules));
    let key = match route(viewed.path) {
        Ok(key) => key,
        Err(refusal) => return Decision::Answer(respond::refused(refusal, rules)),
    };
    if key.is_internal() || thumbnail::is_disguised(viewed.path, &key, rules) {
        return Decision::Answer(respond::not_found(rules));
    }
    if let Some(origin) = elsewhere(viewed.host, rules) {
        let path = if key.is_home() { "/" } else { viewed.path };
        return moved(&format!("{origin}{path}"));
    }
    if behaviour == Behaviour::Pictures {
        return picture(viewed, rules);
    }
    if !behaviour.routes(rules) {
        return Decision::Pass(None);
    }
    if let Some(path) = page_of(viewed.path, &key) {
        return moved(&path);
    }
    let path = key.origin_path();
    Decision::Pass((path != viewed.path).then_some(path))
}

/// Decides what becomes of a request where thumbnails are.
fn picture(viewed: ViewerRequest<'_>, rules: &Rules) -> Decision {
    let asking = thumbnail::ThumbnailRequest {
        path: viewed.path,
        accept: viewed.accept,
        keys: viewed.keys,
        now: viewed.now,
    };
    match ask(asking, rules) {
        Resolution::Ordinary => Decision::Pass(None),
        Resolution::Answer(answer) => Decision::Answer(answer),
        Resolution::Thumbnail { path, grant } => Decision::Picture(path, grant),
    }
}

/// Returns the origin of the canonical domain where the host is another one of the site.
fn elsewhere<'r>(host: Option<&str>, rules: &'r Rules) -> Option<&'r str> {
    let domains = rules.domains.as_ref()?;
    let host = host?.to_lowercase();
    let name = host.split(':').next().unwrap_or_default();
    let is_other = domains.others.iter().any(|other| other == name);
    is_other.then_some(&domains.origin)
}

/// Returns the path that the page has, where the request asks for it by another one.
fn page_of(path: &str, key: &ObjectKey) -> Option<String> {
    if path.ends_with('/') || key.is_home() {
        return None;
    }
    let behind_slash = || {
        let page = key.page_behind_slash()?;
        page.folder().filter(|_| !path.starts_with(WELL_KNOWN))
    };
    key.folder().or_else(behind_slash)
}

#[cfg(test)]
mod tests;
