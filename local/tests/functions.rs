//! Functions under the Lambda runtime API: real processes of a program that is made with `lambda_runtime`.
//!
//! The program is this test itself: its `bootstrap` runs [`the_program`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use lambda_runtime::streaming::{Body, Response, channel};
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, MetadataPrelude, service_fn};
use quillfront_local::functions::url::{InvokeMode, ResponseBody, UrlRequest, ask};
use quillfront_local::functions::{
    CutShort, Failure, Function, InvokeError, MAX_EVENT_BYTES, MAX_REPLY_BYTES, Options, Reply,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The variable that tells the test that it is the program.
const IS_PROGRAM: &str = "QUILLFRONT_TEST_FUNCTION";

/// Not a test: what the processes of the functions run.
#[test]
#[ignore = "the program of the other tests"]
fn the_program() {
    let Some(mode) = std::env::var_os(IS_PROGRAM) else {
        return;
    };
    if mode == "no init" {
        eprintln!("cannot start");
        std::process::exit(3);
    }
    if mode == "reports init" {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
        let body = r#"{"errorType":"Config.Missing","errorMessage":"no bucket"}"#;
        let request = format!(
            "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        std::io::Read::read(&mut stream, &mut [0; 100]).unwrap();
        std::process::exit(1);
    }
    if mode == "trailers" {
        return fail_in_the_middle();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(lambda_runtime::run(service_fn(handle)))
        .unwrap();
}

/// Answers an event with a stream that ends with an error in its trailers, as the guide has it: `lambda_runtime` 1.5
/// writes them into the body.
fn fail_in_the_middle() {
    use std::io::{BufRead, BufReader, Write};
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(next.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let id = lines.find_map(|line| {
        let line = line.unwrap();
        let id = line.strip_prefix("lambda-runtime-aws-request-id: ")?;
        Some(id.to_owned())
    });
    let answer = format!(
        "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nhost: x\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
         5\r\nWords\r\n0\r\nLambda-Runtime-Function-Error-Type: Mine.Broke\r\n\
         Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJoYWxmIHdheSJ9\r\n\r\n",
        id.unwrap()
    );
    stream.write_all(answer.as_bytes()).unwrap();
    std::thread::sleep(MULTI);
}

type Answer = FunctionResponse<Value, Body>;

/// What the program does with an event.
async fn handle(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    let LambdaEvent { payload, context } = event;
    let within = payload["body"].as_str();
    let within = within.and_then(|body| serde_json::from_str::<Value>(body).ok());
    let payload = within
        .filter(|body| body["do"].is_string())
        .unwrap_or(payload);
    let number = |name: &str| payload[name].as_u64().unwrap_or_default();
    let whole = |value: Value| Ok(FunctionResponse::BufferedResponse(value));
    match payload["do"].as_str().unwrap_or_default() {
        "context" => whole(json!({
            "id": context.request_id,
            "deadline": context.deadline,
            "arn": context.invoked_function_arn,
            "trace": context.xray_trace_id,
            "variables": std::env::vars().collect::<BTreeMap<_, _>>(),
            "folder": std::env::current_dir()?,
        })),
        "panic" => panic!("on purpose"),
        "fail" => Err("said no".into()),
        "exit" => std::process::exit(7),
        "abort" => std::process::abort(),
        "hang" => std::future::pending().await,
        "wait" => {
            tokio::time::sleep(Duration::from_millis(number("ms"))).await;
            whole(json!(std::process::id()))
        }
        "print" => {
            println!("{}", "x".repeat(1_000_000));
            whole(json!(std::process::id()))
        }
        "length" => whole(json!("x".repeat(number("bytes") as usize - 2))),
        // An answer, and the end before it can be asked for the next event.
        "last words" => {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(300));
                std::process::exit(0);
            });
            whole(json!("gone"))
        }
        "stream" => {
            let (mut sender, body) = channel();
            let (parts, cut) = (number("parts"), payload["cut"].clone());
            tokio::spawn(async move {
                for part in 0..parts {
                    let bytes = Bytes::from(vec![part as u8; 1_000_000]);
                    if sender.send_data(bytes).await.is_err() {
                        return;
                    }
                }
                match cut.as_str() {
                    Some("exit") => std::process::exit(1),
                    Some("hang") => std::future::pending().await,
                    _ => {}
                }
            });
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", "image/png".parse()?);
            Ok(FunctionResponse::StreamingResponse(Response {
                metadata_prelude: MetadataPrelude {
                    status_code: http::StatusCode::ACCEPTED,
                    headers,
                    cookies: vec!["a=b".to_owned()],
                },
                stream: body,
            }))
        }
        // A function URL: the event comes back.
        _ if payload["version"] == "2.0" => whole(json!({
            "statusCode": 200, "headers": {"x-path": payload["rawPath"]}, "body": payload.to_string(),
        })),
        other => Err(format!("{other}?").into()),
    }
}

/// A function, and the folder that it is in.
struct World {
    function: Function,
    folder: TempDir,
}

impl World {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bootstrap = folder.path().join("bootstrap");
        let test = std::env::current_exe().unwrap();
        let script = format!(
            "#!/bin/sh\nexec '{}' --exact the_program --ignored --nocapture --test-threads=1\n",
            test.display()
        );
        std::fs::write(&bootstrap, script).unwrap();
        executable(&bootstrap);
        let mut options = Options {
            name: "tried".to_owned(),
            folder: folder.path().to_owned(),
            scratch: folder.path().join("scratch"),
            region: "eu-central-1".to_owned(),
            variables: BTreeMap::from([(IS_PROGRAM.to_owned(), "yes".to_owned())]),
            memory_mb: 512,
            time_limit: Duration::from_secs(60),
            concurrency: 4,
        };
        change(&mut options);
        let function = Function::new(options).unwrap();
        Self { function, folder }
    }

    async fn invoke(&self, event: Value) -> Result<Reply, InvokeError> {
        self.function.invoke(event.to_string().into()).await
    }

    /// The JSON that the function answers with.
    async fn answer(&self, event: Value) -> Value {
        match self.invoke(event).await.unwrap() {
            Reply::Whole(bytes) => serde_json::from_slice(&bytes).unwrap(),
            Reply::Streamed { .. } => panic!("a stream"),
        }
    }

    async fn failure(&self, event: Value) -> Failure {
        match self.invoke(event).await {
            Err(InvokeError::Failed(failure)) => failure,
            other => panic!("{other:?}"),
        }
    }

    /// Asks by the URL.
    async fn ask(&self, mode: InvokeMode, body: &Value) -> http::Response<ResponseBody> {
        let (head, ()) = Request::post("/a%20b?c=d").body(()).unwrap().into_parts();
        let body = body.to_string();
        let asked = UrlRequest {
            head: &head,
            body: body.as_bytes(),
            from: IpAddr::from([127, 0, 0, 1]),
            now_ms: 0,
        };
        ask(&self.function, mode, &asked).await
    }
}

