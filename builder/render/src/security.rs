//! The security headers of an object: what `[security]` says of its path, and what its page runs and loads.
//!
//! A pure function of both ([`dress`]), so that another `[security]` needs no render: what a page runs and
//! loads is [kept in the graph](crate::graph::OutputTrace::page), and the headers are made of it anew. They
//! are stored as metadata of the object, which the edge turns into headers.
//!
//! What a policy blocks of a page is a [`Violation`]. Some stop the page under `strict`: what can never run
//! under a policy of hashes, and a policy that does not fit into the metadata of an object.

mod policy;
mod told;

pub use policy::OF_NO_PAGE;
pub use told::diagnostic;

use policy::Policy;
use quillfront_headers::{Metadata, Redirect, Rules, Status, WriteError};
use quillfront_policy::{Facts, FindingKind};
use quillfront_site::key::OutputKey;
use quillfront_site::object::content_type;
use quillfront_site::plan::{self, Planned, Recipe};
use quillfront_site::quillfront_toml::security::{Mode, PathSecurity, Preset};
use quillfront_site::quillfront_toml::{Directive, Security};
use std::collections::BTreeMap;

/// The metadata of an object, and what of its page is blocked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dressed {
    /// User metadata, by name.
    pub metadata: BTreeMap<String, String>,
    /// In the order of the kinds.
    pub violations: Vec<Violation>,
}

/// What a page has that its policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// True where the page is not published for it.
    pub is_error: bool,
    /// What it is.
    pub what: Blocked,
}

/// What a policy blocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blocked {
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
}

/// Makes the metadata of an object of all that is known of it. `page` is what an HTML page runs and loads.
pub fn dress(
    security: Option<&Security>,
    key: &OutputKey,
    planned: &Planned,
    page: Option<&Facts>,
) -> Dressed {
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
        return Dressed {
            metadata: metadata.write().unwrap_or_default(),
            violations: Vec::new(),
        };
    };
    let rules = security.of(&plan::path_of(key));
    // Edges answer a redirect without its page.
    if redirect.is_some() {
        let metadata = metadata_of(&rules, Kind::Page, Some(OF_NO_PAGE.to_owned()), redirect);
        if let Ok(metadata) = metadata.write() {
            return Dressed {
                metadata,
                violations: Vec::new(),
            };
        }
    }
    let kind = Kind::of(&content_type(key.as_str()));
    match kind {
        Kind::Page => of_page(&rules, page.unwrap_or(&Facts::default())),
        _ => {
            let policy = kind.policy().map(str::to_owned);
            let written = metadata_of(&rules, kind, policy, None).write();
            Dressed {
                violations: written
                    .as_ref()
                    .err()
                    .map(too_long(&rules))
                    .into_iter()
                    .collect(),
                metadata: written.unwrap_or_default(),
            }
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
        what: Blocked::Policy {
            why: why.to_string(),
        },
    }
}

/// The rules of the edge: what answers carry that no object stands for.
pub fn rules(security: &Security) -> Rules {
    let rules = security.of_no_object();
    let mut headers = general(&rules, Kind::Page);
    headers.insert(
        "content-security-policy".to_owned(),
        Some(OF_NO_PAGE.to_owned()),
    );
    let headers = headers.into_iter();
    Rules {
        headers: headers
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
    }
}

fn of_page(rules: &PathSecurity, page: &Facts) -> Dressed {
    let (mut policy, mut violations) = Policy::of_page(rules, page);
    loop {
        let written = metadata_of(rules, Kind::Page, Some(policy.to_string()), None).write();
        let why = match written {
            Ok(metadata) => {
                return Dressed {
                    metadata,
                    violations,
                };
            }
            Err(why) => why,
        };
        let is_told = |one: &Violation| matches!(one.what, Blocked::Policy { .. });
        if !violations.iter().any(is_told) {
            violations.push(too_long(rules)(&why));
        }
        // What has no room is blocked; without it the rest of the page works.
        if !policy.drop_a_hash() {
            return Dressed {
                metadata: BTreeMap::new(),
                violations,
            };
        }
    }
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
