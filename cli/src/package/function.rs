//! The functions of Lambda: programs that are built from the sources.

use super::PackageFile;
use super::elf::{self, Refusal};
use super::zigbuild::{self, BuildTarget, GLIBC};
use super::zip;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::Path;

/// A function.
pub struct Function {
    wanted: BuildTarget,
    /// Its program, as `serve --functions` looks for it.
    bootstrap: &'static str,
    /// The archive that is deployed.
    archive: &'static str,
}

/// What builds the site.
pub const BUILDER: Function = Function {
    wanted: BuildTarget {
        what: "the builder function",
        package: "quillfront-publish",
        profile: "release",
        program: Some("quillfront-builder-lambda"),
        instead: "",
    },
    bootstrap: "builder/bootstrap",
    archive: "builder.zip",
};

/// What makes thumbnails.
pub const THUMBNAIL: Function = Function {
    wanted: BuildTarget {
        what: "the thumbnail function",
        package: "quillfront-thumbnail-lambda",
        profile: "release",
        program: Some("quillfront-thumbnail-lambda"),
        instead: "",
    },
    bootstrap: "thumbnail/bootstrap",
    archive: "thumbnail.zip",
};

/// The name of the program in its archive (AWS Lambda Developer Guide, "When to use Lambda's OS-only runtimes").
const BOOTSTRAP: &str = "bootstrap";

/// Builds a function from a folder with the sources of Quillfront, by default those of this command: the program,
/// and the archive with it.
pub fn packed(function: &Function, source: Option<&Path>) -> Result<[PackageFile; 2]> {
    let path = zigbuild::build(source, &function.wanted)?;
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    check(&bytes).map_err(|reason| anyhow!("{}: {reason}", path.display()))?;
    let archive = zip::write(&[zip::Entry::program(BOOTSTRAP, &bytes)])?;
    Ok([
        PackageFile {
            name: function.bootstrap,
            bytes,
            is_program: true,
        },
        PackageFile {
            name: function.archive,
            bytes: archive,
            is_program: false,
        },
    ])
}

/// Refuses what the system of Lambda cannot run. Programs of today are loaded as shared libraries are.
fn check(bytes: &[u8]) -> Result<(), String> {
    let newest = elf::newest_glibc(bytes).map_err(|refusal| match refusal {
        Refusal::Kind => "it is no program for Linux on x86_64".to_owned(),
        Refusal::Broken => refusal.to_string(),
    })?;
    elf::check_glibc(newest, GLIBC)
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::library;
    use super::*;

    #[test]
    fn what_lambda_cannot_run_is_refused() {
        assert_eq!(check(&library(&["GLIBC_2.17", "GLIBC_2.34"])), Ok(()));
        for (bytes, expected) in [
            (b"#!/bin/sh".to_vec(), "no program for Linux"),
            (library(&[]), "another C library"),
            (library(&["GLIBC_2.35"]), "glibc 2.35, and Lambda has 2.34"),
        ] {
            let reason = check(&bytes).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
