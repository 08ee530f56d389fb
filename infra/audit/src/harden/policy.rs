//! Edits of a bucket's policy.

use crate::grants;
use serde_json::{Value, json};

/// What becomes of the statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The distribution may read and list the bucket.
    Grant {
        /// The bucket's name.
        bucket: String,
        /// The distribution's ARN.
        arn: String,
    },
    /// What is granted to every distribution is granted to those of this account.
    OwnAccountOnly(String),
    /// Plain HTTP is refused.
    DenyPlainHttp(String),
    /// Nothing is granted to everybody.
    NothingPublic,
    /// Nothing is granted to an origin access identity, by its id.
    Revoke(String),
}

/// Makes an edit. Statements that it is not about stay as they are.
pub(super) fn apply(policy: &mut Value, edit: &Edit) {
    if !policy["Statement"].is_array() {
        let one = policy["Statement"].take();
        let many = if one.is_null() { Vec::new() } else { vec![one] };
        policy["Statement"] = Value::Array(many);
    }
    let Value::Array(statements) = &mut policy["Statement"] else {
        return;
    };
    match edit {
        Edit::Grant { bucket, arn } => {
            for (sid, action, resource) in [
                (
                    "QuillfrontRead",
                    "s3:GetObject",
                    format!("arn:aws:s3:::{bucket}/*"),
                ),
                (
                    "QuillfrontList",
                    "s3:ListBucket",
                    format!("arn:aws:s3:::{bucket}"),
                ),
            ] {
                let is_granted = |s: &Value| is_for(s, action, arn);
                if !statements.iter().any(is_granted) {
                    let id = arn.rsplit('/').next().unwrap_or_default();
                    statements.push(json!({
                        "Sid": format!("{sid}{id}"),
                        "Effect": "Allow",
                        "Principal": { "Service": "cloudfront.amazonaws.com" },
                        "Action": action,
                        "Resource": resource,
                        "Condition": { "StringEquals": { "AWS:SourceArn": arn } },
                    }));
                }
            }
        }
        Edit::OwnAccountOnly(account) => {
            for statement in statements
                .iter_mut()
                .filter(|s| is_for_every_distribution(s))
            {
                statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = json!(account);
            }
        }
        Edit::DenyPlainHttp(bucket) => {
            let denies = |s: &Value| s["Sid"] == "QuillfrontTlsOnly";
            if !statements.iter().any(denies) {
                statements.push(json!({
                    "Sid": "QuillfrontTlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                }));
            }
        }
        Edit::NothingPublic => statements.retain(|s| {
            !(grants::is_allow(s) && grants::is_public(s) && grants::is_unconditional(s))
        }),
        Edit::Revoke(identity) => statements.retain(|s| {
            let ends_so = |principal: &str| principal.ends_with(&format!(" {identity}"));
            !(grants::is_allow(s) && s["Principal"]["AWS"].as_str().is_some_and(ends_so))
        }),
    }
}

fn is_for(statement: &Value, action: &str, arn: &str) -> bool {
    let one = json!({ "Statement": [statement] });
    let is_granted = !grants::to_cloudfront(&one, action).is_empty();
    let sources = grants::condition(statement, "aws:SourceArn");
    is_granted && (sources.is_empty() || sources.contains(&arn))
}

fn is_for_every_distribution(statement: &Value) -> bool {
    let one = json!({ "Statement": [statement] });
    let actions = ["s3:GetObject", "s3:ListBucket"];
    let is_granted = actions
        .iter()
        .any(|action| !grants::to_cloudfront(&one, action).is_empty());
    let keys = ["aws:SourceArn", "aws:SourceAccount"];
    is_granted
        && keys
            .iter()
            .all(|key| grants::condition(statement, key).is_empty())
}

/// Whether nothing is left: S3 takes no policy without statements.
pub(super) fn is_empty(policy: &Value) -> bool {
    grants::statements(policy).is_empty()
}
