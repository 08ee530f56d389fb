//! `remove` against what stands for AWS here: a stack whose buckets have objects, and a function with replicas.
//! tests/infra removes a whole stack from an emulator.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

const SITE: &str = "blog-site-111122223333-us-east-1-an";
const SOURCE: &str = "blog-source-111122223333-us-east-1-an";

/// An account with the stack `blog`.
struct Account {
    /// None once it was deleted.
    status: Option<&'static str>,
    description: &'static str,
    /// Those that are there.
    buckets: BTreeSet<&'static str>,
    /// Those of them that have an object.
    full: BTreeSet<&'static str>,
    has_function: bool,
    has_replicas: bool,
    /// What was asked for.
    asked: Vec<String>,
}

impl Account {
    fn start(description: &'static str) -> (String, Arc<Mutex<Self>>) {
        let account = Arc::new(Mutex::new(Self {
            status: Some("CREATE_COMPLETE"),
            description,
            buckets: BTreeSet::from([SITE, SOURCE]),
            full: BTreeSet::from([SITE, SOURCE]),
            has_function: true,
            has_replicas: true,
            asked: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answering = account.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let account = answering.clone();
                thread::spawn(move || answer(stream.unwrap(), &account));
            }
        });
        (address, account)
    }

    /// The status and the body of an answer.
    fn answer(&mut self, head: &str, body: &str) -> (u16, String) {
        let line = head.lines().next().unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let target = target.split(' ').next().unwrap();
        self.asked.push(format!("{method} {target} {body}"));
        if head.contains("Logs_20140328.DescribeLogGroups") {
            return (200, r#"{"logGroups": []}"#.to_owned());
        }
        if target.starts_with("/2015-03-31/functions/blog-edge") {
            return self.function(method);
        }
        let action = body
            .split('&')
            .find_map(|part| part.strip_prefix("Action="));
        match action {
            Some("GetCallerIdentity") => (200, "<R><Account>111122223333</Account></R>".to_owned()),
            Some("DescribeStacks") => self.stack(),
            Some("DescribeStackResources") => (200, self.resources()),
            Some("DeleteStack") => {
                let keeps = body.contains("RetainResources.member.1=SiteBucket");
                let is_kept = self.full.contains(SITE) && !keeps;
                self.status = is_kept.then_some("DELETE_FAILED");
                (200, "<DeleteStackResponse/>".to_owned())
            }
            _ => self.bucket(method, target),
        }
    }

    fn stack(&self) -> (u16, String) {
        let Some(status) = self.status else {
            let why = "<E><Error><Code>ValidationError</Code><Message>does not exist</Message></Error></E>";
            return (400, why.to_owned());
        };
        let description = self.description;
        let stack = format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>blog</StackName>\
             <StackId>arn:blog</StackId><StackStatus>{status}</StackStatus><Description>{description}</Description>\
             </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        );
        (200, stack)
    }

    fn resources(&self) -> String {
        let status = self.status.unwrap();
        format!(
            "<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member>\
             <LogicalResourceId>SiteBucket</LogicalResourceId><PhysicalResourceId>{SITE}</PhysicalResourceId>\
             <ResourceType>AWS::S3::Bucket</ResourceType><ResourceStatus>{status}</ResourceStatus>\
             <ResourceStatusReason>The bucket you tried to delete is not empty</ResourceStatusReason></member>\
             </StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>"
        )
    }

