//! `quillfront build`.

use crate::args::{self, Global};
use crate::connect::data_folder;
use crate::excerpt;
use crate::exit::{self, UsageError};
use crate::out;
use crate::root::{self, HISTORIES};
use crate::show;
use anyhow::{Context, Result};
use jiff::Timestamp;
use quillfront_publish::folder::{self, Built, Folders, Incremental, Tells};
use quillfront_render::effective::Change;
use quillfront_render::evaluate::{Account, Placed, Tree, Unready};
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::config::Config;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::report::{Kind, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

pub fn run(global: &Global, options: args::Build) -> Result<u8> {
    let started = Instant::now();
    let settings = Settings {
        mode: "build",
        base_url: options.base_url.clone(),
        drafts: options.drafts,
        minify: options.minify,
        now: global.now.unwrap_or_else(today),
        listing: Listing::SiteFolders,
        all_accepted: options.accepted,
    };
    let root = &global.root;
    if !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    let out = Output::choose(global, &options, &settings)?;
    let config = global.config.as_deref();
    let tells = Tells {
        why: options.json,
        headers: options.objects.is_some(),
    };
    if let Some(state) = &options.state {
        let (mut laps, mut last) = (BTreeMap::new(), started);
        let lap = |phase: &str| {
            let now = Instant::now();
            laps.insert(phase.to_owned(), (now - last).as_millis() as u64);
            last = now;
        };
        let folders = Folders {
            root,
            config,
            out: &out.path,
            keep_dotfiles: out.keep_dotfiles,
            state,
        };
        let built = folder::build_from(folders, settings.clone(), tells, lap)
            .with_context(|| format!("building {}", root.display()))?;
        return match built {
            Ok(built) => {
                if options.verify {
                    verify(folders, settings, &built)?;
                }
                write_headers(&options, &built.tree)?;
                let report = Report {
                    ms: laps,
                    ..report_of(&built)
                };
                let ended = end(global, report, &out.path, started, options.json);
                // The process ends here: freeing what it holds would only take time.
                std::mem::forget(built);
                ended
            }
            Err(Unready::NoConfig) => Err(no_config(root).into()),
            Err(Unready::BrokenConfig(problems)) => not_built(global, problems, options.json),
        };
    }
    let built = folder::build(root, config, settings, &out.path, out.keep_dotfiles, tells)
        .with_context(|| format!("building {}", root.display()))?;
    let built = match built {
        Ok(built) => built,
        Err(Unready::NoConfig) => {
            return Err(no_config(root).into());
        }
        Err(Unready::BrokenConfig(problems)) => return not_built(global, problems, options.json),
    };
    write_headers(&options, &built.tree)?;
    end(global, report(&built), &out.path, started, options.json)
}

/// Writes what the files would be published with, where it was asked for.
fn write_headers<Kept>(options: &args::Build, tree: &Tree<Kept>) -> Result<()> {
    if let Some(path) = &options.objects {
        let objects = tree.headers.iter().map(|(key, headers)| {
            let object = serde_json::json!({
                "content_type": headers.content_type,
                "cache_control": headers.cache_control,
                "metadata": headers.metadata,
            });
            (key.to_string(), object)
        });
        let objects: serde_json::Map<String, serde_json::Value> = objects.collect();
        write(path, &serde_json::to_vec_pretty(&objects)?)?;
    }
    if let Some(path) = &options.rules {
        write(path, &tree.rules.write())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Fails where a build from nothing makes anything else.
fn verify(folders: Folders<'_>, settings: Settings, built: &Incremental) -> Result<()> {
    const MAX_LISTED: usize = 10;
    let differing = folder::differing(folders, settings, built)?;
    if differing.is_empty() {
        return Ok(());
    }
    let keys = differing.iter().take(MAX_LISTED).map(ToString::to_string);
    let keys: Vec<String> = keys.collect();
    let more = match differing.len() - keys.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    anyhow::bail!(
        "{}{more} should have been built again: this is a fault of Quillfront, please report it with the \
         site; `--force` without `--state` builds everything",
        keys.join(", ")
    )
}

/// The end of a build.
fn end(
    global: &Global,
    mut report: Report,
    out: &Path,
    started: Instant,
    json: bool,
) -> Result<u8> {
    let took = started.elapsed();
    report.ms.insert("total".into(), took.as_millis() as u64);
    if json {
        out::json(&report)?;
    }
    tell(global, &report.diagnostics);
    show::standing(&report.sources);
    show::built(&report, out, took);
    Ok(exit::with(&report.diagnostics))
}

/// Where there is no site.
pub fn no_config(root: &Path) -> UsageError {
    let message = format!("there is no config.toml in {} or above it", root.display());
    let hint = "give the site's folder with --root, or create a site with `quillfront init`";
    UsageError(format!("{message}; {hint}"))
}

/// The end of a build without a usable configuration.
pub fn not_built(global: &Global, problems: Vec<Diagnostic>, json: bool) -> Result<u8> {
    let report = Report {
        version: 1,
        diagnostics: problems,
        ..Report::default()
    };
    if json {
        out::json(&report)?;
    }
    tell(global, &report.diagnostics);
    Ok(exit::DIAGNOSTICS)
}

/// Tells the author, with lines of the files in the site's folder.
pub fn tell(global: &Global, problems: &[Diagnostic]) {
    let texts = excerpt::texts_from_folder(&global.root, show::told(problems));
    show::diagnostics(problems, &texts);
}

/// The time that templates see where none is given.
pub fn today() -> Timestamp {
    Timestamp::now()
}

#[derive(Debug)]
struct Output {
    path: PathBuf,
    keep_dotfiles: bool,
}

impl Output {
    /// Where the site goes. A folder that was named is only emptied when asked to; the one of the
    /// configuration is the site's own.
    fn choose(global: &Global, options: &args::Build, settings: &Settings) -> Result<Self> {
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

/// What an incremental build did.
fn report_of(built: &Incremental) -> Report {
    let mut report = told(&built.tree, &built.changes, built.full, &built.removed);
    (report.bytes.state_in, report.bytes.state_out) = built.state_bytes;
    if built.changes.is_empty() && report.outputs.is_empty() && !built.full {
        report.kind = Kind::None;
    }
    report
}

/// What a build of everything did.
fn report(built: &Built) -> Report {
    told(&built.tree, &BTreeMap::new(), true, &built.removed)
}

/// What a build made of a tree, and what it removed.
fn told(
    tree: &Tree<Option<u64>>,
    changes: &BTreeMap<SourceKey, Change>,
    full: bool,
    removed: &BTreeSet<OutputKey>,
) -> Report {
    let mut account = Account::new(changes, full);
    for (key, made) in &tree.objects {
        let placed = match made {
            Some(_) => Placed::Put { is_new: false },
            None => Placed::Unchanged,
        };
        account.made(tree, key, placed);
    }
    for key in removed {
        account.deleted(key, None);
    }
    account.rest(tree);
    let mut report = account.report();
    report.count();
    report.bytes.out = tree.objects.values().flatten().sum();
    report.invalidations.mode = "none".into();
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A site with the files, and `output_dir` in its configuration; `-o` and `-f` as given.
    struct Site {
        folder: tempfile::TempDir,
        config: Option<PathBuf>,
    }

    impl Site {
        fn new(output_dir: &str, files: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let site = Self {
                folder,
                config: None,
            };
            site.write(
                "config.toml",
                &format!("base_url = \"https://a.b\"\noutput_dir = \"{output_dir}\"\n"),
            );
            for file in files {
                site.write(file, "");
            }
            site
        }

        fn root(&self) -> PathBuf {
            self.folder.path().canonicalize().unwrap().join("site")
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.root().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn chosen(&self, output_dir: Option<&str>, force: bool) -> Result<PathBuf> {
            self.chosen_with(output_dir, force, None)
        }

        fn chosen_with(
            &self,
            output_dir: Option<&str>,
            force: bool,
            state: Option<&str>,
        ) -> Result<PathBuf> {
            let global = Global {
                root: self.root(),
                config: self.config.clone(),
                threads: None,
                now: None,
            };
            let options = args::Build {
                output_dir: output_dir.map(|path| self.root().join(path)),
                force,
                base_url: None,
                accepted: false,
                objects: None,
                rules: None,
                drafts: false,
                minify: false,
                json: false,
                state: state.map(|path| self.root().join(path)),
                verify: false,
            };
            let settings = Settings {
                mode: "build",
                base_url: None,

                drafts: false,
                minify: false,
                now: today(),
                listing: Listing::SiteFolders,
                all_accepted: false,
            };
            Ok(Output::choose(&global, &options, &settings)?.path)
        }

        /// What is said about an output folder that is refused, with `-f` too.
        fn refused(&self, output_dir: Option<&str>) -> String {
            let error = self.chosen(output_dir, true).unwrap_err();
            assert!(error.is::<UsageError>(), "{error:?}");
            error.to_string()
        }
    }

    #[test]
    fn an_output_folder_of_its_own_is_taken() {
        for name in [
            "public",
            "./public/",
            "out/deep",
            ".out",
            "docs",
            "../beside",
        ] {
            let site = Site::new(name, &["content/a.md"]);
            let wanted = root::resolve(&site.root().join(name)).unwrap();
            assert_eq!(site.chosen(None, false).unwrap(), wanted, "{name}");
        }
        let site = Site::new("public", &["public/old.html"]);
        assert_eq!(
            site.chosen(None, false).unwrap(),
            site.root().join("public")
        );
    }

    #[test]
    fn the_site_and_its_sources_are_no_output() {
        let names = [
            "",
            ".",
            "/",
            "..",
            "public/..",
            "content",
            "content/public",
            "static/a/b",
            "themes",
            "templates/x",
            "nothing/../content/public",
            "quillfront.toml",
            "zola.toml/x",
        ];
        for name in names {
            let said = Site::new(name, &["content/a.md"]).refused(None);
            assert!(said.contains("site"), "{name}: {said}");
            assert!(said.contains("such as public"), "{name}: {said}");
            let said = Site::new("public", &["content/a.md"]).refused(Some(name));
            assert!(said.contains("site"), "-o {name}: {said}");
        }
        let said = Site::new("README.md", &["README.md"]).refused(None);
        assert!(said.contains("is not a folder"), "{said}");
    }

    #[test]
    fn the_state_is_in_no_source_and_not_in_the_output() {
        let site = Site::new("public", &["content/a.md"]);
        for (state, why) in [
            ("content/state", "in a source of the site"),
            ("static", "in a source of the site"),
            ("public", "contains the --state folder"),
            ("public/state", "contains the --state folder"),
        ] {
            let error = site.chosen_with(None, true, Some(state)).unwrap_err();
            assert!(error.is::<UsageError>(), "{error:?}");
            assert!(error.to_string().contains(why), "{state}: {error}");
        }
        for state in [".state", "../state", "a/content"] {
            assert!(
                site.chosen_with(None, false, Some(state)).is_ok(),
                "{state}"
            );
        }
    }

    #[test]
    fn histories_and_the_data_of_serve_are_no_output() {
        for name in [
            ".git",
            ".git/hooks",
            ".quillfront",
            "../other/.git",
            "a/.svn/b",
        ] {
            let site = Site::new(
                name,
                &[".git/HEAD", ".quillfront/key", "../other/.git/HEAD"],
            );
            let said = site.refused(None);
            assert!(said.contains("inside, a ."), "{name}: {said}");
            assert!(said.contains("such as public"), "{name}: {said}");
            assert!(site.refused(Some(name)).contains("inside, a ."));
        }
    }

    #[test]
    fn what_is_hidden_is_only_emptied_when_asked_to() {
        let site = Site::new(".github", &[".github/workflows/test.yml"]);
        let said = site.chosen(None, false).unwrap_err().to_string();
        assert!(
            said.contains("hidden") && said.contains("--force"),
            "{said}"
        );
        assert!(site.chosen(None, true).is_ok());
    }

    #[test]
    fn a_repository_in_the_output_stays() {
        let site = Site::new("public", &["public/.git"]);
        let said = site.refused(None);
        assert!(
            said.contains("preserve_dotfiles_in_output = true"),
            "{said}"
        );
        site.write(
            "config.toml",
            "base_url = \"https://a.b\"\npreserve_dotfiles_in_output = true\n",
        );
        assert!(site.chosen(None, false).is_ok());
    }

    #[test]
    fn the_given_configuration_is_not_in_the_output() {
        let mut site = Site::new("public", &[]);
        site.write(
            "site/prod.toml",
            "base_url = \"https://a.b\"\noutput_dir = \"site\"\n",
        );
        site.config = Some("site/prod.toml".into());
        let said = site.refused(None);
        assert!(
            said.contains("contains a source") && said.contains("prod.toml"),
            "{said}"
        );
        assert!(site.refused(Some("site")).contains("prod.toml"));
        assert!(site.chosen(Some("site/out"), false).is_ok());
    }

    #[test]
    fn a_home_folder_is_not_meant_by_a_name() {
        let said = Site::new("~/www", &[]).refused(None);
        assert!(said.contains("write the path out"), "{said}");
        assert!(Site::new("./~", &[]).chosen(None, false).is_ok());
    }

    #[test]
    fn folders_of_others_are_emptied_when_asked_to() {
        let site = Site::new("../beside", &["../beside/x"]);
        for given in [None, Some("../beside")] {
            let said = site.chosen(given, false).unwrap_err().to_string();
            assert!(said.contains("--force"), "{said}");
            assert!(site.chosen(given, true).is_ok());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed() {
        use std::os::unix::fs::symlink;
        let site = Site::new("public", &["real/a.md"]);
        symlink("real", site.root().join("content")).unwrap();
        symlink("real", site.root().join("public")).unwrap();
        assert!(site.refused(None).contains("content"));
        assert!(site.refused(Some("real")).contains("content"));
        assert!(site.refused(Some("real/new")).contains("content"));
        assert!(site.refused(Some("public/new")).contains("content"));
    }
}
