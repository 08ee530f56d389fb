//! Folders in the places of files, files in the places of folders, and links: what has the place of
//! something that is to be written gives way, and nothing is written or removed through a link.

use crate::site::{Site, files, write};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The ways to build that must not differ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Everything, over an output.
    Whole,
    /// Everything, for the first time with this state.
    FirstWithState,
    /// What has changed.
    WithState,
}

const WAYS: [Way; 3] = [Way::Whole, Way::FirstWithState, Way::WithState];

/// A site that was built, once something has been done to its output, and after the next build. The folder
/// `outside` stays as it was.
fn build_after(way: Way, disturb: impl Fn(&Site, &Path)) -> Site {
    let site = Site::new();
    write(&site.path("outside/index.html"), "not ours");
    write(&site.path("outside/a/index.html"), "not ours");
    let build = |way| match way {
        Way::Whole => drop(site.build()),
        Way::FirstWithState | Way::WithState => drop(site.build_from_state()),
    };
    build(match way {
        Way::WithState => Way::WithState,
        Way::Whole | Way::FirstWithState => Way::Whole,
    });
    let before = files(&site.path("outside"));
    disturb(&site, &site.path("out"));
    build(way);
    assert_eq!(files(&site.path("outside")), before, "{way:?}");
    site.assert_clean();
    site
}

fn remove(path: &Path) {
    if fs::symlink_metadata(path).unwrap().is_dir() {
        fs::remove_dir_all(path).unwrap()
    } else {
        fs::remove_file(path).unwrap()
    }
}

#[test]
fn folders_and_files_that_strangers_left_give_way() {
    for way in WAYS {
        build_after(way, |_, out| {
            // A page that is a folder, with something in it, and one that is an empty folder.
            remove(&out.join("blog/a/index.html"));
            write(&out.join("blog/a/index.html/deep/x"), "a stranger's");
            remove(&out.join("robots.txt"));
            fs::create_dir(out.join("robots.txt")).unwrap();
            // The folder of a page that is a file.
            remove(&out.join("blog/b"));
            write(&out.join("blog/b"), "a stranger's");
        });
        // A whole section.
        build_after(way, |_, out| {
            remove(&out.join("blog"));
            write(&out.join("blog"), "a stranger's");
        });
    }
}

#[test]
fn files_and_folders_of_the_site_take_turns() {
    for way in WAYS {
        build_after(way, |site, _| {
            site.remove("static/data");
            site.put("static/data/inner/x", "now a folder");
        });
        build_after(way, |site, out| {
            // New to the site, while a stranger's folder is there.
            write(&out.join("new/stranger"), "a stranger's");
            site.put("static/new", "a file");
            write(&out.join("other"), "a stranger's");
            site.put("static/other/x", "in a folder");
        });
    }
}

#[test]
fn a_file_that_would_lie_in_a_page_is_a_collision() {
    let site = Site::new();
    site.put("static/blog/a/index.html/x", "in a page");
    for _ in 0..2 {
        let built = site.build();
        let problems = &built.tree.diagnostics;
        assert!(
            problems.iter().any(|one| one.code == "collision"),
            "{problems:?}"
        );
        let incremental = site.build_from_state();
        assert_eq!(&incremental.tree.diagnostics, problems);
        assert!(site.path("out/blog/a/index.html/x").exists());
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    for way in WAYS {
        build_after(way, |site, out| {
            for name in ["robots.txt", "blog/a/index.html"] {
                remove(&out.join(name));
                symlink(site.path("outside/index.html"), out.join(name)).unwrap();
            }
            remove(&out.join("data"));
            symlink(site.path("nowhere"), out.join("data")).unwrap();
            site.put("static/data", "other data");
        });
        for edited in [false, true] {
            // A page's own folder, and a whole section.
            for folder in ["blog/a", "blog"] {
                build_after(way, |site, out| {
                    remove(&out.join(folder));
                    symlink(site.path("outside"), out.join(folder)).unwrap();
                    if edited {
                        site.put("content/blog/a.md", "+++\ntitle = \"A\"\n+++\nMore.\n");
                    }
                });
            }
        }
        // One that leads to the very files that were written.
        build_after(way, |site, out| {
            fs::rename(out.join("blog"), site.path("moved")).unwrap();
            symlink(site.path("moved"), out.join("blog")).unwrap();
        });
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_through_a_link() {
    use std::os::unix::fs::symlink;
    for way in WAYS {
        let site = build_after(way, |site, out| {
            remove(&out.join("blog/a"));
            symlink(site.path("outside/a"), out.join("blog/a")).unwrap();
            site.remove("content/blog/a.md");
            if way != Way::WithState {
                symlink(site.path("outside"), out.join("extra")).unwrap();
                symlink(site.path("outside/index.html"), out.join("blog/extra")).unwrap();
            } else {
                // What it did not write it leaves alone.
                remove(&out.join("blog/a"));
            }
        });
        assert!(!site.path("out/blog/a").exists());
    }
    // With state, a link of a stranger's that nothing is to be written over stays.
    let site = Site::new();
    site.build_from_state();
    write(&site.path("outside/index.html"), "not ours");
    let before: BTreeMap<_, _> = files(&site.path("outside"));
    fs::remove_dir_all(site.path("out/blog/a")).unwrap();
    symlink(site.path("outside"), site.path("out/blog/a")).unwrap();
    site.remove("content/blog/a.md");
    site.build_from_state();
    assert_eq!(files(&site.path("outside")), before);
    assert!(site.path("out/blog/a").is_symlink());
}
