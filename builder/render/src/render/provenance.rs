//! What an HTML page runs and loads, and whether it stands in what the author wrote.
//!
//! A script may be allowed by its hash where it stands in a template that the page is made of, or in the
//! text of a page or section. What came in through a title, a data file or an answer from a URL is noted,
//! and never allowed. `quillfront-policy` compares texts; here is which texts those are:
//!
//! * templates: all that the page's own one is made of;
//! * texts: [what each of them runs](crate::graph::BodyFacts::scripts) is known from when it was rendered. Whether any has a
//!   script is a [question](Question::Script) of the output, so that an edit of that text is noticed.

use super::content::Contents;
use super::readers::{Reader, script_files};
use super::world::World;
use crate::graph::Question;
use quillfront_policy::{Allows, Digest, Directive, Facts, FindingKind, Shapes, inspect};
use quillfront_site::object::content_type;
use std::collections::BTreeSet;
use url::Url;

/// True for the key of an HTML page.
pub fn is_page(key: &str) -> bool {
    content_type(key).starts_with("text/html") || key.ends_with(".xhtml")
}

/// What an output runs and loads, and what it asked about texts to know.
pub fn of_output(
    world: &World,
    contents: &Contents,
    reader: &Reader,
    integrity: &BTreeSet<String>,
    html: &str,
) -> (Facts, BTreeSet<Question>) {
    let mut of = Provenance {
        origin: origin(world),
        reader: Some(reader),
        world,
        integrity,
        own: None,
        texts: Some(contents),
        asked: BTreeSet::new(),
        stands: BTreeSet::new(),
    };
    let facts = of.facts(html);
    (facts, of.asked)
}

/// A text while it is looked at.
pub struct Text<'a> {
    /// As its author wrote it.
    pub written: &'a str,
    /// True where templates had a hand in it.
    pub is_templated: bool,
    /// Hashes that `get_hash` answered of files.
    pub integrity: &'a BTreeSet<String>,
}

/// What a text runs itself, and what of it a policy would block.
pub fn of_text(world: &World, text: &Text<'_>, html: &str) -> (Vec<Digest>, Facts) {
    if !may_run(html) {
        return (Vec::new(), Facts::default());
    }
    // Without templates nothing came in: all that is there stands in the text.
    let own = if text.is_templated {
        Own::Shapes(Shapes::in_markdown(text.written, true), text.written)
    } else {
        Own::All
    };
    let mut of = Provenance {
        origin: origin(world),
        reader: None,
        world,
        integrity: text.integrity,
        own: Some(own),
        texts: None,
        asked: BTreeSet::new(),
        stands: BTreeSet::new(),
    };
    let facts = of.facts(html);
    (of.stands.into_iter().collect(), facts)
}

/// What a text has of its own.
enum Own<'a> {
    /// All that it is made of.
    All,
    /// These scripts, and what else is written there.
    Shapes(Shapes, &'a str),
}

/// What a file runs and loads that the author put there as it is.
pub fn of_file(world: &World, html: &str) -> Facts {
    struct All(Option<url::Origin>);
    impl Allows for All {
        fn script(&mut self, _: &str, _: &Digest) -> bool {
            true
        }
        fn integrity(&mut self, _: &str) -> bool {
            true
        }
        fn is_own(&mut self, url: &str) -> bool {
            is_of(self.0.as_ref(), url)
        }
    }
    inspect(html, &mut All(origin(world)))
}

/// Whether there can be anything in a text that runs, or comes from elsewhere: most have no such HTML.
fn may_run(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    let names = [
        "<script",
        "<base",
        "<form",
        "<link",
        "javascript:",
        "srcset",
        "srcdoc",
        "poster=",
        "data=",
    ];
    let from_elsewhere = [
        "src=\"http",
        "src=\"//",
        "src=\"data:",
        "src='",
        "src=h",
        "src= ",
        "src =",
    ];
    names
        .iter()
        .chain(&from_elsewhere)
        .any(|one| lower.contains(one))
        || lower.contains("&#") && lower.contains("href")
        || lower
            .match_indices("on")
            .any(|(at, _)| is_handler(&lower, at))
}

/// True where a word that begins with `on` may be the name of an attribute.
fn is_handler(lower: &str, at: usize) -> bool {
    let before = lower[..at].bytes().next_back();
    let rest = lower[at..].trim_start_matches(|c: char| c.is_ascii_lowercase());
    before.is_none_or(|byte| !byte.is_ascii_alphanumeric()) && rest.trim_start().starts_with('=')
}

