//! No crate has unsafe code, but for the add-on of the edge, in which `napi-derive` generates some.

use super::sources;
use std::fs;
use std::path::{Path, PathBuf};

/// The crate that cannot take the lints of the workspace as they are.
const ADDON: &str = "edge/addon";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folders of the workspace's crates.
fn members() -> Vec<String> {
    let manifest = read(&repository().join("Cargo.toml"));
    let line = manifest.lines().find(|line| line.starts_with("members"));
    let list = line
        .and_then(|line| line.split_once('['))
        .expect("members")
        .1;
    let names = list.split('"').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn all_crates_but_one_forbid_unsafe_code() {
    assert!(read(&repository().join("Cargo.toml")).contains("\nunsafe_code = \"forbid\"\n"));
    let members = members();
    assert!(members.len() > 10, "{members:?}");
    for member in members {
        let manifest = read(&repository().join(&member).join("Cargo.toml"));
        let takes_lints = manifest.contains("\n[lints]\nworkspace = true\n");
        assert_eq!(takes_lints, member != ADDON, "{member}");
    }
}

#[test]
fn nobody_has_written_unsafe_code() {
    let mut files = Vec::new();
    sources(&repository().join(ADDON).join("src"), &mut files);
    assert!(!files.is_empty());
    for file in files {
        for (number, line) in read(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let is_unsafe = code
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "unsafe");
            assert!(!is_unsafe, "{}:{}", file.display(), number + 1);
        }
    }
}
