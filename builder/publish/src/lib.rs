//! The shell around the pure builder: sources come from a bucket or a folder, outputs go to a bucket
//! or a folder.
//!
//! 1. [`handler`]: an event becomes hints: source keys to look at;
//! 2. [`bucket`]: publishes over S3: observes the sources, [evaluates](quillfront_render::evaluate), puts
//!    the difference to what is there, commits, deletes and [invalidates](invalidate);
//! 3. [`folder`]: the same from files to files, for `quillfront build`;
//! 4. [`fetch`]: answers `load_data(url=…)` by HTTP;
//! 5. [`notice`] says what was published, and [`topic`] sends it to who wants to hear of it;
//! 6. [`aws`]: the SDK's clients.
//!
//! Only this crate touches the world, through AWS SDK clients, files and HTTP.

pub mod aws;
pub mod bucket;
pub mod fetch;
pub mod folder;
pub mod handler;
pub mod invalidate;
pub mod notice;
pub mod topic;
