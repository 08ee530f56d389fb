//! Commands about a site that is published.

use quillfront_publish::bucket::LEASE_SECONDS;
use std::path::PathBuf;

/// Run the production handler once over an event
///
/// Understands S3, SQS, SNS and EventBridge events, and {"reconcile": true}. The buckets are taken
/// from the environment: QUILLFRONT_SOURCE, QUILLFRONT_SITE, QUILLFRONT_STATE (each
/// s3://bucket[/prefix]), QUILLFRONT_DISTRIBUTION, and the AWS SDK's own variables.
#[derive(Debug, clap::Args)]
pub struct Handle {
    /// The file with the event, or - for standard input
    pub event: PathBuf,
    /// How long a lease on the site lasts, in seconds
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(LEASE_SECONDS))]
    pub lease_seconds: u64,
    /// Base URL to use instead of the configured base_url
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// Show what a page depends on, what depends on a file, and what the last build did with it
///
/// SUBJECT is an address on the site or one of its source files. For an address, everything that it
/// reads is listed, with a fingerprint of each answer: if no fingerprint has changed, a build does
/// not render it again. For a file, the addresses that read it are listed. Nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront explain /blog/hello/                    what this page depends on
  quillfront explain https://example.org/blog/       the same, by its full address
  quillfront explain content/blog/hello.md           which pages depend on this file
  quillfront explain /blog/hello/ --full             with every field and file
  quillfront explain templates/page.html --json      as JSON, for a program
  quillfront explain /blog/ --dot | dot -Tsvg > blog.svg   as a picture, with Graphviz
  quillfront explain --dot                           the whole site")]
pub struct Explain {
    /// An address (/blog/hello/ or a full URL), or a file (content/blog/hello.md)
    #[arg(value_name = "SUBJECT")]
    pub subject: Option<String>,
    #[command(flatten)]
    pub connection: Connection,
    /// Show every field and every file, however many there are; --json always does
    #[arg(long, conflicts_with = "dot")]
    pub full: bool,
    /// Print as JSON
    #[arg(long, conflicts_with = "dot")]
    pub json: bool,
    /// Print its dependency graph for Graphviz; without SUBJECT, that of the whole site, up to
    /// 2,000 arrows
    #[arg(long)]
    pub dot: bool,
}

/// Show what an upload would change before you upload
///
/// The files are read from the site's folder as if they had been uploaded; a missing file counts as
/// removed. The plan lists which pages would be rendered, uploaded and deleted and why, how they
/// would differ from the published ones, and roughly what that would cost. Nothing is written, and
/// no other builder has to wait.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront plan content/blog/hello.md              an edit
  quillfront plan templates/*.html sass/*.scss       several at once
  quillfront plan content/blog/gone.md               after `rm`: what removing it would do
  quillfront plan config.toml --json                 as JSON, with every difference")]
pub struct Plan {
    /// Files of the site
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub connection: Connection,
    /// Print as JSON, with the differences of all outputs
    #[arg(long)]
    pub json: bool,
}

/// Show the last build, stale outputs, pending hints, and any held change
///
/// With --edge-errors it shows what the functions at CloudFront's edge complain of instead. They log in the region next
/// to the reader, so every region is asked. Logs that are kept for ever get the retention of the stack, or 30 days.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront status                              of the `serve` of this folder
  quillfront status --stack blog                 of a stack on AWS, such as after `aws s3 cp`
  quillfront status --stack blog --edge-errors   what went wrong at the edge in the last 24 hours")]
pub struct Status {
    #[command(flatten)]
    pub connection: Connection,
    /// Show recent errors of the functions at the edge: those of --stack, else of the distribution in the environment
    #[arg(long, conflicts_with = "data")]
    pub edge_errors: bool,
    /// How far back
    #[arg(long, value_name = "HOURS", default_value_t = 24, requires = "edge_errors", value_parser = clap::value_parser!(u16).range(1..=8760))]
    pub hours: u16,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Let a held change through
///
/// A change that would delete more than 30% of the pages, and more than ten, waits for approval, as
/// does one that leaves the site without a configuration. `quillfront status` shows what is held.
#[derive(Debug, clap::Args)]
pub struct Approve {
    #[command(flatten)]
    pub connection: Connection,
    /// Print the report of each build as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which site: that of the given stack or data folder, else the one in the environment (as for `handle`),
/// else the `serve` of this folder.
#[derive(Debug, clap::Args)]
pub struct Connection {
    /// The data folder of a running `serve` [default: .quillfront in the site's folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The stack on AWS that `sam deploy` has made of blog.yaml
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    pub stack: Option<String>,
    /// The region of the stack [default: that of your AWS configuration, else us-east-1]
    #[arg(long, value_name = "REGION", requires = "stack")]
    pub region: Option<String>,
}

/// Write the effective sources to a folder
///
/// These are the files that the published site was built from: the last valid version of each.
#[derive(Debug, clap::Args)]
pub struct Effective {
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: PathBuf,
    #[command(flatten)]
    pub connection: Connection,
}
