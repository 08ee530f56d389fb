//! What people meet in the terminal every day.

mod serving;

use serving::{Serve, quillfront, said, write};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

const SITE: [(&str, &str); 4] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ngenerate_feeds = true\n",
    ),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    (
        "content/a.md",
        "+++\ntitle = \"A\"\ndate = 2026-01-02\n+++\nWords.\n",
    ),
    ("templates/page.html", "{{ page.content | safe }}"),
];

/// Runs the command with nobody at the other end of its output, or of what it says.
fn unread(root: &Path, arguments: &[&str], what: &str) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_quillfront"));
    command.args(arguments).current_dir(root);
    command.stdout(Stdio::null());
    let mut child = match what {
        "output" => command.stdout(writer).stderr(Stdio::piped()).spawn(),
        _ => command.stderr(writer).spawn(),
    }
    .unwrap();
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said).unwrap();
    }
    (child.wait().unwrap().code(), said)
}

#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("site");
    write(root, &SITE);
    let mut serve = Serve::start(root, &["--no-watch"]);
    while serve.line()["counts"]["uploaded"] == 0 {}
    let policy = [
        "policy",
        "--source",
        "s3://a-b1",
        "--site",
        "s3://b-c1",
        "--state",
        "s3://c-d1",
    ];
    let commands: [&[&str]; 13] = [
        &["build", "--json"],
        &["build", "--state", "state", "--json"],
        &["check", "--json", "--skip-external-links"],
        &["explain", "/a/", "--json"],
        &["explain", "/a/"],
        &["explain", "--dot"],
        &["plan", "content/a.md", "--json"],
        &["status", "--json"],
        &["approve", "--json"],
        &["completion", "bash"],
        &[
            "migrate", ".", "-o", "../moved", "-f", "--from", "zola", "--json",
        ],
        &["help"],
        &policy,
    ];
    for arguments in commands {
        for what in ["output", "words"] {
            let (code, said) = unread(root, arguments, what);
            assert_eq!(code, Some(0), "{arguments:?}: {said}");
            assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_server_whose_reports_nobody_reads_ends() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    let serve = [
        "serve",
        "--json",
        "--http",
        "127.0.0.1:0",
        "--s3",
        "127.0.0.1:0",
    ];
    let (code, said) = unread(root, &serve, "output");
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &SITE);
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quillfront"));
    command.args(["build", "--json"]).current_dir(folder.path());
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        said(&output).contains("standard output"),
        "{}",
        said(&output)
    );
}

#[test]
fn nothing_is_green_about_a_build_that_made_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    let build = || said(&quillfront(root, &["build", "--state", "state"]));
    let first = build();
    assert!(first.starts_with("built "), "{first}");
    let again = build();
    assert!(
        again.contains("is up to date") && !again.contains("built"),
        "{again}"
    );
    write(
        root,
        &[("content/a.md", "+++\ntitle = \"A\"\n+++\n[x](@/none.md)\n")],
    );
    // Whatever else may be made anew, the second of two such builds makes nothing.
    build();
    let failed = build();
    let told = failed.contains("nothing built") && failed.contains("1 file is not published");
    assert!(told, "{failed}");
    assert!(failed.contains("not published content/a.md"), "{failed}");
}

#[test]
fn a_site_may_have_a_name_with_signs_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_quillfront");
    // Cargo tells the programs that it runs that they are.
    for (package, way_on) in [
        (
            "quillfront",
            "\n  cargo run -- --root 'my \"blog\"!' serve\n".to_owned(),
        ),
        (
            "other",
            format!("\n  {program} --root 'my \"blog\"!' serve\n"),
        ),
    ] {
        let made = Command::new(program)
            .args(["init", "my \"blog\"!", "--force"])
            .current_dir(folder.path())
            .env("CARGO_PKG_NAME", package)
            .output()
            .unwrap();
        assert_eq!(made.status.code(), Some(0), "{}", said(&made));
        assert!(said(&made).contains(&way_on), "{}", said(&made));
    }
    let site = folder.path().join("my \"blog\"!");
    let built = quillfront(&site, &["build"]);
    assert_eq!(built.status.code(), Some(0), "{}", said(&built));
    let home = std::fs::read_to_string(site.join("public/index.html")).unwrap();
    assert!(home.contains("my &quot;blog&quot;!"), "{home}");
}

#[test]
fn the_way_out_of_an_undeclared_language_is_shown_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    write(
        root,
        &[("content/_index.de.md", "+++\ntitle = \"Heim\"\n+++\n")],
    );
    let built = quillfront(root, &["build"]);
    assert_eq!(built.status.code(), Some(1));
    let lines: Vec<String> = said(&built)
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    let at = lines.iter().position(|line| line == "[languages.de]");
    let at = at.unwrap_or_else(|| panic!("{}", said(&built)));
    assert_eq!(lines[at + 1], "title = \"…\"");
    // And they do what they should.
    let config = format!("{}\n{}\n{}\n", SITE[0].1, lines[at], lines[at + 1]);
    write(root, &[("config.toml", &config)]);
    let built = quillfront(root, &["build"]);
    assert_eq!(built.status.code(), Some(0), "{}", said(&built));
    assert!(root.join("public/de/index.html").is_file());
}

#[test]
fn approve_prints_json_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    for number in 0..20 {
        let name = format!("content/p{number}.md");
        write(root, &[(&name, "+++\ntitle = \"P\"\n+++\n")]);
    }
    let mut serve = Serve::start(root, &[]);
    while serve.line()["counts"]["uploaded"] == 0 {}
    let hold = |serve: &mut Serve, range: std::ops::Range<usize>| {
        for number in range {
            std::fs::remove_file(root.join(format!("content/p{number}.md"))).unwrap();
        }
        while serve.line()["held"].is_null() {}
    };
    hold(&mut serve, 0..20);
    let approved = quillfront(root, &["approve"]);
    assert_eq!(approved.status.code(), Some(0), "{}", said(&approved));
    assert!(approved.stdout.is_empty(), "{:?}", approved.stdout);
    assert!(
        said(&approved).contains("removed 20 pages"),
        "{}",
        said(&approved)
    );
    let nothing = quillfront(root, &["approve", "--json"]);
    assert!(
        said(&nothing).contains("nothing is held"),
        "{}",
        said(&nothing)
    );
}
