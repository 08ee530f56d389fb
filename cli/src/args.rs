//! What can be asked for on the command line.

use crate::listen::Address;
use clap::{Parser, Subcommand};
use quillfront_publish::bucket::LEASE_SECONDS;
use std::net::IpAddr;
use std::path::PathBuf;

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

/// Build the site from one folder into another
///
/// Pages without errors are written even if others fail; the exit code is then 1 and each error is
/// reported with its file and line.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// Output folder [default: output_dir in the configuration, or `public`]
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Replace the contents of the given output folder
    #[arg(short, long)]
    pub force: bool,
    /// Base URL to use instead of the configured base_url
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Build incrementally: keep state in DIR and rebuild only the outputs that would change
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Build everything again from nothing afterwards, in memory, and compare; a difference is a fault of
    /// Quillfront, please report it
    #[arg(long, requires = "state")]
    pub verify: bool,
    /// Take every page as published before, and a link that leads nowhere as a warning: what `effective`
    /// writes is built so into the site that is published
    #[arg(long)]
    pub accepted: bool,
    /// Also write what each file would be published with to FILE, as JSON: content type, caching, and the
    /// metadata that the edge turns into headers
    #[arg(long, value_name = "FILE")]
    pub objects: Option<PathBuf>,
    /// Also write what the edge is told of the whole site to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Publish drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Minify pages, even if `minify_html` is off
    #[arg(long)]
    pub minify: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Check the site: build it in memory, then try its external links
///
/// Nothing is written. Each error is reported with its file and line; the exit code is then 1.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Check drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Do not try external links
    #[arg(long)]
    pub skip_external_links: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Start S3, the builder and the web server on this machine
///
/// The site's folder is copied into the source bucket and watched for changes; you can also upload
/// with any S3 client. Open the printed address in a browser: pages reload automatically.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Folder for all data [default: .quillfront in the site's folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to serve the site on, as HOST:PORT; port 0 picks a free one [default:
    /// 127.0.0.1:8080, or the next free port]
    #[arg(long, value_name = "ADDR")]
    pub http: Option<Address>,
    /// Address to serve the site on, without the port; see --http
    #[arg(short, long, value_name = "IP", conflicts_with = "http")]
    pub interface: Option<IpAddr>,
    /// Port to serve the site on; see --http
    #[arg(short, long, value_name = "PORT", conflicts_with = "http")]
    pub port: Option<u16>,
    /// Address to serve S3 on, as HOST:PORT; port 0 picks a free one [default: 127.0.0.1:9000, or
    /// the next free port]
    #[arg(long, value_name = "ADDR")]
    pub s3: Option<Address>,
    /// Base URL to use instead of http://<the site's address>
    #[arg(short = 'u', long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Publish drafts too
    #[arg(long)]
    pub drafts: bool,
    /// Open the site in a browser when it is ready
    #[arg(short = 'O', long)]
    pub open: bool,
    /// Do not watch the site's folder; only uploads are published
    #[arg(long)]
    pub no_watch: bool,
    /// Run the packaged functions DIR/builder/bootstrap and DIR/thumbnail/bootstrap as AWS Lambda does, instead of
    /// building and making thumbnails in this process; either may be missing
    #[arg(long, value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// Run up to N builder functions at once, as a queue on AWS does
    #[arg(long, value_name = "N", requires = "functions", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub builders: u32,
    /// How long a lease of a builder function lasts, in seconds; after it, another takes over from one that died
    /// [default: 120]
    #[arg(long, value_name = "N", requires = "functions", value_parser = clap::value_parser!(u64).range(LEASE_SECONDS))]
    pub lease_seconds: Option<u64>,
    /// Do not reload open browser tabs
    #[arg(long)]
    pub no_reload: bool,
    /// Print one line of JSON when ready, then one for each build
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
                 --force and --store-html; `quillfront build -o DIR` writes a folder, and `--data \
                 DIR` is where `serve` keeps its buckets",
            ),
            (
                self.fast,
                "leave out --fast: `serve` always uploads only what has changed",
            ),
            (
                self.no_port_append,
                "leave out --no-port-append: --base-url is used exactly as written",
            ),
            (
                !self.extra_watch_path.is_empty(),
                "leave out --extra-watch-path: only the site's own folders are read and watched",
            ),
            (
                self.debounce.is_some(),
                "leave out --debounce: `serve` waits on its own until a burst of changes is over",
            ),
        ];
        given.iter().find(|(is, _)| *is).map(|(_, text)| *text)
    }
}

