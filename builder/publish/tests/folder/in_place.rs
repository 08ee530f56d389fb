//! A build over an existing output: what is the same stays untouched, what is extra goes.

use crate::site::{Site, files, settings, write, written};
use quillfront_publish::folder;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// When each file of a folder was written.
fn times(root: &Path) -> BTreeMap<String, SystemTime> {
    let modified = |name: &String| fs::metadata(root.join(name)).unwrap().modified().unwrap();
    let all = files(root).into_keys();
    all.map(|name| (name.clone(), modified(&name))).collect()
}

#[test]
fn files_that_come_out_the_same_stay_untouched() {
    let site = Site::new();
    let first = site.build();
    assert_eq!(written(&first.tree.objects).len(), first.tree.objects.len());
    let before = times(&site.path("out"));
    std::thread::sleep(crate::site::MOMENT);
    let again = site.build();
    assert_eq!(written(&again.tree.objects), [""; 0]);
    assert!(again.removed.is_empty());
    assert_eq!(times(&site.path("out")), before);
    site.assert_clean();

    site.put("content/blog/a.md", "+++\ntitle = \"A\"\n+++\nText of a.\n");
    site.put("static/data", "same size");
    assert_eq!(
        written(&site.build().tree.objects),
        ["blog/a/index.html", "data"]
    );
    site.assert_clean();
    // And over one that was built by something else, from the first build on.
    assert!(site.build_from_state().full);
    assert_eq!(written(&site.build_from_state().tree.objects), [""; 0]);
}

#[test]
fn what_no_build_would_write_is_removed_last() {
    let site = Site::new();
    site.build();
    site.remove("content/blog/b.md");
    for name in [
        "old.html",
        "old/a/b/c.html",
        "blog/old.html",
        "blog/a/old/x",
        ".old",
    ] {
        write(&site.path("out").join(name), "old");
    }
    fs::create_dir_all(site.path("out/empty/inner")).unwrap();
    let removed = site.build().removed;
    let removed: Vec<&str> = removed.iter().map(|key| key.as_str()).collect();
    let extra = [
        ".old",
        "blog/a/old/x",
        "blog/b/index.html",
        "blog/old.html",
        "old.html",
        "old/a/b/c.html",
    ];
    assert_eq!(removed, extra);
    site.assert_clean();
}

#[test]
fn names_with_a_dot_stay_where_it_is_asked_for() {
    let site = Site::new();
    let out = site.path("out");
    write(&out.join(".git/HEAD"), "ref");
    write(&out.join(".nojekyll"), "");
    write(&out.join("blog/.old"), "old");
    let built = folder::build(
        &site.path("site"),
        None,
        settings(),
        &out,
        true,
        folder::Tells::default(),
    );
    assert_eq!(built.unwrap().unwrap().removed.len(), 1);
    for name in [".git", ".git/HEAD", ".nojekyll"] {
        assert!(out.join(name).exists(), "{name}");
    }
    assert!(!out.join("blog/.old").exists());
}

#[test]
fn a_page_that_fails_is_no_longer_there() {
    let site = Site::new();
    site.build();
    site.put(
        "content/blog/a.md",
        "+++\ntitle = \"A\"\n+++\n{{ nothing(x=1) }}\n",
    );
    let built = site.build();
    assert!(!built.tree.plan.contains_key("blog/a/index.html"));
    let told = &built.tree.diagnostics;
    assert!(
        told.iter()
            .any(|one| one.file == "content/blog/a.md" && one.is_error())
    );
    assert!(!site.path("out/blog/a").exists());
    site.assert_clean();
}

/// Someone who reads a file while it is replaced has the old one, to its end.
#[test]
fn a_file_is_replaced_as_a_whole() {
    for with_state in [false, true] {
        let site = Site::new();
        let long = |word: &str| format!("+++\ntitle = \"A\"\n+++\n{}\n", word.repeat(100_000));
        site.put("content/blog/a.md", &long("old "));
        let build = || {
            if with_state {
                drop(site.build_from_state())
            } else {
                drop(site.build())
            }
        };
        build();
        let page = site.path("out/blog/a/index.html");
        let before = fs::read_to_string(&page).unwrap();
        // A hard link to it, as backups make them, is another name of the old one.
        fs::hard_link(&page, site.path("backup")).unwrap();
        let mut reader = fs::File::open(&page).unwrap();
        let mut read = vec![0; 1000];
        reader.read_exact(&mut read).unwrap();
        site.put("content/blog/a.md", &long("new, and longer "));
        build();
        reader.read_to_end(&mut read).unwrap();
        assert!(before.as_bytes() == read);
        assert!(fs::read_to_string(site.path("backup")).unwrap() == before);
        site.assert_clean();
    }
}

#[cfg(unix)]
#[test]
fn a_copy_takes_over_new_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.build();
    let source = site.path("site/static/data");
    fs::set_permissions(&source, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(written(&site.build().tree.objects), [""; 0]);
    let mode = fs::metadata(site.path("out/data"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn two_builds_do_not_write_into_one_folder() {
    let site = Site::new();
    site.build();
    site.put("static/data", "other data");
    let staging = site.path("out/.quillfront-staging");
    fs::create_dir(&staging).unwrap();
    let lock = fs::File::create(staging.join("lock")).unwrap();
    lock.lock().unwrap();
    let build = || {
        folder::build(
            &site.path("site"),
            None,
            settings(),
            &site.path("out"),
            false,
            folder::Tells::default(),
        )
    };
    let told = build().err().unwrap().to_string();
    assert!(told.contains("another build is writing"), "{told}");
    // What was left by one that was killed is taken away.
    drop(lock);
    write(&staging.join("17"), "half a pa");
    write(&staging.join("18/old"), "was in the way");
    build().unwrap().unwrap();
    assert!(!staging.exists());
    site.assert_clean();
}
