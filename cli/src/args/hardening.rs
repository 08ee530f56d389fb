//! Commands that look at distributions and mend them.

use std::path::PathBuf;

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
