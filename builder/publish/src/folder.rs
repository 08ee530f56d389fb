//! A folder in, a folder out: `quillfront build`. The same core as publishing over S3, fed from
//! files.

mod incremental;
mod intent;
mod opened;
mod output;
mod verify;
mod version;
mod written;
pub use incremental::{Folders, Incremental, build_from, remembers};
pub use verify::differing;
pub use version::Version;

use crate::bucket::observe::MAX_INPUT_BYTES;
use crate::fetch::{self, Budget, Web};
use opened::{Links, Opened};
use output::Output;
use quillfront_render::effective::{self, Observed};
use quillfront_render::evaluate::{self, Evaluation, Prepared, Supplied, Tree, Unready};
use quillfront_render::render::world::{Inputs, Settings};
use quillfront_render::search::Records;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{MAX_TEXT_BYTES, OutputKey, Role, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::{CONFIGS, Plan};
use quillfront_site::quillfront_toml;
use quillfront_site::source::Sources;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// Folders of a site that are sources; other files are read only where a template names them.
pub const SOURCE_FOLDERS: [&str; 6] = ["content", "data", "sass", "static", "templates", "themes"];
/// Files at the root that are sources, beside data files that a template names.
pub const SOURCE_FILES: [&str; 3] = ["config.toml", "quillfront.toml", "zola.toml"];
/// Folders below folders.
const MAX_DEPTH: usize = 64;

/// A file of a site's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its key.
    pub key: SourceKey,
    /// Which of its versions it is.
    pub version: Version,
}

/// The sources of a site's folder, by key.
///
/// Symbolic links are followed where they stay inside the folder; others are left out with a
/// diagnostic, so that a site's folder never publishes what lies outside of it.
///
/// # Errors
/// The folder cannot be read.
pub fn list(root: &Path) -> io::Result<(Vec<FileEntry>, Vec<Diagnostic>)> {
    let mut walk = Walk {
        root: root.canonicalize()?,
        follows: true,
        linked: AtomicUsize::new(0),
    };
    let all = walk.all(root)?;
    if walk.linked.load(Ordering::Relaxed) <= MAX_LINKED {
        return Ok((all.files, all.problems));
    }
    // What was left out depends on who came first: once more, without them.
    walk.follows = false;
    let mut all = walk.all(root)?;
    let message = format!("more than {MAX_LINKED} files and folders are reached through links");
    let hint = "links to folders are ignored, because links between folders multiply; put the \
                files themselves there";
    all.problems
        .push(Diagnostic::error("link", "config.toml", message).hint(hint));
    Ok((all.files, all.problems))
}

/// Files and folders that may be reached through links to folders.
const MAX_LINKED: usize = 200_000;

impl Walk {
    fn all(&self, root: &Path) -> io::Result<Found> {
        let names: Vec<&str> = SOURCE_FILES.into_iter().chain(SOURCE_FOLDERS).collect();
        let top = Opened::new(root).map_err(|error| named(root, error))?;
        let visit = |name: &str| {
            let mut found = Found::default();
            if let Ok(meta) = fs::symlink_metadata(root.join(name)) {
                let entry = Entry {
                    key: SourceKey::from(name),
                    kind: meta.file_type(),
                };
                self.visit(
                    &top,
                    root,
                    entry,
                    Way {
                        depth: 0,
                        linked: false,
                    },
                    &mut found,
                )?;
            }
            Ok(found)
        };
        let found = names.into_par_iter().map(visit);
        let mut all = Found::of(found.collect::<io::Result<_>>()?);
        all.files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }
}

/// How a folder was come to.
#[derive(Clone, Copy)]
struct Way {
    depth: usize,
    /// True through a link.
    linked: bool,
}

/// What was found in a folder.
#[derive(Default)]
struct Found {
    files: Vec<FileEntry>,
    problems: Vec<Diagnostic>,
}

impl Found {
    fn of(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        let files = parts.iter().map(|part| part.files.len());
        all.files.reserve_exact(files.sum());
        for part in parts {
            all.files.extend(part.files);
            all.problems.extend(part.problems);
        }
        all
    }
}

