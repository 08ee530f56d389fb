//! `[security]`: the security headers of what is published, and for which paths they are others.
//!
//! What is written here is resolved path by path ([`Security::of`]): the defaults of the preset, then
//! `[security]`, then each `[[security.paths]]` that matches, in order. What a page runs and loads by itself
//! is not here: its policy is made of both (`quillfront-render`, `security`).

use super::sources::{self, Directive};
use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::{Data, Entry, Node, Place};
use globset::{GlobBuilder, GlobMatcher};
use quillfront_headers::Edge;
use std::collections::BTreeMap;

/// More overrides than this are a mistake: each is tried for each object.
const MAX_PATHS: usize = 200;
/// No header of a policy needs more.
const MAX_VALUE_BYTES: usize = 400;
/// One year, in seconds: what the preload list and scanners ask for at least.
const YEAR_SECONDS: i64 = 31_536_000;

const PRESETS: [(&str, Preset); 2] = [("strict", Preset::Strict), ("relaxed", Preset::Relaxed)];
const EDGES: [(&str, Edge); 2] = [("functions", Edge::Functions), ("policy", Edge::Policy)];
const MODES: [(&str, Mode); 2] = [
    ("enforce", Mode::Enforce),
    ("report-only", Mode::ReportOnly),
];
const SCRIPTS: [(&str, Scripts); 2] = [("hashes", Scripts::Hashes), ("self", Scripts::Own)];
const REFERRERS: [(&str, &str); 8] = same([
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
]);
const OPENERS: [(&str, &str); 3] = same(["same-origin", "same-origin-allow-popups", "unsafe-none"]);
const EMBEDDERS: [(&str, &str); 3] = same(["require-corp", "credentialless", "unsafe-none"]);
const RESOURCES: [(&str, &str); 3] = same(["same-origin", "same-site", "cross-origin"]);

/// Words that stand for themselves.
const fn same<const N: usize>(words: [&'static str; N]) -> [(&'static str, &'static str); N] {
    let mut pairs = [("", ""); N];
    let mut at = 0;
    while at < N {
        pairs[at] = (words[at], words[at]);
        at += 1;
    }
    pairs
}

/// `[security]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Security {
    /// What stands at the edge.
    pub edge: Edge,
    general: Layer,
    paths: Vec<Override>,
}

/// `[[security.paths]]`.
#[derive(Debug, Clone)]
struct Override {
    path: String,
    matcher: GlobMatcher,
    layer: Layer,
}

impl PartialEq for Override {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.layer == other.layer
    }
}

/// How much a page may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Nothing that does not stand in the site's own templates and texts; what breaks the rule is an error.
    Strict,
    /// The same for scripts, but embeds of others; what is blocked is a warning.
    Relaxed,
}

/// Whether a content security policy is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Enforce,
    /// Browsers only report what they would have blocked.
    ReportOnly,
}

/// Which script files may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// Those with the hash of a script of the site.
    Hashes,
    /// All of the site's own.
    Own,
}

/// `Strict-Transport-Security` (RFC 6797).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hsts {
    /// Seconds.
    pub max_age: u32,
    /// Subdomains too.
    pub include_subdomains: bool,
    /// May be put on the lists that browsers come with.
    pub preload: bool,
}

/// What one table says.
#[derive(Debug, Clone, Default, PartialEq)]
struct Layer {
    preset: Option<Preset>,
    mode: Option<Mode>,
    scripts: Option<Scripts>,
    trusted_types: Option<bool>,
    hsts: Option<Option<Hsts>>,
    frame_ancestors: Option<Vec<String>>,
    referrer_policy: Option<&'static str>,
    opener: Option<&'static str>,
    embedder: Option<&'static str>,
    resource: Option<&'static str>,
    permissions: Option<String>,
    reporting: Option<String>,
    sources: BTreeMap<Directive, Vec<String>>,
}

