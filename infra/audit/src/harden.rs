//! From findings to changes, as a pure function: what is read, changed and written, what is created, and in which
//! order.
//!
//! [`Observed`] and its [`Report`] → [`plan`] → [`Change`]s → [`edit`] of the text that a resource has now
//!
//! A change says what it is about and what it could cut off. Its edits name places in a configuration, not
//! positions, so that they can be made again in a text that somebody else has changed meanwhile. An edit that is made
//! already changes no byte.

mod bucket;
mod distribution;
pub mod edit;
mod function;
mod headers;
mod policy;
#[cfg(test)]
mod tests;

use crate::finding::{Finding, Report};
use crate::observed::Observed;
use crate::view::Config;
use edit::{Edit, EditError};
pub use function::RETENTION_DAYS;
use serde::{Deserialize, Serialize};

/// A configuration that is read and written as one text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resource {
    /// Something that is created in the same run.
    New(Creation),
    /// A response headers policy, by id.
    HeadersPolicy(String),
    /// A cache policy, by id.
    CachePolicy(String),
    /// An origin access control, by id.
    AccessControl(String),
    /// A part of a bucket's configuration.
    Bucket(String, Part),
    /// The distribution, by id.
    Distribution(String),
}

/// A part of a bucket's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// The policy, in JSON.
    Policy,
    /// The public access block.
    PublicAccessBlock,
    /// The default encryption.
    Encryption,
    /// Versioning.
    Versioning,
    /// The ownership of objects.
    Ownership,
}

/// Something that is created where it is not there by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Creation {
    /// A response headers policy.
    HeadersPolicy,
    /// An origin access control for buckets.
    BucketControl,
    /// An origin access control for function URLs.
    FunctionControl,
}

/// The namespace of CloudFront's documents.
const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

impl Creation {
    /// The name by which it is found again.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeadersPolicy => "quillfront-headers",
            Self::BucketControl => "quillfront-buckets",
            Self::FunctionControl => "quillfront-functions",
        }
    }

    /// Where CloudFront has such things, below the version of its interface.
    pub fn path(self) -> &'static str {
        match self {
            Self::HeadersPolicy => "response-headers-policy",
            Self::BucketControl | Self::FunctionControl => "origin-access-control",
        }
    }

    /// What is created.
    ///
    /// # Errors
    /// None that could come: the text is written here.
    pub fn text(self) -> Result<String, EditError> {
        let kind = match self {
            Self::HeadersPolicy => return headers::new_policy(self.name()),
            Self::BucketControl => "s3",
            Self::FunctionControl => "lambda",
        };
        let root = "OriginAccessControlConfig";
        Ok(format!(
            "<{root} xmlns=\"{NAMESPACE}\"><Name>{}</Name><Description>Made by quillfront harden</Description>\
             <SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior>\
             <OriginAccessControlOriginType>{kind}</OriginAccessControlOriginType></{root}>",
            self.name()
        ))
    }
}

/// A call that changes something which is no text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Call {
    /// Tags the distribution.
    Tag {
        /// The tag.
        key: String,
        /// Its value.
        value: String,
    },
    /// Sets for how long a log group keeps events.
    Retention {
        /// Where the group is.
        region: String,
        /// Its name.
        group: String,
    },
    /// Lets CloudFront call a function.
    Permission {
        /// The function's ARN.
        function_arn: String,
        /// `lambda:InvokeFunctionUrl` or `lambda:InvokeFunction`.
        action: String,
    },
    /// Has a function URL want signatures.
    AuthType {
        /// The function's ARN.
        function_arn: String,
    },
}

/// When a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Before the distribution is changed: what it will need.
    Before,
    /// With the distribution.
    With,
    /// When the change of the distribution is deployed: what it needs no more.
    Deployed,
}

/// One step of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Creates something; edits name it by what it is.
    Create(Creation),
    /// Reads, changes and writes a text.
    Rewrite(When, Resource, Edit),
    /// Calls.
    Call(When, Call),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The check whose finding it mends.
    pub id: &'static str,
    /// Where.
    pub place: String,
    /// What becomes of what.
    pub what: String,
    /// What it could cut off; such a change is made only where it is asked for by name.
    pub cuts_off: Option<&'static str>,
    /// What is done.
    pub steps: Vec<Step>,
}