/// Create a small site that works right away
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder to create
    #[arg(default_value = ".")]
    pub name: PathBuf,
    /// Write into a folder that is not empty; existing files are kept
    #[arg(short, long)]
    pub force: bool,
}

/// Convert a copy of a Zola 0.22 or Hugo site
///
/// The original folder is only read. The copy is written next to it, as DIR-quillfront, and
/// rewritten where that can be done automatically. What is left to do is printed with file and
/// line, and written to MIGRATION.md in the copy. Finally, the copy is built once in memory: the
/// exit code is 0 if that succeeds; otherwise it is 1 and the errors are reported.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront migrate myblog                    write a copy to myblog-quillfront
  quillfront migrate myblog -o new --from hugo choose the destination and the source
  quillfront migrate myblog -f                 run again, replacing the last copy
  quillfront migrate myblog --json             print the report for a program
  quillfront --root myblog-quillfront serve    then view the site")]
pub struct Migrate {
    /// The site's folder; it is not changed
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Where the copy goes; not inside DIR [default: DIR-quillfront]
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// The generator that the site was written for [default: detected from its configuration]
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
    /// Zola 0.22 and earlier
    Zola,
    /// Hugo
    Hugo,
}

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

/// Answer an event as the functions at CloudFront's edge do
///
/// Reads the JSON of an origin-request or origin-response event of Lambda@Edge, or of a viewer-request event
/// of CloudFront Functions, from standard input, and prints what the function returns: a request or a
/// response. `serve` runs the same code. Exit codes: 1 CloudFront would refuse the answer, 2 the input is no
/// such event.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  $ cat event.json
  {\"Records\": [{\"cf\": {
    \"config\": {\"eventType\": \"origin-request\"},
    \"request\": {\"method\": \"GET\", \"uri\": \"/blog/index.html\", \"headers\": {}}}}]}
  $ quillfront edge < event.json
  {\"headers\":{\"location\":[{\"key\":\"location\",\"value\":\"/blog/\"}], ... },\"status\":\"301\", ... }")]
pub struct Edge {
    /// The objects of the site, as JSON from key to object: a path that is missing is redirected to its
    /// slash where its page is there
    #[arg(long, value_name = "FILE")]
    pub objects: Option<PathBuf>,
    /// The rules of the site, as JSON: {"headers": {"name": "value"}} for answers without an object
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Answer many events: one on each line, and one line for each
    #[arg(long)]
    pub lines: bool,
}

/// Make a thumbnail of a picture, as a URL of a site would
///
/// OPTIONS are those of such URLs: width=640,height=480,fit=cover,format=webp. All of them are free here, and
/// sizes are exact. The presets and limits are those of quillfront.toml in the site's folder, if there is one. Exit
/// codes: 1 the picture cannot be made, or the URL is no thumbnail, and why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ quillfront thumb width=640 cat.jpg cat.webp
  $ quillfront thumb width=300,height=200,fit=cover,quality=85 cat.jpg small.jpg
  $ quillfront thumb --canonical /img/f=auto,w=600/photos/cat.jpg --accept image/avif
  /img/photos/cat.jpg/width=640,format=avif")]
