//! `quillfront package`: what it asks of cargo, and what it refuses. tests/edge-package makes a real package.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs `package edge` with a program in place of cargo.
fn package(folder: &Path, cargo: &str, options: &[&str]) -> Output {
    let program = folder.join("cargo");
    fs::write(&program, format!("#!/bin/sh\n{cargo}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .args(["package", "edge", "-o"])
        .arg(folder.join("out"))
        .args(options)
        .env("CARGO", &program)
        .env("TOLD", folder.join("told"))
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_missing_is_told_with_how_to_get_it() {
    let folder = TempDir::new().unwrap();
    let output = package(folder.path(), "exit 101", &[]);
    assert_eq!(output.status.code(), Some(3));
    let said = complaint(&output);
    for part in ["pip install cargo-zigbuild ziglang", "--addon FILE"] {
        assert!(said.contains(part), "{said}");
    }
    let missing = folder.path().join("missing");
    let output = package(folder.path(), "", &["--source", missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("--source DIR"));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn cargo_builds_for_the_c_library_of_lambda_without_paths() {
    let folder = TempDir::new().unwrap();
    let cargo = r#"[ "$2" = --help ] && exit 0
echo "$@" > "$TOLD"; printf '%s' "$CARGO_ENCODED_RUSTFLAGS" >> "$TOLD"; exit 7"#;
    let output = package(folder.path(), cargo, &[]);
    assert_eq!(output.status.code(), Some(3));
    let said = complaint(&output);
    assert!(said.contains("could not build the add-on"), "{said}");
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = source.canonicalize().unwrap();
    for part in [
        "zigbuild --locked --package quillfront-edge-addon --profile edge",
        "--target x86_64-unknown-linux-gnu.2.34",
        &format!("--remap-path-prefix={}=/quillfront", source.display()),
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn what_lambda_cannot_load_is_refused() {
    let folder = TempDir::new().unwrap();
    let library = folder.path().join("x.so");
    fs::write(&library, "#!/bin/sh\n").unwrap();
    let command = env!("CARGO_BIN_EXE_quillfront");
    for (file, reason) in [
        (library.to_str().unwrap(), "no shared library for Linux"),
        ("/nonexistent", "No such file"),
        // A program, or a library without what Node.js looks for.
        (command, "it is no"),
    ] {
        let output = package(folder.path(), "", &["--addon", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        let said = complaint(&output);
        assert!(said.contains(reason), "{said}");
    }
    // Where cargo says that it has built such a file, that is no mistake of whoever called.
    let cargo = format!(
        r#"[ "$2" = --help ] && exit 0
echo '{{"reason":"compiler-artifact","target":{{"name":"quillfront_edge_addon"}},"filenames":["{}"]}}'"#,
        library.display()
    );
    let output = package(folder.path(), &cargo, &[]);
    assert_eq!(output.status.code(), Some(3));
    let said = complaint(&output);
    assert!(said.contains("no shared library for Linux"), "{said}");
}