/// A name in a folder.
struct Entry {
    key: SourceKey,
    kind: fs::FileType,
}

struct Walk {
    root: PathBuf,
    /// True where links to folders are followed.
    follows: bool,
    /// What was reached through them.
    linked: AtomicUsize,
}

/// Entries of a folder that one thread looks at in a row.
const ENTRIES_IN_A_ROW: usize = 64;

impl Walk {
    /// Adds what is under a name in a folder, whose path is `path`.
    fn visit(
        &self,
        folder: &Opened,
        path: &Path,
        entry: Entry,
        way: Way,
        found: &mut Found,
    ) -> io::Result<()> {
        let Entry { key, kind } = entry;
        let path = || path.join(key.name());
        if kind.is_dir() {
            return self.visit_folder(&path(), key.as_str(), way, found);
        }
        if kind.is_symlink() {
            let path = path();
            if let Err(problem) = self.may_follow(&path, key.as_str()) {
                found.problems.push(problem);
                return Ok(());
            }
            if path.is_dir() {
                let way = Way {
                    linked: true,
                    ..way
                };
                return if self.follows {
                    self.visit_folder(&path, key.as_str(), way, found)
                } else {
                    Ok(())
                };
            }
        }
        let version = match folder.file(key.name(), Links::Follow) {
            Ok(version) => version,
            // Removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(named(&path(), error)),
        };
        if let Some(version) = version.filter(|_| key.role() != Role::Ignored) {
            found.files.push(FileEntry { key, version });
        }
        Ok(())
    }

    /// Adds what is in a folder.
    fn visit_folder(&self, path: &Path, key: &str, way: Way, found: &mut Found) -> io::Result<()> {
        if way.depth == MAX_DEPTH {
            let message = format!("folders are nested more than {MAX_DEPTH} deep");
            let problem = Diagnostic::error("folder", key, message);
            found.problems.push(problem);
            return Ok(());
        }
        let opened = fs::read_dir(path).and_then(|names| Ok((names, Opened::new(path)?)));
        let (names, folder) = match opened {
            Ok(opened) => opened,
            // Removed since it was looked at.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(named(path, error)),
        };
        let mut below = format!("{key}/");
        let mut entries = Vec::new();
        for name in names {
            let (name, kind) = name
                .and_then(|name| Ok((name.file_name(), name.file_type()?)))
                .map_err(|error| named(path, error))?;
            let Some(name) = name.to_str() else {
                let message = format!("the name `{}` is not UTF-8", name.to_string_lossy());
                let problem = Diagnostic::error("folder", key, message).hint("rename the file");
                found.problems.push(problem);
                continue;
            };
            below.truncate(key.len() + 1);
            below.push_str(name);
            let key = SourceKey::from(below.as_str());
            entries.push(Entry { key, kind });
        }
        if way.linked {
            let reached = self.linked.fetch_add(1 + entries.len(), Ordering::Relaxed);
            if reached > MAX_LINKED {
                return Ok(());
            }
        }
        let way = Way {
            depth: way.depth + 1,
            ..way
        };
        let parts = entries.into_par_iter().chunks(ENTRIES_IN_A_ROW);
        let parts = parts.map(|entries| {
            let mut found = Found::default();
            found.files.reserve(entries.len());
            for entry in entries {
                self.visit(&folder, path, entry, way, &mut found)?;
            }
            Ok(found)
        });
        let all = Found::of(parts.collect::<io::Result<_>>()?);
        found.files.extend(all.files);
        found.problems.extend(all.problems);
        Ok(())
    }

