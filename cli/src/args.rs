//! What can be asked for on the command line.

mod aws;
mod hardening;
mod pictures;
mod published;
mod site;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

pub use aws::{Edge, Package, Part, Policy, PolicyOf, Publish, Remove};
pub use hardening::{Audit, Harden, Severity};
pub use pictures::{Sign, Thumb};
pub use published::{Approve, Connection, Effective, Explain, Handle, Plan, Status};
pub use site::{Build, Check, Generator, Init, Migrate, Serve};

/// Write a blog by uploading to S3.
///
/// `quillfront serve` starts everything on this machine: an S3 endpoint to upload Markdown to, the
/// builder, and a web server with the finished site. `quillfront build` builds the site once, from
/// one folder into another.
#[derive(Debug, Parser)]
#[command(name = "quillfront", version, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 success, 1 errors in the site, 2 usage, 3 infrastructure, 4 lost the race (try again)."
)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The site's folder (which has config.toml and content/), or a folder inside it
    #[arg(short, long, global = true, default_value = ".", value_name = "DIR")]
    pub root: PathBuf,
    /// Configuration file to use instead of config.toml in the site's folder
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Number of rendering threads [default: one for each processor]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Time that templates see instead of the current time: 2026-01-31T00:00:00Z
    #[arg(long, global = true, value_name = "RFC3339")]
    pub now: Option<jiff::Timestamp>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Build(Build),
    Serve(Serve),
    Check(Check),
    Init(Init),
    Migrate(Migrate),
    Handle(Handle),
    Edge(Edge),
    Thumb(Thumb),
    Sign(Sign),
    Explain(Explain),
    Plan(Plan),
    Status(Status),
    Approve(Approve),
    Effective(Effective),
    Audit(Audit),
    Harden(Harden),
    Policy(Policy),
    Package(Package),
    Publish(Publish),
    Remove(Remove),
    Completion(Completion),
}

/// Print shell completions
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// The shell
    pub shell: clap_complete::Shell,
}
