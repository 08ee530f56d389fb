//! `publish` against a running `serve`: what differs goes up, and the command waits until the pages answer.

mod serving;

use serde_json::Value;
use serving::{Serve, said, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A site in a folder, and a `serve` elsewhere that does not watch it.
struct Home {
    site: TempDir,
    data: TempDir,
    serve: Serve,
}

impl Home {
    fn new() -> Self {
        let (site, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        write(
            site.path(),
            &[
                ("config.toml", "base_url = \"https://example.org\"\n"),
                ("templates/index.html", "{{ section.title }} v1"),
                ("templates/page.html", "<h1>{{ page.title }}</h1>"),
                ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
                (
                    "content/a.md",
                    "+++\ntitle = \"A\"\naliases = [\"old-a\"]\n+++\n",
                ),
                ("content/b.md", "+++\ntitle = \"B\"\n+++\n"),
                ("static/style.css", "a { color: red }"),
            ],
        );
        let serve = Serve::start(data.path(), &["--no-watch"]);
        Self { site, data, serve }
    }

    fn publish(&self, options: &[&str]) -> Output {
        publish(self.site.path(), self.data.path(), options)
    }

    /// Publishes, and returns the exit code with the result.
    fn published(&self, options: &[&str]) -> (Option<i32>, Value) {
        let output = self.publish(&[options, &["--json"]].concat());
        let result = serde_json::from_slice(&output.stdout);
        let result = result.unwrap_or_else(|_| panic!("{}", said(&output)));
        (output.status.code(), result)
    }

    /// What readers get.
    fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.serve.ready["site"].as_str().unwrap());
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.build().new_agent();
        let mut answer = agent.get(&url).call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }
}

