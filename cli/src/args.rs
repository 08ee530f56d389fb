//! What can be asked for on the command line.

use crate::listen::Address;
use clap::{Parser, Subcommand};
use std::net::IpAddr;
use std::path::PathBuf;

/// Write a blog by uploading to S3.
///
/// `quillfront serve` starts everything on this machine: an S3 endpoint to upload Markdown to, the
/// builder, and a web server with the finished site. `quillfront build` makes the site once, from
/// a folder into a folder.
#[derive(Debug, Parser)]
#[command(name = "quillfront", version, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 good, 1 mistakes in the site, 2 usage, 3 infrastructure, 4 lost the race (try again)."
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
    /// The site's folder, or one inside of it: where config.toml and content/ are
    #[arg(short, long, global = true, default_value = ".", value_name = "DIR")]
    pub root: PathBuf,
    /// A configuration other than config.toml in the site's folder
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Threads to render with [default: one for each processor]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// The time that templates see, in place of the clock: 2026-01-31T00:00:00Z
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
    Explain(Explain),
    Plan(Plan),
    Status(Status),
    Approve(Approve),
    Effective(Effective),
    Policy(Policy),
    Completion(Completion),
}

/// Make the site: a folder in, a folder out
///
/// What can be made is written even if something else is wrong; the exit code is then 1 and each
/// mistake is told with file and line.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// Where to [default: output_dir of the configuration, which is `public`]
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Replace what is in a given output folder
    #[arg(short, long)]
    pub force: bool,
    /// In place of the configuration's base_url
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Remember in DIR what was made from what, and make only what would come out otherwise
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Publish drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Minify pages, whatever `minify_html` says
    #[arg(long)]
    pub minify: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Look for mistakes: build in memory, then try the links that lead elsewhere
///
/// Nothing is written. Each mistake is told with file and line; the exit code is then 1.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Check drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Do not try links that lead elsewhere
    #[arg(long)]
    pub skip_external_links: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Start S3, the builder and the web server on this machine
///
/// The site's folder is put into the source bucket and watched; uploads with any S3 client do the
/// same. Open the printed address in a browser: it reloads by itself.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where everything is kept [default: .quillfront in the site's folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the site is served, as HOST:PORT; port 0 takes a free one [default: 127.0.0.1:8080,
    /// or the next port that is free]
    #[arg(long, value_name = "ADDR")]
    pub http: Option<Address>,
    /// Where the site is served: the address alone, as of --http
    #[arg(short, long, value_name = "IP", conflicts_with = "http")]
    pub interface: Option<IpAddr>,
    /// Where the site is served: the port alone, as of --http
    #[arg(short, long, value_name = "PORT", conflicts_with = "http")]
    pub port: Option<u16>,
    /// Where S3 is served, as HOST:PORT; port 0 takes a free one [default: 127.0.0.1:9000, or the
    /// next port that is free]
    #[arg(long, value_name = "ADDR")]
    pub s3: Option<Address>,
    /// In place of http://<the site's address>
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Publish drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Open the site in a browser when it is ready
    #[arg(short = 'O', long)]
    pub open: bool,
    /// Do not watch the site's folder: only uploads count
    #[arg(long)]
    pub no_watch: bool,
    /// Do not reload open browser tabs
    #[arg(long)]
    pub no_reload: bool,
    /// One line of JSON when ready, then one for each build
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub zola: ZolaServe,
}

/// What Zola's `serve` has and this one does not: understood, so that the way out can be told.
#[derive(Debug, clap::Args)]
pub struct ZolaServe {
    #[arg(short, long, hide = true)]
    output_dir: Option<PathBuf>,
    #[arg(long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    store_html: bool,
    #[arg(short, long, hide = true)]
    fast: bool,
    #[arg(long, hide = true)]
    no_port_append: bool,
    #[arg(long, hide = true)]
    extra_watch_path: Vec<PathBuf>,
    #[arg(short, long, hide = true)]
    debounce: Option<u64>,
}

impl ZolaServe {
    /// Why a flag that was given has no meaning here.
    pub fn meaningless(&self) -> Option<&'static str> {
        let given = [
            (
                self.output_dir.is_some() || self.force || self.store_html,
                "`serve` publishes into a bucket, not into a folder: leave out --output-dir, \
                 --force and --store-html; `quillfront build -o DIR` makes a folder, and `--data \
                 DIR` is where `serve` keeps its buckets",
            ),
            (
                self.fast,
                "leave out --fast: `serve` always uploads only what came out different",
            ),
            (
                self.no_port_append,
                "leave out --no-port-append: --base-url is taken as it is written",
            ),
            (
                !self.extra_watch_path.is_empty(),
                "leave out --extra-watch-path: only the site's own folders are read and watched",
            ),
            (
                self.debounce.is_some(),
                "leave out --debounce: `serve` waits by itself until a burst of changes is over",
            ),
        ];
        given.iter().find(|(is, _)| *is).map(|(_, text)| *text)
    }
}

/// Write a small site that works at once
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder to make
    #[arg(default_value = ".")]
    pub name: PathBuf,
    /// Write into a folder that is not empty; existing files stay as they are
    #[arg(short, long)]
    pub force: bool,
}

