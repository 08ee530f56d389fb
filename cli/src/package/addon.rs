//! The add-on for Node.js: a file that is there, or one that is built from the sources.

use super::elf::{self, Version};
use crate::exit::UsageError;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The C library of Lambda's system (AWS Lambda Developer Guide, "Lambda runtimes": nodejs24.x runs on Amazon
/// Linux 2023, which has glibc 2.34).
const GLIBC: Version = (2, 34);

/// What the loader of Node.js looks for.
const ENTRY: &[u8] = b"napi_register_module_v1";

/// The package of the add-on, and the profile that it is built with.
const PACKAGE: &str = "quillfront-edge-addon";
const PROFILE: &str = "edge";

/// Where this command was built.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

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
    let Some(newest) = newest else {
        return Err("it was built for another C library than glibc".to_owned());
    };
    if newest <= GLIBC {
        return Ok(());
    }
    let [(major, minor), (most_major, most_minor)] = [newest, GLIBC];
    Err(format!(
        "it needs glibc {major}.{minor}, and Lambda has {most_major}.{most_minor}: build it with `cargo \
         zigbuild`, as `quillfront package edge` does without --addon"
    ))
}

/// Builds the add-on from a folder with the sources of Quillfront; by default those of this command.
pub fn build(source: Option<&Path>) -> Result<Vec<u8>> {
    let source = source.unwrap_or(Path::new(BUILT_FROM));
    let source = source
        .canonicalize()
        .ok()
        .filter(|source| source.join("edge/addon/Cargo.toml").is_file());
    let source = source.ok_or_else(|| {
        UsageError(
            "the sources of Quillfront are not here any more: name their folder with --source DIR, or a file \
             that was built from them with --addon FILE"
                .to_owned(),
        )
    })?;
    need_zigbuild()?;
    let mut command = Command::new(cargo());
    command
        .current_dir(&source)
        .args([
            "zigbuild",
            "--locked",
            "--package",
            PACKAGE,
            "--profile",
            PROFILE,
        ])
        .arg("--target")
        .arg(format!("x86_64-unknown-linux-gnu.{}.{}", GLIBC.0, GLIBC.1))
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&source))
        .env_remove("RUSTFLAGS")
        .stderr(Stdio::inherit());
    let output = command.output().context("cargo zigbuild")?;
    if !output.status.success() {
        return Err(anyhow!(
            "cargo zigbuild could not build the add-on ({}); where it finds no Zig, `pip install ziglang` \
             installs one for `python3`",
            output.status
        ));
    }
    let path = artifact(&output.stdout).context("cargo zigbuild did not say what it has built")?;
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    check(&bytes).map_err(|reason| anyhow!("{}: {reason}", path.display()))?;
    Ok(bytes)
}

/// The cargo that runs this command, if one does.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn need_zigbuild() -> Result<()> {
    let help = Command::new(cargo()).args(["zigbuild", "--help"]).output();
    let is_there = match help {
        Ok(output) => output.status.success(),
        Err(error) => {
            return Err(error).context("cargo: building the add-on needs Rust (https://rustup.rs)");
        }
    };
    if is_there {
        return Ok(());
    }
    Err(anyhow!(
        "building the add-on for Lambda needs cargo-zigbuild and Zig: `pip install cargo-zigbuild ziglang` \
         installs both; or name a file that was built elsewhere with --addon FILE"
    ))
}

/// Flags that keep the paths of this machine out of the add-on, so that it is the same bytes everywhere.
fn flags(source: &Path) -> OsString {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::new();
    for (from, to) in [(home.as_deref(), "/cargo"), (Some(source), "/quillfront")] {
        let Some(from) = from else { continue };
        if !flags.is_empty() {
            flags.push("\x1f");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

/// A message of cargo (The Cargo Book, "External tools", "JSON messages").
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Returns the file that cargo has made.
fn artifact(messages: &[u8]) -> Option<PathBuf> {
    let messages = messages.split(|byte| *byte == b'\n');
    let mut messages = messages.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let name = PACKAGE.replace('-', "_");
    let built = messages.find(|message| {
        let is_addon = message
            .target
            .as_ref()
            .is_some_and(|target| target.name == name);
        message.reason == "compiler-artifact" && is_addon
    })?;
    let is_library = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "so");
    built.filenames.into_iter().find(is_library)
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::library;
    use super::*;

    #[test]
    fn the_file_is_the_one_that_cargo_names() {
        let messages = [
            r#"{"reason":"compiler-artifact","target":{"name":"quillfront_edge"},"filenames":["/t/libquillfront_edge.rlib"]}"#,
            "no message",
            r#"{"reason":"compiler-artifact","target":{"name":"quillfront_edge_addon"},"filenames":["/t/x.d","/t/x.so"]}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        let found = artifact(messages.join("\n").as_bytes());
        assert_eq!(found, Some(PathBuf::from("/t/x.so")));
        assert_eq!(artifact(b""), None);
    }

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

    #[test]
    fn no_path_of_the_machine_is_in_the_add_on() {
        let flags = flags(Path::new("/home/me/quillfront"));
        let flags = flags.into_string().unwrap();
        assert!(flags.ends_with("--remap-path-prefix=/home/me/quillfront=/quillfront"));
        assert!(flags.contains("=/cargo\x1f"), "{flags}");
    }
}
