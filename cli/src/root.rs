//! The site's folder, found from a folder inside of it (site model, section 2).

use crate::args::{Command, Global};
use crate::connect::data_folder;
use crate::show;
use std::path::{Path, PathBuf};

const CONFIGS: [&str; 2] = ["zola.toml", "config.toml"];

/// Goes up from `--root` to the folder with the configuration, for commands that work on one.
///
/// `serve` may start without a configuration, which is uploaded later: it goes up only from the
/// current folder, not from one that was named.
pub fn find(global: &mut Global, command: &Command) {
    let goes_up = match command {
        Command::Build(_) | Command::Check(_) => true,
        Command::Serve(_) | Command::Status(_) | Command::Approve(_) | Command::Effective(_) => {
            global.root == Path::new(".")
        }
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

/// The nearest folder above `root` with a configuration; none where `root` has one itself, or a
/// `serve` has its data there.
fn above(root: &Path) -> Option<PathBuf> {
    let has_config = |folder: &Path| CONFIGS.iter().any(|name| folder.join(name).is_file());
    if has_config(root) || data_folder(root, None).is_dir() {
        return None;
    }
    let root = root.canonicalize().ok()?;
    let found = root.ancestors().skip(1).find(|folder| has_config(folder))?;
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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
