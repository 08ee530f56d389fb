//! A folder in, a folder out, and a third one that remembers: `quillfront build --state`. The same
//! graph and the same segments as over S3.

use super::intent::{Intent, UnfinishedBuild};
use super::memory::{
    Before, BuildMemory, made_with, packed, read_root, remember, remembered, take_up,
};
use super::opened::go_last;
use super::output::{KeptFiles, Output};
use super::version::{clock, with_content};
use super::written::{Inspection, look_at_written};
use super::{
    FileEntry, Tells, list, look, name_config, named, own_config_is_good, render, take_config,
    texts,
};
use crate::bucket::root::FORMAT;
use crate::bucket::state::{Dirty, PublishedObject, State, Texts};
use crate::fetch::{self, Budget, Web};
use itertools::{Either, EitherOrBoth, Itertools};
use quillfront_render::effective::{self, Change, MAX_FILE_BYTES, SourceObservation};
use quillfront_render::evaluate::{
    self, Candidates, PreparedSite, Previous, Selection, Tree, Unready,
};
use quillfront_render::graph::Graph;
use quillfront_render::remote::{Answer, Request};
use quillfront_render::render::world::Settings;
use quillfront_render::search::Records;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::{CONFIGS, PICTURES, Rank};
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::source::{Effective, Source, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What an incremental build did.
pub struct Incremental {
    /// The tree; of each object that was made, how many bytes were made for its file: None where
    /// the file is as it was.
    pub tree: Tree<Option<u64>>,
    /// Files that were removed from the output.
    pub removed: BTreeSet<OutputKey>,
    /// Sources by what became of them.
    pub changes: BTreeMap<SourceKey, Change>,
    /// True where nothing was gone by.
    pub full: bool,
    /// Bytes read of, and written to, the folder that remembers.
    pub state_bytes: (u64, u64),
    /// What is remembered now.
    pub state: State,
}

/// An object that was handed on: its record, and the bytes that were made.
type Put = io::Result<(PublishedObject, Option<u64>)>;

/// From where to where a build goes that goes by an earlier one.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a> {
    /// The site's.
    pub root: &'a Path,
    /// Another configuration than the site's own.
    pub config: Option<&'a Path>,
    /// The output.
    pub out: &'a Path,
    /// True where names in the output that start with a dot stay when it is emptied.
    pub keep_dotfiles: bool,
    /// What remembers.
    pub state: &'a Path,
}

/// True where a folder remembers a build of the same site into the same place, or one was begun and did
/// not end.
///
/// # Errors
/// The site's folder cannot be found.
pub fn remembers(folders: Folders<'_>, settings: &Settings) -> io::Result<bool> {
    let made_with = made_with(folders, settings)?;
    let begun = UnfinishedBuild::read(folders.state)?;
    let is_begun = begun.is_some_and(|left| left.made_with == made_with);
    Ok(is_begun || read_root(folders.state, &made_with)?.is_some())
}

