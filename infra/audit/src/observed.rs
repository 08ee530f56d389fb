//! What was read of a distribution and of what stands behind it: the input of all checks, as plain
//! data. What CloudFront describes in XML stays XML ([`crate::xml`]).

use crate::xml::{Document, Element, XmlError};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that was read, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It was read.
    Known(T),
    /// It was not. A check then says that it could not look; it does not pass.
    Unknown(Reason),
}

/// Why something was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nobody asked: a domain without credentials shows only what is sent.
    Outside,
    /// The credentials lack this permission (`s3:GetBucketPolicy`).
    Denied(String),
    /// The request failed, or the answer could not be read: in words.
    Failed(String),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Outside => f.write_str("it cannot be seen from outside"),
            Self::Denied(permission) => write!(f, "the permission `{permission}` is missing"),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self::Unknown(Reason::Outside)
    }
}

impl<T> Seen<T> {
    /// What was read, or why not.
    ///
    /// # Errors
    /// The reason.
    pub fn get(&self) -> Result<&T, &Reason> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(reason) => Err(reason),
        }
    }
}

/// XML as it came, parsed; a text that is none becomes unknown.
pub fn document(text: &str) -> Seen<Document> {
    match Document::parse(text) {
        Ok(document) => Seen::Known(document),
        Err(error) => Seen::Unknown(unreadable(&error)),
    }
}

fn unreadable(error: &XmlError) -> Reason {
    Reason::Failed(format!("the answer is no XML: {error}"))
}

/// All that was read. [`Observed::outside`] is the one that knows nothing.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What the person named: a distribution's id, or a domain.
    pub target: String,
    /// The day of the audit (UTC): runtimes and waivers end by it.
    pub today: Date,
    /// The distribution's ARN, where it is known.
    pub arn: Option<String>,
    /// `GetDistribution`'s or `GetDistributionConfig`'s answer.
    pub distribution: Seen<Document>,
    /// The distribution's tags, but for those of AWS (`aws:`).
    pub tags: Seen<Vec<(String, String)>>,
    /// `GetResponseHeadersPolicy`'s answers, by id.
    pub headers_policies: BTreeMap<String, Seen<Document>>,
    /// `GetCachePolicy`'s answers, by id.
    pub cache_policies: BTreeMap<String, Seen<Document>>,
    /// `GetOriginRequestPolicy`'s answers, by id.
    pub origin_request_policies: BTreeMap<String, Seen<Document>>,
    /// `GetOriginAccessControl`'s answers, by id.
    pub access_controls: BTreeMap<String, Seen<Document>>,
    /// Functions of both kinds at the edge and those behind Function URLs, by ARN.
    pub functions: BTreeMap<String, Seen<Function>>,
    /// Buckets that origins or logs name, by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// Lambda function URLs that are origins, by domain name.
    pub function_urls: BTreeMap<String, FunctionUrl>,
    /// Whether the domain names of other origins resolve.
    pub origin_names: BTreeMap<String, Seen<bool>>,
    /// Whether the DNS of each alias leads to this distribution.
    pub aliases: BTreeMap<String, Seen<bool>>,
    /// Deliveries of standard logging v2 for this distribution (`logs:DescribeDeliverySources`
    /// with `logs:DescribeDeliveries`): where each one goes.
    pub log_deliveries: Seen<Vec<String>>,
    /// Log groups of functions at the edge, in all regions.
    pub edge_log_groups: Seen<Vec<LogGroup>>,
    /// What bounds the bill: names of budgets and of alarms over charges.
    pub spending_bounds: Seen<Vec<String>>,
    /// The flat-rate plan; inner none: pay as you go.
    pub pricing_plan: Seen<Option<Plan>>,
    /// Names of the rule groups of the web ACL; inner none: there is no web ACL.
    pub web_acl_groups: Seen<Option<Vec<String>>>,
    /// For a staging distribution: whether a continuous deployment policy that is switched on names
    /// it.
    pub is_staging_used: Seen<bool>,
    /// Pages as they were sent.
    pub pages: Seen<Vec<Page>>,
}

impl Observed {
    /// Nothing is known yet.
    pub fn outside(target: &str, today: Date) -> Self {
        Self {
            target: target.to_owned(),
            today,
            arn: None,
            distribution: Seen::default(),
            tags: Seen::default(),
            headers_policies: BTreeMap::new(),
            cache_policies: BTreeMap::new(),
            origin_request_policies: BTreeMap::new(),
            access_controls: BTreeMap::new(),
            functions: BTreeMap::new(),
            buckets: BTreeMap::new(),
            function_urls: BTreeMap::new(),
            origin_names: BTreeMap::new(),
            aliases: BTreeMap::new(),
            log_deliveries: Seen::default(),
            edge_log_groups: Seen::default(),
            spending_bounds: Seen::default(),
            pricing_plan: Seen::default(),
            web_acl_groups: Seen::default(),
            is_staging_used: Seen::default(),
            pages: Seen::default(),
        }
    }

