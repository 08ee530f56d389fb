//! Who may read the buckets behind (CloudFront guide, "Restrict access to an Amazon S3 origin").

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::grants;
use crate::observed::Observed;
use crate::view::Origin;
use serde_json::Value;

pub(super) const NONE: Check = Check {
    id: "origin-access",
    severity: Severity::High,
    title: "Buckets are read by an origin access control",
    why: "Without one the bucket has to be public, and readers can go around CloudFront.",
    mend: "Create an origin access control, grant it in the bucket's policy, and block public access.",
    mended: Mended::Yes,
    same_as: &[
        "CloudFront.13",
        "cloudfront_distributions_s3_origin_access_control",
        "CKV2_AWS_46",
    ],
    standing: None,
    look: |observed, out| {
        for origin in buckets(observed, out) {
            if origin.access_control().is_none() && origin.access_identity().is_none() {
                out.flag(
                    origin.place(),
                    "CloudFront asks the bucket without a signature",
                );
            }
        }
    },
};

fn buckets<'a>(observed: &'a Observed, out: &mut Outcome) -> Vec<Origin<'a>> {
    let origins = out
        .config(observed)
        .map(|config| config.origins())
        .unwrap_or_default();
    origins
        .into_iter()
        .filter(|origin| origin.bucket().is_some())
        .collect()
}

pub(super) const OAI: Check = Check {
    id: "oai",
    severity: Severity::Medium,
    title: "No origin access identity is left",
    why: "The old kind cannot read objects under KMS keys, does not work in new regions, and flat-rate plans forbid it.",
    mend: "Grant an origin access control first, switch, and take the identity's grant away after the deployment.",
    mended: Mended::ByName,
    same_as: &[
        "CloudFront.13",
        "cloudfront_distributions_s3_origin_access_control",
    ],
    standing: None,
    look: |observed, out| {
        for origin in buckets(observed, out) {
            if let Some(identity) = origin.access_identity() {
                out.flag(origin.place(), format!("it uses `{identity}`"));
            }
        }
    },
};

pub(super) const UNSIGNED: Check = Check {
    id: "oac-signing",
    severity: Severity::High,
    title: "Origin access controls sign every request",
    why: "One that signs never, or gives way to the reader's own header, protects nothing.",
    mend: "Set the signing behaviour to `always`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for origin in config.origins() {
            let Some(id) = origin.access_control() else {
                continue;
            };
            let Some(document) = out.entry(&origin.place(), observed.access_controls.get(&id))
            else {
                continue;
            };
            let root = document.root();
            let behaviour = root
                .text_at("OriginAccessControlConfig/SigningBehavior")
                .or_else(|| root.text_at("SigningBehavior"));
            if behaviour.as_deref() != Some("always") {
                let behaviour = behaviour.unwrap_or_else(|| "none".to_owned());
                out.flag(
                    origin.place(),
                    format!("the signing behaviour is `{behaviour}`"),
                );
            }
        }
    },
};

/// Calls back for each bucket with an origin access control whose policy is known.
fn policies<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, Origin<'a>, &'a Value),
) {
    static EMPTY: Value = Value::Null;
    for origin in buckets(observed, out) {
        if origin.access_control().is_none() {
            continue;
        }
        let bucket = origin.bucket().and_then(|name| observed.buckets.get(&name));
        let seen = bucket.map(|bucket| &bucket.policy);
        if let Some(policy) = out.entry(&origin.place(), seen) {
            look(out, origin, policy.as_ref().unwrap_or(&EMPTY));
        }
    }
}

/// Whether a statement is for a distribution; where its ARN is not known, for any.
fn is_for(statement: &Value, arn: Option<&str>) -> bool {
    let sources = grants::condition(statement, "aws:SourceArn");
    sources.is_empty() || arn.is_none_or(|arn| sources.iter().any(|source| covers(source, arn)))
}

fn covers(pattern: &str, arn: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => arn.starts_with(start),
        None => pattern == arn,
    }
}