/// Builds a site's folder into the output, going by what the state remembers of the build before;
/// where it remembers nothing of the same folders, everything is made, in place of what is there.
/// What a build left that did not end is taken up or removed. An output that could not be made stays
/// as it is. `tells` says what the tree tells beside that. `lap` is told of each
/// phase that has ended.
///
/// # Errors
/// A file cannot be read or written; the error names it.
pub fn build_from(
    folders: Folders<'_>,
    settings: Settings,
    tells: Tells,
    mut lap: impl FnMut(&str) + Send,
) -> io::Result<Result<Incremental, Unready>> {
    let Folders {
        root,
        config,
        out,
        keep_dotfiles,
        state,
    } = folders;
    fs::create_dir_all(state).map_err(|error| named(state, error))?;
    let lock = fs::File::create(state.join("lock")).map_err(|error| named(state, error))?;
    if lock.try_lock().is_err() {
        let message = format!("{}: another build is using it", state.display());
        return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
    }
    let looked_at = clock(&lock).map_err(|error| named(state, error))?;
    let made_with = made_with(folders, &settings)?;
    let interrupted = UnfinishedBuild::read(state)?;
    let intent = Intent::new(state, &made_with, interrupted.as_ref());
    let output = Output::new(root, out);
    // That files of the output are no longer as they were written is rare: the site is evaluated as
    // if they were, and a thread that goes last looks at them meanwhile, wherever a core has nothing
    // to do.
    let mut looking = None;
    let look_at_output = |outputs: &Arc<BTreeMap<OutputKey, PublishedObject>>, written_at: u64| {
        let (out, outputs) = (out.to_owned(), outputs.clone());
        looking = Some(thread::spawn(move || {
            go_last();
            look_at_written(&out, &outputs, written_at)
        }));
    };
    let (remembered, listed) = rayon::join(
        || remembered(state, &made_with, look_at_output),
        || list(root),
    );
    let Before {
        state: mut before,
        root: root_before,
        bytes: mut bytes_in,
    } = remembered?;
    let (files, problems) = listed?;
    lap("list");
    let first = root_before.is_none();
    let seen_at = root_before.as_ref().map_or(0, |root| root.looked_at);
    let seen = SourceSnapshot::of(folders, files, &before, seen_at, first)?;
    lap("read");
    let unknown = if first {
        BTreeSet::new()
    } else {
        take_up(&mut before, interrupted)
    };
    let mut stored = std::mem::take(&mut before.records);
    let mut records = || {
        let packed = packed(state, stored.to_read());
        bytes_in += packed.values().map(|one| one.len() as u64).sum::<u64>();
        stored.take_in(&packed);
        stored.held()
    };
    let mut evaluate = |altered: &BTreeSet<OutputKey>| {
        let instance = Instance {
            settings: settings.clone(),
            full: seen.full,
            tells,
            begin: &|| {
                if first {
                    intent.begin()?;
                }
                output.begin()
            },
            altered,
            records: &mut records,
        };
        instance.evaluate(root, &output, &intent, &seen.sources, &before, &mut lap)
    };
    let mut evaluated = evaluate(&unknown)?;
    let looked = match looking.filter(|_| !first).map(thread::JoinHandle::join) {
        Some(Ok(looked)) => looked,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        None => Inspection::default(),
    };
    let (mut altered, moved) = (looked.altered, looked.moved);
    // What the first evaluation wrote is there already when the second one comes to it.
    let mut made_before = BTreeMap::new();
    if let Ok(tree) = &evaluated {
        let made = |(key, put): (&OutputKey, &Put)| match put {
            Ok((_, Some(made))) => Some((key.clone(), *made)),
            _ => None,
        };
        made_before.extend(tree.objects.iter().filter_map(made));
        altered.retain(|key| !made_before.contains_key(key));
        if !altered.is_empty() {
            altered.extend(unknown);
            evaluated = evaluate(&altered)?;
        }
    }
    let SourceSnapshot {
        sources,
        changes,
        dirty: dirty_sources,
        full,
    } = seen;
    let mut tree = match evaluated {
        Ok(tree) => tree,
        Err(why) => return Ok(Err(super::unready(why, &sources, problems, config))),
    };
    lap("render");
    tree.diagnostics.extend(problems);
    name_config(config, &mut tree.diagnostics);
    tree.diagnostics.sort();
    let objects = std::mem::take(&mut tree.objects).into_iter();
    let objects = objects.map(|(key, kept)| Ok((key, kept?)));
    let objects: BTreeMap<OutputKey, (PublishedObject, Option<u64>)> =
        objects.collect::<io::Result<_>>()?;

    let mut dirty = Dirty {
        sources: dirty_sources,
        ..Dirty::default()
    };
    dirty.note(&before.graph, &tree.graph);
    let mut after = State {
        sources: sources.clone(),
        outputs: before.outputs,
        graph: Arc::new(std::mem::take(&mut tree.graph)),
        answers: tree.answers.clone(),
        album: before.album,
        texts: Texts::with_sources(),
        records: stored,
    };
    after.take_records(tree.records.as_ref(), &mut dirty);
    for (key, version) in moved {
        if let Some(published) = Arc::make_mut(&mut after.outputs).get_mut(&key) {
            published.etag = version.to_string().into();
            dirty.outputs.insert(key);
        }
    }
    let mut written = BTreeMap::new();
    for (key, (mut published, made)) in objects {
        let planned = &tree.plan[&key];
        published.source = planned.source.clone();
        published.rank = planned.rank;
        if after.outputs.get(&key) != Some(&published) {
            dirty.outputs.insert(key.clone());
            Arc::make_mut(&mut after.outputs).insert(key.clone(), published);
        }
        let made = made.or_else(|| made_before.get(&key).copied());
        written.insert(key, made);
    }
    // A file carries no headers: what it would be published with is noted alone.
    for (key, headers) in &tree.headers {
        let there = after.outputs.get(key);
        let known = there.and_then(|there| there.fingerprint);
        let Some(known) = known.filter(|_| !written.contains_key(key)) else {
            continue;
        };
        let fingerprint = headers.clone().over(known.body).fingerprint();
        if fingerprint != known
            && let Some(published) = Arc::make_mut(&mut after.outputs).get_mut(key)
        {
            published.fingerprint = Some(fingerprint);
            dirty.outputs.insert(key.clone());
        }
    }
    let goes = |(key, published): &(&OutputKey, &PublishedObject)| {
        let is_removed = changes.get(&published.source) == Some(&Change::Removed);
        let is_there = written.contains_key(*key);
        !is_there && tree.deletes(key.as_str(), is_removed)
    };
    let going = after.outputs.iter().filter(goes);
    let mut removed: BTreeSet<OutputKey> = going.map(|(key, _)| key.clone()).collect();
    for key in &removed {
        Arc::make_mut(&mut after.outputs).remove(key);
    }
    dirty.outputs.extend(removed.iter().cloned());
    let kept = KeptFiles::new(out, &after.outputs);
    for key in &removed {
        output.remove(key, &kept)?;
    }
    if first {
        removed = output.remove_extra(&after.outputs, keep_dotfiles)?;
    }
    output.finish()?;
    lap("tidy");
    let root = BuildMemory {
        format: FORMAT,
        made_with,
        segments: root_before.map(|root| root.segments).unwrap_or_default(),
        looked_at,
        written_at: clock(&lock).map_err(|error| named(state, error))?,
    };
    let bytes_out = remember(state, root, &after, &dirty)?;
    intent.end()?;
    lap("remember");
    // Nobody waits for their memory.
    rayon::spawn(move || drop((before.sources, before.graph)));
    Ok(Ok(Incremental {
        tree: tree.map(|_| written),
        removed,
        changes,
        full,
        state_bytes: (bytes_in, bytes_out),
        state: after,
    }))
}

