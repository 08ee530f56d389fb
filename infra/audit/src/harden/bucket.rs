//! Changes of buckets, and of how the distribution reads them.

use super::edit::{Edit, Spot, Value};
use super::policy;
use super::{Asked, Change, Creation, Part, Resource, Step, When};
use crate::finding::Finding;
use crate::observed::{Existence, Seen};
use crate::view::Origin;

/// The namespace of S3's documents.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A signature is over the name of the origin.
pub(super) const HOST_IS_SENT: &str =
    "every reader: a behaviour sends their `Host` to the origin, which then refuses the signature";

impl Asked<'_> {
    pub(super) fn bucket(&self, finding: &Finding) -> Vec<Change> {
        if let Some(name) = finding.place.strip_prefix("bucket ") {
            return self.settings(finding, name).into_iter().collect();
        }
        let origins = self.config.origins().into_iter();
        let concerned = origins.filter(|origin| origin.place() == finding.place);
        concerned
            .filter_map(|origin| self.access(finding, origin))
            .collect()
    }

    /// How the distribution reads a bucket.
    fn access(&self, finding: &Finding, origin: Origin<'_>) -> Option<Change> {
        let control = origin.access_control();
        if finding.id == "oac-signing" {
            let edit = Edit::Set(
                Spot::Root,
                "SigningBehavior",
                Value::Text("always".to_owned()),
            );
            let step = Step::Rewrite(When::Before, Resource::AccessControl(control?), edit);
            return Some(self.change(finding, "SigningBehavior: → always", vec![step]));
        }
        let bucket = origin.bucket().filter(|bucket| self.is_ours(bucket))?;
        let grant = self.policy_step(&bucket, When::Before, self.grant(&bucket)?);
        let mut granted = vec![grant];
        granted.extend(self.root_object(origin));
        match finding.id {
            "oac-permission" | "missing-is-403" => {
                let what =
                    format!("the policy of {bucket} lets this distribution read and list it");
                Some(self.change(finding, what, granted))
            }
            "oac-any-distribution" => {
                let account = self.observed.arn.as_deref()?.split(':').nth(4)?.to_owned();
                let what = format!(
                    "the policy of {bucket} lets distributions of account {account} only read it"
                );
                let edit = policy::Edit::OwnAccountOnly(account);
                let step = self.policy_step(&bucket, When::Before, edit);
                Some(self.change(finding, what, vec![step]))
            }
            // An access control is for origins of S3 only; one that is written as a web server stays so.
            "origin-access" | "oai" if origin.custom().is_none() => {
                let created = Value::Created(Creation::BucketControl);
                let edit = Edit::Set(Spot::Origin(origin.id()), "OriginAccessControlId", created);
                let mut steps = vec![Step::Create(Creation::BucketControl)];
                steps.extend(granted);
                steps.push(self.config_step(edit));
                let what =
                    format!("an origin access control reads {bucket}, and its policy grants that");
                let without_host = self.without_host(origin);
                let is_host_sent = without_host.is_none();
                steps.extend(without_host.unwrap_or_default());
                let Some(identity) = origin.access_identity() else {
                    let change = self.change(finding, what, steps);
                    return Some(if is_host_sent {
                        change.that_could_cut_off(HOST_IS_SENT)
                    } else {
                        change
                    });
                };
                let spot = Spot::BucketOrigin(origin.id());
                let none = Value::Text(String::new());
                steps.push(self.config_step(Edit::Set(spot, "OriginAccessIdentity", none)));
                let id = identity.rsplit('/').next()?.to_owned();
                steps.push(self.policy_step(&bucket, When::Deployed, policy::Edit::Revoke(id)));
                let what = format!("{what}; the grant of {identity} goes when it is deployed");
                let change = self.change(finding, what, steps);
                Some(change.that_could_cut_off("objects under keys that only the identity may use, and other distributions that use the identity"))
            }
            _ => None,
        }
    }

    /// Whoever may list a bucket gets a list for `/`, unless there is a default root object.
    fn root_object(&self, origin: Origin<'_>) -> Option<Step> {
        let default = self
            .config
            .behaviours()
            .into_iter()
            .find(|b| b.is_default())?;
        let mut targets = self.config.targets(&default.target()).into_iter();
        let is_reached = targets.any(|target| target.id() == origin.id());
        let is_missing = self.config.0.text_at("DefaultRootObject").is_none();
        (is_reached && is_missing).then(|| {
            let value = Value::Text("index.html".to_owned());
            self.config_step(Edit::Set(Spot::Root, "DefaultRootObject", value))
        })
    }

    fn grant(&self, bucket: &str) -> Option<policy::Edit> {
        let arn = self.observed.arn.clone()?;
        Some(policy::Edit::Grant {
            bucket: bucket.to_owned(),
            arn,
        })
    }

    fn policy_step(&self, bucket: &str, when: When, edit: policy::Edit) -> Step {
        Step::Rewrite(
            when,
            Resource::Bucket(bucket.to_owned(), Part::Policy),
            Edit::Policy(edit),
        )
    }

    /// A bucket that this account has, and whose policy was read.
    fn is_ours(&self, name: &str) -> bool {
        let bucket = self.observed.buckets.get(name);
        bucket.is_some_and(|bucket| {
            bucket.existence == Seen::Known(Existence::Ours) && bucket.policy.get().is_ok()
        })
    }

    /// A setting of a bucket by itself.
    fn settings(&self, finding: &Finding, name: &str) -> Option<Change> {
        if !self.is_ours(name) {
            return None;
        }
        let whole = |part, text: String| {
            Step::Rewrite(
                When::Before,
                Resource::Bucket(name.to_owned(), part),
                Edit::Whole(text),
            )
        };
        let change = |what: &str, steps| self.change(finding, what, steps);
        Some(match finding.id {
            "bucket-tls-only" => {
                let edit = policy::Edit::DenyPlainHttp(name.to_owned());
                change(
                    "the policy denies plain HTTP",
                    vec![self.policy_step(name, When::Before, edit)],
                )
            }
            "bucket-encryption" => change(
                "objects are encrypted with AES256",
                vec![whole(Part::Encryption, encryption())],
            ),
            "bucket-versioning" => change(
                "earlier versions are kept, and paid for",
                vec![whole(Part::Versioning, versioning())],
            ),
            "bucket-public-block" => {
                let block = Resource::Bucket(name.to_owned(), Part::PublicAccessBlock);
                let step = Step::Rewrite(
                    When::Deployed,
                    block,
                    Edit::AllTrue(&BLOCKS, public_access_block()),
                );
                change("all public access is blocked", vec![step]).that_could_cut_off(
                    "whoever reads the bucket without CloudFront and without credentials",
                )
            }
            "bucket-public-read" | "bucket-public-write" => {
                let step = self.policy_step(name, When::Deployed, policy::Edit::NothingPublic);
                change("the policy grants nothing to everybody", vec![step])
                    .that_could_cut_off("whoever reads or writes the bucket without credentials")
            }
            "bucket-ownership" => change(
                "access lists are off",
                vec![whole(Part::Ownership, ownership())],
            )
            .that_could_cut_off("whoever has access by a list alone, and CloudFront's old logging"),
            _ => return None,
        })
    }
}

/// The settings of a public access block.
const BLOCKS: [&str; 4] = [
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
];

fn public_access_block() -> String {
    let all = BLOCKS.map(|name| format!("<{name}>true</{name}>")).concat();
    let root = "PublicAccessBlockConfiguration";
    format!("<{root} xmlns=\"{NAMESPACE}\">{all}</{root}>")
}

fn encryption() -> String {
    format!(
        "<ServerSideEncryptionConfiguration xmlns=\"{NAMESPACE}\"><Rule><ApplyServerSideEncryptionByDefault>\
         <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    )
}

fn versioning() -> String {
    format!(
        "<VersioningConfiguration xmlns=\"{NAMESPACE}\"><Status>Enabled</Status></VersioningConfiguration>"
    )
}

fn ownership() -> String {
    format!(
        "<OwnershipControls xmlns=\"{NAMESPACE}\"><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>\
         </OwnershipControls>"
    )
}
