//! A folder in, a folder out: `quillfront build`. The same core as publishing over S3, fed from
//! files.

mod incremental;
mod opened;
pub use incremental::{Folders, Incremental, build_from, remembers};

use crate::diagnostic::Diagnostic;
use crate::evaluate::{Evaluation, Tree, Unready};
use crate::fetch::{self, Budget, Web};
use crate::key::{MAX_TEXT_BYTES, OutputKey, Role, SourceKey};
use crate::object::{Body, Object};
use crate::plan::{CONFIGS, Plan};
use crate::publish::observe::MAX_INPUT_BYTES;
use crate::quillfront_toml;
use crate::render::world::{Inputs, Settings};
use crate::search::Records;
use crate::source::{Observed, Sources};
use opened::Opened;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
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
    let walk = Walk {
        root: root.canonicalize()?,
    };
    let names: Vec<&str> = SOURCE_FILES.into_iter().chain(SOURCE_FOLDERS).collect();
    let top = Opened::new(root).map_err(|error| named(root, error))?;
    let visit = |name: &str| {
        let mut found = Found::default();
        if let Ok(meta) = fs::symlink_metadata(root.join(name)) {
            let entry = Entry {
                key: SourceKey::from(name),
                kind: meta.file_type(),
            };
            walk.visit(&top, root, entry, 0, &mut found)?;
        }
        Ok(found)
    };
    let found = names.into_par_iter().map(visit);
    let mut all = Found::of(found.collect::<io::Result<_>>()?);
    all.files.sort_by(|a, b| a.key.cmp(&b.key));
    Ok((all.files, all.problems))
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
        depth: usize,
        found: &mut Found,
    ) -> io::Result<()> {
        let Entry { key, kind } = entry;
        let path = || path.join(key.name());
        if kind.is_dir() {
            return self.visit_folder(&path(), key.as_str(), depth, found);
        }
        if kind.is_symlink() {
            let path = path();
            if let Err(problem) = self.may_follow(&path, key.as_str()) {
                found.problems.push(problem);
                return Ok(());
            }
            if path.is_dir() {
                return self.visit_folder(&path, key.as_str(), depth, found);
            }
        }
        let version = match folder.file(key.name()) {
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
    fn visit_folder(
        &self,
        path: &Path,
        key: &str,
        depth: usize,
        found: &mut Found,
    ) -> io::Result<()> {
        if depth == MAX_DEPTH {
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
        let parts = entries.into_par_iter().chunks(ENTRIES_IN_A_ROW);
        let parts = parts.map(|entries| {
            let mut found = Found::default();
            found.files.reserve(entries.len());
            for entry in entries {
                self.visit(&folder, path, entry, depth + 1, &mut found)?;
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
            Err(error) => format!("this link leads nowhere: {error}"),
            Ok(target) if !target.starts_with(&self.root) => {
                "this link leads out of the site's folder".to_owned()
            }
            Ok(target)
                if path.parent().is_some_and(|above| {
                    above
                        .canonicalize()
                        .is_ok_and(|above| above.starts_with(&target))
                }) =>
            {
                "this link leads to a folder that it is in".to_owned()
            }
            Ok(_) => return Ok(()),
        };
        let hint = "put the file itself here; the link is left out";
        Err(Diagnostic::error("link", key, message).hint(hint))
    }
}

/// Changes whenever a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Bytes.
    pub size: u64,
    /// When it was written, in nanoseconds of Unix time.
    pub modified: u64,
}

impl Version {
    fn of(meta: &fs::Metadata) -> io::Result<Self> {
        let since = meta.modified()?.duration_since(std::time::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        Ok(Self {
            size: meta.len(),
            modified: Self::nanos(i128::try_from(nanos).unwrap_or(i128::MAX)),
        })
    }

    /// Times before 1970, and those that are out of reach, are all one.
    fn nanos(since_1970: i128) -> u64 {
        u64::try_from(since_1970.max(0)).unwrap_or(u64::MAX)
    }

    /// True where a text says the same version: as it is written now, or in decimal with a dash, as it
    /// once was.
    pub fn is(self, text: &str) -> bool {
        let (radix, parts) = match text.split_once('.') {
            Some(parts) => (16, Some(parts)),
            None => (10, text.split_once('-')),
        };
        let says = |digits: &str, number: u64| {
            u64::from_str_radix(digits, radix).is_ok_and(|said| said == number)
        };
        parts.is_some_and(|(size, modified)| says(size, self.size) && says(modified, self.modified))
    }
}

/// Size and time in hexadecimal: short enough to stand in its place ([`smol_str::SmolStr`]).
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}", self.size, self.modified)
    }
}

/// Reads a site's folder.
///
/// # Errors
/// A file cannot be read.
pub fn read(root: &Path) -> io::Result<(Sources, Vec<Diagnostic>)> {
    let (files, problems) = list(root)?;
    let mut sources = Sources::default();
    sources.observe_all(look(root, files)?);
    Ok((sources, problems))
}

/// Reads files.
fn look(root: &Path, files: Vec<FileEntry>) -> io::Result<Vec<(SourceKey, Observed)>> {
    let look_at = |file: FileEntry| {
        let FileEntry { key, version } = file;
        let (size, version) = (version.size, version.to_string());
        if !key.is_text() {
            return Ok((key, Observed::Opaque { version, size }));
        }
        let bytes = match size <= MAX_TEXT_BYTES {
            true => {
                let path = root.join(key.as_str());
                Some(fs::read(&path).map_err(|error| named(&path, error))?)
            }
            false => None,
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
        sources.observe(&SourceKey::from(key), Observed::Absent);
    }
    let given = Observed::Text {
        version,
        size,
        bytes: Some(bytes),
    };
    sources.observe(&SourceKey::from("config.toml"), given);
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
    let evaluation = match own_config_is_good(&sources)
        .and_then(|()| Evaluation::new(sources.clone(), settings))
    {
        Ok(evaluation) => evaluation,
        Err(why) => return Ok(Err(unready(why, &sources, problems, config))),
    };
    begin()?;
    let in_the_way = files_in_the_way(evaluation.plan());
    let mut tree = finish(evaluation, root, &sources, in_the_way, Arc::default, keep)?;
    tree.diagnostics.extend(problems);
    name_config(config, &mut tree.diagnostics);
    tree.diagnostics.sort();
    Ok(Ok(tree))
}

/// Drives an evaluation to its end, with the files of a folder. There are no files of outputs that are
/// `in_the_way`; `records` are those of earlier builds, if it asks for them.
fn finish<Kept: Send>(
    mut evaluation: Evaluation<Option<Kept>>,
    root: &Path,
    sources: &Sources,
    in_the_way: BTreeMap<OutputKey, Diagnostic>,
    mut records: impl FnMut() -> Arc<Records>,
    keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
) -> io::Result<Tree<Kept>> {
    let keep = |key: &OutputKey, object| (!in_the_way.contains_key(key)).then(|| keep(key, object));
    let web = LazyLock::new(Web::new);
    let mut budget = Budget::new();
    loop {
        let needs = evaluation.step(keep);
        if needs.is_empty() {
            break;
        }
        let version = |key: &SourceKey| {
            let source = sources.get(key.as_str())?;
            Some((key.clone(), source.version.to_string()))
        };
        let versions = needs.files.iter().filter_map(version).collect();
        evaluation.supply_versions(inputs(root, needs.files)?, &versions);
        if !needs.texts.is_empty() {
            evaluation.supply_texts(texts(root, needs.texts)?);
        }
        if needs.records {
            evaluation.supply_records(records());
        }
        if !needs.requests.is_empty() {
            let allowed = evaluation.allowed_hosts();
            let answers = fetch::gather(&*web, needs.requests, &allowed, &mut budget);
            evaluation.supply_answers(answers);
        }
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
    plan.iter()
        .filter(|(key, _)| !key.as_str().ends_with("/index.html") && is_folder(key.as_str()))
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

/// What is told of an object once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes that were made; 0 where a source was copied.
    pub made: u64,
}

/// Builds a site's folder into `out`, in place of what is there. Each object is written as soon as
/// it is made, so that memory does not grow with the tree. Nothing is touched without a
/// configuration.
///
/// # Errors
/// A file cannot be read or written; the error names it.
pub fn build(
    root: &Path,
    config: Option<&Path>,
    settings: Settings,
    out: &Path,
    keep_dotfiles: bool,
) -> io::Result<Result<Tree<Written>, Unready>> {
    let write = |key: &OutputKey, object: Object| {
        let made = write(root, out, key, &object)?;
        Ok::<_, io::Error>(Written { made })
    };
    let begin = || clean(out, keep_dotfiles);
    let mut tree = match evaluate(root, config, settings, begin, write)? {
        Ok(tree) => tree,
        Err(unready) => return Ok(Err(unready)),
    };
    let written = std::mem::take(&mut tree.objects).into_iter();
    let written = written.map(|(key, written)| Ok((key, written?)));
    let written = written.collect::<io::Result<_>>()?;
    Ok(Ok(tree.map(|_| written)))
}

/// Writes an object; returns the bytes that were made for it.
fn write(root: &Path, out: &Path, key: &OutputKey, object: &Object) -> io::Result<u64> {
    let path = out.join(key.as_str());
    let attempt = || match &object.body {
        Body::Bytes(bytes) => fs::write(&path, bytes),
        Body::Copy { source, .. } => fs::copy(root.join(source.as_str()), &path).map(|_| ()),
    };
    let made = match &object.body {
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Copy { .. } => 0,
    };
    // Most pages have a folder of their own, that is yet to be made.
    let folder = path.parent().unwrap_or(out);
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(folder),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
    .and_then(|()| attempt())
    .map_err(|error| named(&path, error))?;
    Ok(made)
}

fn clean(out: &Path, keep_dotfiles: bool) -> io::Result<()> {
    if !out.exists() {
        return fs::create_dir_all(out).map_err(|error| named(out, error));
    }
    for entry in fs::read_dir(out).map_err(|error| named(out, error))? {
        let entry = entry?;
        if keep_dotfiles && entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let removed = if entry.file_type()?.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(|error| named(&path, error))?;
    }
    Ok(())
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_text_alone() {
        let version = |size, modified| Version { size, modified };
        let largest = version(u64::MAX, u64::MAX);
        for one in [
            version(0, 0),
            version(26, 1_795_900_000_123_456_789),
            largest,
        ] {
            assert!(one.is(&one.to_string()), "{one}");
            assert!(!version(1, 1).is(&one.to_string()), "{one}");
        }
        assert!(version(26, 17).is("26-17") && !version(26, 17).is("1a-11"));
        for other in ["", "1", "1.", "1.1.1", "given", "\"1.1\"", "1.g", "1.-1"] {
            assert!(!version(1, 1).is(other), "{other}");
        }
    }
}
