//! Commands that make a site, on this machine.

use crate::listen::Address;
use quillfront_publish::bucket::LEASE_SECONDS;
use std::net::IpAddr;
use std::path::PathBuf;

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
