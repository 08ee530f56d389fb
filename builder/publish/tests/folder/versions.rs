//! `build --state` knows which files have changed, also where size and time of modification are the
//! same: files that change places, times that tools set, links that lead elsewhere, copies.

use crate::site::{MOMENT, Site, written};
use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Sets all times of modification below a folder, as reproducible builds do (`SOURCE_DATE_EPOCH`).
fn fix_times(folder: &Path) {
    let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            fix_times(&path)
        } else {
            let times = FileTimes::new().set_modified(time);
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_times(times)
                .unwrap();
        }
    }
}

/// A site with fixed times that was built with a state, a moment ago.
fn site_with_fixed_times(more: &[(&str, &str)]) -> Site {
    let site = Site::new();
    for (name, text) in more {
        site.put(name, text);
    }
    fix_times(&site.path("site"));
    std::thread::sleep(MOMENT);
    site.build_from_state();
    site.assert_clean();
    site
}

fn swap(site: &Site, one: &str, other: &str) {
    let path = |name: &str| site.path("site").join(name);
    for (from, to) in [(one, "aside"), (other, one), ("aside", other)] {
        fs::rename(path(from), path(to)).unwrap();
    }
}

#[test]
fn files_that_change_places_are_seen() {
    let site = site_with_fixed_times(&[("static/one", "one"), ("static/two", "two")]);
    swap(&site, "content/blog/a.md", "content/blog/b.md");
    swap(&site, "static/one", "static/two");
    let built = site.build_from_state();
    site.assert_clean();
    let swapped = ["blog/a/index.html", "blog/b/index.html", "one", "two"];
    assert!(
        swapped
            .iter()
            .all(|name| written(&built.tree.objects).contains(&(*name).to_owned()))
    );
}

#[test]
fn edits_that_leave_size_and_time_are_seen() {
    let site = site_with_fixed_times(&[]);
    site.put("content/blog/a.md", "+++\ntitle = \"A\"\n+++\nText of a.\n");
    site.put("static/data", "SOME DATA");
    site.put("templates/index.html", "HOME");
    fix_times(&site.path("site"));
    site.build_from_state();
    site.assert_clean();
    // In the output, too.
    fs::write(site.path("out/data"), "some data").unwrap();
    fix_times(&site.path("out"));
    let built = site.build_from_state();
    site.assert_clean();
    assert_eq!(written(&built.tree.objects), ["data"]);
}

#[test]
fn edits_within_a_tick_of_the_clock_are_seen() {
    let site = Site::new();
    for n in 0..30 {
        site.put(
            "content/blog/a.md",
            &format!("+++\ntitle = \"A\"\n+++\nText {:02}.\n", n),
        );
        site.put("static/data", &format!("data {n:02}"));
        site.build_from_state();
        let read = |name: &str| fs::read_to_string(site.path("out").join(name)).unwrap();
        assert!(
            read("blog/a/index.html").contains(&format!("Text {n:02}.")),
            "{n}"
        );
        assert_eq!(read("data"), format!("data {n:02}"));
        // In the output as well.
        fs::write(
            site.path("out/robots.txt"),
            format!("User-agent: {}\n", n % 10),
        )
        .unwrap();
    }
    site.build_from_state();
    site.assert_clean();
}

#[cfg(unix)]
#[test]
fn a_theme_that_is_linked_anew_is_seen() {
    use std::os::unix::fs::symlink;
    let theme = |name: &str| {
        [
            (
                format!("themes/{name}/theme.toml"),
                "name = \"t\"\n".to_owned(),
            ),
            (
                format!("themes/{name}/templates/shown.html"),
                format!("shown by {name}"),
            ),
            (
                format!("themes/{name}/static/theme.css"),
                format!("a {{ /* {name} */ }}"),
            ),
        ]
    };
    let files = [theme("one"), theme("two")].concat();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let more = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntheme = \"current\"\n",
        ),
        ("templates/index.html", "{% include 'shown.html' %}"),
    ];
    let site = Site::new();
    for (name, text) in files.iter().chain(&more) {
        site.put(name, text);
    }
    let link = site.path("site/themes/current");
    symlink("one", &link).unwrap();
    fix_times(&site.path("site"));
    std::thread::sleep(MOMENT);
    site.build_from_state();
    site.assert_clean();
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    let built = site.build_from_state();
    site.assert_clean();
    assert_eq!(written(&built.tree.objects), ["index.html", "theme.css"]);
}

#[test]
fn a_file_of_the_theme_shows_when_that_of_the_site_goes() {
    let site = site_with_fixed_times(&[
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntheme = \"t\"\n",
        ),
        ("themes/t/theme.toml", "name = \"t\"\n"),
        ("themes/t/static/x.css", "theme"),
        ("static/x.css", "site!"),
    ]);
    site.remove("static/x.css");
    assert_eq!(written(&site.build_from_state().tree.objects), ["x.css"]);
    site.assert_clean();
}

/// Copies all files, with their times, so that each is another inode.
fn copy_anew(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            copy_anew(&path);
            continue;
        }
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let copy = path.with_extension("copy");
        fs::copy(&path, &copy).unwrap();
        let times = FileTimes::new().set_modified(modified);
        File::options()
            .write(true)
            .open(&copy)
            .unwrap()
            .set_times(times)
            .unwrap();
        fs::rename(copy, path).unwrap();
    }
}

#[test]
fn a_copy_of_all_folders_is_read_and_nothing_is_made_again() {
    let site = site_with_fixed_times(&[]);
    for folder in ["site", "out"] {
        copy_anew(&site.path(folder));
    }
    std::thread::sleep(MOMENT);
    let read = site.build_from_state();
    assert!(!read.full && read.changes.is_empty(), "{:?}", read.changes);
    // Copies are handed on each time, and not written.
    let handed_on: Vec<&str> = read.tree.objects.keys().map(|key| key.as_str()).collect();
    assert_eq!(handed_on, ["data", "robots.txt"], "nothing is rendered");
    assert_eq!(written(&read.tree.objects), [""; 0]);
    let after = site.build_from_state();
    assert_eq!(written(&after.tree.objects), [""; 0]);
    assert!(after.state_bytes.1 < read.state_bytes.1, "it is read once");
    site.assert_clean();
}