pub struct Thumb {
    /// The options
    #[arg(value_name = "OPTIONS", required_unless_present = "canonical")]
    pub options: Option<String>,
    /// The original
    #[arg(value_name = "IN", required_unless_present = "canonical")]
    pub from: Option<PathBuf>,
    /// The file to write; its ending is the format unless OPTIONS name one. `-` is standard output
    #[arg(value_name = "OUT", required_unless_present = "canonical")]
    pub to: Option<PathBuf>,
    /// Print the path by which caches and the site bucket know the thumbnail of URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["options", "from", "to", "json"])]
    pub canonical: Option<String>,
    /// The header `Accept` of the reader, which decides format=auto
    #[arg(
        long,
        value_name = "ACCEPT",
        default_value = "",
        requires = "canonical"
    )]
    pub accept: String,
    /// Print what was made as JSON
    #[arg(long)]
    pub json: bool,
}

/// Sign the URL of a thumbnail that is not for everybody
///
/// All options may be signed, with any size and quality; whoever has the signed URL gets the picture until it
/// expires. The key comes from the environment variable QUILLFRONT_IMAGE_KEY: at least 32 characters, or two keys with
/// a comma between them, of which the first signs. The edge must have the same. Exit codes: 1 the URL is no
/// thumbnail, and why; 2 there is no key.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ export QUILLFRONT_IMAGE_KEY=$(openssl rand -hex 32)
  $ quillfront sign /img/width=640,blur=20/photos/cat.jpg --expires 2027-01-01T00:00:00Z
  /img/width=640,blur=20,e=1798761600,s=.../photos/cat.jpg
  $ quillfront sign https://example.org/img/width=641/photos/cat.jpg --expires 30d")]
pub struct Sign {
    /// The URL of the thumbnail, or its path
    #[arg(value_name = "URL")]
    pub url: String,
    /// When it expires: a time (2027-01-01T00:00:00Z), or how long from now (30d, 12h)
    #[arg(long, value_name = "RFC3339")]
    pub expires: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
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

/// Write what is deployed: functions for Lambda and for CloudFront's edge, and the templates that deploy them
///
/// `builder` and `thumbnail` write the Lambda functions, each as a program that `serve --functions` runs and as a
/// zip. `edge` reads the site in the current folder, as `build` does, and writes the CloudFront Functions that it needs:
/// viewer-request-images.js, and viewer-request.js where it has several domains. With them come the functions
/// for Lambda@Edge as edge.zip; or, if the site says `edge = "policy"`, response-headers-policy.json.
///
/// The templates are for `sam deploy`: blog.yaml with `all`, headers.yaml also with `edge`, thumbnails.yaml also with
/// `thumbnail`. They have the code of the CloudFront Functions in them and the SHA-256 of each zip.
///
/// The zips are built for Lambda from the sources of Quillfront, with cargo-zigbuild: the same sources
/// make the same bytes. `pip install cargo-zigbuild ziglang` installs what that needs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront package -o dist                            all of it, then:
  sam deploy --guided --template-file dist/blog.yaml --region us-east-1
  quillfront package all -o dist --site-only            anew what is made of the site, such as after a change of
                                                        quillfront.toml; the zips in dist stay
  quillfront package edge -o dist                       headers.yaml and edge.zip, for a distribution that you have
  quillfront package edge -o dist --addon addon.node    with an add-on that was built elsewhere")]
pub struct Package {
    /// What to write
    #[arg(value_enum, default_value = "all")]
    pub part: Part,
    /// Folder that the files are written to
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: PathBuf,
    /// Take this add-on for Node.js instead of building it
    #[arg(long, value_name = "FILE")]
    pub addon: Option<PathBuf>,
    /// The folder with the sources of Quillfront [default: where this command was built]
    #[arg(long, value_name = "DIR", conflicts_with = "addon")]
    pub source: Option<PathBuf>,
    /// Write only what is made of the site, without the zips, which are the same for every site; templates are
    /// written for the zips that the folder has
    #[arg(long, conflicts_with_all = ["addon", "source"])]
    pub site_only: bool,
    /// Go by these rules, which `build --rules` writes, instead of building the site
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Print the files with their sizes and hashes as JSON
    #[arg(long)]
    pub json: bool,
}

/// A part of what is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// What is at the edge: the functions of CloudFront and of Lambda@Edge
    Edge,
    /// The Lambda function that builds the site
    Builder,
    /// The Lambda function that makes thumbnails
    Thumbnail,
    /// All of them
    All,
}