/// What a person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The checks whose findings are mended; empty: all that cut off nothing.
    pub only: Vec<String>,
    /// The checks whose findings are left alone.
    pub skip: Vec<String>,
    /// The certificate to use (ACM, us-east-1).
    pub certificate: Option<String>,
    /// The web ACL to use.
    pub web_acl: Option<String>,
}

impl Choice {
    fn is_chosen(&self, change: &Change) -> bool {
        let names = |list: &[String]| list.iter().any(|id| id == change.id);
        let is_given = match change.id {
            "certificate" => self.certificate.is_some(),
            "waf" => self.web_acl.is_some(),
            _ => false,
        };
        let is_asked_for = is_given || names(&self.only);
        let is_usual = self.only.is_empty() && change.cuts_off.is_none();
        (is_asked_for || is_usual) && !names(&self.skip)
    }
}

/// What is to be done, and what is not without being asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes that are made.
    pub changes: Vec<Change>,
    /// Those that could be made, and why they are not: they were not named, or they were left out.
    pub held: Vec<Change>,
}

/// Plans the changes for the findings that are not waived. What could not be read is not changed.
pub fn plan(observed: &Observed, report: &Report, choice: &Choice) -> Plan {
    let mut plan = Plan::default();
    let (Ok(config), Some(id)) = (observed.config(), distribution_id(observed)) else {
        return plan;
    };
    let asked = Asked {
        observed,
        config: Config(config),
        id: &id,
        choice,
    };
    for finding in report
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none())
    {
        for change in asked.changes(finding) {
            let same = |other: &Change| other.steps == change.steps && other.id == change.id;
            let list = if choice.is_chosen(&change) {
                &mut plan.changes
            } else {
                &mut plan.held
            };
            if !list.iter().any(same) {
                list.push(change);
            }
        }
    }
    plan
}

/// The id at the end of the distribution's ARN.
fn distribution_id(observed: &Observed) -> Option<String> {
    let arn = observed.arn.as_deref()?;
    arn.rsplit_once('/').map(|(_, id)| id.to_owned())
}

/// What changes are made from.
struct Asked<'a> {
    observed: &'a Observed,
    config: Config<'a>,
    id: &'a str,
    choice: &'a Choice,
}

impl Asked<'_> {
    fn changes(&self, finding: &Finding) -> Vec<Change> {
        match finding.id {
            "origin-access"
            | "oai"
            | "oac-signing"
            | "oac-permission"
            | "oac-any-distribution"
            | "missing-is-403"
            | "bucket-tls-only"
            | "bucket-public-block"
            | "bucket-public-read"
            | "bucket-public-write"
            | "bucket-encryption"
            | "bucket-versioning"
            | "bucket-ownership" => self.bucket(finding),
            "function-url-oac"
            | "function-url-open"
            | "function-url-permissions"
            | "edge-log-retention"
            | "tagged" => self.function(finding),
            "headers-policy"
            | "headers-policy-hsts"
            | "header-score"
            | "sent-hsts"
            | "sent-framing"
            | "sent-nosniff"
            | "sent-referrer"
            | "sent-isolation"
            | "sent-permissions"
            | "telling-headers"
            | "tag-header-visible" => self.headers(finding),
            _ => self.distribution(finding),
        }
    }

    fn change(&self, finding: &Finding, what: impl Into<String>, steps: Vec<Step>) -> Change {
        Change {
            id: finding.id,
            place: finding.place.clone(),
            what: what.into(),
            cuts_off: None,
            steps,
        }
    }

    fn config_step(&self, edit: Edit) -> Step {
        Step::Rewrite(When::With, Resource::Distribution(self.id.to_owned()), edit)
    }
}

impl Change {
    fn that_could_cut_off(mut self, what: &'static str) -> Self {
        self.cuts_off = Some(what);
        self
    }
}
