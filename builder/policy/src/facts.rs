//! What is known of a page.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What one HTML page runs and loads.
///
/// Each list is sorted, has each entry once, and is bounded by [`MAX_ENTRIES`]; where there would be more,
/// a finding says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Facts {
    /// The inline scripts that are allowed.
    pub scripts: Vec<Digest>,
    /// The hashes of external scripts that are allowed, as `sha384-…` without quotes. Each is a valid hash
    /// of a policy.
    pub integrity: Vec<String>,
    /// The style sheets in `<style>`.
    pub styles: Vec<Digest>,
    /// The values of `style` attributes.
    pub style_attributes: Vec<Digest>,
    /// What the page loads, where its forms go, and what its addresses are relative to.
    pub sources: Vec<Source>,
    /// What the policy blocks.
    pub findings: Vec<Finding>,
}

/// Something that a page loads, or an address that a policy has a say about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// What has a say about it.
    pub directive: Directive,
    /// The address as it is written, without blanks around it, and cut to [`MAX_URL_BYTES`]. Of a `data:`
    /// URL only what stands before its content. **Empty for the site itself**: a relative address, or one
    /// that `Allows::is_own` knows; there is one such entry for each directive.
    /// Of `base`, `frame`, `object` and `script` relative addresses are kept as they are written.
    pub url: String,
}

/// A directive of a policy that has a say about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Directive {
    /// `base-uri`, of `<base href>`.
    Base,
    /// `connect-src`, of `ping` and of what is fetched early for scripts.
    Connect,
    /// `font-src`.
    Font,
    /// `form-action`. A form without an address goes to the site itself.
    FormAction,
    /// `frame-src`.
    Frame,
    /// No directive of its own: `prefetch`, `prerender`, `preconnect` and `dns-prefetch`. Browsers that check
    /// the first two want the address in any directive that fetches.
    Hint,
    /// `img-src`.
    Image,
    /// `manifest-src`.
    Manifest,
    /// `media-src`.
    Media,
    /// `object-src`.
    Object,
    /// `script-src`, of external scripts that no allowed hash stands for.
    Script,
    /// `style-src`, of external style sheets.
    Style,
    /// `worker-src`, of workers that are fetched early.
    Worker,
}

/// Something that the policy blocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Why it is blocked.
    pub kind: FindingKind,
    /// What it is, in one line of at most [`MAX_WHAT_BYTES`]: an attribute as `name="value"` with its
    /// character references read, or what a script begins with. So it can be found again in the template
    /// or the text that it came from.
    pub what: String,
    /// The digest of the script or of the attribute's value. Of external scripts and limits there is none.
    pub digest: Option<Digest>,
}

/// Why something is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FindingKind {
    /// An inline script that stands in no template and not in the page's text.
    InlineScript,
    /// An attribute that is a script, such as `onclick`.
    Handler,
    /// A `javascript:` URL.
    JavascriptUrl,
    /// An external script, or one that is fetched early, whose `integrity` is missing or not allowed.
    ExternalScript,
    /// There was more of something than is looked at; `what` says of what.
    Limit,
}

/// The most entries of one list of [`Facts`], but for findings.
pub const MAX_ENTRIES: usize = 256;

/// The most findings.
pub const MAX_FINDINGS: usize = 64;

/// The most bytes of a [`Source::url`].
pub const MAX_URL_BYTES: usize = 256;

/// The most bytes of a [`Finding::what`].
pub const MAX_WHAT_BYTES: usize = 120;

/// [`Facts`] while they are gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    scripts: BTreeSet<Digest>,
    integrity: BTreeSet<String>,
    styles: BTreeSet<Digest>,
    style_attributes: BTreeSet<Digest>,
    sources: BTreeSet<Source>,
    findings: BTreeSet<Finding>,
    limits: BTreeSet<Finding>,
}

impl Gathered {
    pub(crate) fn script(&mut self, digest: Digest) {
        let full = add(&mut self.scripts, digest, MAX_ENTRIES);
        self.note(full, "inline scripts", MAX_ENTRIES);
    }

    pub(crate) fn integrity(&mut self, hash: String) {
        let full = add(&mut self.integrity, hash, MAX_ENTRIES);
        self.note(full, "integrity hashes", MAX_ENTRIES);
    }

    pub(crate) fn style(&mut self, text: &str) {
        let full = add(&mut self.styles, Digest::of(text), MAX_ENTRIES);
        self.note(full, "style elements", MAX_ENTRIES);
    }

    pub(crate) fn style_attribute(&mut self, value: &str) {
        let full = add(&mut self.style_attributes, Digest::of(value), MAX_ENTRIES);
        self.note(full, "style attributes", MAX_ENTRIES);
    }

    pub(crate) fn source(&mut self, directive: Directive, url: &str) {
        let url = cut(url, MAX_URL_BYTES).to_owned();
        let full = add(&mut self.sources, Source { directive, url }, MAX_ENTRIES);
        self.note(full, "addresses", MAX_ENTRIES);
    }

    pub(crate) fn finding(&mut self, kind: FindingKind, what: &str, digest: Option<Digest>) {
        let what = one_line(what);
        let finding = Finding { kind, what, digest };
        let full = add(&mut self.findings, finding, MAX_FINDINGS);
        self.note(full, "things that the policy blocks", MAX_FINDINGS);
    }

    /// Notes that there is more of something than `most`, if `full`.
    pub(crate) fn note(&mut self, full: bool, of: &str, most: usize) {
        if full {
            self.limits.insert(Finding {
                kind: FindingKind::Limit,
                what: format!("more than {most} {of}"),
                digest: None,
            });
        }
    }

    pub(crate) fn facts(self) -> Facts {
        Facts {
            scripts: self.scripts.into_iter().collect(),
            integrity: self.integrity.into_iter().collect(),
            styles: self.styles.into_iter().collect(),
            style_attributes: self.style_attributes.into_iter().collect(),
            sources: self.sources.into_iter().collect(),
            findings: self.findings.into_iter().chain(self.limits).collect(),
        }
    }
}

/// Adds an entry where there is room. Returns true where there is none.
fn add<T: Ord>(set: &mut BTreeSet<T>, entry: T, most: usize) -> bool {
    if set.len() < most {
        set.insert(entry);
        return false;
    }
    !set.contains(&entry)
}

/// Returns the first line that is not blank, cut.
fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    cut(line.unwrap_or_default(), MAX_WHAT_BYTES).to_owned()
}

/// Returns what a text begins with, at most so many bytes.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
