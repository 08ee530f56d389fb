//! One policy for the whole site: what the policies of all pages allow together.
//!
//! A Response Headers Policy is the same for every answer, so it has to allow each page what that page's own
//! policy would. A list of sources is not all that a policy means, and three things are heeded:
//!
//! - A directive that a page's policy lacks falls back to another one (CSP Level 3, section 6.8.1). Once the
//!   union has it, what the page had by the other one is listed under it too.
//! - Beside a hash `'unsafe-inline'` says nothing (section 6.7.3.2). Where a page has it without one, it covers
//!   the hashes of the others, which are left out; where no page has, it is left out.
//! - What forbids, as Trusted Types do, stays only where all pages have it.

use super::merge::merge_into_no_object;
use super::policy::{NONE, OWN, Policy, REPORTS};
use super::told::CODE;
use super::{HeaderSources, Kind, general, refuses};
use quillfront_headers::MAX_SITE_POLICY_BYTES;
use quillfront_policy::Facts;
use quillfront_site::diagnostic::{Diagnostic, Severity};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::path_of;
use quillfront_site::quillfront_toml::security::Mode;
use quillfront_site::quillfront_toml::{self, Directive, Security};
use std::collections::BTreeMap;
use std::fmt;

const POLICY: &str = "content-security-policy";
const OUT: &str = "put what holds everywhere below `/*`; or remove edge = \"policy\", since the functions at the edge \
                   know each path";
const INLINE: &str = "'unsafe-inline'";
const BY_HASH: &str = "'unsafe-hashes'";
/// Of the pages that have most of what has no room so many are told.
const MAX_TOLD: usize = 3;

/// The headers of every answer of a site where one policy stands for the functions at the edge, and what is to
/// be told of them.
pub fn site_headers<'p>(
    sources: HeaderSources<'_>,
    pages: impl Iterator<Item = (&'p OutputKey, &'p Facts)> + Clone,
) -> (BTreeMap<String, String>, Vec<Diagnostic>) {
    let Some(security) = sources.security else {
        return (BTreeMap::new(), Vec::new());
    };
    let mut problems = Vec::new();
    let mut union = Union::of(security, pages.clone());
    let mut site = security.of_no_object();
    if site.reporting.is_some() {
        union.rest.push(format!("report-to {REPORTS}"));
    }
    let bytes = union.to_string().len();
    let left_out = union.shorten(bytes);
    if left_out > 0 {
        let is_error = refuses(&site);
        problems.push(too_long(is_error, bytes, left_out, &most_hashes(pages)));
    }
    site.frame_ancestors = union.ancestors();
    // Feed readers show pictures of a site in pages of their own.
    site.resource = site.resource.or(Some("cross-origin"));
    let mut headers = general(&site, Kind::Page);
    let name = match site.mode {
        Mode::Enforce => POLICY,
        Mode::ReportOnly => "content-security-policy-report-only",
    };
    headers.insert(name.to_owned(), Some(union.to_string()));
    if let Some(rules) = sources.rules {
        let mut merged = headers.clone();
        merge_into_no_object(&mut merged, rules.of_no_object());
        let policy = merged.get(POLICY).cloned().flatten();
        let file = rules.file().map_or(quillfront_toml::KEY, SourceKey::as_str);
        if policy.is_some_and(|policy| policy.len() > MAX_SITE_POLICY_BYTES) {
            let message = format!(
                "the headers for all paths are left out: with them the content security policy has more than the \
                 {MAX_SITE_POLICY_BYTES} characters that CloudFront takes"
            );
            problems.push(Diagnostic::warning(CODE, file, message).hint(OUT));
        } else {
            headers = merged;
        }
        if let Some(line) = rules.line_for_some_paths() {
            let message = "headers for some paths are left out: with edge = \"policy\" all answers have the same \
                           headers, but for Cache-Control and Content-Type";
            let problem = Diagnostic::warning(CODE, file, message).at(Some(line), None);
            problems.push(problem.hint(OUT));
        }
    }
    let headers = headers.into_iter();
    let headers = headers.filter_map(|(name, value)| Some((name, value?)));
    (headers.collect(), problems)
}