/// What holds for one path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathSecurity {
    /// How much a page may do.
    pub preset: Preset,
    /// Whether its policy is enforced.
    pub mode: Mode,
    /// Which script files may run.
    pub scripts: Scripts,
    /// Whether scripts may make HTML of text only as Trusted Types.
    pub trusted_types: bool,
    /// Whether browsers come back by HTTPS alone.
    pub hsts: Option<Hsts>,
    /// Who may frame a page: sources of `frame-ancestors`.
    pub frame_ancestors: Vec<String>,
    /// `Referrer-Policy`.
    pub referrer_policy: &'static str,
    /// `Cross-Origin-Opener-Policy`.
    pub opener: &'static str,
    /// `Cross-Origin-Embedder-Policy`, where it was asked for.
    pub embedder: Option<&'static str>,
    /// `Cross-Origin-Resource-Policy`; none where it depends on the kind of the object.
    pub resource: Option<&'static str>,
    /// `Permissions-Policy`; empty for none.
    pub permissions: String,
    /// Where browsers report to.
    pub reporting: Option<String>,
    /// Sources that are allowed beside those of the preset.
    pub sources: BTreeMap<Directive, Vec<String>>,
}

impl Security {
    /// Reads the section; none where there is none.
    pub(super) fn take(root: &mut Table<'_, '_>) -> Option<Self> {
        let entry = root.take("security")?;
        let mut table = root.nested("security", entry.node);
        let paths = table.take("paths");
        let edge = table.choice("edge", &EDGES).unwrap_or_default();
        let general = Layer::take(&mut table);
        let place = table.place();
        let paths = overrides(&mut table, paths);
        let security = Self {
            edge,
            general,
            paths,
        };
        security.check(&mut table, place);
        if edge == Edge::Policy {
            one_policy::check(&security, &mut table, place);
        }
        table.finish(Unknown::Refused);
        Some(security)
    }

    /// What holds for a path of the site, such as `/blog/post/` or `/style.css`.
    pub fn of(&self, path: &str) -> PathSecurity {
        let matching = self.paths.iter();
        let matching = matching.filter(|one| one.matcher.is_match(path));
        let layers: Vec<&Layer> = std::iter::once(&self.general)
            .chain(matching.map(|one| &one.layer))
            .collect();
        PathSecurity::of(&layers)
    }

    /// What holds for answers that no object stands for.
    pub fn of_no_object(&self) -> PathSecurity {
        PathSecurity::of(&[&self.general])
    }

    /// `'unsafe-inline'` and `'unsafe-eval'` let an injected script run, which is what `strict` is to prevent.
    fn check(&self, table: &mut Table<'_, '_>, place: Place) {
        let layers = self.paths.iter().map(|one| &one.layer);
        for layer in std::iter::once(&self.general).chain(layers) {
            let preset = layer.preset.or(self.general.preset);
            if preset == Some(Preset::Relaxed) {
                continue;
            }
            let all = layer.sources.iter();
            let unsafe_ones = all.flat_map(|(directive, list)| {
                let list = list.iter().filter(|one| sources::lets_text_run(one));
                list.map(|one| (*directive, one.as_str()))
            });
            for (directive, source) in unsafe_ones {
                let message = format!(
                    "`security.csp.{directive}` has {source}, which `preset = \"strict\"` does not allow"
                );
                let hint = "put the pages that need it into a [[security.paths]] with preset = \"relaxed\"";
                table.problem_with_hint(place, message, hint);
            }
        }
    }
}

