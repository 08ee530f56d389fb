//! The security headers of an object: what `[security]` says of its path, and what its page runs and loads.
//!
//! A pure function of both ([`dress`]), so that another `[security]` needs no render: what a page runs and
//! loads is [kept in the graph](crate::graph::OutputTrace::page), and the headers are made of it anew. They
//! are stored as metadata of the object, which the edge turns into headers.
//!
//! What a policy blocks of a page is a [`Violation`]. Some stop the page under `strict`: what can never run
//! under a policy of hashes, and a policy that does not fit into the metadata of an object.

mod merge;
mod policy;
mod told;
mod union;

pub use policy::OF_NO_PAGE;
pub use told::diagnostic;
pub use union::site_headers;

use policy::Policy;
use quillfront_headers::redirects::Redirects;
use quillfront_headers::{Edge, Metadata, Redirect, Rules, Status, WriteError};
use quillfront_policy::{Facts, FindingKind};
use quillfront_site::edge_files::HeaderRules;
use quillfront_site::key::OutputKey;
use quillfront_site::object::content_type;
use quillfront_site::plan::{self, PlannedOutput, Recipe};
use quillfront_site::quillfront_toml::security::{Mode, PathSecurity, Preset};
use quillfront_site::quillfront_toml::{Directive, Security};
use std::collections::BTreeMap;

/// What the headers of a site are made of, beside what its pages run and load.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HeaderSources<'a> {
    /// `[security]`.
    pub security: Option<&'a Security>,
    /// `_headers`.
    pub rules: Option<&'a HeaderRules>,
}

impl HeaderSources<'_> {
    /// True where one policy stands for all pages.
    pub fn has_one_policy(&self) -> bool {
        let security = self.security;
        security.is_some_and(|security| security.edge == Edge::Policy)
    }
}

/// The headers of an object, and what of its page is blocked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecuredHeaders {
    /// User metadata, by name.
    pub metadata: BTreeMap<String, String>,
    /// `Content-Type`, where a rule sets it.
    pub content_type: Option<String>,
    /// `Cache-Control`, where a rule sets it.
    pub cache_control: Option<String>,
    /// In the order of the kinds.
    pub violations: Vec<Violation>,
}

/// What a page has that its policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// True where the page is not published for it.
    pub is_error: bool,
    /// What it is.
    pub what: BlockedItem,
}

/// What a policy blocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockedItem {
    /// Something that runs.
    Found {
        /// Of what kind.
        kind: FindingKind,
        /// As it stands in the page, in short.
        what: String,
        /// Its hash as a source of a policy, if there is one.
        hash: Option<String>,
    },
    /// Something that is loaded.
    Loaded {
        /// What would have to allow it.
        directive: Directive,
        /// As it is written.
        url: String,
    },
    /// The policy, which is longer than there is room for.
    Policy {
        /// How long it is, in words.
        why: String,
    },
    /// A header of `_headers` that is weaker than the one that it replaces.
    Weaker {
        /// The line.
        line: u32,
        /// Its name.
        name: String,
    },
    /// A policy of `_headers` beside another one: both hold.
    TwoPolicies {
        /// The line.
        line: u32,
    },
    /// The headers of `_headers`, which do not fit.
    Rules {
        /// The last line that has a part in them.
        line: u32,
        /// How long they are, in words.
        why: String,
    },
}

/// Makes the headers of an object of all that is known of it. `page` is what an HTML page runs and loads.
pub fn dress(
    sources: HeaderSources<'_>,
    key: &OutputKey,
    planned: &PlannedOutput,
    page: Option<&Facts>,
) -> SecuredHeaders {
    let (metadata, violations) = secure(sources.security, key, planned, page);
    let dressed = SecuredHeaders {
        metadata,
        violations,
        ..SecuredHeaders::default()
    };
    // No URL reaches it.
    if planned.recipe == Recipe::Rules {
        return dressed;
    }
    let path = plan::path_of(key);
    match sources.rules.map(|rules| rules.of_path(&path)) {
        Some(merged) if !merged.is_empty() => {
            let security = sources.security.map(|security| security.of(&path));
            let mut dressed = merge::merge(dressed, merged, security.as_ref());
            // Of an object's own headers there are those that S3 sends.
            if sources.has_one_policy() {
                dressed.metadata = BTreeMap::new();
            }
            dressed
        }
        _ => dressed,
    }
}