    /// What is wrong with a link, if it may not be followed.
    fn may_follow(&self, path: &Path, key: &str) -> Result<(), Diagnostic> {
        let message = match path.canonicalize() {
            Err(error) => format!("this link points nowhere: {error}"),
            Ok(target) if !target.starts_with(&self.root) => {
                "this link points outside the site's folder".to_owned()
            }
            Ok(target)
                if path.parent().is_some_and(|above| {
                    above
                        .canonicalize()
                        .is_ok_and(|above| above.starts_with(&target))
                }) =>
            {
                "this link points to a folder that contains it".to_owned()
            }
            Ok(_) => return Ok(()),
        };
        let hint = "the link is ignored; put the file itself here";
        Err(Diagnostic::error("link", key, message).hint(hint))
    }
}

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
) -> io::Result<Vec<(SourceKey, Observed)>> {
    let look_at = |file: FileEntry| {
        let size = file.version.size;
        if !file.key.is_text() {
            let version = opaque(&file)?;
            return Ok((file.key, Observed::Opaque { version, size }));
        }
        let FileEntry { key, version } = file;
        let version = version.to_string();
        let bytes = if size <= MAX_TEXT_BYTES {
            let path = root.join(key.as_str());
            Some(fs::read(&path).map_err(|error| named(&path, error))?)
        } else {
            None
        };
        let observed = Observed::Text {
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
        effective::observe(sources, &SourceKey::from(key), Observed::Absent);
    }
    let given = Observed::Text {
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
    begin: impl FnOnce() -> io::Result<()>,
    keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
) -> io::Result<Result<Tree<Kept>, Unready>> {
    let (mut sources, problems) = read(root)?;
    if let Some(config) = config {
        take_config(&mut sources, root, config)?;
    }
    let sources = Arc::new(sources);
    let site = match own_config_is_good(&sources)
        .and_then(|()| Prepared::new(sources.clone(), settings))
    {
        Ok(site) => site,
        Err(why) => return Ok(Err(unready(why, &sources, problems, config))),
    };
    begin()?;
    let options = evaluate::Options::default();
    let mut tree = render(site, options, root, &sources, Arc::default, keep)?;
    tree.diagnostics.extend(problems);
    name_config(config, &mut tree.diagnostics);
    tree.diagnostics.sort();
    Ok(Ok(tree))
}

/// Renders a site with the files of a folder. `records` are those of earlier builds, if they are asked for.
fn render<Kept: Send>(
    site: Prepared,
    options: evaluate::Options,
    root: &Path,
    sources: &Sources,
    mut records: impl FnMut() -> Arc<Records>,
    keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
) -> io::Result<Tree<Kept>> {
    let in_the_way = files_in_the_way(site.plan());
    let allowed = site.allowed_hosts();
    let mut evaluation: Evaluation<Option<Kept>> = site.evaluate(options);
    let keep = |key: &OutputKey, object| (!in_the_way.contains_key(key)).then(|| keep(key, object));
    let web = LazyLock::new(Web::new);
    let mut budget = Budget::new();
    loop {
        let asked = evaluation.step(keep);
        if asked.is_empty() {
            break;
        }
        let version = |key: &SourceKey| {
            let source = sources.get(key.as_str())?;
            Some((key.clone(), source.content().to_owned()))
        };
        evaluation.supply(Supplied {
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
    let mut tree = evaluation.finish().map(|objects| {
        let kept = objects.into_iter();
        kept.filter_map(|(key, kept)| Some((key, kept?))).collect()
    });
    for (key, problem) in in_the_way {
        tree.diagnostics.push(problem);
        // Known or not, there is no file of it.
        tree.graph.outputs.remove(&key);
        tree.nothing.insert(key);
    }
    Ok(tree)
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
) -> io::Result<Result<Built, Unready>> {
    let output = Output::new(root, out);
    let begin = || output.begin();
    let put = |key: &OutputKey, object: Object| output.put(key, &object);
    let mut tree = match evaluate(root, config, settings, begin, put)? {
        Ok(tree) => tree,
        Err(unready) => return Ok(Err(unready)),
    };
    let written = std::mem::take(&mut tree.objects).into_iter();
    let written = written.map(|(key, made)| Ok((key, made?)));
    let written: BTreeMap<OutputKey, Option<u64>> = written.collect::<io::Result<_>>()?;
    let removed = output.remove_extra(&written, keep_dotfiles)?;
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
