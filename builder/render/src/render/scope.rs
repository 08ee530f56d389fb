//! What belongs to the render on this thread, for the functions that templates call.
//!
//! The engine hands a function its arguments and nothing of the site, so what a render sees and comes
//! upon is in a thread-local. It is one value, [`RenderScope`], which [`within`] puts there and takes away
//! again, also where the render panics. Renders may be nested: one that waits for work on other threads
//! may start another on its own thread meanwhile.
//!
//! Three things are elsewhere, in layers below this one. What it may still spend is in
//! `quillfront_templates::budget`, whose calls stand in templates. Whether a value that is being made
//! [is whole](crate::graph::whole) is asked by what keeps values, of a part of a render. And whether a crash
//! is printed (`panics`) is of threads that compile style sheets, too.

use super::content::Contents;
use super::readers::Reader;
use super::world::{Needs, Pictures, World};
use crate::graph::{PageQuestion, Question, TextQuestion, whole};
use crate::remote::Request;
use crate::search::Record;
use quillfront_images::Job;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_templates::filters::Chance;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the template functions of a render see.
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

/// What a render came upon, beside its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What it lacked.
    pub needs: Needs,
    /// Pictures that it refers to.
    pub pictures: Pictures,
    /// Content files whose body it shows and that have no body, since it cannot be rendered.
    pub failed: BTreeSet<SourceKey>,
    /// What it asked, where that is noted.
    pub asked: Questions,
    /// Records that a search index was made from, where that is noted.
    pub records: Vec<(SourceKey, Arc<Record>)>,
    /// Hashes of files that it asked for, as `integrity` has them: `sha384-…`.
    pub integrity: BTreeSet<String>,
}

/// Questions of a render.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Those that look at other pages: a text has none.
    of_pages: BTreeSet<PageQuestion>,
    /// The others.
    pub of_text: BTreeSet<TextQuestion>,
}

impl Questions {
    /// Returns all of them, in order.
    pub fn all(self) -> impl Iterator<Item = Question> {
        let of_pages = self.of_pages.into_iter().map(Question::OfPages);
        let of_text = self.of_text.into_iter().map(Question::OfText);
        of_pages.chain(of_text)
    }
}

/// All that belongs to one render.
struct RenderScope {
    sees: Scope,
    chance: Chance,
    trace: Trace,
}

thread_local! {
    static RENDER: RefCell<Option<RenderScope>> = const { RefCell::new(None) };
}

