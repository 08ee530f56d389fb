//! Building for Lambda's system from the sources of Quillfront.

use super::elf::Version;
use crate::exit::UsageError;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The C library of Lambda's system (AWS Lambda Developer Guide, "Lambda runtimes": nodejs24.x and provided.al2023
/// run on Amazon Linux 2023, which has glibc 2.34).
pub const GLIBC: Version = (2, 34);

/// Where this command was built.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What is built.
pub struct BuildTarget {
    /// What it is to people.
    pub what: &'static str,
    /// Its package.
    pub package: &'static str,
    /// The profile that it is built with.
    pub profile: &'static str,
    /// The program of the package; none where the library is wanted.
    pub program: Option<&'static str>,
    /// What else than building can be done.
    pub instead: &'static str,
}

/// Builds it from a folder with the sources of Quillfront, by default those of this command, and returns the file.
///
/// # Errors
/// There are no sources, or no tools, or they do not compile.
pub fn build(source: Option<&Path>, wanted: &BuildTarget) -> Result<PathBuf> {
    let source = source.unwrap_or(Path::new(BUILT_FROM));
    let source = source
        .canonicalize()
        .ok()
        .filter(|source| source.join("edge/addon/Cargo.toml").is_file());
    let source = source.ok_or_else(|| {
        UsageError(format!(
            "the sources of Quillfront are not here any more: name their folder with --source DIR{}",
            wanted.instead
        ))
    })?;
    let what = wanted.what;
    need_zigbuild(wanted)?;
    let mut command = Command::new(cargo());
    command
        .current_dir(&source)
        .args(["zigbuild", "--locked", "--package", wanted.package])
        .args(["--profile", wanted.profile])
        .arg("--target")
        .arg(format!("x86_64-unknown-linux-gnu.{}.{}", GLIBC.0, GLIBC.1))
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&source))
        .env_remove("RUSTFLAGS")
        .stderr(Stdio::inherit());
    if let Some(program) = wanted.program {
        command.args(["--bin", program]);
    }
    let output = command.output().context("cargo zigbuild")?;
    if !output.status.success() {
        return Err(anyhow!(
            "cargo zigbuild could not build {what} ({}); where it finds no Zig, `pip install ziglang` installs \
             one for `python3`",
            output.status
        ));
    }
    artifact(&output.stdout, wanted).context("cargo zigbuild did not say what it has built")
}

/// The cargo that runs this command, if one does.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn need_zigbuild(wanted: &BuildTarget) -> Result<()> {
    let BuildTarget { what, instead, .. } = wanted;
    let help = Command::new(cargo()).args(["zigbuild", "--help"]).output();
    let is_there = match help {
        Ok(output) => output.status.success(),
        Err(error) => {
            let needs = format!("cargo: building {what} needs Rust (https://rustup.rs)");
            return Err(error).context(needs);
        }
    };
    if is_there {
        return Ok(());
    }
    Err(anyhow!(
        "building {what} for Lambda needs cargo-zigbuild and Zig: `pip install cargo-zigbuild ziglang` installs \
         both{instead}"
    ))
}

/// Flags that keep the paths of this machine out of what is built, so that it is the same bytes everywhere.
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
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Returns the file that cargo has made.
fn artifact(messages: &[u8], wanted: &BuildTarget) -> Option<PathBuf> {
    let messages = messages.split(|byte| *byte == b'\n');
    let mut messages = messages.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let name = match wanted.program {
        Some(program) => program.to_owned(),
        None => wanted.package.replace('-', "_"),
    };
    let built = messages.find(|message| {
        let target = message.target.as_ref();
        let is_it = target.is_some_and(|target| target.name == name);
        message.reason == "compiler-artifact" && is_it
    })?;
    if wanted.program.is_some() {
        return built.executable;
    }
    let is_library = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "so");
    built.filenames.into_iter().find(is_library)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: BuildTarget = BuildTarget {
        what: "the add-on",
        package: "quillfront-edge-addon",
        profile: "edge",
        program: None,
        instead: "",
    };

    #[test]
    fn the_file_is_the_one_that_cargo_names() {
        let messages = [
            r#"{"reason":"compiler-artifact","target":{"name":"quillfront_edge"},"filenames":["/t/libquillfront_edge.rlib"]}"#,
            "no message",
            r#"{"reason":"compiler-artifact","target":{"name":"quillfront_edge_addon"},"filenames":["/t/x.d","/t/x.so"],"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"p"},"filenames":["/t/p"],"executable":"/t/p"}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        let messages = messages.join("\n");
        let found = artifact(messages.as_bytes(), &LIBRARY);
        assert_eq!(found, Some(PathBuf::from("/t/x.so")));
        assert_eq!(artifact(b"", &LIBRARY), None);
        let program = BuildTarget {
            program: Some("p"),
            ..LIBRARY
        };
        let found = artifact(messages.as_bytes(), &program);
        assert_eq!(found, Some(PathBuf::from("/t/p")));
    }

    #[test]
    fn no_path_of_the_machine_is_in_what_is_built() {
        let flags = flags(Path::new("/home/me/quillfront"));
        let flags = flags.into_string().unwrap();
        assert!(flags.ends_with("--remap-path-prefix=/home/me/quillfront=/quillfront"));
        assert!(flags.contains("=/cargo\x1f"), "{flags}");
    }
}
