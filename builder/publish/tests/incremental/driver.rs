//! A site in memory that is built over and over, going by the graph of the build before: the
//! publisher without storage. Each build is compared with one that goes by nothing.

use quillfront_publish::folder::{SOURCE_FILES, SOURCE_FOLDERS};
use quillfront_render::effective::{self, Change, SourceObservation};
use quillfront_render::evaluate::{
    Album, Candidates, Options, Previous, Progress, Selection, Supply, Tree, Unready,
};
use quillfront_render::graph::Graph;
use quillfront_render::remote::{Answer, Request};
use quillfront_render::render::world::{Listing, Settings};
use quillfront_render::search::Records;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::object::{Body, Object};
use quillfront_site::plan::{PICTURES, Recipe};
use quillfront_site::source::Sources;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// The bytes under each key; None where there is nothing (any more).
pub type Seen = BTreeMap<String, Option<Vec<u8>>>;

/// What is published under a key, and which source it is of.
struct Published {
    object: Object,
    source: SourceKey,
}

/// A site, with what its last build left.
pub struct Site {
    /// What lies in the source bucket.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the network answers, by the start of the address; None where it fails.
    pub web: Option<String>,
    /// What templates see as the time.
    pub now: jiff::Timestamp,
    /// True for a site that lies in a folder: what is in no folder of the site model is read where a
    /// template names it, and a file that is broken is not there.
    is_folder: bool,
    sources: Sources,
    /// Texts that are kept elsewhere.
    texts: BTreeMap<SourceKey, Arc<str>>,
    graph: Arc<Graph>,
    answers: BTreeMap<Request, Arc<str>>,
    album: Album,
    /// Records of the search index; some may be lost, and some may be of another body.
    records: Records,
    /// Those of the builds before, the oldest first.
    earlier_records: Vec<Records>,
    published: BTreeMap<OutputKey, Published>,
}

/// What a build did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rendered, whatever came out; copies and pictures are not counted.
    pub rendered: BTreeSet<String>,
    /// The content files whose bodies were rendered.
    pub bodies: BTreeSet<String>,
    /// True where the records of the search index were read.
    pub read_records: bool,
    /// Published, since they came out otherwise than they were.
    pub put: BTreeSet<String>,
    /// Published as they were, with other headers.
    pub dressed: BTreeSet<String>,
    /// Not published any more.
    pub deleted: BTreeSet<String>,
    /// Failed: what was published stays.
    pub stale: BTreeSet<String>,
    /// Content that could not be made, and is not part of the site as it is.
    pub rejected: BTreeSet<String>,
    /// Sets of content that were tried.
    pub trials: usize,
    /// What the author is told.
    pub told: Vec<Diagnostic>,
    /// True where nothing was gone by.
    pub full: bool,
}

/// What an evaluation looked at.
#[derive(Default)]
struct Looked {
    rejected: BTreeSet<String>,
    trials: usize,
    bodies: BTreeSet<String>,
    records: bool,
}

fn is_put_away(key: &SourceKey) -> bool {
    matches!(key.role(), Role::Content | Role::Data)
}

fn version(bytes: &[u8]) -> String {
    Fingerprint::of(bytes).hex()
}

