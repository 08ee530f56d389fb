//! Invariant 3: the pure crates reach no file, clock, environment, network or chance. Clippy refuses the
//! functions that it can name; here their manifests and sources are looked through.

use super::sources;
use std::fs;
use std::path::{Path, PathBuf};

/// The pure crates, by folder.
const PURE: [&str; 13] = [
    "edge",
    "headers",
    "images",
    "images/codecs",
    "images/resize",
    "images/urls",
    "infra/audit",
    "builder/edge-files",
    "builder/markdown",
    "builder/policy",
    "builder/templates",
    "builder/site",
    "builder/render",
];

/// Crates that reach the world.
const REFUSED_CRATES: [&str; 15] = [
    "async-",
    "aws",
    "curl",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "lambda",
    "quillfront-publish",
    "quillfront-local",
    "rand",
    "reqwest",
    "rustix",
    "tokio",
    "ureq",
];

/// Names that reach the world, in a path or an import.
const REFUSED_NAMES: [&str; 14] = [
    "std::env",
    "std::fs",
    "std::io::stdin",
    "std::os",
    "std::process",
    "std::time",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn no_pure_crate_depends_on_what_reaches_the_world() {
    let mut seen = 0;
    for folder in PURE {
        let manifest = read(&repository().join(folder).join("Cargo.toml"));
        let (_, rest) = manifest
            .split_once("[dependencies]")
            .expect("dependencies of the crate");
        let dependencies = rest.split("\n[").next().unwrap_or(rest);
        let names: Vec<&str> = dependencies
            .lines()
            .filter_map(|line| line.split(['.', '=', ' ']).next())
            .filter(|name| !name.is_empty())
            .collect();
        seen += names.len();
        for name in names {
            let refused = REFUSED_CRATES
                .iter()
                .find(|refused| name.starts_with(**refused));
            assert_eq!(refused, None, "{folder} depends on {name}");
        }
    }
    assert!(seen > 30, "only {seen} dependencies were looked at");
}

#[test]
fn no_source_of_a_pure_crate_names_what_reaches_the_world() {
    for folder in PURE {
        let mut files = Vec::new();
        sources(&repository().join(folder).join("src"), &mut files);
        assert!(!files.is_empty());
        for file in files {
            let text = read(&file);
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let refused = REFUSED_NAMES.iter().find(|name| code.contains(**name));
                assert_eq!(refused, None, "{}:{}", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn clippy_refuses_the_same_in_all_of_them() {
    let first = read(&repository().join(PURE[0]).join("clippy.toml"));
    for folder in PURE {
        let own = read(&repository().join(folder).join("clippy.toml"));
        assert!(
            own == first,
            "{folder}/clippy.toml differs from that of {}",
            PURE[0]
        );
    }
}