impl PathSecurity {
    fn of(layers: &[&Layer]) -> Self {
        fn last<T: Clone>(layers: &[&Layer], field: impl Fn(&Layer) -> Option<T>) -> Option<T> {
            layers.iter().rev().find_map(|layer| field(layer))
        }
        let preset = last(layers, |layer| layer.preset).unwrap_or(Preset::Strict);
        let (is_strict, opener, permissions) = match preset {
            Preset::Strict => (true, "same-origin", STRICT_PERMISSIONS),
            Preset::Relaxed => (false, "same-origin-allow-popups", RELAXED_PERMISSIONS),
        };
        let mut sources: BTreeMap<Directive, Vec<String>> = BTreeMap::new();
        for (directive, list) in layers.iter().flat_map(|layer| &layer.sources) {
            let all = sources.entry(*directive).or_default();
            for source in list {
                if !all.contains(source) {
                    all.push(source.clone());
                }
            }
        }
        Self {
            preset,
            mode: last(layers, |layer| layer.mode).unwrap_or(Mode::Enforce),
            scripts: last(layers, |layer| layer.scripts).unwrap_or(Scripts::Hashes),
            trusted_types: last(layers, |layer| layer.trusted_types).unwrap_or(is_strict),
            hsts: last(layers, |layer| layer.hsts).unwrap_or(Some(Hsts::DEFAULT)),
            frame_ancestors: last(layers, |layer| layer.frame_ancestors.clone())
                .unwrap_or_else(|| vec!["'self'".to_owned()]),
            referrer_policy: last(layers, |layer| layer.referrer_policy)
                .unwrap_or("strict-origin-when-cross-origin"),
            opener: last(layers, |layer| layer.opener).unwrap_or(opener),
            embedder: last(layers, |layer| layer.embedder),
            resource: last(layers, |layer| layer.resource),
            permissions: last(layers, |layer| layer.permissions.clone())
                .unwrap_or_else(|| permissions.to_owned()),
            reporting: last(layers, |layer| layer.reporting.clone()),
            sources,
        }
    }
}

/// What no blog needs, and an injected frame might like.
const STRICT_PERMISSIONS: &str = "accelerometer=(), browsing-topics=(), camera=(), geolocation=(), \
                                  gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()";
/// The same without what players of other hosts use.
const RELAXED_PERMISSIONS: &str =
    "browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()";

impl Hsts {
    const DEFAULT: Self = Self {
        max_age: YEAR_SECONDS as u32,
        include_subdomains: false,
        preload: false,
    };

    /// Reads a table, or `false` for none.
    fn take(table: &mut Table<'_, '_>, entry: Entry) -> Option<Option<Self>> {
        let place = entry.node.place;
        if entry.node.data == Data::Bool(false) {
            return Some(None);
        }
        let mut own = table.nested("hsts", entry.node);
        let max_age = own.integer("max_age").unwrap_or(YEAR_SECONDS);
        let hsts = Self {
            max_age: u32::try_from(max_age).unwrap_or_default(),
            include_subdomains: own.flag("include_subdomains").unwrap_or(false),
            preload: own.flag("preload").unwrap_or(false),
        };
        own.finish(Unknown::Refused);
        if u32::try_from(max_age).is_err() {
            let message = "`security.hsts.max_age` is a number of seconds";
            table.problem(place, message);
            return None;
        }
        if hsts.preload && (!hsts.include_subdomains || max_age < YEAR_SECONDS) {
            let message = "`security.hsts.preload` needs `include_subdomains = true` and a `max_age` of \
                           at least one year";
            let hint = "the preload lists of browsers ask for both; see https://hstspreload.org";
            table.problem_with_hint(place, message.to_owned(), hint);
            return None;
        }
        Some(Some(hsts))
    }
}

impl Layer {
    fn take(table: &mut Table<'_, '_>) -> Self {
        let hsts = table.take("hsts");
        Self {
            preset: table.choice("preset", &PRESETS),
            mode: table.choice("mode", &MODES),
            scripts: table.choice("scripts", &SCRIPTS),
            trusted_types: table.flag("trusted_types"),
            hsts: hsts.and_then(|entry| Hsts::take(table, entry)),
            frame_ancestors: frame_ancestors(table),
            referrer_policy: table.choice("referrer_policy", &REFERRERS),
            opener: table.choice("coop", &OPENERS),
            embedder: table.choice("coep", &EMBEDDERS),
            resource: table.choice("corp", &RESOURCES),
            permissions: value(table, "permissions_policy"),
            reporting: reporting(table),
            sources: allowed(table),
        }
    }
}

