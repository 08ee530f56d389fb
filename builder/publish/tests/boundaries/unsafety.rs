//! No crate has unsafe code, but for two: the add-on of the edge, in which `napi-derive` generates some, and the
//! decoder of AV1, which is called as C calls it.

use super::sources;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates that cannot take the lints of the workspace as they are.
const ADDON: &str = "edge/addon";
const DECODER: &str = "images/av1";
/// The one file in which unsafe code is written by hand.
const BINDING: &str = "decoder.rs";

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
fn all_crates_but_two_forbid_unsafe_code() {
    assert!(read(&repository().join("Cargo.toml")).contains("\nunsafe_code = \"forbid\"\n"));
    let members = members();
    assert!(members.len() > 10, "{members:?}");
    for member in members {
        let manifest = read(&repository().join(&member).join("Cargo.toml"));
        let takes_lints = manifest.contains("\n[lints]\nworkspace = true\n");
        let may_be_unsafe = [ADDON, DECODER].contains(&member.as_str());
        assert_eq!(takes_lints, !may_be_unsafe, "{member}");
    }
}

#[test]
fn unsafe_code_is_written_in_one_file() {
    let mut files = Vec::new();
    sources(&repository().join(ADDON).join("src"), &mut files);
    sources(&repository().join(DECODER).join("src"), &mut files);
    let before = files.len();
    files.retain(|file| !file.ends_with(Path::new(DECODER).join("src").join(BINDING)));
    assert_eq!(files.len(), before - 1);
    // Each of its blocks says why it is sound, or the lints of the crate refuse it.
    let lints = read(&repository().join(DECODER).join("Cargo.toml"));
    assert!(lints.contains("\nundocumented_unsafe_blocks = \"deny\"\n"));
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