impl Site {
    /// An empty source bucket.
    pub fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            web: None,
            now: "2026-01-02T00:00:00Z".parse().unwrap(),
            is_folder: false,
            sources: Sources::default(),
            texts: BTreeMap::new(),
            graph: Arc::default(),
            answers: BTreeMap::new(),
            album: Album::default(),
            records: Records::new(),
            earlier_records: Vec::new(),
            published: BTreeMap::new(),
        }
    }

    /// An empty folder.
    pub fn in_folder() -> Self {
        Self {
            is_folder: true,
            ..Self::new()
        }
    }

    /// True for a file that is looked at whether a template names it or not.
    fn is_source(&self, key: &str) -> bool {
        let top = key.split('/').next().unwrap_or_default();
        !self.is_folder || SOURCE_FOLDERS.contains(&top) || SOURCE_FILES.contains(&key)
    }

    /// A site of these files, built.
    pub fn of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, String> {
        let mut site = Self::new();
        let seen = files.into_iter().map(|(key, bytes)| (key, Some(bytes)));
        site.build(seen.collect())?;
        Ok(site)
    }

    /// What is published under a key, as text.
    pub fn text(&self, key: &str) -> Option<String> {
        match &self.published.get(key)?.object.body {
            Body::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Body::Copy { .. } | Body::Kept { .. } => None,
        }
    }

    /// What S3 keeps with what is published under a key.
    pub fn metadata(&self, key: &str) -> BTreeMap<String, String> {
        let published = self.published.get(key);
        published.map_or_else(BTreeMap::new, |there| there.object.metadata.clone())
    }

    /// How much is published.
    pub fn len(&self) -> usize {
        self.published.len()
    }

    /// Lets time pass, and asks the network again for all that was asked.
    pub fn reconcile(&mut self, later: jiff::SignedDuration) {
        self.now = self.now.checked_add(later).unwrap();
        let requests = self.graph.requests().into_iter().chain(self.answers.keys());
        let requests: BTreeSet<Request> = requests.cloned().collect();
        for request in requests {
            if let Ok(answer) = answer(self.web.as_deref(), &request) {
                self.answers.insert(request, answer);
            }
        }
    }

    /// Loses the records of the search index of some sources, as if their segments were damaged.
    pub fn lose_records(&mut self, is_lost: impl Fn(&str) -> bool) {
        self.records.retain(|key, _| !is_lost(key.as_str()));
    }

    /// Puts the oldest records of earlier builds back, as if nothing had been stored since.
    pub fn restore_records(&mut self) {
        if !self.earlier_records.is_empty() {
            self.records = self.earlier_records.remove(0);
        }
    }

    /// The sources that there is a record of.
    pub fn records(&self) -> BTreeSet<String> {
        self.records.keys().map(ToString::to_string).collect()
    }

    fn settings(&self) -> Settings {
        Settings {
            mode: "build",
            base_url: None,
            drafts: false,
            minify: false,
            now: self.now,
            listing: if self.is_folder {
                Listing::SiteFolders
            } else {
                Listing::All
            },
            all_accepted: false,
        }
    }

    /// Takes in what is under these keys now, builds, and compares with a clean build.
    ///
    /// # Errors
    /// How the two differ.
    pub fn build(&mut self, seen: Seen) -> Result<Outcome, String> {
        let before = self.sources.clone();
        let mut sources = before.clone();
        let mut observed = Vec::new();
        for (key, bytes) in seen {
            let of = SourceKey::from(&*key);
            let Some(bytes) = bytes else {
                self.files.remove(&key);
                observed.push((of, SourceObservation::Absent));
                continue;
            };
            let (version, size) = (version(&bytes), bytes.len() as u64);
            match of.role() {
                Role::Ignored => {}
                _ if !self.is_source(&key) => {}
                _ if of.is_text() => {
                    let bytes = Some(bytes.clone());
                    observed.push((
                        of,
                        SourceObservation::Text {
                            version,
                            size,
                            bytes,
                        },
                    ));
                }
                _ => observed.push((of, SourceObservation::Opaque { version, size })),
            }
            self.files.insert(key, bytes);
        }
        if self.is_folder {
            for (key, _) in &observed {
                effective::observe(&mut sources, key, SourceObservation::Absent);
            }
        }
        let changes = effective::observe_all(&mut sources, observed);
        let changed = changes.iter().filter(|(_, change)| *change != Change::None);
        // What waits is tried again with every change.
        let again = sources.to_retry(changed.clone().map(|(key, _)| key));
        let again = again.into_iter().filter_map(|key| {
            let bytes = self.files.get(key.as_str())?;
            let observed = SourceObservation::Text {
                version: version(bytes),
                size: bytes.len() as u64,
                bytes: Some(bytes.clone()),
            };
            Some((key, observed))
        });
        effective::observe_all(&mut sources, again.collect());
        let full = before.is_configured_otherwise(&sources) || self.graph.outputs.is_empty();
        let whole = self.whole(&sources);
        if full {
            sources = whole.clone();
        }
        let graph = if full {
            Arc::default()
        } else {
            self.graph.clone()
        };
        let candidates = self.candidates(&sources);
        let made = self.evaluate(&sources, Some((graph, full)), candidates);
        let (made, looked) = match made {
            Ok((tree, selected, looked)) => {
                if !self.is_folder {
                    sources = selected;
                }
                (Ok(tree), looked)
            }
            Err(unready) => {
                let candidates = self.candidates(&sources);
                candidates.put_back(&mut sources);
                (Err(unready), Looked::default())
            }
        };
        // A clean build takes every source that is used for accepted; one of a folder accepts none before.
        let (whole, candidates) = if self.is_folder {
            (whole, Candidates::All)
        } else {
            (self.whole(&sources), Candidates::default())
        };
        // What came from the network is a source too.
        let known = match &made {
            Ok(tree) => tree.answers.clone(),
            Err(_) => BTreeMap::new(),
        };
        let stored = std::mem::replace(&mut self.answers, known);
        let clean = self.evaluate(&whole, None, candidates);
        let clean = clean.map(|(tree, ..)| tree);
        for (key, _) in whole.iter().filter(|(key, _)| is_put_away(key)) {
            let text = whole.text(key.as_str()).cloned();
            self.texts.extend(text.map(|text| (key.clone(), text)));
        }
        sources.put_away(|key| is_put_away(&SourceKey::from(key)));
        let was = std::mem::replace(&mut self.sources, sources);
        match (made, clean) {
            (Ok(made), Ok(clean)) => {
                let mut outcome = self.publish(made, &was, full);
                outcome.bodies = looked.bodies;
                outcome.rejected = looked.rejected;
                outcome.trials = looked.trials;
                outcome.read_records = looked.records;
                self.compare(&clean, &outcome)?;
                Ok(outcome)
            }
            (Err(one), Err(other)) if one == other => {
                self.answers = stored;
                Ok(Outcome::default())
            }
            (one, other) => Err(format!(
                "one build is ready, the other is not: {:?} {:?}",
                one.err(),
                other.err()
            )),
        }
    }

    /// Fails where anything that waits could be made beside all that was accepted, alone or all of it together,
    /// without taking another page down. This is said by evaluations in which it is taken as accepted.
    pub fn nothing_waits_for_nothing(&self) -> Result<(), String> {
        let waiting = self.sources.waiting().map(|(key, _)| key.clone());
        let waiting: BTreeSet<SourceKey> = waiting.collect();
        let alone = waiting
            .iter()
            .take(4)
            .map(|key| BTreeSet::from([key.clone()]));
        for tried in alone.chain([waiting.clone()]) {
            if !tried.is_empty() && self.admits(&tried) {
                return Err(format!("{tried:?} can be published, and waits"));
            }
        }
        Ok(())
    }

    fn admits(&self, tried: &BTreeSet<SourceKey>) -> bool {
        let own = |tree: &Tree| {
            let planned = tree.plan.iter().filter(|(key, planned)| {
                let is_own = matches!(planned.recipe, Recipe::Page(_) | Recipe::Section { .. });
                is_own && tree.objects.contains_key(*key)
            });
            let sources = planned.map(|(_, planned)| planned.source.clone());
            sources.collect::<BTreeSet<SourceKey>>()
        };
        let built = |tried: &BTreeSet<SourceKey>| {
            let mut sources = self.whole(&self.sources);
            let observed = tried.iter().map(|key| {
                let bytes = &self.files[key.as_str()];
                let observed = SourceObservation::Text {
                    version: version(bytes),
                    size: bytes.len() as u64,
                    bytes: Some(bytes.clone()),
                };
                (key.clone(), observed)
            });
            effective::observe_all(&mut sources, observed.collect());
            let built = self.evaluate(&sources, None, Candidates::default());
            built.map(|(tree, ..)| tree)
        };
        let (Ok(without), Ok(with)) = (built(&BTreeSet::new()), built(tried)) else {
            return false;
        };
        let site = with.site.as_ref().expect("a site");
        let library = &site.world.library;
        let failed = site.contents.failed(library).map(|(key, _)| key);
        let failed: BTreeSet<&SourceKey> = failed.collect();
        let refused = |key: &SourceKey| {
            let mut told = with
                .diagnostics
                .iter()
                .filter(|one| one.file == key.as_str());
            failed.contains(key) || told.any(|one| one.is_error() || one.code == "internal-link")
        };
        // A draft, say, has no output.
        let is_page = |key: &SourceKey| {
            let relative = key.as_str().strip_prefix("content/").unwrap_or_default();
            let page = library.page_by_file(relative);
            page.is_some_and(|page| library.pages[page].front.render)
                || library
                    .section_by_file(relative)
                    .is_some_and(|id| library.sections[id].front.render)
        };
        let (before, now) = (own(&without), own(&with));
        let is_made = |key: &SourceKey| (now.contains(key) || !is_page(key)) && !refused(key);
        let others = before.iter().filter(|key| !tried.contains(*key));
        tried.iter().all(is_made) && others.into_iter().all(|key| now.contains(key))
    }

    /// What is not accepted yet.
    fn candidates(&self, sources: &Sources) -> Candidates {
        if self.is_folder {
            Candidates::All
        } else {
            Candidates::between(&self.sources, sources)
        }
    }

    /// The sources with all their texts.
    fn whole(&self, sources: &Sources) -> Sources {
        let mut whole = sources.clone();
        let elsewhere: Vec<SourceKey> = whole.elsewhere().cloned().collect();
        for key in elsewhere {
            whole.hold(key.as_str(), &self.texts[&key]);
        }
        whole
    }

    /// Evaluates the site, going by a graph if there is one; it is empty where the build is a full
    /// one.
    fn evaluate(
        &self,
        sources: &Sources,
        graph: Option<(Arc<Graph>, bool)>,
        candidates: Candidates,
    ) -> Result<(Tree, Sources, Looked), Unready> {
        let sources = Arc::new(sources.clone());
        let mut looked = Looked {
            trials: 1,
            ..Looked::default()
        };
        let stored = self.answers.iter();
        let stored = stored.map(|(request, text)| (request.clone(), Ok(text.clone())));
        let mut options = Options {
            answers: stored.collect(),
            ..Options::default()
        };
        if let Some((graph, full)) = graph {
            options.previous = Some(Previous {
                graph,
                sources: Arc::new(self.sources.clone()),
                has_records: !full,
                is_unfinished: false,
            });
            let published = self.published.keys();
            let pictures = published.filter(|key| key.as_str().starts_with(PICTURES));
            options.pictures = pictures.cloned().collect();
            options.album = Some(self.album.clone());
        }
        let (settings, now) = (self.settings(), self.now);
        let mut evaluation: Selection =
            Selection::begin(sources, settings, now, candidates, |_| options)?;
        loop {
            let needs = match evaluation.step(|_, object| object) {
                Progress::Asks(asked) => asked,
                Progress::Again => {
                    looked.trials += 1;
                    continue;
                }
                Progress::Ready => {
                    let bodies = evaluation.evaluation().rendered_bodies();
                    looked.bodies = bodies.map(ToString::to_string).collect();
                    let tree = evaluation.finish();
                    let rejected = tree.sources.waiting();
                    looked.rejected = rejected.map(|(key, _)| key.to_string()).collect();
                    let sources = tree.sources.clone();
                    return Ok((tree, (*sources).clone(), looked));
                }
            };
            let mut supplied = Supply::default();
            if needs.records {
                looked.records = true;
                supplied.records = Some(Arc::new(self.records.clone()));
            }
            for key in needs.files {
                let bytes = self.files.get(key.as_str());
                let versions = bytes.map(|bytes| (key.clone(), version(bytes)));
                supplied.versions.extend(versions);
                let bytes = bytes.map(|bytes| Arc::from(bytes.as_slice()));
                supplied.files.insert(key, bytes);
            }
            for key in needs.texts {
                let text = self.texts[&key].clone();
                supplied.texts.insert(key, text);
            }
            for request in needs.requests {
                let answer = answer(self.web.as_deref(), &request);
                supplied.answers.insert(request, answer);
            }
            evaluation.supply(supplied);
        }
    }

    /// As the publisher does (`publish/publication.rs`).
    fn publish(&mut self, tree: Tree, before: &Sources, full: bool) -> Outcome {
        let mut outcome = Outcome {
            full,
            stale: tree.stale.iter().map(ToString::to_string).collect(),
            told: tree.diagnostics.clone(),
            ..Outcome::default()
        };
        self.now = tree.now;
        self.graph = Arc::new(stored(&tree.graph));
        if let Some(records) = &tree.records {
            let records = records.iter();
            let records = records.map(|(key, record)| (key.clone(), again(&**record)));
            let before = std::mem::replace(&mut self.records, records.collect());
            self.earlier_records.push(before);
        }
        self.published.retain(|key, published| {
            let source = published.source.as_str();
            let was_there = before.get(source).is_some();
            let of_removed = was_there && self.sources.get(source).is_none();
            let goes = tree.deletes(key.as_str(), of_removed);
            if goes {
                outcome.deleted.insert(key.to_string());
            }
            !goes
        });
        for (key, object) in tree.objects {
            let planned = &tree.plan[&key];
            if !matches!(planned.recipe, Recipe::Copy(_) | Recipe::Picture(_)) {
                outcome.rendered.insert(key.to_string());
            }
            let is_same = |there: &Published| there.object == object;
            if !self.published.get(&key).is_some_and(is_same) {
                outcome.put.insert(key.to_string());
            }
            let source = planned.source.clone();
            self.published.insert(key, Published { object, source });
        }
        for (key, headers) in tree.headers {
            if let Some(there) = self.published.get_mut(&key) {
                let dressed = headers.over(there.object.fingerprint().body);
                if dressed.fingerprint() != there.object.fingerprint() {
                    outcome.dressed.insert(key.to_string());
                    let body = there.object.body.clone();
                    there.object = Object { body, ..dressed };
                }
            }
        }
        outcome
    }

    /// The published tree is that of a clean build, but for what is stale.
    fn compare(&self, clean: &Tree, outcome: &Outcome) -> Result<(), String> {
        let mut found = String::new();
        if clean.now != self.now {
            let _ = writeln!(found, "now: {} {}", self.now, clean.now);
        }
        let stale: BTreeSet<String> = clean.stale.iter().map(ToString::to_string).collect();
        if stale != outcome.stale {
            let only = outcome.stale.difference(&stale).collect::<Vec<_>>();
            let lacking = stale.difference(&outcome.stale).collect::<Vec<_>>();
            let _ = writeln!(found, "stale but in a clean build: {only:?}");
            let _ = writeln!(found, "stale only in a clean build: {lacking:?}");
        }
        let keys = self.published.keys().chain(clean.objects.keys());
        let keys: BTreeSet<&OutputKey> = keys.filter(|key| !clean.stale.contains(*key)).collect();
        for key in keys {
            match (self.published.get(key), clean.objects.get(key)) {
                (Some(one), Some(other)) if one.object == *other => {}
                // What could not be rendered may still show it.
                (Some(_), None) if !stale.is_empty() && key.as_str().starts_with(PICTURES) => {}
                (one, other) => {
                    let one = one.map(|one| shown(&one.object));
                    let other = other.map(shown);
                    let _ = writeln!(found, "{key}\n  is:     {one:?}\n  should: {other:?}");
                }
            }
        }
        if outcome.told != clean.diagnostics {
            let [one, other] = [&outcome.told, &clean.diagnostics].map(|told| set_of(told));
            let told = one.difference(&other).collect::<Vec<_>>();
            let untold = other.difference(&one).collect::<Vec<_>>();
            let _ = writeln!(found, "told in vain: {told:#?}\nnot told: {untold:#?}");
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

/// A value as it comes back from where it is stored.
fn again<T: Serialize + DeserializeOwned>(value: &T) -> Arc<T> {
    let bytes = postcard::to_stdvec(value).unwrap();
    Arc::new(postcard::from_bytes(&bytes).unwrap())
}

/// The graph, the same.
fn stored(graph: &Graph) -> Graph {
    let bodies = graph.bodies.iter();
    let outputs = graph.outputs.iter();
    Graph {
        pages: graph.pages,
        bodies: bodies
            .map(|(key, facts)| (key.clone(), again(&**facts)))
            .collect(),
        outputs: outputs
            .map(|(key, trace)| (key.clone(), again(&**trace)))
            .collect(),
    }
}

fn set_of(told: &[Diagnostic]) -> BTreeSet<&Diagnostic> {
    told.iter().collect()
}

fn answer(web: Option<&str>, request: &Request) -> Answer {
    match web {
        Some(text) => Ok(Arc::from(format!(
            "{{\"of\": \"{}\", \"n\": \"{text}\"}}",
            request.url
        ))),
        None => Err("nothing answers".to_owned()),
    }
}

fn shown(object: &Object) -> String {
    let body = match &object.body {
        Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::Copy {
            source,
            version,
            treatment,
            ..
        } => format!("a copy of {source} ({version}), {treatment:?}"),
        Body::Kept { .. } => unreachable!("a tree has what was made"),
    };
    let Object {
        content_type,
        cache_control,
        metadata,
        ..
    } = object;
    format!("{content_type} {cache_control} {metadata:?} {body}")
}
