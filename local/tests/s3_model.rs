//! The server beside a map in memory: after any sequence of operations both say the same.

#[path = "s3_harness/mod.rs"]
mod harness;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use harness::{Server, noise, refusal};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

const BUCKET: &str = "bucket";
const KEYS: [&str; 12] = [
    "a", "a/", "a/b", "a/b/c", "a b", "b", "b/..", "../b", "ü/é", "z", "z/z", "~",
];
/// Around the size at which bytes get a file of their own.
const SIZES: [usize; 5] = [0, 1, 5000, 1 << 20, (1 << 20) + 1];

#[derive(Clone, Debug)]
enum Operation {
    Put {
        key: &'static str,
        body: Body,
        condition: Condition,
    },
    Delete {
        key: &'static str,
        condition: Condition,
    },
    Copy {
        from: &'static str,
        to: &'static str,
    },
    Get {
        key: &'static str,
    },
    List {
        prefix: &'static str,
        delimiter: bool,
        page: i32,
    },
    Reopen,
}

#[derive(Clone, Debug)]
enum Condition {
    None,
    Absent,
    /// `If-Match` with the ETag that the key has.
    Seen,
    /// `If-Match` with another.
    Stale,
}

type Body = (u64, usize);

/// Key to body and ETag.
type Model = BTreeMap<&'static str, (Body, String)>;

fn operation() -> impl Strategy<Value = Operation> {
    let key = || select(&KEYS[..]);
    let body = (0..1000_u64, select(&SIZES[..]));
    let condition = || {
        prop_oneof![
            4 => Just(Condition::None),
            1 => Just(Condition::Absent),
            2 => Just(Condition::Seen),
            1 => Just(Condition::Stale),
        ]
    };
    prop_oneof![
        6 => (key(), body, condition()).prop_map(|(key, body, condition)| Operation::Put { key, body, condition }),
        3 => (key(), condition()).prop_map(|(key, condition)| Operation::Delete { key, condition }),
        2 => (key(), key()).prop_map(|(from, to)| Operation::Copy { from, to }),
        3 => key().prop_map(|key| Operation::Get { key }),
        3 => (select(&["", "a", "a/", "b", "x"][..]), any::<bool>(), 1..4)
            .prop_map(|(prefix, delimiter, page)| Operation::List { prefix, delimiter, page }),
        1 => Just(Operation::Reopen),
    ]
}