fn executable(path: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn is_alive(pid: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is dead, and only not yet waited for.
    !stat.is_empty() && !stat.contains(") Z ")
}

const MULTI: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_told_what_lambda_tells_and_nothing_of_this_one() {
    let world = World::new(|_| {});
    let told = world.answer(json!({"do": "context"})).await;
    let id = told["id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let left = told["deadline"].as_u64().unwrap() - now.as_millis() as u64;
    assert!((50_000..=60_000).contains(&left), "{left}");
    let arn = "arn:aws:lambda:eu-central-1:000000000000:function:tried";
    assert_eq!(told["arn"], arn);
    let trace = told["trace"].as_str().unwrap();
    assert!(trace.starts_with("Root=1-"), "{trace}");
    let variables = told["variables"].as_object().unwrap();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "tried"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_REGION", "eu-central-1"),
        ("_HANDLER", "bootstrap"),
        ("TZ", ":UTC"),
        (IS_PROGRAM, "yes"),
    ] {
        assert_eq!(variables[name], value, "{name}");
    }
    let root = world.folder.path().canonicalize().unwrap();
    assert_eq!(variables["LAMBDA_TASK_ROOT"], root.to_str().unwrap());
    assert_eq!(told["folder"], root.to_str().unwrap());
    let scratch = PathBuf::from(variables["TMPDIR"].as_str().unwrap());
    assert!(scratch.is_dir());
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER", "CARGO"] {
        assert!(!variables.contains_key(name), "{name}");
    }
    world.function.shutdown().await;
    assert!(!scratch.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_used_again_and_killed_at_the_end() {
    let world = World::new(|_| {});
    let first = world.answer(json!({"do": "wait", "ms": 0})).await;
    for _ in 0..5 {
        assert_eq!(world.answer(json!({"do": "wait"})).await, first);
    }
    // What it prints never stops it.
    assert_eq!(world.answer(json!({"do": "print"})).await, first);
    assert_eq!(world.function.started(), 1);
    assert!(is_alive(&first));
    world.function.shutdown().await;
    assert!(!is_alive(&first));
    let after = world.invoke(json!({"do": "wait"})).await;
    assert_eq!(after.unwrap_err(), InvokeError::ShutDown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_what_is_under_way() {
    let world = World::new(|_| {});
    let pid = world.answer(json!({"do": "wait"})).await;
    let begin = Instant::now();
    let (hanging, ()) = tokio::join!(world.invoke(json!({"do": "hang"})), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.function.shutdown().await;
    });
    assert_eq!(hanging.unwrap_err(), InvokeError::ShutDown);
    assert!(begin.elapsed() < MULTI);
    assert!(!is_alive(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_or_panics_goes_on() {
    let world = World::new(|_| {});
    let failure = world.failure(json!({"do": "fail"})).await;
    assert_eq!(failure.error_message, "said no");
    let failure = world.failure(json!({"do": "panic"})).await;
    assert!(failure.error_message.contains("on purpose"), "{failure}");
    world.answer(json!({"do": "wait"})).await;
    assert_eq!(world.function.started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_is_told_of_and_replaced() {
    let world = World::new(|_| {});
    let failure = world.failure(json!({"do": "exit"})).await;
    assert_eq!(failure.error_type, "Runtime.ExitError");
    let expected = "Runtime exited with error: exit status 7";
    assert!(failure.error_message.ends_with(expected), "{failure}");
    let failure = world.failure(json!({"do": "abort"})).await;
    assert_eq!(failure.error_type, "Runtime.ExitError");
    assert!(failure.error_message.contains("signal: 6"), "{failure}");
    world.answer(json!({"do": "wait"})).await;
    assert_eq!(world.function.started(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_died_while_it_was_idle_is_replaced_unseen() {
    let world = World::new(|_| {});
    assert_eq!(world.answer(json!({"do": "last words"})).await, "gone");
    tokio::time::sleep(Duration::from_millis(600)).await;
    world.answer(json!({"do": "wait"})).await;
    assert_eq!(world.function.started(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_start_says_why() {
    for (mode, error_type, text) in [
        ("no init", "Runtime.ExitError", "exit status 3"),
        ("reports init", "Config.Missing", "no bucket"),
    ] {
        let world = World::new(|options| {
            options
                .variables
                .insert(IS_PROGRAM.to_owned(), mode.to_owned());
        });
        let failure = world.failure(json!({"do": "wait"})).await;
        assert_eq!(failure.error_type, error_type);
        assert!(failure.error_message.contains(text), "{failure}");
    }
    let world = World::new(|_| {});
    std::fs::write(world.folder.path().join("bootstrap"), "no program").unwrap();
    let error = world.invoke(json!({})).await.unwrap_err();
    assert!(matches!(error, InvokeError::Start { .. }), "{error}");
    assert!(error.to_string().contains("bootstrap"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_hangs_is_killed_at_its_limit() {
    let world = World::new(|options| options.time_limit = Duration::from_millis(1_500));
    let pid = world.answer(json!({"do": "wait"})).await;
    let begin = Instant::now();
    let failure = world.failure(json!({"do": "hang"})).await;
    assert_eq!(failure.error_type, "Sandbox.Timedout");
    let expected = "Task timed out after 1.50 seconds";
    assert!(failure.error_message.ends_with(expected), "{failure}");
    assert!(begin.elapsed() >= Duration::from_millis(1_500));
    assert!(begin.elapsed() < MULTI);
    let next = world.answer(json!({"do": "wait"})).await;
    assert_ne!(next, pid);
    assert!(!is_alive(&pid));
    assert_eq!(world.function.started(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_answers_have_lambdas_limits() {
    let world = World::new(|_| {});
    let longest = world
        .answer(json!({"do": "length", "bytes": MAX_REPLY_BYTES}))
        .await;
    assert_eq!(longest.as_str().unwrap().len(), MAX_REPLY_BYTES - 2);
    let longer = json!({"do": "length", "bytes": MAX_REPLY_BYTES + 1});
    let failure = world.failure(longer).await;
    assert_eq!(failure.error_type, "Function.ResponseSizeTooLarge");
    let expected = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(failure.error_message, expected);
    let event = |bytes: usize| {
        let event = json!({"do": "wait", "pad": ""}).to_string();
        event.replace("\"\"", &format!("{:?}", "x".repeat(bytes - event.len())))
    };
    let longest = world.function.invoke(event(MAX_EVENT_BYTES).into()).await;
    assert!(matches!(longest, Ok(Reply::Whole(_))), "{longest:?}");
    let longer = world
        .function
        .invoke(event(MAX_EVENT_BYTES + 1).into())
        .await;
    let expected = InvokeError::EventTooLarge(MAX_EVENT_BYTES + 1);
    assert_eq!(longer.unwrap_err(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_longer_and_buffered_ones_are_not() {
    let world = World::new(|_| {});
    let event = json!({"do": "stream", "parts": 40});
    let reply = world.invoke(event.clone()).await;
    let Ok(Reply::Streamed { content_type, body }) = reply else {
        panic!("{reply:?}");
    };
    let expected = "application/vnd.awslambda.http-integration-response";
    assert_eq!(content_type.as_deref(), Some(expected));
    let bytes = body.collect().await.unwrap();
    let body = &bytes[bytes.len() - 40_000_000..];
    let is_whole = |(at, part): (usize, &[u8])| part.iter().all(|byte| *byte == at as u8);
    assert!(body.chunks(1_000_000).enumerate().all(is_whole));
    let prelude = bytes.slice(..bytes.len() - 40_000_000);
    assert!(prelude.ends_with(&[0; 8]));
    // A process is ready again.
    let pid = world.answer(json!({"do": "wait"})).await;
    assert!(is_alive(&pid));

    let failure = world.invoke(event).await.unwrap().buffered().await;
    assert_eq!(
        failure.unwrap_err().error_type,
        "Function.ResponseSizeTooLarge"
    );
    let short = world.invoke(json!({"do": "stream", "parts": 6})).await;
    let short = short.unwrap().buffered().await.unwrap();
    assert!(short.len() > 6_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_is_no_whole_one() {
    let world = World::new(|options| options.time_limit = Duration::from_secs(3));
    for cut in ["exit", "hang"] {
        let event = json!({"do": "stream", "parts": 3, "cut": cut});
        let reply = world.invoke(event).await;
        let Ok(Reply::Streamed { mut body, .. }) = reply else {
            panic!("{cut}: {reply:?}");
        };
        let mut bytes = 0;
        let end = loop {
            match body.next().await {
                Ok(Some(part)) => bytes += part.len(),
                end => break end,
            }
        };
        assert_eq!(end, Err(CutShort::Ended), "{cut}");
        // A process that exits takes along what it has not sent yet.
        assert!(cut == "exit" || bytes > 1_000_000, "{cut}: {bytes}");
    }
    world.answer(json!({"do": "wait"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_in_its_trailers_that_it_failed() {
    let world = World::new(|options| {
        let mode = "trailers".to_owned();
        options.variables.insert(IS_PROGRAM.to_owned(), mode);
    });
    let reply = world.invoke(json!({})).await;
    let Ok(Reply::Streamed { mut body, .. }) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(body.next().await, Ok(Some(Bytes::from("Words"))));
    let failure = Failure {
        error_type: "Mine.Broke".to_owned(),
        error_message: "half way".to_owned(),
    };
    assert_eq!(body.next().await, Err(CutShort::Failed(failure)));
    assert_eq!(body.next().await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_reads_goes_on_to_its_end() {
    let world = World::new(|_| {});
    drop(world.invoke(json!({"do": "stream", "parts": 30})).await);
    let world = &world;
    let pid = async move { world.answer(json!({"do": "wait"})).await };
    let pid = tokio::time::timeout(MULTI, pid).await.unwrap();
    assert!(is_alive(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_have_twenty_processes_and_more_are_throttled() {
    let world = World::new(|options| options.concurrency = 20);
    let one = |_| world.invoke(json!({"do": "wait", "ms": 3_000}));
    let many = futures::future::join_all((0..24).map(one)).await;
    let (answered, refused): (Vec<_>, Vec<_>) = many.into_iter().partition(Result::is_ok);
    assert_eq!((answered.len(), refused.len()), (20, 4));
    for error in refused {
        assert_eq!(error.unwrap_err(), InvokeError::Throttled(20));
    }
    assert_eq!(world.function.started(), 20);
    // And all of them are warm.
    let again =
        futures::future::join_all((0..20).map(|_| world.answer(json!({"do": "wait"})))).await;
    assert_eq!(again.len(), 20);
    assert_eq!(world.function.started(), 20);
    world.function.shutdown().await;
    for pid in again {
        assert!(!is_alive(&pid));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_answered_as_the_function_says() {
    let world = World::new(|_| {});
    let answer = world.ask(InvokeMode::Buffered, &json!({"any": 1})).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-path"], "/a%20b");
    let body = answer.into_body().collect().await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["body"], r#"{"any":1}"#);
    assert_eq!(event["queryStringParameters"]["c"], "d");

    let stream = json!({"do": "stream", "parts": 40});
    let answer = world.ask(InvokeMode::Streamed, &stream).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.headers()["set-cookie"], "a=b");
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.len(), 40_000_000);
    let answer = world.ask(InvokeMode::Buffered, &stream).await;
    assert_eq!(answer.status(), 502);
    let answer = world
        .ask(InvokeMode::Streamed, &json!({"do": "exit"}))
        .await;
    assert_eq!(answer.status(), 502);

    let throttled = World::new(|options| options.concurrency = 0);
    let answer = throttled.ask(InvokeMode::Streamed, &json!({})).await;
    assert_eq!(answer.status(), 429);
}