fn overrides(table: &mut Table<'_, '_>, paths: Option<Entry>) -> Vec<Override> {
    let Some(entry) = paths else {
        return Vec::new();
    };
    let place = entry.node.place;
    let Data::Array(items) = entry.node.data else {
        let hint = "write [[security.paths]] above each of them";
        let message = format!(
            "`security.paths` is a list of tables, not {}",
            entry.node.noun()
        );
        table.problem_with_hint(place, message, hint);
        return Vec::new();
    };
    if items.len() > MAX_PATHS {
        let message = format!("`security.paths` has more than {MAX_PATHS} entries");
        table.problem(place, message);
    }
    let items = items.into_iter().take(MAX_PATHS);
    items.filter_map(|item| one_override(table, item)).collect()
}

fn one_override(table: &mut Table<'_, '_>, node: Node) -> Option<Override> {
    let mut own = table.nested("paths", node);
    let place = own.place();
    let path = own.text("path");
    let layer = Layer::take(&mut own);
    own.finish(Unknown::Refused);
    let hint = "write it as the site's visitors see it: \"/talks/*\" for all below a folder, \
                \"/talks/\" for one page";
    let Some(path) = path else {
        let message = "a [[security.paths]] has no `path`".to_owned();
        table.problem_with_hint(place, message, hint);
        return None;
    };
    // As CloudFront's path patterns: `*` matches slashes too.
    let glob = GlobBuilder::new(&path).literal_separator(false).build();
    match glob {
        Ok(glob) if path.starts_with('/') => Some(Override {
            matcher: glob.compile_matcher(),
            path,
            layer,
        }),
        _ => {
            let shown: String = path.chars().take(60).collect();
            let message = format!("`security.paths.path`: {shown:?} is no path of a site");
            table.problem_with_hint(place, message, hint);
            None
        }
    }
}

/// `frame_ancestors`: a list of sources.
fn frame_ancestors(table: &mut Table<'_, '_>) -> Option<Vec<String>> {
    let texts = table.texts("frame_ancestors")?;
    let name = "security.frame_ancestors";
    Some(sources::checked(table, name, Directive::Frame, texts))
}

/// `csp`: directives, and the sources that each allows beside those of the preset.
fn allowed(table: &mut Table<'_, '_>) -> BTreeMap<Directive, Vec<String>> {
    let Some(entry) = table.take("csp") else {
        return BTreeMap::new();
    };
    let mut own = table.nested("csp", entry.node);
    let mut all = BTreeMap::new();
    for (name, directive) in Directive::ALL {
        if let Some(texts) = own.texts(name) {
            let told = format!("security.csp.{name}");
            let list = sources::checked(&mut own, &told, directive, texts);
            all.insert(directive, list);
        }
    }
    own.finish(Unknown::Refused);
    all
}

/// The value of a header.
fn value(table: &mut Table<'_, '_>, name: &'static str) -> Option<String> {
    let entry = table.take(name)?;
    let Data::Text(text) = &entry.node.data else {
        let message = format!("`security.{name}` must be text, not {}", entry.node.noun());
        table.problem(entry.node.place, message);
        return None;
    };
    let is_plain = text.chars().all(|c| matches!(c, ' '..='~'));
    if !is_plain || text.len() > MAX_VALUE_BYTES {
        let message = format!(
            "`security.{name}` is the value of a header: at most {MAX_VALUE_BYTES} printable ASCII characters"
        );
        table.problem(entry.node.place, message);
        return None;
    }
    Some(text.clone())
}

/// `reporting`: an address by HTTPS.
fn reporting(table: &mut Table<'_, '_>) -> Option<String> {
    let entry = table.take("reporting")?;
    if let Data::Text(text) = &entry.node.data
        && let Ok(url) = url::Url::parse(text)
        && url.scheme() == "https"
        && url.as_str().len() <= MAX_VALUE_BYTES
        // It stands in quotes in a header.
        && !url.as_str().contains(['"', '\\'])
    {
        return Some(url.to_string());
    }
    let message =
        "`security.reporting` must be the address that browsers send reports to".to_owned();
    let hint = "write it in full: \"https://reports.example/csp\"";
    table.problem_with_hint(entry.node.place, message, hint);
    None
}

mod one_policy;
#[cfg(test)]
mod tests;
