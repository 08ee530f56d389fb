//! The site's folder, found from a folder inside of it (site model, section 2).

use crate::args::{Command, Global};
use crate::connect::data_folder;
use crate::show;
use std::path::{Component, Path, PathBuf};

const CONFIGS: [&str; 2] = ["zola.toml", "config.toml"];

/// Where version control systems keep a folder's history.
pub const HISTORIES: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// Goes up from `--root` to the folder with the configuration, for commands that work on one.
///
/// `serve` may start without a configuration, which is uploaded later: it goes up only from the
/// current folder, not from one that was named.
pub fn find(global: &mut Global, command: &Command) {
    let goes_up = match command {
        Command::Build(_) | Command::Check(_) => true,
        Command::Serve(_)
        | Command::Status(_)
        | Command::Explain(_)
        | Command::Plan(_)
        | Command::Approve(_)
        | Command::Effective(_)
        | Command::Package(_)
        | Command::Publish(_)
        | Command::Thumb(_)
        | Command::Sign(_) => global.root == Path::new("."),
        _ => false,
    };
    if global.config.is_some() || !goes_up {
        return;
    }
    if let Some(above) = above(&global.root) {
        show::note(&format!("the site is in {}", above.display()));
        global.root = above;
    }
}

/// Whether a folder has a configuration.
pub fn has_config(folder: &Path) -> bool {
    CONFIGS.iter().any(|name| folder.join(name).is_file())
}

/// The nearest folder above `root` with a configuration; none where `root` has one itself, or a
/// `serve` has its data there.
fn above(root: &Path) -> Option<PathBuf> {
    if has_config(root) || data_folder(root, None).is_dir() {
        return None;
    }
    let root = root.canonicalize().ok()?;
    let found = root.ancestors().skip(1).find(|folder| has_config(folder))?;
    Some(found.to_owned())
}

/// The key that a file has in the site: named from the current folder, or else from the site's. None
/// where it is not inside of the site's folder.
pub fn key_of(root: &Path, file: &Path) -> Option<String> {
    let root = resolve(root).ok()?;
    let inside = |path: &Path| {
        resolve(path)
            .ok()?
            .strip_prefix(&root)
            .ok()
            .map(Path::to_owned)
    };
    let found = match file.exists() {
        true => inside(file),
        // What is gone may be meant from either; what is in the site's folder goes first.
        false if root.join(file).exists() => inside(&root.join(file)),
        false => inside(file).or_else(|| inside(&root.join(file))),
    };
    let found = found?;
    let parts: Option<Vec<&str>> = found.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/")).filter(|key| !key.is_empty())
}

/// Where a path leads, whether or not something is there yet: absolute, and with links followed as
/// far as there is a way.
///
/// # Errors
/// The path is empty, or there is no current folder.
pub fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let there = path
        .ancestors()
        .find_map(|part| Some((part.canonicalize().ok()?, path.strip_prefix(part).ok()?)));
    let Some((mut resolved, rest)) = there else {
        return Ok(path);
    };
    // What is yet to be made has no links.
    for part in rest.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_path_is_resolved_before_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        let resolved = |path: &str| resolve(&root.join(path)).unwrap();
        assert_eq!(resolved("link"), root.join("real"));
        assert_eq!(resolved("link/new/deeper"), root.join("real/new/deeper"));
        assert_eq!(resolved("new/../link/x"), root.join("link/x"));
        assert_eq!(resolved("real/../x"), root.join("x"));
        assert_eq!(resolved(""), root);
    }

    #[test]
    fn a_file_has_the_key_of_its_place_in_the_site() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("content")).unwrap();
        std::fs::write(root.join("content/a.md"), "").unwrap();
        let key = |path: &str| key_of(&root, Path::new(path));
        assert_eq!(key("content/a.md").as_deref(), Some("content/a.md"));
        assert_eq!(key("./content/a.md").as_deref(), Some("content/a.md"));
        let whole = root.join("content/gone.md");
        assert_eq!(
            key(whole.to_str().unwrap()).as_deref(),
            Some("content/gone.md")
        );
        assert_eq!(key("content/gone.md").as_deref(), Some("content/gone.md"));
        assert_eq!(key("/etc/passwd"), None);
        assert_eq!(key("../content/a.md"), None);
    }

    #[test]
    fn the_configuration_is_looked_for_above() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().canonicalize().unwrap();
        let inner = site.join("content/blog");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(site.join("zola.toml"), "").unwrap();
        assert_eq!(above(&inner), Some(site.clone()));
        assert_eq!(above(&site), None);
        std::fs::write(inner.join("config.toml"), "").unwrap();
        assert_eq!(above(&inner), None);
    }
}