type Secured = (BTreeMap<String, String>, Vec<Violation>);

/// The metadata that `[security]` gives an object.
fn secure(
    security: Option<&Security>,
    key: &OutputKey,
    planned: &PlannedOutput,
    page: Option<&Facts>,
) -> Secured {
    let redirect = match &planned.recipe {
        Recipe::Redirect(target) => Some(Redirect::to(target, Status::MovedPermanently)),
        _ => None,
    };
    let Some(security) = security else {
        let metadata = Metadata {
            redirect,
            ..Metadata::default()
        };
        // A target that is too long for a header is in the page alone.
        return (metadata.write().unwrap_or_default(), Vec::new());
    };
    let rules = security.of(&plan::path_of(key));
    // All answers have the same headers, which are no object's.
    if security.edge == Edge::Policy {
        let is_page = redirect.is_none() && is_page(key);
        let page = is_page.then(|| Policy::of_page(&rules, page.unwrap_or(&Facts::default())));
        let violations = page.map(|(_, violations)| violations);
        return (BTreeMap::new(), violations.unwrap_or_default());
    }
    // Edges answer a redirect without its page.
    if redirect.is_some() {
        let metadata = metadata_of(&rules, Kind::Page, Some(OF_NO_PAGE.to_owned()), redirect);
        if let Ok(metadata) = metadata.write() {
            return (metadata, Vec::new());
        }
    }
    let kind = Kind::of(&content_type(key.as_str()));
    match kind {
        Kind::Page => of_page(&rules, page.unwrap_or(&Facts::default())),
        _ => {
            let policy = kind.policy().map(str::to_owned);
            let written = metadata_of(&rules, kind, policy, None).write();
            let violation = written.as_ref().err().map(too_long(&rules));
            let violations = violation.into_iter().collect();
            (written.unwrap_or_default(), violations)
        }
    }
}

/// True where what can never run, and what does not fit, stops a page. A policy that only reports blocks nothing.
fn refuses(rules: &PathSecurity) -> bool {
    rules.preset == Preset::Strict && rules.mode == Mode::Enforce
}

fn too_long(rules: &PathSecurity) -> impl Fn(&WriteError) -> Violation {
    let is_error = refuses(rules);
    move |why| Violation {
        is_error,
        what: BlockedItem::Policy {
            why: why.to_string(),
        },
    }
}

/// The rules of the edge: redirects, and what answers carry that no object stands for.
pub fn rules(sources: HeaderSources<'_>, redirects: Redirects) -> Rules {
    let mut headers = BTreeMap::new();
    if let Some(security) = sources.security {
        headers = general(&security.of_no_object(), Kind::Page);
        headers.insert(
            "content-security-policy".to_owned(),
            Some(OF_NO_PAGE.to_owned()),
        );
    }
    if let Some(rules) = sources.rules {
        merge::merge_into_no_object(&mut headers, rules.of_no_object());
    }
    let headers = headers.into_iter();
    Rules {
        headers: headers
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        redirects,
        ..Rules::default()
    }
}

fn of_page(rules: &PathSecurity, page: &Facts) -> Secured {
    let (mut policy, mut violations) = Policy::of_page(rules, page);
    loop {
        let written = metadata_of(rules, Kind::Page, Some(policy.to_string()), None).write();
        let why = match written {
            Ok(metadata) => {
                return (metadata, violations);
            }
            Err(why) => why,
        };
        let is_told = |one: &Violation| matches!(one.what, BlockedItem::Policy { .. });
        if !violations.iter().any(is_told) {
            violations.push(too_long(rules)(&why));
        }
        // What has no room is blocked; without it the rest of the page works.
        if !policy.drop_a_hash() {
            return (BTreeMap::new(), violations);
        }
    }
}

/// True for an object that is an HTML page.
pub fn is_page(key: &OutputKey) -> bool {
    Kind::of(&content_type(key.as_str())) == Kind::Page
}

