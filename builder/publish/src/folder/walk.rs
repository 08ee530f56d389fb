//! Looking at the files of a site's folder. Links inside it are followed.

use super::named;
use super::opened::{Links, OpenFolder};
use super::version::Version;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{Role, SourceKey};
use rayon::prelude::*;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Folders of a site that are sources; other files are read only where a template names them.
pub const SOURCE_FOLDERS: [&str; 6] = ["content", "data", "sass", "static", "templates", "themes"];

/// Files at the root that are sources, beside data files that a template names.
pub const SOURCE_FILES: [&str; 3] = ["config.toml", "quillfront.toml", "zola.toml"];

/// Folders below folders.
pub(super) const MAX_DEPTH: usize = 64;

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
pub(super) const MAX_LINKED: usize = 200_000;

/// How a folder was come to.
#[derive(Clone, Copy)]
pub(super) struct Way {
    depth: usize,
    /// True through a link.
    linked: bool,
}

/// What was found in a folder.
#[derive(Default)]
pub(super) struct FolderContents {
    files: Vec<FileEntry>,
    problems: Vec<Diagnostic>,
}

impl FolderContents {
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
pub(super) struct Entry {
    key: SourceKey,
    kind: fs::FileType,
}

pub(super) struct Walk {
    root: PathBuf,
    /// True where links to folders are followed.
    follows: bool,
    /// What was reached through them.
    linked: AtomicUsize,
}

/// Entries of a folder that one thread looks at in a row.
pub(super) const ENTRIES_IN_A_ROW: usize = 64;

impl Walk {
    fn all(&self, root: &Path) -> io::Result<FolderContents> {
        let names: Vec<&str> = SOURCE_FILES.into_iter().chain(SOURCE_FOLDERS).collect();
        let top = OpenFolder::new(root).map_err(|error| named(root, error))?;
        let visit = |name: &str| {
            let mut found = FolderContents::default();
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
        let mut all = FolderContents::of(found.collect::<io::Result<_>>()?);
        all.files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }
}

impl Walk {
    /// Adds what is under a name in a folder, whose path is `path`.
    fn visit(
        &self,
        folder: &OpenFolder,
        path: &Path,
        entry: Entry,
        way: Way,
        found: &mut FolderContents,
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
    fn visit_folder(
        &self,
        path: &Path,
        key: &str,
        way: Way,
        found: &mut FolderContents,
    ) -> io::Result<()> {
        if way.depth == MAX_DEPTH {
            let message = format!("folders are nested more than {MAX_DEPTH} deep");
            let problem = Diagnostic::error("folder", key, message);
            found.problems.push(problem);
            return Ok(());
        }
        let opened = fs::read_dir(path).and_then(|names| Ok((names, OpenFolder::new(path)?)));
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
            let mut found = FolderContents::default();
            found.files.reserve(entries.len());
            for entry in entries {
                self.visit(&folder, path, entry, way, &mut found)?;
            }
            Ok(found)
        });
        let all = FolderContents::of(parts.collect::<io::Result<_>>()?);
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
