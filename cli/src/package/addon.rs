//! The add-on for Node.js: a file that is there, or one that is built from the sources.

use super::elf;
use super::zigbuild::{self, BuildTarget, GLIBC};
use crate::exit::UsageError;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::Path;

/// What the loader of Node.js looks for.
const ENTRY: &[u8] = b"napi_register_module_v1";

/// What is built.
const ADDON: BuildTarget = BuildTarget {
    what: "the add-on",
    package: "quillfront-edge-addon",
    profile: "edge",
    program: None,
    instead: "; or name a file that was built elsewhere with --addon FILE",
};

/// Reads an add-on, and checks that Lambda can load it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let refuse = |reason: String| UsageError(format!("{}: {reason}", path.display()));
    let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
    check(&bytes).map_err(refuse)?;
    Ok(bytes)
}

fn check(bytes: &[u8]) -> Result<(), String> {
    let newest = elf::newest_glibc(bytes).map_err(|refusal| refusal.to_string())?;
    if !bytes.windows(ENTRY.len()).any(|window| window == ENTRY) {
        return Err("it is no add-on for Node.js".to_owned());
    }
    elf::check_glibc(newest, GLIBC).map_err(|reason| {
        format!(
            "{reason}: build it with `cargo zigbuild`, as `quillfront package edge` does without --addon"
        )
    })
}

/// Builds the add-on from a folder with the sources of Quillfront; by default those of this command.
pub fn build(source: Option<&Path>) -> Result<Vec<u8>> {
    let path = zigbuild::build(source, &ADDON)?;
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    check(&bytes).map_err(|reason| anyhow!("{}: {reason}", path.display()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::library;
    use super::*;

    #[test]
    fn what_lambda_cannot_load_is_refused() {
        let addon = |versions: &[&str]| [library(versions), ENTRY.to_vec()].concat();
        assert_eq!(check(&addon(&["GLIBC_2.17", "GLIBC_2.34"])), Ok(()));
        for (bytes, expected) in [
            (b"#!/bin/sh".to_vec(), "no shared library"),
            (library(&["GLIBC_2.34"]), "no add-on"),
            (addon(&[]), "another C library"),
            (addon(&["GLIBC_2.35"]), "glibc 2.35, and Lambda has 2.34"),
        ] {
            let reason = check(&bytes).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
