//! The content security policy of a page (CSP Level 3).

use super::{BlockedItem, Violation, refuses};
use quillfront_policy::{self as policy, Facts, FindingKind, MAX_WHAT_BYTES};
use quillfront_site::quillfront_toml::Directive;
use quillfront_site::quillfront_toml::security::{PathSecurity, Preset, Scripts};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use url::Url;

/// The policy of answers that no page stands for: they load nothing.
pub const OF_NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The name of the endpoint that reports go to.
pub(super) const REPORTS: &str = "csp";

pub(super) const OWN: &str = "'self'";
pub(super) const NONE: &str = "'none'";

/// What every page of the site may load from it.
const USUAL: [Directive; 8] = [
    Directive::Style,
    Directive::Image,
    Directive::Font,
    Directive::Connect,
    Directive::Media,
    Directive::Manifest,
    Directive::Frame,
    Directive::FormAction,
];

/// What `relaxed` adds: embeds of others.
const RELAXED: [(Directive, &[&str]); 6] = [
    (Directive::Style, &["https:"]),
    (Directive::Image, &["https:", "data:"]),
    (Directive::Font, &["https:", "data:"]),
    (Directive::Connect, &["https:"]),
    (Directive::Media, &["https:", "data:", "blob:"]),
    (Directive::Frame, &["https:"]),
];

/// A policy while it is put together.
pub(super) struct Policy {
    pub(super) sources: BTreeMap<Directive, Vec<String>>,
    /// What ends it, in order.
    rest: Vec<String>,
}

impl Policy {
    /// The policy of a page, and what it blocks of it.
    pub(super) fn of_page(rules: &PathSecurity, page: &Facts) -> (Self, Vec<Violation>) {
        let mut policy = Self {
            sources: BTreeMap::new(),
            rest: Vec::new(),
        };
        for directive in USUAL {
            policy.allow(directive, OWN);
        }
        if rules.preset == Preset::Relaxed {
            for (directive, sources) in RELAXED {
                sources.iter().for_each(|one| policy.allow(directive, one));
            }
        }
        let has_base = |one: &policy::Source| one.directive == policy::Directive::Base;
        let base = if page.sources.iter().any(has_base) {
            OWN
        } else {
            NONE
        };
        policy.allow(Directive::BaseUri, base);
        for hash in &page.scripts {
            policy.allow(Directive::Script, &hash.to_string());
        }
        for hash in &page.integrity {
            policy.allow(Directive::Script, &format!("'{hash}'"));
        }
        if rules.scripts == Scripts::Own {
            policy.allow(Directive::Script, OWN);
        }
        if rules.preset == Preset::Relaxed {
            let scripts = page.sources.iter();
            let scripts = scripts.filter(|one| one.directive == policy::Directive::Script);
            let urls = scripts.filter_map(|one| as_source(&one.url));
            // With a slash at its end it would allow all below it (CSP Level 3, section 6.7.2.12).
            for url in urls.filter(|url| !url.ends_with('/')) {
                policy.allow(Directive::Script, &url);
            }
        }
        for hash in &page.styles {
            policy.allow(Directive::Style, &hash.to_string());
        }
        if !page.style_attributes.is_empty() {
            policy.allow(Directive::StyleAttribute, "'unsafe-hashes'");
            for hash in &page.style_attributes {
                policy.allow(Directive::StyleAttribute, &hash.to_string());
            }
        }
        for (directive, sources) in &rules.sources {
            sources.iter().for_each(|one| policy.allow(*directive, one));
        }
        let mut violations = BTreeSet::new();
        policy.find_what_runs(refuses(rules), page, &mut violations);
        policy.find_what_is_loaded(page, &mut violations);
        let ancestors = if rules.frame_ancestors.is_empty() {
            NONE.to_owned()
        } else {
            rules.frame_ancestors.join(" ")
        };
        policy.rest.push(format!("frame-ancestors {ancestors}"));
        if rules.trusted_types {
            policy
                .rest
                .push("require-trusted-types-for 'script'".to_owned());
            policy.rest.push("trusted-types 'none'".to_owned());
        }
        if rules.reporting.is_some() {
            policy.rest.push(format!("report-to {REPORTS}"));
        }
        (policy, violations.into_iter().collect())
    }

