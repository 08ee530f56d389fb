//! Functions as AWS Lambda runs them: packaged programs on this machine, under the real protocol.
//!
//! The story of an invocation, in order:
//!
//! 1. [`pool`]: it gets one of the places that the function has; where none is left it is throttled. An
//!    environment that has answered before is used again (it is *warm*), else one is started.
//! 2. [`environment`]: a process of the program, with the variables that Lambda sets and no others. It is killed
//!    at the time limit; one that ends by itself is replaced.
//! 3. [`api`]: what the process asks for the event and gives its answer to, a server on a port of its own. It
//!    is the Lambda runtime API (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
//!    runtimes", and "Building a custom runtime", "Response streaming"). [`desk`] is what the server and the
//!    environment share.
//! 4. [`reply`]: what comes back, whole or as a stream.
//!
//! [`url`] makes events of HTTP requests and HTTP answers of replies, as a function URL does.
//!
//! # What is as in Lambda, and what is not
//!
//! - As there: the protocol, the limits of [`limits`], one event at a time in a process, warm and new processes,
//!   throttling, the time limit, what is told of each kind of failure, the environment variables.
//! - The memory of a function is told to it and not enforced. Idle processes are not frozen. The working folder is
//!   the one that `TMPDIR` names, not `/tmp`. There are no asynchronous invocations with retries, no
//!   extensions and no traces.
//!
//! # Invariants
//!
//! - Nothing of the environment of this process reaches a function.
//! - No process outlives [`Function::shutdown`], and none its [`Function`].
//! - What a function sends is held in memory only up to the limits of Lambda.

mod api;
mod desk;
mod environment;
mod limits;
mod output;
mod pool;
mod reply;
pub mod url;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use limits::{MAX_EVENT_BYTES, MAX_REPLY_BYTES, MAX_STREAM_BYTES};
pub use pool::Function;
pub use reply::{Body, CutShort, Reply};

/// A function: its program, and how it is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name. What it prints is told with it.
    pub name: String,
    /// The folder with the program, which is called [`BOOTSTRAP`].
    pub folder: PathBuf,
    /// Where the working folders of its processes are made. It need not exist.
    pub scratch: PathBuf,
    /// `AWS_REGION`.
    pub region: String,
    /// Variables of its own, such as credentials and endpoints.
    pub variables: BTreeMap<String, String>,
    /// What it is told of its memory, in MB.
    pub memory_mb: u32,
    /// How long an invocation may take.
    pub time_limit: Duration,
    /// How many invocations there may be at once.
    pub concurrency: u32,
}

/// The program of a function in its folder (AWS Lambda Developer Guide, "When to use Lambda's OS-only runtimes").
pub const BOOTSTRAP: &str = "bootstrap";

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The event is too large (413).
    #[error("the event has {0} bytes; it may have {MAX_EVENT_BYTES}")]
    EventTooLarge(usize),
    /// All places are taken (429).
    #[error("throttled: {0} invocations are under way")]
    Throttled(u32),
    /// The program cannot be started.
    #[error("{program} cannot be started: {reason}", program = program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The function failed.
    #[error("{0}")]
    Failed(Failure),
    /// The function is shut down.
    #[error("the function is shut down")]
    ShutDown,
}

/// What Lambda tells of a function that failed, or the function itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{error_type}: {error_message}")]
pub struct Failure {
    /// What kind of failure it is, such as `Runtime.ExitError`.
    #[serde(default)]
    pub error_type: String,
    /// What is told of it.
    #[serde(default)]
    pub error_message: String,
}

impl Failure {
    fn new(error_type: &str, error_message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.to_owned(),
            error_message: error_message.into(),
        }
    }
}