struct Provenance<'a> {
    world: &'a World,
    /// Of the site.
    origin: Option<url::Origin>,
    /// The template; without one any of the site's may have had a hand in it.
    reader: Option<&'a Reader>,
    /// Hashes that `get_hash` answered of files.
    integrity: &'a BTreeSet<String>,
    /// The text that it is made of, if it is one.
    own: Option<Own<'a>>,
    /// All texts, of an output.
    texts: Option<&'a Contents>,
    asked: BTreeSet<Question>,
    /// What stands in templates or in the text itself, and runs.
    stands: BTreeSet<Digest>,
}

impl Provenance<'_> {
    fn facts(&mut self, html: &str) -> Facts {
        let mut facts = inspect(html, self);
        // A script file that came in with data is not even told as something that could be allowed.
        let sources = std::mem::take(&mut facts.sources);
        let is_sure = |one: &quillfront_policy::Source| {
            one.directive != Directive::Script || self.is_written(&one.url)
        };
        let (sure, others): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_sure);
        facts.sources = sure;
        let kept = others
            .into_iter()
            .filter(|one| self.asks(Digest::of(&one.url)));
        facts.sources.extend(kept);
        facts.sources.sort();
        for one in &facts.sources {
            if one.directive == Directive::Script {
                self.stands.insert(Digest::of(&one.url));
            }
        }
        facts
    }

    /// True for the address of a script file that a template loads as it is, or the text.
    fn is_written(&self, url: &str) -> bool {
        let in_own = match &self.own {
            Some(Own::All) => true,
            Some(Own::Shapes(_, text)) => script_files(text).any(|known| known == url),
            None => false,
        };
        let readers = &self.world.templates.readers;
        in_own || readers.script_files_of(self.reader).contains(url)
    }

    /// Asks whether any text has it.
    fn asks(&mut self, digest: Digest) -> bool {
        let Some(texts) = self.texts else {
            return false;
        };
        let has = texts.has_script(&digest);
        self.asked.insert(Question::Script(digest));
        has
    }
}

impl Allows for Provenance<'_> {
    fn script(&mut self, text: &str, digest: &Digest) -> bool {
        let in_own = match &self.own {
            Some(Own::All) => true,
            Some(Own::Shapes(shapes, _)) => shapes.allows(text),
            None => false,
        };
        let readers = &self.world.templates.readers;
        if in_own || readers.scripts_of(self.reader).allows(text) {
            self.stands.insert(*digest);
            return true;
        }
        self.asks(*digest)
    }

    fn integrity(&mut self, hash: &str) -> bool {
        let in_own = match &self.own {
            Some(Own::All) => true,
            Some(Own::Shapes(shapes, _)) => shapes.names_integrity(hash),
            None => false,
        };
        let readers = &self.world.templates.readers;
        if in_own
            || self.integrity.contains(hash)
            || readers.scripts_of(self.reader).names_integrity(hash)
        {
            self.stands.insert(Digest::of(hash));
            return true;
        }
        self.asks(Digest::of(hash))
    }

    fn is_own(&mut self, url: &str) -> bool {
        is_of(self.origin.as_ref(), url)
    }
}

fn origin(world: &World) -> Option<url::Origin> {
    Url::parse(&world.config.base_url)
        .ok()
        .map(|url| url.origin())
}

fn is_of(origin: Option<&url::Origin>, url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| Some(&url.origin()) == origin)
}

/// What of a text may be blocked, each with its first line.
pub fn with_lines(facts: &Facts, written: &str, line: impl Fn(u32) -> u32) -> Vec<(String, u32)> {
    let is_placed = |kind| kind != FindingKind::Limit;
    let findings = facts.findings.iter().filter(|one| is_placed(one.kind));
    let findings = findings.map(|one| &one.what);
    let loads = facts.sources.iter().map(|one| &one.url);
    let all = findings.chain(loads.filter(|url| !url.is_empty()));
    let found = all.map(|what| {
        let at = place_of(what, written).unwrap_or(1);
        (what.clone(), line(at))
    });
    found.collect()
}

/// The 1-based line of a text in which something that is blocked stands.
pub fn place_of(what: &str, text: &str) -> Option<u32> {
    let whole = text.find(what);
    // Its quotes may be others, and its value may be written with references.
    let name = || {
        let (name, _) = what.split_once("=\"")?;
        text.to_ascii_lowercase().find(&format!("{name}="))
    };
    let at = whole.or_else(name)?;
    Some(text[..at].bytes().filter(|byte| *byte == b'\n').count() as u32 + 1)
}
