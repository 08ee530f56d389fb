//! All that a render may look at, and how template functions get at it.

use super::content::Contents;
use super::generated::{Generated, Indexes};
use super::readers::Reader;
use super::templates::Templates;
use crate::graph::{Question, whole};
use crate::remote::{Answers, Request};
use crate::sass::Sheets;
use crate::search::{Record, Records};
use quillfront_images::{Job, Probe};
use quillfront_site::config::Config;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::Library;
use quillfront_site::quillfront_toml::OwnConfig;
use quillfront_site::source::Sources;
use quillfront_templates::filters::Chance;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files that rendering asked for: their bytes, or that they are not there.
pub type Inputs = BTreeMap<SourceKey, Option<Arc<[u8]>>>;

/// What is known of a picture that a template named: its header and a name for its bytes, which
/// are not kept. Else why not.
pub type Measured = Result<(Probe, Fingerprint), String>;

/// Pictures to be made: output key to the original and what to make of it.
pub type Pictures = BTreeMap<OutputKey, (SourceKey, Job)>;

/// What a render lacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whose bytes are wanted.
    pub files: BTreeSet<SourceKey>,
    /// Pictures whose header is wanted.
    pub pictures: BTreeSet<SourceKey>,
    /// Requests whose answer is wanted.
    pub requests: BTreeSet<Request>,
    /// Content and data files whose text is kept elsewhere.
    pub texts: BTreeSet<SourceKey>,
    /// Content files whose body is shown, and was not rendered in this build.
    pub bodies: BTreeSet<SourceKey>,
    /// True where the records of earlier builds are wanted, to make a search index.
    pub records: bool,
    /// Search indexes whose bytes are wanted.
    pub indexes: BTreeSet<OutputKey>,
}

impl Needs {
    /// True where nothing was lacking.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in what another render lacked.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.pictures.extend(other.pictures);
        self.requests.extend(other.requests);
        self.texts.extend(other.texts);
        self.bodies.extend(other.bodies);
        self.records |= other.records;
        self.indexes.extend(other.indexes);
    }
}

/// What a render came upon, beside its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What it lacked.
    pub needs: Needs,
    /// Pictures that it refers to.
    pub pictures: Pictures,
    /// What it asked for, where that is noted.
    pub asked: BTreeSet<Question>,
    /// Records that a search index was made from, where that is noted.
    pub records: Vec<(SourceKey, Arc<Record>)>,
}

/// What is set from outside, for a whole build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `config.mode` in templates: `build`, `serve` or `check`.
    pub mode: &'static str,
    /// In place of the `base_url` of the configuration.
    pub base_url: Option<String>,
    /// Publish drafts.
    pub drafts: bool,
    /// Minify pages, whatever the configuration says.
    pub minify: bool,
    /// The time that templates see.
    pub now: jiff::Timestamp,
    /// False where files exist that the sources do not list (a folder, where only the folders of
    /// the site model are walked): then a file that is not listed is asked for.
    pub listing_is_complete: bool,
}

/// The site, ready to be rendered. Immutable.
#[derive(Clone)]
pub struct World {
    /// `config.toml`, with the theme's `extra`.
    pub config: Arc<Config>,
    /// `quillfront.toml`.
    pub own: Arc<OwnConfig>,
    /// From outside.
    pub settings: Arc<Settings>,
    /// Pages, sections, taxonomies.
    pub library: Arc<Library>,
    /// The engine.
    pub templates: Arc<Templates>,
    /// The effective sources.
    pub sources: Arc<Sources>,
    /// What earlier rounds asked for.
    pub inputs: Arc<Inputs>,
    /// What came from the network.
    pub answers: Arc<Answers>,
    /// Pictures that earlier rounds asked for.
    pub measured: Arc<BTreeMap<SourceKey, Measured>>,
    /// What is made from `sass/`.
    pub styles: Arc<Sheets>,
    /// What else is made without a template.
    pub generated: Arc<Generated>,
    /// Search indexes that earlier rounds asked for.
    pub indexes: Arc<Indexes>,
    /// Texts that are kept elsewhere, as far as they were asked for.
    pub texts: Arc<BTreeMap<SourceKey, Arc<str>>>,
    /// What earlier builds know of bodies for the search index; none where it was not read yet.
    pub records: Option<Arc<Records>>,
    /// True where what a render asks for is noted.
    pub traced: bool,
}

impl World {
    /// The text of a source. Where it is kept elsewhere, it is noted as needed.
    pub fn text(&self, key: &str) -> Option<&Arc<str>> {
        let text = self.sources.text(key).or_else(|| self.texts.get(key));
        if text.is_none() && self.sources.is_elsewhere(key) {
            lack(|needs| needs.texts.insert(SourceKey::from(key)));
        }
        text
    }
}

