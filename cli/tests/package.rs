//! `quillfront package`: what it asks of cargo, what it refuses, and what is around what cargo builds.
//! tests/edge-package makes a real package.

use serde_json::Value;
use std::collections::BTreeMap;
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

/// Compiles a library that all three functions can stand for: it needs an old C library, and is an add-on.
fn library(folder: &Path) -> String {
    let (code, library) = (folder.join("x.c"), folder.join("stand-in.so"));
    fs::write(
        &code,
        "#include <stdlib.h>\nvoid *napi_register_module_v1(void) { return malloc(1); }\n",
    )
    .unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &code])
        .status();
    assert!(compiled.unwrap().success());
    library.display().to_string()
}

/// A site, and a program in place of cargo that has built everything already.
fn site(own: &str) -> TempDir {
    let root = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
    write("config.toml", "base_url = \"https://blog.example.org/\"\n");
    write("quillfront.toml", own);
    fs::create_dir(root.path().join("templates")).unwrap();
    write("templates/index.html", "home");
    let built = library(root.path());
    let message = |target: &str| {
        format!(
            r#"echo '{{"reason":"compiler-artifact","target":{{"name":"{target}"}},"filenames":["{built}"],"executable":"{built}"}}'"#
        )
    };
    let targets = [
        "quillfront_edge_addon",
        "quillfront-builder-lambda",
        "quillfront-thumbnail-lambda",
    ];
    let cargo = format!(
        "#!/bin/sh\n[ \"$2\" = --help ] && exit 0\n{}\n",
        targets.map(message).join("\n")
    );
    write("cargo", &cargo);
    let program = root.path().join("cargo");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    root
}

/// Runs `package` for a site, and returns the files with their bytes.
fn files(root: &Path, out: &str, options: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let out = root.join(out);
    let output = Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("--root")
        .arg(root)
        .args(["package", "-o"])
        .arg(&out)
        .args(options)
        .env("CARGO", root.join("cargo"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let mut found = BTreeMap::new();
    let mut folders = vec![out.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&out).unwrap().display().to_string();
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

fn template(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_saphyr::from_str(std::str::from_utf8(&files[name]).unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn a_package_has_all_that_its_templates_deploy_and_is_the_same_bytes_elsewhere() {
    let own = "[edge]\ndomains = [\"www.example.org\"]\n";
    let (root, other) = (site(own), site(own));
    let first = files(root.path(), "dist", &["--now", "2026-01-01T00:00:00Z"]);
    let second = files(other.path(), "out", &["--now", "2027-02-02T02:02:02Z"]);
    assert!(first == second, "two folders make two packages");
    let blog = template(&first, "blog.yaml");
    for resource in blog["Resources"].as_object().unwrap().values() {
        let properties = &resource["Properties"];
        if let Some(archive) = properties["CodeUri"].as_str() {
            assert!(first.contains_key(archive), "{archive}");
        }
    }
    let code = |resource: &str| blog["Resources"][resource]["Properties"]["FunctionCode"].as_str();
    for (resource, file) in [
        ("ImagesFunction", "viewer-request-images.js"),
        ("ViewerRequestFunction", "viewer-request.js"),
    ] {
        assert_eq!(code(resource).map(str::as_bytes), Some(&*first[file]));
    }
    let edge = sha256(&first["edge.zip"]);
    let function = &blog["Resources"]["EdgeFunction"]["Properties"];
    assert_eq!(function["AutoPublishCodeSha256"], edge.as_str());
    assert_eq!(blog["Metadata"]["Quillfront"]["Edge"], edge.as_str());
    assert!(first.contains_key("headers.yaml") && first.contains_key("thumbnails.yaml"));
}

#[test]
fn each_part_comes_with_its_own_template() {
    let root = site("");
    let templates = |out: &str, options: &[&str]| {
        let names = files(root.path(), out, options).into_keys();
        let names = names.filter(|name| name.ends_with(".yaml"));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(templates("a", &["edge"]), "headers.yaml");
    assert_eq!(templates("b", &["thumbnail"]), "thumbnails.yaml");
    assert_eq!(templates("c", &["builder"]), "");
    // Without archives there is nothing that a template could deploy.
    assert_eq!(templates("d", &["all", "--site-only"]), "");
}

#[test]
fn what_is_made_of_the_site_is_made_anew_for_archives_that_are_there() {
    let root = site("");
    let before = files(root.path(), "dist", &[]);
    let presets = "[images.presets]\ncard = \"width=321,height=200,fit=cover\"\n";
    let policy = format!("[security]\nedge = \"policy\"\n{presets}");
    fs::write(root.path().join("quillfront.toml"), policy).unwrap();
    fs::write(root.path().join("cargo"), "#!/bin/sh\nexit 1\n").unwrap();
    let after = files(root.path(), "dist", &["--site-only"]);
    assert_eq!(before["builder.zip"], after["builder.zip"]);
    let (was, is) = (
        template(&before, "blog.yaml"),
        template(&after, "blog.yaml"),
    );
    assert_eq!(was["Metadata"], is["Metadata"]);
    assert_eq!(was["Parameters"]["Edge"]["Default"], "functions");
    assert_eq!(is["Parameters"]["Edge"]["Default"], "policy");
    let code = |blog: &Value| {
        let function = &blog["Resources"]["ImagesFunction"]["Properties"];
        function["FunctionCode"].as_str().unwrap().to_owned()
    };
    assert!(code(&is).contains("321") && !code(&was).contains("321"));
}
