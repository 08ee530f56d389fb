//! Small sites, from their files to their tree.

mod absences;
mod functions;
mod hostile;
mod links;
mod lists;
mod pages;
mod paths;
mod places;
mod reference;
mod schedule;
mod search;
mod sections;
mod stored;
mod themes;

use super::{Candidates, Evaluation, Options, PreparedSite, Progress, Selection, Tree};
use crate::effective::{self, SourceObservation};
use crate::render::world::{Listing, Settings};
use quillfront_site::key::SourceKey;
use quillfront_site::object::Body;
use quillfront_site::source::Sources;
use std::sync::Arc;

const CONFIG: (&str, &str) = ("config.toml", "base_url = \"https://example.org\"\n");
const LIST: (&str, &str) = (
    "templates/section.html",
    "{% for p in section.pages %}{{ p.title }}[{% if p.lower %}{{ p.lower.title }}{% endif %}] {% endfor %}\
     | {{ section.subsections | join(sep=\",\") }} | {{ section.ancestors | join(sep=\",\") }}",
);
const PAGE: (&str, &str) = ("templates/page.html", "{{ page.content | safe }}");
const INDEX: (&str, &str) = ("templates/index.html", "home");

/// What a build from nothing makes of them.
pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    let sources = Arc::new(sources(files));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let options = |_: &PreparedSite| Options::default();
    let begun = Selection::begin(sources, settings(), now, Candidates::All, options);
    let mut selection = begun.unwrap();
    loop {
        match selection.step(|_, object| object) {
            Progress::Ready => return selection.finish(),
            Progress::Again => {}
            Progress::Asks(asked) => panic!("{asked:?}"),
        }
    }
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (key, text) in files {
        let key = SourceKey::from(*key);
        let (version, size) = ("1".to_owned(), text.len() as u64);
        let observed = if key.is_text() {
            SourceObservation::Text {
                version,
                size,
                bytes: Some(text.as_bytes().to_vec()),
            }
        } else {
            SourceObservation::Opaque { version, size }
        };
        effective::observe(&mut sources, &key, observed);
    }
    sources
}

/// The same with every page taken as accepted.
fn tree_of_accepted(files: &[(&str, &str)]) -> Tree {
    let mut evaluation = evaluation(files);
    assert!(evaluation.step(|_, object| object).is_empty());
    evaluation.finish()
}

fn evaluation(files: &[(&str, &str)]) -> Evaluation {
    let site = PreparedSite::new(Arc::new(sources(files)), settings()).unwrap();
    site.evaluate(Options::default())
}

fn settings() -> Settings {
    Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing: Listing::All,
        all_accepted: false,
    }
}

/// What the author is told, as text.
fn told(tree: &Tree) -> String {
    let told: Vec<String> = tree.diagnostics.iter().map(ToString::to_string).collect();
    told.join("\n")
}

pub(super) fn text(tree: &Tree, key: &str) -> String {
    let object = tree.objects.get(key);
    let object = object.unwrap_or_else(|| panic!("no {key}: {:?}", tree.diagnostics));
    match &object.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Copy { source, .. } => format!("copy of {source}"),
        Body::Kept { .. } => unreachable!("a tree has what was made"),
    }
}

fn page(front: &str) -> String {
    format!("+++\n{front}\n+++\n")
}
