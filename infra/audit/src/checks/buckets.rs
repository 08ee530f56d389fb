//! The buckets behind a distribution, and those of its logs (Security Hub's S3 controls).

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::grants;
use crate::observed::{Bucket, Existence, Observed, Reason};
use serde_json::Value;

/// Calls back for each bucket of this account; those of others cannot be read, and are
/// `dangling-origin`'s.
fn each<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, String, &'a Bucket),
) {
    for (name, bucket) in &observed.buckets {
        let place = format!("bucket {name}");
        if out.known(&place, &bucket.existence) == Some(&Existence::Ours) {
            look(out, place, bucket);
        }
    }
}

fn statements<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, &str, &[&'a Value]),
) {
    each(observed, out, |out, place, bucket| {
        if let Some(policy) = out.known(&place, &bucket.policy) {
            let statements = policy.as_ref().map(grants::statements).unwrap_or_default();
            look(out, &place, &statements);
        }
    });
}

/// Whether everybody may do one of the actions.
fn is_public(statement: &Value, actions: &[&str]) -> bool {
    grants::is_allow(statement)
        && grants::is_public(statement)
        && grants::is_unconditional(statement)
        && actions
            .iter()
            .any(|action| grants::is_about(statement, action))
}

pub(super) const PUBLIC_WRITE: Check = Check {
    id: "bucket-public-write",
    severity: Severity::Critical,
    title: "Nobody else writes the buckets",
    why: "Anyone could change or delete every page.",
    mend: "Take the statement out of the bucket's policy, and block public access.",
    mended: Mended::ByName,
    same_as: &["S3.3"],
    standing: None,
    look: |observed, out| {
        statements(observed, out, |out, place, statements| {
            let actions = ["s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy"];
            if statements.iter().any(|s| is_public(s, &actions)) {
                out.flag(place, "its policy lets everybody write");
            }
        });
    },
};

pub(super) const PUBLIC_READ: Check = Check {
    id: "bucket-public-read",
    severity: Severity::High,
    title: "Buckets are read through CloudFront only",
    why: "Readers who go around it get no security headers, no firewall and no cache, at your cost.",
    mend: "Grant the distribution alone, and block public access.",
    mended: Mended::ByName,
    same_as: &["S3.2"],
    standing: None,
    look: |observed, out| {
        statements(observed, out, |out, place, statements| {
            if statements
                .iter()
                .any(|s| is_public(s, &["s3:GetObject", "s3:ListBucket"]))
            {
                out.flag(place, "its policy lets everybody read");
            }
        });
    },
};

pub(super) const PUBLIC_BLOCK: Check = Check {
    id: "bucket-public-block",
    severity: Severity::High,
    title: "Public access is blocked",
    why: "The block stands above all policies and lists: a mistake in one opens nothing.",
    mend: "Switch on all four settings of the bucket's public access block.",
    mended: Mended::ByName,
    same_as: &["S3.8"],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, bucket| {
            if out.known(&place, &bucket.blocks_public_access) == Some(&false) {
                out.flag(place, "not all four settings of the block are on");
            }
        });
    },
};

/// What no other account should be allowed (Security Hub, S3.6).
const SENSITIVE: [&str; 5] = [
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
];

pub(super) const OTHER_ACCOUNTS: Check = Check {
    id: "bucket-other-accounts",
    severity: Severity::High,
    title: "No other account changes the buckets' settings",
    why: "It could open the bucket to everybody.",
    mend: "Take these actions out of the statement that grants them to the other account.",
    mended: Mended::No,
    same_as: &["S3.6"],
    standing: None,
    look: |observed, out| {
        let account = observed
            .arn
            .as_deref()
            .and_then(|arn| arn.split(':').nth(4));
        let Some(account) = account.map(str::to_owned) else {
            if !observed.buckets.is_empty() {
                let reason = "the account's number is not known, without the distribution's ARN";
                out.blind("buckets", &Reason::Failed(reason.to_owned()));
            }
            return;
        };
        statements(observed, out, |out, place, statements| {
            for statement in statements.iter().filter(|s| grants::is_allow(s)) {
                let principals = statement["Principal"]["AWS"].to_string();
                let is_other = principals.contains("arn:aws") && !principals.contains(&account);
                let action = SENSITIVE
                    .iter()
                    .find(|action| grants::is_about(statement, action));
                if let (true, Some(action)) = (is_other, action) {
                    out.flag(place, format!("{principals} may `{action}`"));
                }
            }
        });
    },
};

