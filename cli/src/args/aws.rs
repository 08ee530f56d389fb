//! Commands for AWS.

use super::Connection;
use std::path::PathBuf;

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