    /// The `DistributionConfig`, from either answer.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn config(&self) -> Result<&Element, Reason> {
        let root = self.distribution.get().map_err(Clone::clone)?.root();
        if root.name() == "DistributionConfig" {
            return Ok(root);
        }
        root.child("DistributionConfig")
            .ok_or_else(|| Reason::Failed("the answer has no `DistributionConfig`".to_owned()))
    }
}

/// A function at the edge, or behind a Function URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// As Lambda (`nodejs24.x`) or CloudFront (`cloudfront-js-2.0`) names it.
    pub runtime: String,
    /// Lambda's time limit; none for CloudFront Functions.
    pub timeout_seconds: Option<u64>,
}

/// Whether a bucket is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// In this account, in any region.
    Ours,
    /// Of another account: the answer was 403.
    Others,
    /// Nobody has it: the answer was 404.
    Missing,
}

/// A bucket, each part as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// Whether it is there.
    pub existence: Seen<Existence>,
    /// Whether it takes logs only: what concerns objects that readers see does not apply.
    pub is_log_bucket: bool,
    /// The policy; inner none: it has none.
    pub policy: Seen<Option<Value>>,
    /// Whether all four settings of the public access block are on.
    pub blocks_public_access: Seen<bool>,
    /// The default encryption (`AES256`, `aws:kms`); inner none: none is set.
    pub encryption: Seen<Option<String>>,
    /// Whether versions are kept.
    pub is_versioned: Seen<bool>,
    /// Where server access logs go; inner none: nowhere.
    pub logs_to: Seen<Option<String>>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    pub ownership: Seen<String>,
}

/// A Lambda function URL.
#[derive(Debug, Clone, Default)]
pub struct FunctionUrl {
    /// The function's ARN.
    pub function_arn: String,
    /// `AWS_IAM` or `NONE`.
    pub auth_type: Seen<String>,
    /// The function's resource policy; inner none: it has none.
    pub policy: Seen<Option<Value>>,
    /// The status of an unsigned request that did not go through CloudFront.
    pub status_without_cloudfront: Seen<u16>,
}

/// A log group of a function at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Region and name (`eu-west-1 /aws/lambda/us-east-1.edge`).
    pub name: String,
    /// How long events are kept; none: for ever.
    pub retention_days: Option<u32>,
}

/// A flat-rate pricing plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// $0 a month.
    Free,
    /// $15 a month.
    Pro,
    /// The first with own cache policies.
    Business,
    /// The largest.
    Premium,
}

/// An answer as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The URL that was asked for last, after redirects.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The headers in order, doubles kept.
    pub headers: Vec<(String, String)>,
    /// What `<meta http-equiv>` says in the page: name and content.
    pub metas: Vec<(String, String)>,
    /// The scripts with `src`, and whether the page has scripts without.
    pub scripts: Scripts,
    /// Where plain HTTP led.
    pub http: Http,
    /// Whether the certificate was not accepted.
    pub is_certificate_refused: bool,
    /// Whether the host is on the preload list of browsers.
    pub is_preloaded: bool,
    /// The headers of an answer to a request from another origin (`OPTIONS` with `Origin`), and
    /// that origin.
    pub cross_origin: Option<(String, Vec<(String, String)>)>,
}

/// The scripts of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// Those with a `src`.
    pub loaded: Vec<LoadedScript>,
    /// How many stand in the page.
    pub inline: usize,
}

/// A `<script src>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedScript {
    /// As it is written.
    pub src: String,
    /// Whether it has an `integrity`.
    pub has_integrity: bool,
}

/// What a request over plain HTTP leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Http {
    /// Nothing listens, or nobody asked.
    #[default]
    Silent,
    /// The URLs that were asked for one after the other, the first over HTTP.
    Route(Vec<String>),
}

impl Page {
    /// The values of a header, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }

    /// The first value of a header.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        values(&self.headers, name).next()
    }

    /// Whether it came over HTTPS.
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// The host of its URL, without the port.
    pub fn host(&self) -> &str {
        host_of(&self.url)
    }

    /// Whether it is HTML by its type.
    pub fn is_html(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind == "text/html" || kind == "application/xhtml+xml"
    }
}

/// The host of a URL, without the port.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// The values of a header in a list, in order.
pub(crate) fn values<'a>(
    headers: &'a [(String, String)],
    name: &'a str,
) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