/// Objects by what browsers do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An HTML page.
    Page,
    /// An SVG picture, which is a page too where it is opened by itself.
    Svg,
    /// Any other XML: feeds, sitemaps.
    Xml,
    /// What only the site's own pages are to load: scripts, style sheets, fonts, data.
    Part,
    /// What others may show as well: pictures, sound, documents.
    Media,
}

impl Kind {
    fn of(content_type: &str) -> Self {
        let mime = content_type.split(';').next().unwrap_or_default();
        match mime {
            "text/html" | "application/xhtml+xml" => Self::Page,
            "image/svg+xml" => Self::Svg,
            _ if mime.ends_with("xml") => Self::Xml,
            "text/css"
            | "text/javascript"
            | "application/javascript"
            | "application/json"
            | "application/wasm"
            | "application/manifest+json" => Self::Part,
            _ if mime.starts_with("font/") => Self::Part,
            _ => Self::Media,
        }
    }

    /// The policy of what is no page.
    fn policy(self) -> Option<&'static str> {
        match self {
            // It may style itself; nothing in it runs.
            Self::Svg => Some("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            // A style sheet of the site may make a page of it.
            Self::Xml => Some(
                "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'",
            ),
            Self::Page | Self::Part | Self::Media => None,
        }
    }

    /// Its `Cross-Origin-Resource-Policy`. Feed readers show pictures of a site in pages of their own.
    fn resource(self) -> &'static str {
        match self {
            Self::Page | Self::Part => "same-origin",
            Self::Svg | Self::Xml | Self::Media => "cross-origin",
        }
    }
}

fn metadata_of(
    rules: &PathSecurity,
    kind: Kind,
    policy: Option<String>,
    redirect: Option<Redirect>,
) -> Metadata {
    let mut headers = general(rules, kind);
    let is_enforced = rules.mode == Mode::Enforce || kind != Kind::Page;
    let policy = if is_enforced {
        policy
    } else {
        headers.insert("content-security-policy-report-only".to_owned(), policy);
        None
    };
    Metadata {
        policy,
        headers,
        redirect,
        ..Metadata::default()
    }
}

/// All headers but the policy. Those that are as the edge has them by default are left out.
fn general(rules: &PathSecurity, kind: Kind) -> BTreeMap<String, Option<String>> {
    let mut headers: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        headers.insert(name.to_owned(), Some(value.to_owned()));
    };
    if let Some(hsts) = rules.hsts {
        let subdomains = if hsts.include_subdomains {
            "; includeSubDomains"
        } else {
            ""
        };
        let preload = if hsts.preload { "; preload" } else { "" };
        let value = format!("max-age={}{subdomains}{preload}", hsts.max_age);
        set("strict-transport-security", &value);
    }
    set(
        "cross-origin-resource-policy",
        rules.resource.unwrap_or(kind.resource()),
    );
    if kind != Kind::Page {
        return headers;
    }
    set("cross-origin-opener-policy", rules.opener);
    if let Some(embedder) = rules.embedder {
        set("cross-origin-embedder-policy", embedder);
    }
    set("origin-agent-cluster", "?1");
    if rules.referrer_policy != REFERRER_POLICY {
        set("referrer-policy", rules.referrer_policy);
    }
    if !rules.permissions.is_empty() {
        set("permissions-policy", &rules.permissions);
    }
    if let Some(url) = &rules.reporting {
        set(
            "reporting-endpoints",
            &format!("{}=\"{url}\"", policy::REPORTS),
        );
    }
    // Browsers that know `frame-ancestors` pass this over; it must not say something else to the others.
    let ancestors: Vec<&str> = rules.frame_ancestors.iter().map(String::as_str).collect();
    match ancestors[..] {
        ["'self'"] => {}
        ["'none'"] | [] => set("x-frame-options", "DENY"),
        _ => {
            headers.insert("x-frame-options".to_owned(), None);
        }
    }
    headers
}

/// What the edge sends by default (`quillfront-edge`, `security`).
const REFERRER_POLICY: &str = "strict-origin-when-cross-origin";

#[cfg(test)]
mod tests;
