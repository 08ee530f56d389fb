//! Where a build may go: never over the site itself, its state, or what others keep in a folder.

use crate::args::{self, Global};
use crate::connect::data_folder;
use crate::exit::UsageError;
use crate::root::{self, HISTORIES};
use anyhow::Result;
use quillfront_publish::folder::{self, Folders};
use quillfront_render::render::world::Settings;
use quillfront_site::config::Config;
use std::path::{Component, Path, PathBuf};

/// Where a build goes.
#[derive(Debug)]
pub(super) struct Output {
    /// The folder.
    pub(super) path: PathBuf,
    /// Whether hidden files in it stay.
    pub(super) keep_dotfiles: bool,
}

impl Output {
    /// Where the site goes. A folder that was named is only emptied when asked to; the one of the
    /// configuration is the site's own.
    pub(super) fn choose(
        global: &Global,
        options: &args::Build,
        settings: &Settings,
    ) -> Result<Self> {
        let config = read_config(global);
        let keep_dotfiles = config
            .as_ref()
            .is_some_and(|c| c.preserve_dotfiles_in_output);
        let given = options.output_dir.as_deref();
        let named = given.map_or_else(
            || config.map_or_else(|| "public".into(), |config| config.output_dir.into()),
            Path::to_owned,
        );
        let shown = if given.is_some() {
            named.clone()
        } else {
            global.root.join(&named)
        };
        let refused = |why: &str| {
            let from = if given.is_some() {
                ""
            } else {
                "output_dir of the configuration: "
            };
            UsageError(format!("{from}{} {why}", shown.display()))
        };
        if named.components().next() == Some(Component::Normal("~".as_ref())) {
            return Err(refused("has a `~`, which is not expanded; write the path out").into());
        }
        let root = global.root.canonicalize()?;
        let path = root::resolve(&shown)?;
        if let Some(why) = never_an_output(&path, &root, global) {
            return Err(refused(&format!("{why}; name a separate folder, such as public")).into());
        }
        if path.exists() && !path.is_dir() {
            return Err(refused("is not a folder").into());
        }
        let mut histories = HISTORIES.iter().map(|name| path.join(name));
        let remembered = match &options.state {
            None => false,
            Some(state) => {
                let place = root::resolve(state)?;
                if place.starts_with(&path) {
                    let why = "contains the --state folder, which would be emptied";
                    return Err(refused(why).into());
                }
                let sources = sources(&root, global);
                let around = sources.iter().find(|(source, _)| place.starts_with(source));
                if let Some((_, source)) = around {
                    let why = format!(
                        "--state {} is in a source of the site ({}) and would become part of it; \
                         name a separate folder",
                        state.display(),
                        source.display()
                    );
                    return Err(UsageError(why).into());
                }
                let folders = Folders {
                    root: &root,
                    config: global.config.as_deref(),
                    out: &path,
                    keep_dotfiles,
                    state,
                };
                folder::remembers(folders, settings)?
            }
        };
        if remembered {
            return Ok(Self {
                path,
                keep_dotfiles,
            });
        }
        if !keep_dotfiles
            && let Some(history) = histories.find(|path| path.symlink_metadata().is_ok())
        {
            let why = format!(
                "would lose its history, {}; preserve_dotfiles_in_output = true in the \
                 configuration keeps it",
                history.display()
            );
            return Err(refused(&why).into());
        }
        if path.exists() && !options.force {
            if given.is_some() {
                return Err(refused("exists already; --force replaces it").into());
            }
            let Ok(below) = path.strip_prefix(&root) else {
                return Err(refused("is outside the site; --force empties it").into());
            };
            let is_empty = path.read_dir()?.next().is_none();
            if !is_empty && names(below).any(|name| name.starts_with('.')) {
                let why = "is hidden, and may belong to something else; --force empties it";
                return Err(refused(why).into());
            }
        }
        Ok(Self {
            path,
            keep_dotfiles,
        })
    }
}

/// Why nothing may ever be emptied or written there; none where it may. Paths are resolved ones.
fn never_an_output(out: &Path, root: &Path, global: &Global) -> Option<String> {
    if root.starts_with(out) {
        return Some("contains the site itself, which would be emptied".into());
    }
    for (place, source) in sources(root, global) {
        if out.starts_with(&place) {
            let source = source.display();
            return Some(format!("is a source of the site, or inside one ({source})"));
        }
        if place.starts_with(out) {
            let source = source.display();
            return Some(format!("contains a source of the site ({source})"));
        }
    }
    let shared = out.components().zip(root.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    let own: PathBuf = out.components().skip(shared).collect();
    let data = data_folder(Path::new(""), None);
    let kept = HISTORIES.iter().map(Path::new).chain([data.as_path()]);
    let kept = kept.filter(|name| own.iter().any(|part| part == name.as_os_str()));
    kept.map(|name| format!("is, or is inside, a {}", name.display()))
        .next()
}

/// Where sources of the site are, or may be, and how they are called. A source may be a link: the place of
/// the link counts, and where it leads.
fn sources(root: &Path, global: &Global) -> Vec<(PathBuf, PathBuf)> {
    let given = global.config.iter().map(|config| global.root.join(config));
    let sources = folder::SOURCE_FOLDERS.iter().chain(&folder::SOURCE_FILES);
    let sources = sources.map(|name| root.join(name)).chain(given);
    let places = sources.flat_map(|source| {
        let resolved = root::resolve(&source).ok();
        let places = resolved.into_iter().chain([source.clone()]);
        places.map(move |place| (place, source.clone()))
    });
    places.collect()
}

fn names(path: &Path) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    path.iter().map(|name| name.to_string_lossy())
}

fn read_config(global: &Global) -> Option<Config> {
    let names = [
        global.config.clone(),
        Some("zola.toml".into()),
        Some("config.toml".into()),
    ];
    let path = names
        .into_iter()
        .flatten()
        .map(|name| global.root.join(name))
        .find(|p| p.is_file());
    Config::parse("config.toml", &std::fs::read_to_string(path?).ok()?).ok()
}

#[cfg(test)]
mod tests;