#[test]
fn the_server_does_what_a_map_does() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let operations = prop::collection::vec(operation(), 1..40);
    let result = runner.run(&operations, |operations| {
        runtime.block_on(run(operations));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

async fn run(operations: Vec<Operation>) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(dir.path()).await;
    server.store.create_bucket(BUCKET).await.expect("a bucket");
    let mut model = Model::new();
    for operation in operations {
        if matches!(operation, Operation::Reopen) {
            server.stop().await;
            server = Server::start(dir.path()).await;
        } else {
            step(&server.client(), &mut model, operation).await;
        }
    }
    let list = Operation::List {
        prefix: "",
        delimiter: false,
        page: 1000,
    };
    step(&server.client(), &mut model, list).await;
    for key in KEYS {
        step(&server.client(), &mut model, Operation::Get { key }).await;
    }
    server.stop().await;
}

async fn step(client: &Client, model: &mut Model, operation: Operation) {
    match operation {
        Operation::Put {
            key,
            body,
            condition,
        } => put(client, model, key, body, condition).await,
        Operation::Delete { key, condition } => delete(client, model, key, condition).await,
        Operation::Copy { from, to } => {
            let copy = client
                .copy_object()
                .bucket(BUCKET)
                .key(to)
                .copy_source(format!("{BUCKET}/{}", encode(from)));
            let copy = copy.send().await;
            match model.get(from).cloned() {
                _ if from == to => assert_eq!(refusal(copy).0, 400),
                None => assert_eq!(refusal(copy).0, 404),
                Some(object) => {
                    copy.expect("copy");
                    model.insert(to, object);
                }
            }
        }
        Operation::Get { key } => {
            let get = client.get_object().bucket(BUCKET).key(key).send().await;
            match model.get(key) {
                None => assert_eq!(refusal(get).0, 404),
                Some(((seed, size), etag)) => {
                    let get = get.expect("get");
                    assert_eq!(get.e_tag(), Some(etag.as_str()));
                    assert!(
                        get.body.collect().await.expect("body").to_vec() == noise(*seed, *size)
                    );
                }
            }
        }
        Operation::List {
            prefix,
            delimiter,
            page,
        } => {
            assert_eq!(
                list(client, prefix, delimiter, page).await,
                expected_list(model, prefix, delimiter)
            );
        }
        Operation::Reopen => {}
    }
}

async fn put(
    client: &Client,
    model: &mut Model,
    key: &'static str,
    body: Body,
    condition: Condition,
) {
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(noise(body.0, body.1).into());
    let seen = model.get(key).map(|(_, etag)| etag.clone());
    let (put, refused) = match (condition, &seen) {
        (Condition::None, _) => (put, None),
        (Condition::Absent, seen) => (put.if_none_match("*"), seen.is_some().then_some(412)),
        (Condition::Seen, Some(etag)) => (put.if_match(etag), None),
        (Condition::Stale, Some(_)) => (put.if_match("\"stale\""), Some(412)),
        (Condition::Seen | Condition::Stale, None) => (put.if_match("\"stale\""), Some(404)),
    };
    let answer = put.send().await;
    match refused {
        Some(status) => assert_eq!(refusal(answer).0, status),
        None => {
            let etag = answer.expect("put").e_tag.expect("an ETag");
            model.insert(key, (body, etag));
        }
    }
}

async fn delete(client: &Client, model: &mut Model, key: &'static str, condition: Condition) {
    let delete = client.delete_object().bucket(BUCKET).key(key);
    let seen = model.get(key).map(|(_, etag)| etag.clone());
    let (delete, refused) = match (condition, &seen) {
        (Condition::Seen, Some(etag)) => (delete.if_match(etag), false),
        (Condition::Stale, Some(_)) => (delete.if_match("\"stale\""), true),
        _ => (delete, false),
    };
    let answer = delete.send().await;
    if refused {
        assert_eq!(refusal(answer).0, 412);
    } else {
        answer.expect("delete");
        model.remove(key);
    }
}

/// All lines of a listing, page by page; common prefixes end in a NUL.
async fn list(client: &Client, prefix: &str, delimiter: bool, page: i32) -> Vec<String> {
    let (mut lines, mut token) = (Vec::new(), None);
    loop {
        let list = client
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .max_keys(page);
        let list = list
            .set_delimiter(delimiter.then(|| "/".to_owned()))
            .set_continuation_token(token);
        let answer = list.send().await.expect("list");
        assert!(answer.contents().len() + answer.common_prefixes().len() <= page as usize);
        let mut here: Vec<String> = answer
            .contents()
            .iter()
            .filter_map(|object| object.key.clone())
            .collect();
        here.extend(
            answer
                .common_prefixes()
                .iter()
                .map(|common| format!("{}\0", common.prefix().expect("a prefix"))),
        );
        here.sort();
        lines.extend(here);
        token = answer.next_continuation_token;
        if token.is_none() {
            return lines;
        }
    }
}

fn expected_list(model: &Model, prefix: &str, delimiter: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for key in model.keys().filter(|key| key.starts_with(prefix)) {
        let line = match key[prefix.len()..].find('/') {
            Some(slash) if delimiter => format!("{}\0", &key[..=prefix.len() + slash]),
            _ => (*key).to_owned(),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

fn encode(key: &str) -> String {
    key.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || byte == b'/' {
                (byte as char).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