/// Runs a render with `scope` in reach of the template functions; also returns what it came upon.
/// Chance starts anew from `seed`, the output or source that is rendered: a page comes out the
/// same whatever was rendered before it.
pub fn within<T>(scope: Scope, seed: &str, render: impl FnOnce() -> T) -> (T, Trace) {
    /// Puts back what was there before, also when a render panics.
    struct Restore(Option<RenderScope>);
    impl Drop for Restore {
        fn drop(&mut self) {
            RENDER.set(self.0.take());
        }
    }
    let own = RenderScope {
        sees: scope,
        chance: Chance::seeded(seed),
        trace: Trace::default(),
    };
    let _restore = Restore(RENDER.replace(Some(own)));
    let result = render();
    let trace = RENDER.take().map(|own| own.trace);
    (result, trace.unwrap_or_default())
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

fn outside() -> tera::Error {
    tera::Error::message("template functions work only while a page is rendered")
}

/// Returns what the current render sees.
///
/// # Errors
/// Outside a render, which only a template function called at load time could be.
pub fn scope() -> Result<Scope, tera::Error> {
    let sees = |render: &Option<RenderScope>| render.as_ref().map(|render| render.sees.clone());
    RENDER.with_borrow(sees).ok_or_else(outside)
}

/// Returns the next number of the current render, from 0 up to but without `bound`.
///
/// # Errors
/// As of [`scope`].
pub fn chance(bound: u64) -> Result<u64, tera::Error> {
    RENDER.with_borrow_mut(|render| match render {
        Some(render) => Ok(render.chance.below(bound)),
        None => Err(outside()),
    })
}

/// Notes something of the current render. Outside a render nobody waits for it, and nothing is noted.
fn note<T>(note: impl FnOnce(&mut Trace) -> T) -> Option<T> {
    RENDER.with_borrow_mut(|render| render.as_mut().map(|render| note(&mut render.trace)))
}

/// Notes what the current render asks that a text may ask, too.
pub fn ask(world: &World, question: impl FnOnce() -> TextQuestion) {
    if world.traced {
        let question = question();
        note(|trace| trace.asked.of_text.insert(question));
    }
}

/// Notes what the current render asks of other pages, which are in `contents`: a text has none.
pub fn ask_of_pages(world: &World, _contents: &Contents, question: &PageQuestion) {
    if world.traced {
        note(|trace| trace.asked.of_pages.insert(question.clone()));
    }
}

/// Notes that the current render refers to a picture that is to be made. Returns how many different
/// ones it refers to now.
pub fn want_picture(key: OutputKey, source: SourceKey, job: Job) -> usize {
    let count = note(|trace| {
        trace.pictures.insert(key, (source, job));
        trace.pictures.len()
    });
    count.unwrap_or_default()
}

/// Notes the hash of a file that the current render asked for.
pub fn hashed(integrity: String) {
    note(|trace| trace.integrity.insert(integrity));
}

/// Notes that the current render shows a body that cannot be rendered.
pub fn show_failed(key: SourceKey) {
    note(|trace| trace.failed.insert(key));
}

/// Notes the records that the current render has made a search index from.
pub fn keep_records(records: impl Iterator<Item = (SourceKey, Arc<Record>)>) {
    let records: Vec<_> = records.collect();
    note(|trace| trace.records.extend(records));
}

/// Notes something that the current render lacks.
fn lack<T>(lacking: impl FnOnce(&mut Needs) -> T) {
    whole::lack();
    note(|trace| lacking(&mut trace.needs));
}

/// Notes that the current render lacks the bytes of `key`.
pub fn need(key: SourceKey) {
    lack(|needs| needs.files.insert(key));
}

/// Notes that the current render lacks a text that is kept elsewhere.
pub fn need_text(key: SourceKey) {
    lack(|needs| needs.texts.insert(key));
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

/// Notes that the current render lacks the answer to `request`.
pub fn need_answer(request: Request) {
    lack(|needs| needs.requests.insert(request));
}

/// Notes that the current render lacks the header of the picture `key`, or what it tells.
pub fn need_picture(key: SourceKey) {
    lack(|needs| needs.pictures.insert(key));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effective::{self, SourceObservation};
    use crate::evaluate::{Evaluation, Options, PreparedSite};
    use crate::render::world::{Listing, Settings};
    use quillfront_site::source::Sources;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn world() -> Arc<World> {
        let mut sources = Sources::default();
        let text = b"base_url = \"https://example.org\"";
        let config = SourceObservation::Text {
            version: "1".to_owned(),
            size: text.len() as u64,
            bytes: Some(text.to_vec()),
        };
        effective::observe(&mut sources, &SourceKey::from("config.toml"), config);
        let settings = Settings {
            mode: "build",
            base_url: None,
            drafts: false,
            minify: false,
            now: jiff::Timestamp::UNIX_EPOCH,
            listing: Listing::All,
            all_accepted: false,
        };
        let site = PreparedSite::new(Arc::new(sources), settings).unwrap();
        let mut evaluation: Evaluation = site.evaluate(Options::default());
        evaluation.step(|_, object| object);
        evaluation.finish().site.expect("a site").world
    }

    fn files(trace: &Trace) -> Vec<&str> {
        trace.needs.files.iter().map(SourceKey::as_str).collect()
    }

    #[test]
    fn each_render_has_its_own_trace_and_numbers_also_inside_another_and_after_a_crash() {
        let world = world();
        let scope = || Scope::of_text(&world);
        let numbers = || [0; 3].map(|_| chance(1_000_000).unwrap());
        let (alone, _) = within(scope(), "outer", numbers);
        let (inside, trace) = within(scope(), "outer", || {
            need("outer".into());
            let first = chance(1_000_000).unwrap();
            let (_, inner) = within(scope(), "inner", || {
                numbers();
                need("inner".into());
            });
            assert_eq!(files(&inner), ["inner"]);
            let crash = || within(scope(), "crash", || -> () { panic!("no") });
            assert!(catch_unwind(AssertUnwindSafe(crash)).is_err());
            [
                first,
                chance(1_000_000).unwrap(),
                chance(1_000_000).unwrap(),
            ]
        });
        assert_eq!(inside, alone, "the others took no numbers");
        assert_eq!(files(&trace), ["outer"]);
        // Outside there is nothing.
        assert!(super::scope().is_err() && chance(1).is_err());
        need("nobody".into());
        assert_eq!(files(&within(scope(), "next", || ()).1), [""; 0]);
    }
}
