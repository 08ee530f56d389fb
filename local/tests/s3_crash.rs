//! A server that is killed, again and again, in the middle of writing: whatever it
//! acknowledged is there, whatever it did not is there as a whole or not at all.
//!
//! The test runs itself as the child that is killed (`QUILLFRONT_CRASH_DIR` says so).

#![cfg(unix)]

#[path = "s3_harness/mod.rs"]
mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use harness::{Server, noise};
use quillfront_local::s3::Store;

const DIR: &str = "QUILLFRONT_CRASH_DIR";
const ROUND: &str = "QUILLFRONT_CRASH_ROUND";
const BUCKET: &str = "bucket";
const ROUNDS: u64 = 12;
const WRITERS: u64 = 4;
const KEYS: u64 = 6;

/// What a key holds: nothing, or the bytes that belong to a number.
type Contents = Option<u64>;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there() {
    if let Ok(dir) = std::env::var(DIR) {
        return write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let mut known: BTreeMap<String, BTreeSet<Contents>> = BTreeMap::new();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let lines = run_and_kill(dir.path(), round);
        for line in &lines {
            let (word, rest) = line.split_once(' ').expect("a word and a key");
            let (key, contents) = rest.split_once(' ').expect("a key and a number");
            let contents = contents.parse::<u64>().ok();
            let possible = known
                .entry(key.to_owned())
                .or_insert_with(|| BTreeSet::from([None]));
            match word {
                "begin" => _ = possible.insert(contents),
                _ => {
                    acknowledged += 1;
                    *possible = BTreeSet::from([contents]);
                }
            }
        }
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(check(dir.path(), &mut known));
    }
    assert!(
        acknowledged > 100,
        "the child got something done: {acknowledged}"
    );
}

/// Lets a child write for a while, kills it, and gives back what it said.
fn run_and_kill(dir: &Path, round: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "nothing_acknowledged_is_lost_and_nothing_is_half_there",
            "--nocapture",
        ])
        .env(DIR, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let stdout = BufReader::new(child.stdout.take().expect("its output"));
    let reader = std::thread::spawn(move || {
        let lines = stdout.lines().map_while(Result::ok);
        lines
            .filter_map(|line| {
                Some(
                    line.split_once('\u{1}')?
                        .1
                        .strip_suffix('\u{2}')?
                        .to_owned(),
                )
            })
            .collect::<Vec<_>>()
    });
    // Long enough to write, and never the same.
    std::thread::sleep(Duration::from_millis(
        250 + (round * 137 + u64::from(std::process::id())) % 400,
    ));
    child.kill().expect("SIGKILL");
    child.wait().expect("it is dead");
    reader.join().expect("the lines")
}

/// Every key holds one of the things it may hold; after that it is known which.
async fn check(dir: &Path, known: &mut BTreeMap<String, BTreeSet<Contents>>) {
    let store = Store::open(dir)
        .await
        .expect("the store opens after a crash");
    store.create_bucket(BUCKET).await.expect("a bucket");
    for (key, possible) in known {
        let found = match store.get(BUCKET, key).await.expect("get") {
            None => None,
            Some(mut object) => {
                let bytes = object.contents.read_all().expect("read");
                let number = object
                    .meta
                    .metadata
                    .get("number")
                    .and_then(|number| number.parse().ok());
                let number = number.expect("every object has its number");
                assert!(
                    bytes == body(number),
                    "{key}: the bytes are those of {number}"
                );
                Some(number)
            }
        };
        assert!(
            possible.contains(&found),
            "{key} holds {found:?}, not one of {possible:?}"
        );
        *possible = BTreeSet::from([found]);
    }
}

/// Small and large, so that both ways of storing are hit.
fn body(number: u64) -> Vec<u8> {
    noise(
        number,
        if number.is_multiple_of(3) {
            1_500_000
        } else {
            2_000 + (number % 1000) as usize
        },
    )
}

fn say(word: &str, key: &str, contents: Contents) {
    let contents = contents.map_or("-".to_owned(), |number| number.to_string());
    let mut out = std::io::stdout().lock();
    // The marks tell a whole line from one that the kill cut off.
    let _ = out.write_all(format!("\u{1}{word} {key} {contents}\u{2}\n").as_bytes());
    let _ = out.flush();
}

/// The child: an embedded server and a few clients of it, each with keys of its own.
fn write_until_killed(dir: &Path) {
    let round: u64 = std::env::var(ROUND)
        .ok()
        .and_then(|round| round.parse().ok())
        .expect("a round");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let server = Server::start(dir).await;
        server.store.create_bucket(BUCKET).await.expect("a bucket");
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let client = server.client();
            writers.spawn(async move {
                for step in 0.. {
                    let number = (round << 40) | (writer << 32) | step;
                    write_one(
                        &client,
                        &format!("writer-{writer}/key-{}", step % KEYS),
                        number,
                        step % 7,
                    )
                    .await;
                }
            });
        }
        writers.join_next().await;
    });
}

async fn write_one(client: &Client, key: &str, number: u64, kind: u64) {
    let contents = (kind != 3).then_some(number);
    say("begin", key, contents);
    match kind {
        3 => {
            _ = client
                .delete_object()
                .bucket(BUCKET)
                .key(key)
                .send()
                .await
                .expect("delete")
        }
        5 => {
            let scratch = format!("{key}-scratch");
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key(&scratch)
                .metadata("number", number.to_string());
            put.body(body(number).into()).send().await.expect("put");
            let copy = client
                .copy_object()
                .bucket(BUCKET)
                .key(key)
                .copy_source(format!("{BUCKET}/{scratch}"));
            copy.send().await.expect("copy");
        }
        6 => {
            let create = client
                .create_multipart_upload()
                .bucket(BUCKET)
                .key(key)
                .metadata("number", number.to_string());
            let id = create
                .send()
                .await
                .expect("create")
                .upload_id
                .expect("an id");
            let part = client
                .upload_part()
                .bucket(BUCKET)
                .key(key)
                .upload_id(&id)
                .part_number(1);
            let part = part.body(body(number).into()).send().await.expect("part");
            let part = CompletedPart::builder()
                .part_number(1)
                .set_e_tag(part.e_tag)
                .build();
            let parts = CompletedMultipartUpload::builder().parts(part).build();
            let complete = client
                .complete_multipart_upload()
                .bucket(BUCKET)
                .key(key)
                .upload_id(id);
            complete
                .multipart_upload(parts)
                .send()
                .await
                .expect("complete");
        }
        _ => {
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .metadata("number", number.to_string());
            put.body(body(number).into()).send().await.expect("put");
        }
    }
    say("done", key, contents);
}
