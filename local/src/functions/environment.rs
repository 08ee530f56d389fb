//! An execution environment: a process of the program, and the server that it asks for events.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::api::Server;
use super::desk::{Answer, Desk, Invocation};
use super::limits::INIT_LIMIT;
use super::output::forward;
use super::{BOOTSTRAP, Failure, InvokeError, Options};

/// How long the last lines of a process that was killed are waited for.
const LAST_LINES: Duration = Duration::from_millis(500);

/// A process that answers one event at a time. It is killed with this value.
pub(super) struct Environment {
    process: Process,
    server: Server,
    desk: Arc<Desk>,
    events: mpsc::Sender<Invocation>,
    output: JoinSet<()>,
    /// It has answered before.
    is_warm: bool,
}

/// What has become of an event.
pub(super) enum Ran {
    /// The process is through with it, and ready for another.
    Done,
    /// The process is not to be used again.
    Ended,
    /// A process that had answered before ended without it. Another one gets the event.
    NotTaken,
}

impl Environment {
    /// Starts a process.
    ///
    /// # Errors
    /// [`InvokeError::Start`].
    pub async fn start(options: &Options) -> Result<Self, InvokeError> {
        let program = options.folder.join(BOOTSTRAP);
        let failed = |reason: std::io::Error| InvokeError::Start {
            program: program.clone(),
            reason: reason.to_string(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let scratch = scratch(options).map_err(failed)?;
        let mut command = command(&program, options, &address, &scratch);
        let spawned = command.spawn();
        let mut process = match spawned {
            Ok(child) => Process { child, scratch },
            Err(error) => {
                remove(&scratch);
                return Err(failed(error));
            }
        };
        let mut output = JoinSet::new();
        if let Some(pipe) = process.child.stdout.take() {
            output.spawn(forward(options.name.clone(), pipe));
        }
        if let Some(pipe) = process.child.stderr.take() {
            output.spawn(forward(options.name.clone(), pipe));
        }
        let arn = format!(
            "arn:aws:lambda:{}:000000000000:function:{}",
            options.region, options.name
        );
        let (desk, events) = Desk::new(arn, options.time_limit);
        Ok(Self {
            process,
            server: Server::start(listener, desk.clone()),
            desk,
            events,
            output,
            is_warm: false,
        })
    }

    /// Has the process answer an event. An answer is given in any case, but for [`Ran::NotTaken`].
    pub async fn run(
        &mut self,
        event: &Bytes,
        answer: &Answer,
        closing: &mut watch::Receiver<bool>,
    ) -> Ran {
        let Ok(id) = request_id() else {
            answer.give(Err(failed("Sandbox.Failure", "no random bytes")));
            return Ran::Ended;
        };
        let (taken, mut was_taken) = oneshot::channel();
        let (under_way, over) = oneshot::channel();
        let invocation = Invocation {
            id: id.clone(),
            event: event.clone(),
            answer: answer.clone(),
            taken,
            under_way,
        };
        // The other end is in the desk.
        let _ = self.events.send(invocation).await;
        let mut status = None;
        tokio::select! {
            _ = &mut was_taken => {}
            ended = self.process.child.wait() => status = Some(ended),
            () = sleep(INIT_LIMIT) => {
                let text = format!("RequestId: {id} Error: no event was asked for in {} seconds", INIT_LIMIT.as_secs());
                answer.give(Err(failed("Sandbox.Timedout", text)));
                return Ran::Ended;
            }
            () = closed(closing) => return shut_down(answer),
        }
        if let Some(status) = status {
            self.server.read_to_end().await;
            if self.is_warm && was_taken.try_recv().is_err() {
                return Ran::NotTaken;
            }
            return self.ended(&id, status, answer);
        }
        let limit = self.desk.time_limit;
        tokio::select! {
            // It is told by being dropped.
            _ = over => {
                let text = "the function gave no answer, or its answer was cut off";
                answer.give(Err(failed("Runtime.TruncatedResponse", text)));
                self.is_warm = true;
                Ran::Done
            }
            ended = self.process.child.wait() => {
                self.server.read_to_end().await;
                self.ended(&id, ended, answer)
            }
            () = sleep(limit) => {
                let text = format!("RequestId: {id} Task timed out after {:.2} seconds", limit.as_secs_f64());
                answer.give(Err(failed("Sandbox.Timedout", text)));
                Ran::Ended
            }
            () = closed(closing) => shut_down(answer),
        }
    }

    /// Kills the process, and waits for its end.
    pub async fn end(mut self) {
        self.process.kill();
        // What cannot be waited for is not there any more.
        let _ = self.process.child.wait().await;
        let lines = async { while self.output.join_next().await.is_some() {} };
        // A process that it has started may hold the pipes.
        let _ = timeout(LAST_LINES, lines).await;
    }

    /// The process has ended by itself.
    fn ended(&self, id: &str, status: std::io::Result<ExitStatus>, answer: &Answer) -> Ran {
        drop(self.desk.abandon());
        let error = match self.desk.init_error() {
            Some(failure) => InvokeError::Failed(failure),
            None => {
                let text = format!("RequestId: {id} Error: {}", end_of(status));
                failed("Runtime.ExitError", text)
            }
        };
        answer.give(Err(error));
        Ran::Ended
    }
}

fn failed(error_type: &str, text: impl Into<String>) -> InvokeError {
    InvokeError::Failed(Failure::new(error_type, text))
}

fn shut_down(answer: &Answer) -> Ran {
    answer.give(Err(InvokeError::ShutDown));
    Ran::Ended
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // The sender is gone: that means the same.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// How a process has ended, as Lambda says it.
fn end_of(status: std::io::Result<ExitStatus>) -> String {
    let Ok(status) = status else {
        return "Runtime exited".to_owned();
    };
    match status.code() {
        Some(0) => "Runtime exited without providing a reason".to_owned(),
        Some(code) => format!("Runtime exited with error: exit status {code}"),
        None => format!("Runtime exited with error: {status}"),
    }
}

/// A process of a function, and its working folder. Both go with this value.
struct Process {
    child: Child,
    scratch: PathBuf,
}

impl Process {
    /// Kills it, with all that it has started.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self.child.id() {
            let pid = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                // It may have ended meanwhile.
                let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            }
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        remove(&self.scratch);
    }
}

/// Removes a working folder. What cannot be removed is found by whoever looks into the folder of all of them.
fn remove(scratch: &Path) {
    let _ = std::fs::remove_dir_all(scratch);
}

/// Makes a working folder.
fn scratch(options: &Options) -> std::io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{number}", options.name, std::process::id());
    let folder = options.scratch.join(name);
    std::fs::create_dir_all(&folder)?;
    folder.canonicalize()
}

/// The process, with the variables that Lambda sets (AWS Lambda Developer Guide, "Working with Lambda environment
/// variables", "Defined runtime environment variables"), and no others.
fn command(program: &Path, options: &Options, address: &str, scratch: &Path) -> Command {
    let folder = options
        .folder
        .canonicalize()
        .unwrap_or_else(|_| options.folder.clone());
    let program = program.canonicalize();
    let mut command = Command::new(program.unwrap_or_else(|_| folder.join(BOOTSTRAP)));
    command.env_clear();
    let name = options.name.as_str();
    let region = options.region.as_str();
    for (variable, value) in [
        ("_HANDLER", BOOTSTRAP),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_RUNTIME_API", address),
        ("AWS_REGION", region),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ] {
        command.env(variable, value);
    }
    command
        .env(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            options.memory_mb.to_string(),
        )
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
        .env("LAMBDA_TASK_ROOT", &folder)
        .env("LAMBDA_RUNTIME_DIR", &folder)
        .env("TMPDIR", scratch)
        .envs(&options.variables)
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Ctrl-C in the terminal is for whoever runs the functions.
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// A random UUID (RFC 9562, section 5.4).
fn request_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    Ok(parts.join("-"))
}