/// Say what is wrong with a CloudFront distribution, ours or not
///
/// Reads the distribution, its policies, functions, origins, buckets and logs, asks for pages as a reader
/// does, and judges all of it by the checks that the manual lists. Nothing is changed. A domain without
/// credentials, or of another account, is judged by what it sends. Exit codes: 0 nothing that counts, 1 findings,
/// 3 something could not be looked at, and why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront audit E1EXAMPLE                     a distribution
  quillfront audit www.example.org               the one that answers to this name, or the site alone
  quillfront audit --all --json                  all of the account, a line of JSON for each
  quillfront audit E1EXAMPLE --sarif > a.sarif   for code hosts
  quillfront audit E1EXAMPLE --fail-on medium --min-score 100 --waivers waivers.toml   in CI")]
pub struct Audit {
    /// A distribution's id, its ARN, or a domain
    #[arg(value_name = "TARGET", required_unless_present = "all")]
    pub target: Option<String>,
    /// All distributions of the account
    #[arg(long, conflicts_with = "target")]
    pub all: bool,
    /// Exit with 1 for findings from this severity on
    #[arg(long, value_enum, default_value_t = Severity::High, value_name = "SEVERITY")]
    pub fail_on: Severity,
    /// Exit with 1 if the headers of a page score less than N (Mozilla's HTTP Observatory: 0 to 145)
    #[arg(long, value_name = "N")]
    pub min_score: Option<u32>,
    /// Findings to live with, each with a reason and a last day
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Ask AWS's API alone: no pages, no function URLs, no DNS
    #[arg(long)]
    pub api_only: bool,
    /// Tell of waived findings and of every place too
    #[arg(long)]
    pub long: bool,
    /// Print the report as JSON
    #[arg(long, conflicts_with = "sarif")]
    pub json: bool,
    /// Print the report as SARIF 2.1.0
    #[arg(long)]
    pub sarif: bool,
}

/// Mend what `audit` finds at a distribution of the account
///
/// Prints what would be changed, asks, saves the configuration as it is in a file, makes the changes, waits
/// until they are deployed, and audits again. What could cut off readers is only done where it is named by
/// --only, --certificate or --web-acl. A second run changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront harden E1EXAMPLE                            all that cuts off nobody, after a question
  quillfront harden E1EXAMPLE --only tls-policy,sni      these two, which could cut off readers
  quillfront harden E1EXAMPLE --yes --waivers waivers.toml --skip bucket-versioning
  quillfront harden --rollback quillfront-E1EXAMPLE-20270101T120000Z.json")]
pub struct Harden {
    /// A distribution's id, its ARN, or a domain that it answers to
    #[arg(value_name = "TARGET", required_unless_present = "rollback")]
    pub target: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Mend the findings of these checks alone, whatever they could cut off
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave the findings of these checks alone
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Findings to live with, as for `audit`
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Use this certificate of AWS Certificate Manager (us-east-1)
    #[arg(long, value_name = "ARN")]
    pub certificate: Option<String>,
    /// Put this web ACL of AWS WAF before the distribution
    #[arg(long, value_name = "ARN")]
    pub web_acl: Option<String>,
    /// Where the configuration is saved [default: quillfront-ID-TIME.json]
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Put back what an earlier run has saved
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "only", "skip", "certificate", "web_acl", "save"])]
    pub rollback: Option<PathBuf>,
    /// Put it back over what somebody else has changed since
    #[arg(long, requires = "rollback")]
    pub overwrite: bool,
    /// Ask AWS's API alone: no pages, no function URLs, no DNS
    #[arg(long)]
    pub api_only: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
}