pub(super) const NOT_GRANTED: Check = Check {
    id: "oac-permission",
    severity: Severity::High,
    title: "Buckets let the distribution read",
    why: "Without the grant every request for an object is answered 403.",
    mend: "Allow `cloudfront.amazonaws.com` `s3:GetObject`, with the distribution as `AWS:SourceArn`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        policies(observed, out, |out, origin, policy| {
            let statements = grants::to_cloudfront(policy, "s3:GetObject");
            if !statements
                .iter()
                .any(|s| is_for(s, observed.arn.as_deref()))
            {
                out.flag(
                    origin.place(),
                    "the bucket's policy grants the distribution no `s3:GetObject`",
                );
            }
        });
    },
};

pub(super) const ANY_DISTRIBUTION: Check = Check {
    id: "oac-any-distribution",
    severity: Severity::High,
    title: "Buckets let no other distribution read",
    why: "Without a condition everybody's distribution may read the bucket, in any account.",
    mend: "Add the condition `StringEquals` on `AWS:SourceArn`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        policies(observed, out, |out, origin, policy| {
            for action in ["s3:GetObject", "s3:ListBucket"] {
                let is_open = |s: &&Value| {
                    ["aws:SourceArn", "aws:SourceAccount"]
                        .iter()
                        .all(|key| grants::condition(s, key).is_empty())
                };
                if grants::to_cloudfront(policy, action).iter().any(is_open) {
                    out.flag(
                        origin.place(),
                        format!("`{action}` is granted to all distributions"),
                    );
                }
            }
        });
    },
};

pub(super) const LIST: Check = Check {
    id: "missing-is-403",
    severity: Severity::Low,
    title: "Missing objects are answered 404",
    why: "Without `s3:ListBucket` S3 answers 403 for what is not there, which looks like a broken policy and is no error page.",
    mend: "Allow the distribution `s3:ListBucket`, and have a default root object, so that nobody gets a listing.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        policies(observed, out, |out, origin, policy| {
            let statements = grants::to_cloudfront(policy, "s3:ListBucket");
            if !statements
                .iter()
                .any(|s| is_for(s, observed.arn.as_deref()))
            {
                out.flag(origin.place(), "the distribution may not list the bucket");
            }
        });
    },
};

/// AWS's `AllViewer`, which is known without asking for it.
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";

pub(super) const HOST: Check = Check {
    id: "host-to-signed-origin",
    severity: Severity::High,
    title: "The reader's `Host` is not sent to signed origins",
    why: "The signature of an origin access control is over the origin's name; with another one every request is a 403.",
    mend: "Use the origin request policy `AllViewerExceptHostHeader`, or none.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            let is_signed = |o: &Origin<'_>| o.access_control().is_some();
            if !config.targets(&behaviour.target()).iter().any(is_signed) {
                continue;
            }
            let Some(id) = behaviour.text("OriginRequestPolicyId") else {
                continue;
            };
            let sends = if id == ALL_VIEWER {
                true
            } else {
                let seen = observed.origin_request_policies.get(&id);
                let Some(document) = out.entry(&behaviour.place(), seen) else {
                    continue;
                };
                sends_host(document.root())
            };
            if sends {
                out.flag(
                    behaviour.place(),
                    format!("the origin request policy `{id}` sends `Host`"),
                );
            }
        }
    },
};

/// Whether an origin request policy sends the reader's `Host`.
pub(crate) fn sends_host(policy: &crate::xml::Element) -> bool {
    let config = policy.child("OriginRequestPolicyConfig").unwrap_or(policy);
    let names = config.texts("HeadersConfig/Headers");
    let has_host = names.iter().any(|name| name.eq_ignore_ascii_case("host"));
    match config.text_at("HeadersConfig/HeaderBehavior").as_deref() {
        Some("allViewer" | "allViewerAndWhitelistCloudFront") => true,
        Some("whitelist") => has_host,
        Some("allExcept") => !has_host,
        _ => false,
    }
}