/// The union of policies while it is put together.
struct Union {
    /// Of each source, on how many pages it is allowed. `frame-ancestors` has no [`Directive`].
    sources: BTreeMap<Option<Directive>, BTreeMap<String, usize>>,
    /// What ends it.
    rest: Vec<String>,
}

impl Union {
    fn of<'p>(
        security: &Security,
        pages: impl Iterator<Item = (&'p OutputKey, &'p Facts)>,
    ) -> Self {
        let mut union = Self {
            sources: BTreeMap::new(),
            rest: Vec::new(),
        };
        // What pages have by a directive that they lack.
        let mut fallen: BTreeMap<Directive, BTreeMap<String, usize>> = BTreeMap::new();
        let mut all_trusted = true;
        let mut are_none = true;
        for (key, facts) in pages {
            are_none = false;
            let rules = security.of(&path_of(key));
            let (policy, _) = Policy::of_page(&rules, facts);
            all_trusted &= rules.trusted_types;
            let lists = policy.sources.iter();
            for (directive, list) in lists.map(|(directive, list)| (Some(*directive), list)) {
                add(union.sources.entry(directive).or_default(), live(list));
            }
            for (directive, list) in fallbacks(&policy) {
                add(fallen.entry(directive).or_default(), list);
            }
            let ancestors = rules.frame_ancestors.iter().map(String::as_str);
            add(union.sources.entry(None).or_default(), ancestors);
        }
        if are_none {
            // Where no page is, nothing is loaded.
            let site = security.of_no_object();
            all_trusted = site.trusted_types;
            let ancestors = site.frame_ancestors.iter().map(String::as_str);
            add(union.sources.entry(None).or_default(), ancestors);
            for directive in [Directive::BaseUri, Directive::FormAction] {
                add(union.sources.entry(Some(directive)).or_default(), [NONE]);
            }
        }
        for (directive, list) in fallen {
            if let Some(there) = union.sources.get_mut(&Some(directive)) {
                for (source, pages) in list {
                    *there.entry(source).or_default() += pages;
                }
            }
        }
        for list in union.sources.values_mut() {
            if list.contains_key(INLINE) {
                list.retain(|source, _| !is_hash(source) && source != BY_HASH);
            }
            // Together with another source it says nothing.
            if list.len() > 1 {
                list.remove(NONE);
            }
        }
        if all_trusted {
            union
                .rest
                .push("require-trusted-types-for 'script'".to_owned());
            union.rest.push("trusted-types 'none'".to_owned());
        }
        union
    }

    fn ancestors(&self) -> Vec<String> {
        let list = self.sources.get(&None);
        list.into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// Drops what has no room in a policy of so many bytes, and returns how many sources that is: those first
    /// that a page works best without, and of them those of the fewest pages.
    fn shorten(&mut self, mut bytes: usize) -> usize {
        let mut dropped = 0;
        if bytes <= MAX_SITE_POLICY_BYTES {
            return dropped;
        }
        let hashes = [
            Directive::StyleAttribute,
            Directive::Style,
            Directive::Script,
        ];
        let hashes = hashes.map(|directive| (Some(directive), true));
        let others = self
            .sources
            .keys()
            .rev()
            .map(|directive| (*directive, false));
        let others: Vec<_> = others.collect();
        for (directive, of_hashes) in hashes.into_iter().chain(others) {
            let Some(list) = self.sources.get_mut(&directive) else {
                continue;
            };
            let is_droppable = |source: &str| {
                is_hash(source) == of_hashes && (of_hashes || !source.starts_with('\''))
            };
            let mut rarest: Vec<(usize, String)> = list
                .iter()
                .filter(|(source, _)| is_droppable(source))
                .map(|(source, pages)| (*pages, source.clone()))
                .collect();
            rarest.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
            for (_, source) in rarest {
                if bytes <= MAX_SITE_POLICY_BYTES {
                    return dropped;
                }
                list.remove(&source);
                bytes -= source.len() + 1;
                dropped += 1;
            }
            if list.is_empty() {
                list.insert(NONE.to_owned(), 0);
                bytes += NONE.len() + 1;
            }
        }
        dropped
    }
}