    fn allow(&mut self, directive: Directive, source: &str) {
        let list = self.sources.entry(directive).or_default();
        // Together with another source it says nothing.
        list.retain(|one| one != NONE);
        if !list.iter().any(|one| one == source) {
            list.push(source.to_owned());
        }
    }

    fn has(&self, directive: Directive, source: &str) -> bool {
        let list = self.sources.get(&directive);
        list.is_some_and(|list| list.iter().any(|one| one == source))
    }

    /// Drops one of the hashes that a page works best without; false where there is none left.
    pub(super) fn drop_a_hash(&mut self) -> bool {
        for directive in [
            Directive::StyleAttribute,
            Directive::Style,
            Directive::Script,
        ] {
            let Some(list) = self.sources.get_mut(&directive) else {
                continue;
            };
            let last = list.iter().rposition(|one| one.starts_with("'sha"));
            if let Some(last) = last {
                list.remove(last);
                return true;
            }
        }
        false
    }

    fn find_what_runs(&self, refuses: bool, page: &Facts, violations: &mut BTreeSet<Violation>) {
        for finding in &page.findings {
            let hash = finding.digest.as_ref().map(ToString::to_string);
            let by_hash = |directive| {
                let is_there = |hash: &String| self.has(directive, hash);
                hash.as_ref().is_some_and(is_there)
            };
            let in_attribute =
                |directive| by_hash(directive) && self.has(directive, "'unsafe-hashes'");
            let (is_allowed, is_error) = match finding.kind {
                FindingKind::InlineScript => (by_hash(Directive::Script), false),
                FindingKind::Handler => (
                    in_attribute(Directive::ScriptAttribute) || in_attribute(Directive::Script),
                    refuses,
                ),
                FindingKind::JavascriptUrl => (in_attribute(Directive::Script), refuses),
                FindingKind::ExternalScript => (self.is_told_as_loaded(page, &finding.what), false),
                FindingKind::Limit => (false, refuses),
            };
            if !is_allowed && !self.has(Directive::Script, "'unsafe-inline'") {
                violations.insert(Violation {
                    is_error,
                    what: BlockedItem::Found {
                        kind: finding.kind,
                        what: finding.what.clone(),
                        hash,
                    },
                });
            }
        }
    }

    /// True for a script whose address is among what is loaded: what is wrong with it is told there.
    fn is_told_as_loaded(&self, page: &Facts, what: &str) -> bool {
        let scripts = page.sources.iter();
        let mut scripts = scripts.filter(|one| one.directive == policy::Directive::Script);
        scripts.any(|one| {
            let is_whole = what.len() < MAX_WHAT_BYTES;
            let address = what.split_once('"').map_or("", |(_, rest)| rest);
            let address = address.strip_suffix('"').unwrap_or(address);
            one.url == address || !is_whole && one.url.starts_with(address)
        })
    }

    fn find_what_is_loaded(&self, page: &Facts, violations: &mut BTreeSet<Violation>) {
        for source in &page.sources {
            let Some(directive) = directive_of(source.directive) else {
                continue;
            };
            let is_script = directive == Directive::Script;
            if (is_script || !is_own(&source.url)) && !self.loads(directive, &source.url) {
                let url = source.url.clone();
                violations.insert(Violation {
                    is_error: false,
                    what: BlockedItem::Loaded { directive, url },
                });
            }
        }
    }

