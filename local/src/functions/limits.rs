//! The quotas of Lambda (AWS Lambda Developer Guide, "Lambda quotas").

use std::time::Duration;

/// The longest event, in bytes: 6 MB.
pub const MAX_EVENT_BYTES: usize = 6 * 1_024 * 1_024;

/// The longest answer that is no stream, in bytes. The guide says 6 MB; this is what Lambda says when it refuses
/// a longer one.
pub const MAX_REPLY_BYTES: usize = 6_291_556;

/// The longest streamed answer, in bytes: 200 MB.
pub const MAX_STREAM_BYTES: u64 = 200 * 1_024 * 1_024;

/// The longest report of an error. What is longer is cut off.
pub(super) const MAX_ERROR_BYTES: usize = 256 * 1_024;

/// How long a process may take until it asks for its first event (AWS Lambda Developer Guide, "Understanding the
/// Lambda execution environment lifecycle").
pub(super) const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of a line that a function prints. Longer ones are broken.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1_024;