/// Upload what changed in the site's folder, and wait until readers see it
///
/// Files are compared with the source bucket by content, and only those that differ are uploaded. What the bucket has
/// and the folder has not is deleted if you say so: there may be posts that you wrote elsewhere. Then the command waits
/// until the builder has taken up every file, and until the pages that changed answer with their new content,
/// through CloudFront and its caches. It prints their addresses, how long it took, and what is wrong with the site.
///
/// The site is that of the stack, else of the environment (as for `handle`), else of the running `serve`. With a
/// stack, the logs of the functions at the edge are given the retention of the stack, in every region.
///
/// Exit codes: 1 errors in the site, or a change that is held; 3 storage or network failed, or the pages did not answer
/// in time; 4 a file was changed in the bucket at the same time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront publish --stack blog              upload, build, wait until it is live
  quillfront publish --stack blog --dry-run    only say what would be uploaded and deleted
  quillfront publish --stack blog --delete     also delete what is no longer in the folder, without asking
  quillfront publish --stack blog --region eu-central-1 --json
  quillfront publish                           to the running `serve`, which was started with --no-watch")]
pub struct Publish {
    #[command(flatten)]
    pub connection: Connection,
    /// Delete from the bucket what is no longer in the folder, without asking
    #[arg(long, visible_alias = "yes")]
    pub delete: bool,
    /// Only say what would be uploaded and deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Where readers find the site [default: as the stack, `serve` or the last build says]
    #[arg(short = 'u', long, value_name = "URL")]
    pub url: Option<String>,
    /// How long to wait for the pages, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Remove a stack from AWS, and say what is left
///
/// Shows what goes and asks. The source bucket with your texts stays unless you say --delete-source; the other buckets
/// stay if they have objects, unless you say --empty-buckets, which deletes all versions. The functions at the edge can
/// be deleted some hours after the distribution is gone, when CloudFront has removed their replicas: run the
/// command once more then, and it finishes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  quillfront remove --stack blog                            show what goes, and ask
  quillfront remove --stack blog --empty-buckets            also the site, the state and the logs
  quillfront remove --stack blog --export old-blog --empty-buckets --delete-source
                                                            everything, after a copy of texts and site to old-blog")]
pub struct Remove {
    /// The stack
    #[arg(long, value_name = "NAME")]
    pub stack: String,
    /// Its region [default: that of your AWS configuration, else us-east-1]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Keep all buckets that have objects; this is what is done without --empty-buckets and --delete-source
    #[arg(long, conflicts_with_all = ["empty_buckets", "delete_source"])]
    pub keep_buckets: bool,
    /// Delete the buckets of the site, of the state and of the logs, with all versions of what is in them
    #[arg(long)]
    pub empty_buckets: bool,
    /// Delete the source bucket, with all versions of your texts
    #[arg(long)]
    pub delete_source: bool,
    /// First write what is in the source bucket and in the site bucket to DIR/source and DIR/site
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// How long to wait for CloudFormation, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Severity {
    /// Good to know
    Info,
    /// A layer of defence, or speed, is missing
    Low,
    /// It weakens the site
    Medium,
    /// It can be used, or breaks the site in a likely case
    High,
    /// Anyone can take something over now
    Critical,
}

/// Print the minimal IAM policy for the builder, for `audit` or for `harden`
#[derive(Debug, clap::Args)]
pub struct Policy {
    /// Whose policy
    #[arg(value_enum, default_value_t = PolicyOf::Builder)]
    pub of: PolicyOf,
    /// The source bucket: s3://bucket[/prefix]
    #[arg(long, env = "QUILLFRONT_SOURCE")]
    pub source: Option<String>,
    /// The site bucket
    #[arg(long, env = "QUILLFRONT_SITE")]
    pub site: Option<String>,
    /// The state bucket
    #[arg(long, env = "QUILLFRONT_STATE")]
    pub state: Option<String>,
    /// The distribution's ARN: arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE
    #[arg(long)]
    pub distribution_arn: Option<String>,
}

/// Whose policy is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PolicyOf {
    /// The builder's, for its three buckets
    Builder,
    /// That of `quillfront audit`, which reads
    Audit,
    /// That of `quillfront harden`, which reads and changes
    Harden,
}

/// Print shell completions
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// The shell
    pub shell: clap_complete::Shell,
}