    /// True where a source of a directive allows a URL (CSP Level 3, section 6.7.2.8).
    fn loads(&self, directive: Directive, url: &str) -> bool {
        let list = self.sources.get(&directive);
        let mut list = list.into_iter().flatten();
        if is_own(url) {
            return list.any(|one| one == OWN);
        }
        let Some(url) = parsed(url) else {
            return false;
        };
        list.any(|one| allows(one, &url))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("default-src 'none'")?;
        for (directive, list) in &self.sources {
            write!(f, "; {directive} {}", list.join(" "))?;
        }
        for rest in &self.rest {
            write!(f, "; {rest}")?;
        }
        Ok(())
    }
}

/// What has a say about what a page loads; none of what is only a hint.
fn directive_of(directive: policy::Directive) -> Option<Directive> {
    Some(match directive {
        policy::Directive::Base => Directive::BaseUri,
        policy::Directive::Connect => Directive::Connect,
        policy::Directive::Font => Directive::Font,
        policy::Directive::FormAction => Directive::FormAction,
        policy::Directive::Frame => Directive::Frame,
        policy::Directive::Hint => return None,
        policy::Directive::Image => Directive::Image,
        policy::Directive::Manifest => Directive::Manifest,
        policy::Directive::Media => Directive::Media,
        policy::Directive::Object => Directive::Object,
        policy::Directive::Script => Directive::Script,
        policy::Directive::Style => Directive::Style,
        policy::Directive::Worker => Directive::Worker,
    })
}

/// True for an address of the site itself: it is relative.
pub(super) fn is_own(url: &str) -> bool {
    !url.starts_with("//")
        && matches!(
            Url::parse(url),
            Err(url::ParseError::RelativeUrlWithoutBase)
        )
}

/// An address of another host, with `https` where it names no scheme.
pub(super) fn parsed(url: &str) -> Option<Url> {
    let whole = match url.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => url.to_owned(),
    };
    Url::parse(&whole).ok()
}

/// What allows an address of another host and no other: without its query, which no source can have.
pub(super) fn as_source(url: &str) -> Option<String> {
    let url = parsed(url).filter(|_| !is_own(url))?;
    let has_room = |c: char| !matches!(c, ';' | ',' | '\'') && c.is_ascii_graphic();
    let path = url.path();
    let host = url.host_str()?;
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let source = format!("{}://{host}{port}{path}", url.scheme());
    source.chars().all(has_room).then_some(source)
}

/// Scheme, host and port of an address of another host; of one without a host, its scheme.
pub(super) fn origin_of(url: &str) -> Option<String> {
    let url = parsed(url)?;
    let scheme = url.scheme();
    Some(match url.host_str() {
        Some(host) => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            format!("{scheme}://{host}{port}")
        }
        None => format!("{scheme}:"),
    })
}

/// True where a source of a policy matches a URL.
fn allows(source: &str, url: &Url) -> bool {
    let scheme = url.scheme();
    let is_web = matches!(scheme, "http" | "https" | "ws" | "wss");
    if source == "*" {
        return is_web;
    }
    if let Some(named) = source.strip_suffix(':') {
        return named.eq_ignore_ascii_case(scheme) || named == "http" && scheme == "https";
    }
    if source.starts_with('\'') || !is_web {
        return false;
    }
    let (named, rest) = source
        .split_once("://")
        .map_or((None, source), |(scheme, rest)| (Some(scheme), rest));
    let is_scheme = named.is_none_or(|named| {
        named.eq_ignore_ascii_case(scheme) || named == "http" && scheme == "https"
    });
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    };
    let own = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    let is_host = match host.strip_prefix("*.") {
        Some(domain) => own
            .strip_suffix(domain)
            .is_some_and(|sub| sub.ends_with('.')),
        None => host == own,
    };
    let is_port = authority.ends_with(":*")
        || port.is_none_or(|port| url.port_or_known_default() == Some(port));
    let is_port = is_port && (port.is_some() || authority.ends_with(":*") || url.port().is_none());
    let is_path = path.is_empty()
        || path == "/"
        || if path.ends_with('/') {
            url.path().starts_with(path)
        } else {
            url.path() == path
        };
    is_scheme && is_host && is_port && is_path
}