impl World {
    /// The key of an output that is made without a template.
    pub fn made(&self, key: &str) -> Option<&OutputKey> {
        self.styles.key(key).or_else(|| self.generated.key(key))
    }
}

/// What the template functions of the render on this thread see.
#[derive(Clone)]
pub struct Scope {
    /// The site.
    pub world: Arc<World>,
    /// None while Markdown is rendered: pages cannot look at each other then.
    pub contents: Option<Arc<Contents>>,
    /// The template that is rendered.
    pub reader: Option<Arc<Reader>>,
}

impl Scope {
    /// For a text: pages cannot look at each other.
    pub fn of_text(world: &Arc<World>) -> Self {
        Self {
            world: world.clone(),
            contents: None,
            reader: None,
        }
    }
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
    static CHANCE: RefCell<Chance> = RefCell::new(Chance::seeded(""));
    static TRACE: RefCell<Trace> = RefCell::new(Trace::default());
}

/// Notes something that the current render lacks.
fn lack<T>(note: impl FnOnce(&mut Needs) -> T) {
    whole::lack();
    TRACE.with_borrow_mut(|trace| note(&mut trace.needs));
}

/// Runs what only looks at the site, with `scope` in reach of what it calls.
///
/// # Errors
/// What it lacked: its result is then not the whole answer.
pub fn look<T>(scope: Scope, seed: &str, ask: impl FnOnce() -> T) -> Result<T, Needs> {
    let (result, trace) = within(scope, seed, ask);
    if trace.needs.is_empty() {
        Ok(result)
    } else {
        Err(trace.needs)
    }
}

/// Runs a render with `scope` in reach of the template functions; also returns what it came upon.
/// Chance starts anew from `seed`, the output or source that is rendered: a page comes out the
/// same whatever was rendered before it.
pub fn within<T>(scope: Scope, seed: &str, render: impl FnOnce() -> T) -> (T, Trace) {
    /// Puts back what was there before, also when a render panics.
    struct Restore(Option<Scope>, Chance, Trace);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCOPE.set(self.0.take());
            CHANCE.set(self.1.clone());
            TRACE.set(std::mem::take(&mut self.2));
        }
    }
    let restore = Restore(
        SCOPE.replace(Some(scope)),
        CHANCE.replace(Chance::seeded(seed)),
        TRACE.take(),
    );
    let result = render();
    let trace = TRACE.take();
    drop(restore);
    (result, trace)
}

/// The scope of the current render.
///
/// # Errors
/// Outside a render, which only a template function called at load time could be.
pub fn scope() -> Result<Scope, tera::Error> {
    SCOPE.with_borrow(Clone::clone).ok_or_else(|| {
        tera::Error::message("template functions work only while a page is rendered")
    })
}

/// The next number of the current render, from 0 up to but without `bound`.
pub fn chance(bound: u64) -> u64 {
    CHANCE.with_borrow_mut(|chance| chance.below(bound))
}

/// Notes what the current render asks for.
pub fn ask(world: &World, question: impl FnOnce() -> Question) {
    if world.traced {
        TRACE.with_borrow_mut(|trace| trace.asked.insert(question()));
    }
}

/// Notes that the current render shows a body that was not rendered in this build.
pub fn need_body(key: SourceKey) {
    lack(|needs| needs.bodies.insert(key));
}

/// Notes that the current render lacks the records of earlier builds.
pub fn need_records() {
    lack(|needs| needs.records = true);
}

/// Notes that the current render lacks the bytes of a search index.
pub fn need_index(key: OutputKey) {
    lack(|needs| needs.indexes.insert(key));
}

/// Notes the records that the current render has made a search index from.
pub fn keep_records(records: impl Iterator<Item = (SourceKey, Arc<Record>)>) {
    TRACE.with_borrow_mut(|trace| trace.records.extend(records));
}

/// Notes that the current render lacks the bytes of `key`.
pub fn need(key: SourceKey) {
    lack(|needs| needs.files.insert(key));
}

/// Notes that the current render lacks the answer to `request`.
pub fn need_answer(request: Request) {
    lack(|needs| needs.requests.insert(request));
}

/// Notes that the current render lacks the header of the picture `key`.
pub fn need_picture(key: SourceKey) {
    lack(|needs| needs.pictures.insert(key));
}

/// Notes that the current render refers to a picture that is to be made.
pub fn want_picture(key: OutputKey, source: SourceKey, job: Job) {
    TRACE.with_borrow_mut(|trace| trace.pictures.insert(key, (source, job)));
}