impl fmt::Display for Union {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("default-src 'none'")?;
        let named = self.sources.iter();
        let named = named.filter_map(|(directive, list)| Some((directive.as_ref()?.name(), list)));
        let ancestors = self
            .sources
            .get(&None)
            .map(|list| ("frame-ancestors", list));
        for (name, list) in named.chain(ancestors) {
            write!(f, "; {name}")?;
            for source in list.keys() {
                write!(f, " {source}")?;
            }
            if list.is_empty() {
                write!(f, " {NONE}")?;
            }
        }
        for rest in &self.rest {
            write!(f, "; {rest}")?;
        }
        Ok(())
    }
}

fn add<'s>(list: &mut BTreeMap<String, usize>, sources: impl IntoIterator<Item = &'s str>) {
    for source in sources {
        match list.get_mut(source) {
            Some(pages) => *pages += 1,
            None => {
                list.insert(source.to_owned(), 1);
            }
        }
    }
}

/// The sources of a list that say anything beside the others of it.
fn live(list: &[String]) -> impl Iterator<Item = &str> {
    let has_hash = list.iter().any(|source| is_hash(source));
    let all = list.iter().map(String::as_str);
    all.filter(move |source| !(has_hash && *source == INLINE))
}

/// What a page has by a directive that its policy lacks.
fn fallbacks(policy: &Policy) -> impl Iterator<Item = (Directive, Vec<&str>)> {
    let fallbacks = [
        (Directive::StyleAttribute, Directive::Style),
        (Directive::ScriptAttribute, Directive::Script),
        (Directive::Worker, Directive::Script),
    ];
    let lacking = fallbacks
        .into_iter()
        .filter(|(directive, _)| !policy.sources.contains_key(directive));
    lacking.filter_map(|(directive, other)| {
        let list: Vec<&str> = live(policy.sources.get(&other)?).collect();
        let by_hash = list.contains(&BY_HASH);
        let list = list.into_iter();
        let list = list.filter(|source| match directive {
            Directive::Worker => *source == OWN || !source.starts_with('\''),
            _ => *source == INLINE || by_hash && (is_hash(source) || *source == BY_HASH),
        });
        Some((directive, list.collect()))
    })
}

fn is_hash(source: &str) -> bool {
    source.starts_with("'sha")
}

/// The pages with the most hashes, each with how many it has.
fn most_hashes<'p>(
    pages: impl Iterator<Item = (&'p OutputKey, &'p Facts)>,
) -> Vec<(usize, &'p OutputKey)> {
    let counted = pages.map(|(key, facts)| {
        let styles = facts.styles.len() + facts.style_attributes.len();
        (styles + facts.scripts.len() + facts.integrity.len(), key)
    });
    let mut all: Vec<_> = counted.filter(|(count, _)| *count > 0).collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    all.truncate(MAX_TOLD);
    all
}

fn too_long(
    is_error: bool,
    bytes: usize,
    left_out: usize,
    most: &[(usize, &OutputKey)],
) -> Diagnostic {
    let message = format!(
        "the content security policy of the whole site has {bytes} characters, and CloudFront takes \
         {MAX_SITE_POLICY_BYTES}: {left_out} sources are left out of it, so browsers block what they stand for"
    );
    let pages = most
        .iter()
        .map(|(count, key)| format!("{} ({count})", path_of(key)));
    let pages: Vec<String> = pages.collect();
    let from = if pages.is_empty() {
        "allow fewer hosts".to_owned()
    } else {
        format!(
            "most inline scripts and styles are on {}: move them into files",
            pages.join(", ")
        )
    };
    let hint = format!(
        "{from}; or remove edge = \"policy\", since the functions at the edge know each page"
    );
    let severity = if is_error {
        Severity::Error
    } else {
        Severity::Warning
    };
    Diagnostic {
        severity,
        ..Diagnostic::error(CODE, quillfront_toml::KEY, message).hint(hint)
    }
}

#[cfg(test)]
mod tests;