    fn function(&mut self, method: &str) -> (u16, String) {
        match method {
            _ if !self.has_function => (404, r#"{"Message": "no such function"}"#.to_owned()),
            "DELETE" if self.has_replicas => {
                let why = "Lambda was unable to delete arn:aws:lambda:us-east-1:111122223333:function:blog-edge:1 \
                    because it is a replicated function. Please see our documentation for Deleting Lambda@Edge \
                    Functions and Replicas.";
                (400, format!(r#"{{"Message": "{why}"}}"#))
            }
            "DELETE" => {
                self.has_function = false;
                (204, String::new())
            }
            _ => (200, "{}".to_owned()),
        }
    }

    fn bucket(&mut self, method: &str, target: &str) -> (u16, String) {
        let name = target.trim_start_matches('/');
        let name = name.split(['/', '?']).next().unwrap();
        let Some(bucket) = self.buckets.iter().copied().find(|bucket| *bucket == name) else {
            return (404, "<Error><Code>NoSuchBucket</Code></Error>".to_owned());
        };
        match method {
            "DELETE" if self.full.contains(bucket) => {
                (409, "<Error><Code>BucketNotEmpty</Code></Error>".to_owned())
            }
            "DELETE" => {
                self.buckets.remove(bucket);
                (204, String::new())
            }
            "POST" => {
                self.full.remove(bucket);
                (200, "<DeleteResult/>".to_owned())
            }
            _ if self.full.contains(bucket) => (
                200,
                "<ListVersionsResult><Version><Key>a</Key><VersionId>1</VersionId></Version>\
                 <DeleteMarker><Key>b</Key><VersionId>2</VersionId></DeleteMarker></ListVersionsResult>"
                    .to_owned(),
            ),
            _ => (200, "<ListVersionsResult/>".to_owned()),
        }
    }
}

fn answer(mut stream: TcpStream, account: &Mutex<Account>) {
    let mut text = String::new();
    let mut read = [0; 4096];
    let (head, body) = loop {
        let length = stream.read(&mut read).unwrap_or(0);
        if length == 0 {
            return;
        }
        text.push_str(&String::from_utf8_lossy(&read[..length]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines();
        let wanted = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= wanted.unwrap_or(0) {
            break (head, body);
        }
    };
    let (status, body) = account.lock().unwrap().answer(head, body);
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    let answer = format!("HTTP/1.1 {status} X\r\n{length}Connection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).unwrap();
}

fn remove(endpoint: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .args(["remove", "--stack", "blog", "--region", "us-east-1"])
        .args(options)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn removed(endpoint: &str, options: &[&str]) -> Value {
    let output = remove(endpoint, &[options, &["--yes", "--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn buckets_stay_and_the_function_goes_on_a_second_run() {
    let (endpoint, account) = Account::start("Quillfront - a blog");
    let result = removed(&endpoint, &[]);
    let remaining = [
        format!("bucket {SOURCE}"),
        format!("bucket {SITE}"),
        "function blog-edge".to_owned(),
    ];
    assert_eq!(result["remaining"], Value::from(remaining.to_vec()));
    assert_eq!(
        (&result["replicas"], &result["emptied"]),
        (&true.into(), &0.into())
    );
    // The bucket kept the stack from going at first.
    let deletions = |account: &Account| {
        let asked = account.asked.iter();
        asked.filter(|asked| asked.contains("DeleteStack")).count()
    };
    assert_eq!(deletions(&account.lock().unwrap()), 2);

    account.lock().unwrap().has_replicas = false;
    let result = removed(&endpoint, &["--keep-buckets"]);
    assert_eq!(result["remaining"], Value::from(remaining[..2].to_vec()));
    assert_eq!(deletions(&account.lock().unwrap()), 2);
    let result = removed(&endpoint, &["--empty-buckets"]);
    assert_eq!(result["remaining"], Value::from(remaining[..1].to_vec()));
    assert_eq!(result["emptied"], 2);
    let result = removed(&endpoint, &["--delete-source"]);
    assert_eq!(result["remaining"], Value::from(Vec::<u8>::new()));
    let output = remove(&endpoint, &[]);
    assert!(said(&output).contains("nothing of a stack blog is in us-east-1"));
}

#[test]
fn only_what_is_ours_is_removed_and_only_if_somebody_agrees() {
    let (endpoint, account) = Account::start("The payroll");
    let output = remove(&endpoint, &["--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("was not made of a template of Quillfront"));
    account.lock().unwrap().description = "Quillfront - a blog";
    let output = remove(&endpoint, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let told = said(&output);
    for part in [
        &format!("bucket {SITE} stays"),
        "function blog-edge",
        "say --yes",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let account = account.lock().unwrap();
    let changes = ["DeleteStack", "DELETE ", "POST /blog"];
    let changes = |asked: &&String| changes.iter().any(|change| asked.contains(change));
    assert_eq!(account.asked.iter().find(changes), None);
}