/// Move a site of Zola 0.22 or of Hugo in, on a copy
///
/// The site's folder is only read. The copy goes beside it, as DIR-quillfront, with what can be
/// rewritten rewritten. What is left to do is printed, with file and line, and written into
/// MIGRATION.md in the copy. At the end the copy is built once, in memory: exit code 0 if that
/// went well, 1 with its mistakes if not.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront migrate myblog                    a copy in myblog-quillfront
  quillfront migrate myblog -o new --from hugo where to, and from what
  quillfront migrate myblog -f                 once more, in place of the last copy
  quillfront migrate myblog --json             the report for a program
  quillfront --root myblog-quillfront serve    then look at it")]
pub struct Migrate {
    /// The site's folder; it stays as it is
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Where the copy goes; not inside DIR [default: DIR-quillfront]
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// What made the site so far [default: told from its configuration]
    #[arg(long)]
    pub from: Option<Generator>,
    /// Replace the copy of an earlier run
    #[arg(short, long)]
    pub force: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Where a site can be moved in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Generator {
    /// Zola 0.22 and before
    Zola,
    /// Hugo
    Hugo,
}

/// Run the production handler once over an event
///
/// Understands S3, SQS, SNS and EventBridge events, and {"reconcile": true}. Where to is in the
/// environment: QUILLFRONT_SOURCE, QUILLFRONT_SITE, QUILLFRONT_STATE (each s3://bucket[/prefix]),
/// QUILLFRONT_DISTRIBUTION, and the AWS SDK's own variables.
#[derive(Debug, clap::Args)]
pub struct Handle {
    /// The event, or - for standard input
    pub event: PathBuf,
    /// How long a lease on the site lasts
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(2..=86_400))]
    pub lease_seconds: u64,
    /// In place of the configuration's base_url
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// Say what a page is made from, what depends on a file, and what the last build did to it
///
/// SUBJECT is an address of the site or a file of its sources. Of an address it is told all that it
/// reads, with a fingerprint of each answer: where all fingerprints are as they were, a build does
/// not make it again. Of a file it is told which addresses read it. Nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront explain /blog/hello/                    what this page is made from
  quillfront explain https://example.org/blog/       the same, by its whole address
  quillfront explain content/blog/hello.md           which pages this file has a hand in
  quillfront explain /blog/hello/ --full             with every field and every file
  quillfront explain templates/page.html --json      for a program
  quillfront explain /blog/ --dot | dot -Tsvg > blog.svg   as a picture, by Graphviz
  quillfront explain --dot                           the whole site")]
pub struct Explain {
    /// An address (/blog/hello/, whole or from the / on), or a file (content/blog/hello.md)
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
    /// Print the graph around it, for Graphviz; without SUBJECT of the whole site, up to 2,000 arrows
    #[arg(long)]
    pub dot: bool,
}

/// Show what an upload would change, before you make it
///
/// The files are taken from the site's folder as if they were uploaded; one that is not there, as if
/// it were removed. It is told which pages would be made, put and deleted and why, how they would
/// differ from what is published, and about what it would cost. Nothing is written: not to the
/// buckets, and no other builder has to wait.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront plan content/blog/hello.md              an edit
  quillfront plan templates/*.html sass/*.scss       several at once
  quillfront plan content/blog/gone.md               after `rm`: what its removal would do
  quillfront plan config.toml --json                 for a program, with every difference")]
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

/// Show the last build, stale outputs, pending hints, and what is held
#[derive(Debug, clap::Args)]
pub struct Status {
    #[command(flatten)]
    pub connection: Connection,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Let a held change through
///
/// A change that would delete more than 30% of the pages, and more than ten, waits for this; so
/// does one that leaves no configuration. `quillfront status` shows what is held.
#[derive(Debug, clap::Args)]
pub struct Approve {
    #[command(flatten)]
    pub connection: Connection,
    /// Print the report of each build as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which site: that of the given data folder, else the one in the environment (as for `handle`),
/// else the `serve` of this folder.
#[derive(Debug, clap::Args)]
pub struct Connection {
    /// The data folder of a running `serve` [default: .quillfront in the site's folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Write the effective sources into a folder
///
/// That is what the published site was made from: of each file the last version that could be
/// read.
#[derive(Debug, clap::Args)]
pub struct Effective {
    /// Where to
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: PathBuf,
    #[command(flatten)]
    pub connection: Connection,
}

/// Print the IAM policy that the builder needs, and no more
#[derive(Debug, clap::Args)]
pub struct Policy {
    /// The source bucket: s3://bucket[/prefix]
    #[arg(long, env = "QUILLFRONT_SOURCE")]
    pub source: String,
    /// The site bucket
    #[arg(long, env = "QUILLFRONT_SITE")]
    pub site: String,
    /// The state bucket
    #[arg(long, env = "QUILLFRONT_STATE")]
    pub state: String,
    /// The distribution's ARN: arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE
    #[arg(long)]
    pub distribution_arn: Option<String>,
}

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// Which
    pub shell: clap_complete::Shell,
}
