//! A folder in, a folder out: `quillfront build`. The same core as publishing over S3, fed from
//! files.

mod incremental;
mod intent;
mod memory;
mod opened;
mod output;
mod verify;
mod version;
mod walk;
mod written;
pub use incremental::{Folders, Incremental, build_from, remembers};
pub use verify::differing;
pub use version::Version;
pub use walk::{FileEntry, SOURCE_FILES, SOURCE_FOLDERS, list};

use crate::bucket::observe::MAX_INPUT_BYTES;
use crate::fetch::{self, Budget, Web};
use output::Output;
use quillfront_headers::RULES_KEY;
use quillfront_render::effective::{self, SourceObservation};
use quillfront_render::evaluate::{
    self, Candidates, PreparedSite, Progress, Selection, Supply, Tree, Unready,
};
use quillfront_render::render::world::{Inputs, Settings};
use quillfront_render::search::Records;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{MAX_TEXT_BYTES, OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::{CONFIGS, Plan, Recipe};
use quillfront_site::quillfront_toml;
use quillfront_site::source::Sources;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// Reads a site's folder.
///
/// # Errors
/// A file cannot be read.
pub fn read(root: &Path) -> io::Result<(Sources, Vec<Diagnostic>)> {
    let (files, problems) = list(root)?;
    let mut sources = Sources::default();
    let opaque = |file: &FileEntry| Ok(file.version.to_string());
    effective::observe_all(&mut sources, look(root, files, opaque)?);
    Ok((sources, problems))
}

/// Reads texts; `opaque` says the version of any other file.
fn look(
    root: &Path,
    files: Vec<FileEntry>,
    opaque: impl Fn(&FileEntry) -> io::Result<String> + Sync,
) -> io::Result<Vec<(SourceKey, SourceObservation)>> {
    let look_at = |file: FileEntry| {
        let size = file.version.size;
        if !file.key.is_text() {
            let version = opaque(&file)?;
            return Ok((file.key, SourceObservation::Opaque { version, size }));
        }
        let FileEntry { key, version } = file;
        let version = version.to_string();
        let bytes = if size <= MAX_TEXT_BYTES {
            let path = root.join(key.as_str());
            Some(fs::read(&path).map_err(|error| named(&path, error))?)
        } else {
            None
        };
        let observed = SourceObservation::Text {
            version,
            size,
            bytes,
        };
        Ok((key, observed))
    };
    files.into_par_iter().map(look_at).collect()
}

/// Takes another configuration than the site's own, which it stands in for.
fn take_config(sources: &mut Sources, root: &Path, config: &Path) -> io::Result<()> {
    let path = root.join(config);
    let bytes = fs::read(&path).map_err(|error| named(&path, error))?;
    let (size, version) = (bytes.len() as u64, "given".to_owned());
    for key in CONFIGS {
        effective::observe(sources, &SourceKey::from(key), SourceObservation::Absent);
    }
    let given = SourceObservation::Text {
        version,
        size,
        bytes: Some(bytes),
    };
    effective::observe(sources, &SourceKey::from("config.toml"), given);
    Ok(())
}

/// What is wrong with a configuration that was given is told under its own name.
fn name_config(config: Option<&Path>, told: &mut [Diagnostic]) {
    let given = config.map(|path| path.display().to_string());
    let about_it = told.iter_mut().filter(|one| one.file == "config.toml");
    for (problem, given) in about_it.zip(given.iter().cycle()) {
        problem.file.clone_from(given);
    }
}

/// A folder keeps no last good text, and without one a `quillfront.toml` with a mistake in it would be
/// none: posts that its author wants held would be in the output. So nothing is built then, as without
/// a usable `config.toml`.
fn own_config_is_good(sources: &Sources) -> Result<(), Unready> {
    match sources.get(quillfront_toml::KEY) {
        Some(source) if !source.problems.is_empty() => {
            Err(Unready::BrokenConfig(source.problems.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Without a usable configuration, what is wrong with other files by themselves is told in the same
/// run.
fn unready(
    unready: Unready,
    sources: &Sources,
    problems: Vec<Diagnostic>,
    config: Option<&Path>,
) -> Unready {
    let Unready::BrokenConfig(mut told) = unready else {
        return unready;
    };
    told.extend(sources.iter().flat_map(|(_, one)| one.problems.clone()));
    told.extend(problems);
    name_config(config, &mut told);
    told.sort();
    told.dedup();
    Unready::BrokenConfig(told)
}

/// What a build is to tell beside what it did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tells {
    /// Why outputs were made again.
    pub why: bool,
    /// The headers of all outputs.
    pub headers: bool,
}

/// Evaluates a site's folder, with another configuration than its own where one is given, and
/// hands each object to `keep` as it is made, on several threads at once; `begin` comes before the
/// first. An object that gives way to a folder of the same name is not handed on.
///
/// # Errors
/// A file cannot be read, or what `begin` says. Without a configuration the inner result says so.
pub fn evaluate<Kept: Send>(
    root: &Path,
    config: Option<&Path>,
    settings: Settings,
    tells: Tells,
    begin: impl FnOnce() -> io::Result<()>,
    keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
) -> io::Result<Result<Tree<Kept>, Unready>> {
    let (mut sources, problems) = read(root)?;
    if let Some(config) = config {
        take_config(&mut sources, root, config)?;
    }
    let sources = Arc::new(sources);
    let now = settings.now;
    let begin_selection = || {
        own_config_is_good(&sources)?;
        let options = |_: &PreparedSite| evaluate::Options {
            tells_headers: tells.headers,
            ..evaluate::Options::default()
        };
        Selection::begin(sources.clone(), settings, now, Candidates::All, options)
    };
    let selection = match begin_selection() {
        Ok(selection) => selection,
        Err(why) => return Ok(Err(unready(why, &sources, problems, config))),
    };
    begin()?;
    let mut tree = render(selection, root, &sources, Arc::default, keep)?;
    tree.diagnostics.extend(problems);
    name_config(config, &mut tree.diagnostics);
    tree.diagnostics.sort();
    Ok(Ok(tree))
}

/// Renders a site with the files of a folder. `records` are those of earlier builds, if they are asked for.
/// Content that cannot be made is no part of the site: a folder keeps no earlier bytes of it.
fn render<Kept: Send>(
    mut selection: Selection<Option<Kept>>,
    root: &Path,
    sources: &Sources,
    mut records: impl FnMut() -> Arc<Records>,
    keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
) -> io::Result<Tree<Kept>> {
    let allowed = selection.allowed_hosts();
    let web = LazyLock::new(Web::new);
    let mut budget = Budget::new();
    let mut in_the_way = files_in_the_way(selection.plan());
    let mut rules = rules(selection.plan());
    loop {
        let is_file =
            |key: &OutputKey| !in_the_way.contains_key(key) && rules.as_ref() != Some(key);
        let keep_it = |key: &OutputKey, object| is_file(key).then(|| keep(key, object));
        let asked = match selection.step(keep_it) {
            Progress::Asks(asked) => asked,
            Progress::Again => {
                in_the_way = files_in_the_way(selection.plan());
                rules = self::rules(selection.plan());
                continue;
            }
            Progress::Ready => break,
        };
        let version = |key: &SourceKey| {
            let source = sources.get(key.as_str())?;
            Some((key.clone(), source.content().to_owned()))
        };
        selection.supply(Supply {
            versions: asked.files.iter().filter_map(version).collect(),
            files: inputs(root, asked.files)?,
            texts: texts(root, asked.texts)?,
            records: asked.records.then(&mut records),
            answers: if asked.requests.is_empty() {
                BTreeMap::new()
            } else {
                fetch::gather(&*web, asked.requests, &allowed, &mut budget)
            },
        });
    }
    let mut tree = selection.finish().map(|objects| {
        let kept = objects.into_iter();
        kept.filter_map(|(key, kept)| Some((key, kept?))).collect()
    });
    let (left_out, problems): (Vec<OutputKey>, Vec<Diagnostic>) = in_the_way.into_iter().unzip();
    tree.diagnostics.extend(problems);
    for key in left_out.into_iter().chain(rules) {
        // Known or not, there is no file of it.
        tree.graph.outputs.remove(&key);
        tree.headers.remove(&key);
        tree.nothing.insert(key);
    }
    Ok(tree)
}

/// What the edge is told of the site, which is no file of a folder.
fn rules(plan: &Plan) -> Option<OutputKey> {
    let rules = plan.get_key_value(RULES_KEY);
    let rules = rules.filter(|(_, planned)| planned.recipe == Recipe::Rules);
    rules.map(|(key, _)| key.clone())
}

/// Reads texts that were read before.
fn texts(root: &Path, keys: BTreeSet<SourceKey>) -> io::Result<BTreeMap<SourceKey, Arc<str>>> {
    let keys: Vec<SourceKey> = keys.into_iter().collect();
    let read = |key: SourceKey| {
        let path = root.join(key.as_str());
        let text = fs::read_to_string(&path).map_err(|error| named(&path, error))?;
        Ok((key, Arc::from(text)))
    };
    keys.into_par_iter().map(read).collect()
}

/// In S3 `about` and `about/index.html` stand side by side; in a folder one has to give way.
fn files_in_the_way(plan: &Plan) -> BTreeMap<OutputKey, Diagnostic> {
    let is_folder = |key: &str| {
        let below = format!("{key}/");
        let mut after = plan.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded));
        after
            .next()
            .is_some_and(|(other, _)| other.as_str().starts_with(&below))
    };
    // Hardly anything lies below what is called like a page, and most files are: those are asked for only
    // where it is so.
    const PAGE: &str = "/index.html";
    let below_pages = plan.keys().any(|key| key.as_str().contains("/index.html/"));
    let may_be_folder = |key: &str| below_pages || !key.ends_with(PAGE);
    plan.iter()
        .filter(|(key, _)| may_be_folder(key.as_str()) && is_folder(key.as_str()))
        .map(|(key, planned)| {
            let message = format!("`{key}` is also a folder with pages in it");
            let problem = Diagnostic::error("collision", planned.source.as_str(), message);
            (key.clone(), problem.hint("give the file another name"))
        })
        .collect()
}

fn inputs(root: &Path, keys: BTreeSet<SourceKey>) -> io::Result<Inputs> {
    let root = root.canonicalize()?;
    let read = |key: SourceKey| {
        let path = root.join(key.as_str());
        // A link may lead out of the folder; such a file is not there.
        let inside = path
            .canonicalize()
            .is_ok_and(|path| path.starts_with(&root));
        let small =
            fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_INPUT_BYTES);
        let bytes = if inside && small {
            Some(fs::read(&path)?.into())
        } else {
            None
        };
        Ok((key, bytes))
    };
    keys.into_iter().map(read).collect()
}

/// What a build of a whole site did.
pub struct Built {
    /// The tree; of each object, how many bytes were made for its file, 0 where a source was copied: None
    /// where the very same file was there.
    pub tree: Tree<Option<u64>>,
    /// Files that were removed.
    pub removed: BTreeSet<OutputKey>,
}

/// Builds a site's folder into `out`, in place of what is there: files that come out the same stay
/// untouched, and those that the site does not have are removed last. Each object is written as soon as
/// it is made, so that memory does not grow with the tree. Nothing is touched without a configuration.
///
/// # Errors
/// A file cannot be read or written; the error names it.
pub fn build(
    root: &Path,
    config: Option<&Path>,
    settings: Settings,
    out: &Path,
    keep_dotfiles: bool,
    tells: Tells,
) -> io::Result<Result<Built, Unready>> {
    let output = Output::new(root, out);
    let begin = || output.begin();
    let put = |key: &OutputKey, object: Object| output.put(key, &object);
    let mut tree = match evaluate(root, config, settings, tells, begin, put)? {
        Ok(tree) => tree,
        Err(unready) => return Ok(Err(unready)),
    };
    let written = std::mem::take(&mut tree.objects).into_iter();
    let written = written.map(|(key, made)| Ok((key, made?)));
    let written: BTreeMap<OutputKey, Option<u64>> = written.collect::<io::Result<_>>()?;
    let removed = output.remove_extra(&written, keep_dotfiles)?;
    output.withdraw(&tree.withdrawn, &written)?;
    output.finish()?;
    let tree = tree.map(|_| written);
    Ok(Ok(Built { tree, removed }))
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension("half");
    fs::write(&half, bytes)
        .and_then(|()| fs::rename(&half, path))
        .map_err(|error| named(path, error))
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