/// The sources as they are now.
struct SourceSnapshot {
    sources: Arc<Sources>,
    /// What became of those of before.
    changes: BTreeMap<SourceKey, Change>,
    /// Those whose record is another.
    dirty: BTreeSet<SourceKey>,
    /// True where nothing is gone by.
    full: bool,
}

impl SourceSnapshot {
    fn of(
        folders: Folders<'_>,
        files: Vec<FileEntry>,
        before: &State,
        seen_at: u64,
        first: bool,
    ) -> io::Result<Self> {
        let Folders { root, config, .. } = folders;
        let (news, gone) = news(files, &before.sources, seen_at);
        let keys = news.iter().map(|file| &file.key).chain(&gone);
        let mut looked_at: BTreeSet<SourceKey> = keys.cloned().collect();
        let mut sources = (*before.sources).clone();
        // What is broken now is not there: a folder keeps no last good text.
        for key in &looked_at {
            effective::observe(&mut sources, key, SourceObservation::Absent);
        }
        effective::observe_all(
            &mut sources,
            look(root, news, |file| version_of_opaque(root, file))?,
        );
        if let Some(config) = config {
            take_config(&mut sources, root, config)?;
            looked_at.extend(CONFIGS.map(SourceKey::from));
        }
        let mut changes = BTreeMap::new();
        let mut dirty = BTreeSet::new();
        for key in looked_at {
            let (was, is) = (before.sources.get(key.as_str()), sources.get(key.as_str()));
            // Also what was only touched has another version.
            if was.map(|was| &was.version) != is.map(|is| &is.version) {
                dirty.insert(key.clone());
            }
            if let Some(change) = change(was, is) {
                dirty.insert(key.clone());
                changes.insert(key, change);
            }
        }
        let full = first || before.sources.is_configured_otherwise(&sources);
        if full {
            let elsewhere = sources.elsewhere().cloned().collect();
            for (key, text) in texts(root, elsewhere)? {
                sources.hold(key.as_str(), &text);
            }
        }
        Ok(Self {
            sources: Arc::new(sources),
            changes,
            dirty,
            full,
        })
    }
}

/// One evaluation of the sources.
struct Instance<'a> {
    settings: Settings,
    /// True where nothing is gone by.
    full: bool,
    /// What the tree tells.
    tells: Tells,
    /// Comes before the first output is written.
    begin: &'a (dyn Fn() -> io::Result<()> + Sync),
    /// Outputs that are not there as they were written.
    altered: &'a BTreeSet<OutputKey>,
    /// The records of the search index, if they are asked for.
    records: &'a mut (dyn FnMut() -> Arc<Records> + Send),
}

