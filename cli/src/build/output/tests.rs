use super::*;
use crate::build::today;
use quillfront_render::render::world::Listing;

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