pub(super) const TLS_ONLY: Check = Check {
    id: "bucket-tls-only",
    severity: Severity::Medium,
    title: "Buckets refuse plain HTTP",
    why: "Requests of builders and people carry signed headers and contents that nobody should read.",
    mend: "Add a statement that denies `s3:*` where `aws:SecureTransport` is false.",
    mended: Mended::Yes,
    same_as: &["S3.5"],
    standing: None,
    look: |observed, out| {
        statements(observed, out, |out, place, statements| {
            let denies = |s: &&Value| {
                let condition = grants::condition(s, "aws:SecureTransport");
                let is_false = condition.contains(&"false")
                    || s["Condition"]["Bool"]["aws:SecureTransport"] == Value::Bool(false);
                s["Effect"] == "Deny" && grants::is_public(s) && is_false
            };
            if !statements.iter().any(denies) {
                out.flag(place, "no statement denies plain HTTP");
            }
        });
    },
};

pub(super) const ENCRYPTION: Check = Check {
    id: "bucket-encryption",
    severity: Severity::Low,
    title: "Objects are encrypted",
    why: "S3 does it by itself since 2023; a bucket without says that the answer is of something else.",
    mend: "Set the default encryption to `AES256`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, bucket| {
            if out.known(&place, &bucket.encryption) == Some(&None) {
                out.flag(place, "there is no default encryption");
            }
        });
    },
};

pub(super) const KMS: Check = Check {
    id: "bucket-kms",
    severity: Severity::Info,
    title: "Objects are encrypted with a key of one's own",
    why: "Who reads then needs the key as well.",
    mend: "Set the default encryption to `aws:kms`, and grant CloudFront the key.",
    mended: Mended::No,
    same_as: &["S3.17"],
    standing: Some("what is published is for everybody, and each request would be paid for twice"),
    look: |observed, out| {
        each(observed, out, |out, place, bucket| {
            let encryption = out.known(&place, &bucket.encryption);
            if encryption
                .is_some_and(|kind| !kind.as_deref().is_some_and(|k| k.starts_with("aws:kms")))
            {
                out.flag(place, "it is encrypted with S3's own keys");
            }
        });
    },
};

pub(super) const VERSIONING: Check = Check {
    id: "bucket-versioning",
    severity: Severity::Low,
    title: "Earlier versions are kept",
    why: "What was deleted or overwritten by mistake can be had back.",
    mend: "Switch versioning on, with a rule that deletes old versions after a time.",
    mended: Mended::Yes,
    same_as: &["S3.14"],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, bucket| {
            if !bucket.is_log_bucket && out.known(&place, &bucket.is_versioned) == Some(&false) {
                out.flag(place, "versioning is off");
            }
        });
    },
};

pub(super) const LOGGING: Check = Check {
    id: "bucket-logging",
    severity: Severity::Low,
    title: "Requests to buckets are logged",
    why: "What does not come through CloudFront is in no other log.",
    mend: "Let server access logs go to a bucket of logs.",
    mended: Mended::No,
    same_as: &["S3.9"],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, bucket| {
            // A bucket of logs that logs itself would never stop.
            if !bucket.is_log_bucket && out.known(&place, &bucket.logs_to) == Some(&None) {
                out.flag(place, "server access logging is off");
            }
        });
    },
};

pub(super) const OWNERSHIP: Check = Check {
    id: "bucket-ownership",
    severity: Severity::Medium,
    title: "Access lists are off",
    why: "With lists, each object can be open by itself, whatever the policy says.",
    mend: "Set the ownership to `BucketOwnerEnforced`; CloudFront's old logging needs lists, so move to standard logging v2 first.",
    mended: Mended::ByName,
    same_as: &["S3.12"],
    standing: None,
    look: |observed, out| {
        let needs_lists = legacy_log_bucket(observed);
        each(observed, out, |out, place, bucket| {
            let Some(ownership) = out.known(&place, &bucket.ownership) else {
                return;
            };
            if ownership != "BucketOwnerEnforced" {
                let by = if needs_lists.as_deref() == Some(place.as_str()) {
                    ", which CloudFront's old logging needs"
                } else {
                    ""
                };
                out.flag(place, format!("the ownership is `{ownership}`{by}"));
            }
        });
    },
};

/// The place of the bucket that CloudFront's old logging writes to, with access lists.
fn legacy_log_bucket(observed: &Observed) -> Option<String> {
    let config = observed.config().ok()?;
    let domain = config
        .text_at("Logging/Bucket")
        .filter(|_| config.is_true("Logging/Enabled"))?;
    let name = domain.split(".s3").next()?;
    Some(format!("bucket {name}"))
}