fn publish(site: &Path, data: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("--root")
        .arg(site)
        .args(["publish", "--data"])
        .arg(data.join(".quillfront"))
        .args(options)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn urls(result: &Value) -> Vec<&str> {
    let pages = result["pages"].as_array().unwrap().iter();
    pages
        .map(|page| page["url"].as_str().unwrap().splitn(4, '/').last().unwrap())
        .collect()
}

#[test]
fn what_changed_goes_up_and_is_there_when_the_command_ends() {
    let home = Home::new();
    let (code, result) = home.published(&[]);
    assert_eq!(code, Some(0), "{result}");
    assert_eq!(result["uploaded"].as_array().unwrap().len(), 7);
    assert!(urls(&result).contains(&"a/") && urls(&result).contains(&"old-a/"));
    assert_eq!(home.get("/a/"), (200, "<h1>A</h1>".to_owned()));

    // Again: nothing.
    let (code, result) = home.published(&[]);
    assert_eq!(
        (code, &result["uploaded"]),
        (Some(0), &Value::from(Vec::<u8>::new()))
    );
    assert_eq!(
        (&result["unchanged"], urls(&result).len()),
        (&Value::from(7), 0)
    );

    // An edit of one text changes one page. A file that was touched and has the same bytes is the same.
    write(
        home.site.path(),
        &[
            (
                "content/a.md",
                "+++\ntitle = \"A2\"\naliases = [\"old-a\"]\n+++\n",
            ),
            ("content/b.md", "+++\ntitle = \"B\"\n+++\n"),
        ],
    );
    let (code, result) = home.published(&[]);
    assert_eq!(code, Some(0));
    assert_eq!(result["uploaded"], Value::from(vec!["content/a.md"]));
    assert_eq!(urls(&result)[0], "a/");
    assert_eq!(home.get("/a/").1, "<h1>A2</h1>");
    assert!(
        result["pages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|page| page["ms"].is_u64())
    );
}

#[test]
fn nothing_is_deleted_unless_somebody_says_so() {
    let home = Home::new();
    assert_eq!(home.published(&[]).0, Some(0));
    fs::remove_file(home.site.path().join("content/b.md")).unwrap();
    // Without a terminal nobody can be asked.
    let output = home.publish(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("--delete") && said(&output).contains("content/b.md"));
    assert_eq!(home.get("/b/").0, 200);
    let (_, result) = home.published(&["--dry-run"]);
    assert_eq!(result["deleted"], Value::from(vec!["content/b.md"]));
    assert_eq!(home.get("/b/").0, 200);

    let (code, result) = home.published(&["--delete"]);
    assert_eq!(code, Some(0), "{result}");
    assert_eq!(result["deleted"], Value::from(vec!["content/b.md"]));
    assert_eq!(home.get("/b/").0, 404);
    let gone = result["pages"].as_array().unwrap().iter();
    assert_eq!(gone.filter(|page| page["gone"] == true).count(), 1);
}

#[test]
fn a_dry_run_writes_nothing() {
    let home = Home::new();
    let (code, result) = home.published(&["--dry-run"]);
    assert_eq!((code, &result["dry_run"]), (Some(0), &Value::from(true)));
    assert_eq!(result["uploaded"].as_array().unwrap().len(), 7);
    assert_eq!(home.published(&["--dry-run"]).1, result);
    let told = said(&home.publish(&["--dry-run"]));
    assert!(told.contains("would upload 7 files"), "{told}");
}

#[test]
fn an_authors_mistake_is_told_with_its_line_and_the_rest_is_published() {
    let home = Home::new();
    assert_eq!(home.published(&[]).0, Some(0));
    write(
        home.site.path(),
        &[
            ("content/a.md", "+++\ntitle = \"A\nmistake\n+++\n"),
            ("content/b.md", "+++\ntitle = \"B2\"\n+++\n"),
        ],
    );
    let output = home.publish(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let told = said(&output);
    assert!(
        told.contains("content/a.md") && told.contains("published as of"),
        "{told}"
    );
    assert_eq!(home.get("/b/").1, "<h1>B2</h1>");
    assert_eq!(home.get("/a/").1, "<h1>A</h1>");
    // It is told for as long as it is there.
    let (code, result) = home.published(&[]);
    assert_eq!(code, Some(1));
    assert_eq!(result["not_published"], Value::from(vec!["content/a.md"]));
}

#[test]
fn pages_that_do_not_answer_in_time_are_no_success() {
    let home = Home::new();
    let output = home.publish(&["--timeout", "3", "--url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("do not answer"), "{}", said(&output));
    let nowhere = TempDir::new().unwrap();
    let output = publish(nowhere.path(), home.data.path(), &["--delete"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("is it the site's folder"));
    assert_eq!(home.get("/a/").0, 200);
}

#[test]
fn a_deletion_of_much_is_held_and_said_to_be() {
    let home = Home::new();
    let key = |number: u32| format!("content/many-{number:02}.md");
    for number in 0..20 {
        let text = format!("+++\ntitle = \"{number}\"\n+++\n");
        write(home.site.path(), &[(&key(number), &text)]);
    }
    assert_eq!(home.published(&[]).0, Some(0));
    for number in 0..20 {
        fs::remove_file(home.site.path().join(key(number))).unwrap();
    }
    write(
        home.site.path(),
        &[("content/a.md", "+++\ntitle = \"A2\"\n+++\n")],
    );
    let (code, result) = home.published(&["--delete"]);
    assert_eq!(code, Some(1), "{result}");
    assert!(result["held"].as_str().unwrap().contains("20"), "{result}");
    assert_eq!(home.get("/a/").1, "<h1>A2</h1>");
    assert_eq!(home.get("/many-07/").0, 200);
}

#[test]
fn the_site_may_be_named_by_the_environment() {
    let home = Home::new();
    let ready = |name: &str| home.serve.ready[name].as_str().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("--root")
        .arg(home.site.path())
        .args(["publish", "--json", "--url", ready("site")])
        .env("QUILLFRONT_SOURCE", format!("s3://{}", ready("source")))
        .env("QUILLFRONT_SITE", format!("s3://{}", ready("site_bucket")))
        .env("QUILLFRONT_STATE", format!("s3://{}", ready("state")))
        .env("AWS_ENDPOINT_URL_S3", ready("s3"))
        .env("AWS_ACCESS_KEY_ID", ready("access_key"))
        .env("AWS_SECRET_ACCESS_KEY", ready("secret_key"))
        .env("AWS_REGION", ready("region"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["uploaded"].as_array().unwrap().len(), 7);
    assert_eq!(home.get("/a/").1, "<h1>A</h1>");
}

/// Publishes at a terminal, with a person who types an answer.
#[cfg(target_os = "linux")]
fn answering(home: &Home, answer: &str) -> String {
    use std::io::Write;
    let command = format!(
        "{} --root {} publish --data {}/.quillfront",
        env!("CARGO_BIN_EXE_quillfront"),
        home.site.path().display(),
        home.data.path().display()
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{answer}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_a_person_is_asked() {
    let home = Home::new();
    assert_eq!(home.published(&[]).0, Some(0));
    fs::remove_file(home.site.path().join("content/b.md")).unwrap();
    let told = answering(&home, "");
    assert!(
        told.contains("content/b.md") && told.contains("Delete it? [y/N]"),
        "{told}"
    );
    assert_eq!(home.get("/b/").0, 200);
    answering(&home, "y");
    assert_eq!(home.get("/b/").0, 404);
}