impl Instance<'_> {
    fn evaluate(
        self,
        root: &Path,
        output: &Output<'_>,
        intent: &Intent,
        sources: &Arc<Sources>,
        before: &State,
        lap: &mut impl FnMut(&str),
    ) -> io::Result<Result<Tree<Put>, Unready>> {
        let Self {
            settings,
            full,
            tells,
            begin,
            altered,
            records,
        } = self;
        let graph = if full {
            Arc::default()
        } else if altered.is_empty() {
            before.graph.clone()
        } else {
            let mut graph = (*before.graph).clone();
            graph.outputs.retain(|key, _| !altered.contains(key));
            Arc::new(graph)
        };
        let options = |site: &PreparedSite| {
            let there = before.outputs.keys().filter(|key| !altered.contains(*key));
            evaluate::Options {
                // A folder has no reconcile: what was asked of the network is asked again each time.
                answers: if full {
                    BTreeMap::new()
                } else {
                    asked_again(&before.graph, &site.allowed_hosts())
                },
                previous: Some(Previous {
                    graph,
                    sources: before.sources.clone(),
                    has_records: !full,
                    is_unfinished: false,
                }),
                album: Some(before.album.clone()),
                pictures: there.filter(|key| is_picture(key)).cloned().collect(),
                first: None,
                tells_why: tells.why,
                tells_headers: tells.headers,
            }
        };
        let now = settings.now;
        let begun = own_config_is_good(sources).and_then(|()| {
            Selection::begin(sources.clone(), settings, now, Candidates::All, options)
        });
        let selection = match begun {
            Ok(selection) => selection,
            Err(why) => return Ok(Err(why)),
        };
        lap("plan");
        begin()?;
        // An output may be made twice: of what is tried, then of what could be made.
        let replaced = Mutex::new(BTreeSet::new());
        let keep = |key: &OutputKey, object: Object| -> Put {
            let fingerprint = Some(object.fingerprint());
            let there = before.outputs.get(key.as_str());
            let same = there.filter(|there| there.fingerprint == fingerprint);
            let mut list = replaced.lock().unwrap_or_else(PoisonError::into_inner);
            let is_as_it_was = !altered.contains(key) && !list.contains(key);
            if let Some(same) = same.filter(|_| is_as_it_was) {
                return Ok((same.clone(), None));
            }
            match there {
                Some(_) => drop(list.insert(key.clone())),
                None => intent.note(key)?,
            }
            drop(list);
            let bytes = output.put(key, &object)?;
            let published = PublishedObject {
                fingerprint,
                etag: output.version(key)?.to_string().into(),
                source: SourceKey::from(""),
                rank: Rank::Static,
            };
            Ok((published, bytes))
        };
        let tree = render(selection, root, sources, records, keep)?;
        output.withdraw(&tree.withdrawn, &before.outputs)?;
        Ok(Ok(tree))
    }
}

/// What the network answers now to what an earlier build asked.
fn asked_again(graph: &Graph, allowed: &AllowedHosts) -> BTreeMap<Request, Answer> {
    let asked = graph.requests().into_iter();
    let asked = asked.filter(|request| allowed.check(&request.url).is_ok());
    let asked: BTreeSet<Request> = asked.cloned().collect();
    if asked.is_empty() {
        return BTreeMap::new();
    }
    fetch::gather(&Web::new(), asked, allowed, &mut Budget::new())
}

/// A picture that templates asked for.
fn is_picture(key: &OutputKey) -> bool {
    key.as_str().starts_with(PICTURES)
}

/// The files that have to be read, and the sources that are no longer there. `seen_at` is when the
/// others were looked at: what was changed about then may have been changed since.
fn news(files: Vec<FileEntry>, before: &Sources, seen_at: u64) -> (Vec<FileEntry>, Vec<SourceKey>) {
    let both = files
        .into_iter()
        .merge_join_by(before.iter(), |file, (key, _)| file.key.cmp(key));
    let moved = both.filter_map(|pair| match pair {
        EitherOrBoth::Both(file, (_, known)) => {
            let is_same = file.version.is(&known.version) && file.version.is_settled(seen_at);
            let is_known = is_same && known.problems.is_empty();
            (!is_known).then_some(Either::Left(file))
        }
        EitherOrBoth::Left(file) => Some(Either::Left(file)),
        EitherOrBoth::Right((key, _)) => Some(Either::Right(key.clone())),
    });
    moved.partition_map(|moved| moved)
}

/// The version of a file that only travels. Its bytes are read: a clone of the site, or a file that was
/// put back, is no change.
pub(super) fn version_of_opaque(root: &Path, file: &FileEntry) -> io::Result<String> {
    // A larger one is not published.
    if file.version.size > MAX_FILE_BYTES {
        return Ok(file.version.to_string());
    }
    let path = root.join(file.key.as_str());
    with_content(file.version, &path).map_err(|error| named(&path, error))
}

/// What became of a source between two builds.
fn change(was: Option<&Arc<Source>>, is: Option<&Arc<Source>>) -> Option<Change> {
    match (was, is) {
        (None, None) => None,
        (None, Some(_)) => Some(Change::Added),
        (Some(_), None) => Some(Change::Removed),
        (Some(was), Some(is)) => {
            let same_bytes = is.effective != Effective::Opaque || was.content() == is.content();
            (was.effective != is.effective || !same_bytes).then_some(Change::Changed)
        }
    }
}
