//! What builder, thumbnail function and authors may do, and no more (IAM guide, "Grant least privilege").

use crate::bucket::{self, BucketNameError};
use crate::facts::IMAGES_PREFIX;
use serde_json::{Value, json};

/// A bucket, or a prefix in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    bucket: String,
    prefix: String,
}

impl Location {
    /// `prefix` is empty or ends in `/`.
    ///
    /// # Errors
    /// S3 would not take the bucket's name.
    pub fn new(bucket: &str, prefix: &str) -> Result<Self, BucketNameError> {
        bucket::check_name(bucket)?;
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }

    fn bucket_arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.bucket)
    }

    fn objects_arn(&self) -> String {
        format!("arn:aws:s3:::{}/{}*", self.bucket, self.prefix)
    }

    /// Without a condition on the prefix: with one, a GET of a missing key, which has no prefix to
    /// compare, is answered 403 instead of 404.
    fn list_statement(&self, sid: &str) -> Value {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": self.bucket_arn(),
        })
    }
}

/// The builder's policy. It reads the source, writes site and state, lists all three (a missing
/// key is 403 instead of 404 otherwise, and reconcile compares), and invalidates one
/// distribution. Conditional writes and deletes want `s3:GetObject` beside the write permission.
pub fn builder_policy(
    source: &Location,
    site: &Location,
    state: &Location,
    distribution_arn: Option<&str>,
) -> Value {
    let write = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    let mut statements = vec![
        json!({
            "Sid": "ReadSource",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": source.objects_arn(),
        }),
        json!({
            "Sid": "WriteSiteAndState",
            "Effect": "Allow",
            "Action": write,
            "Resource": [site.objects_arn(), state.objects_arn()],
        }),
        source.list_statement("ListSource"),
        site.list_statement("ListSite"),
        state.list_statement("ListState"),
    ];
    if let Some(arn) = distribution_arn {
        statements.push(json!({
            "Sid": "Invalidate",
            "Effect": "Allow",
            "Action": "cloudfront:CreateInvalidation",
            "Resource": arn,
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The thumbnail function's policy. It reads originals and the rules of the site, and stores below `img/` only: a
/// conditional write wants `s3:GetObject` as well, and it takes back what it stored if the original changed.
pub fn thumbnail_policy(site: &Location) -> Value {
    let stored = format!(
        "arn:aws:s3:::{}/{}{IMAGES_PREFIX}*",
        site.bucket, site.prefix
    );
    json!({ "Version": "2012-10-17", "Statement": [
        {
            "Sid": "ReadSite",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": site.objects_arn(),
        },
        {
            "Sid": "StoreThumbnails",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": stored,
        },
        site.list_statement("ListSite"),
    ]})
}

/// The policy of the functions at the edge. They read the rules of the site, and look whether there is a page.
pub fn edge_policy(site: &Location) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        {
            "Sid": "ReadSite",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": site.objects_arn(),
        },
        site.list_statement("ListSite"),
    ]})
}

/// What a writer needs of the source bucket. `HeadObject`, `ListObjects` and `CopyObject`, which examples in the wild
/// name, are no actions of IAM: `s3:GetObject`, `s3:ListBucket` and both with `s3:PutObject` allow them. Uploads in
/// parts are `s3:PutObject`; a client cleans up one that failed with `s3:AbortMultipartUpload`.
pub fn writer_policy(source: &Location) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        {
            "Sid": "ListSource",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": source.bucket_arn(),
        },
        {
            "Sid": "WriteSource",
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:PutObject",
            ],
            "Resource": source.objects_arn(),
        },
    ]})
}

/// What `quillfront audit` may do: read, and nothing more. Most of what it lists takes no resource in a policy
/// (Service Authorization Reference).
pub fn audit_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Audit",
        "Effect": "Allow",
        "Action": AUDIT_ACTIONS,
        "Resource": "*",
    }]})
}

/// What `quillfront harden` may do: what the audit may, and change settings. It touches no objects and deletes nothing
/// but what it has made itself.
pub fn harden_policy() -> Value {
    let mut policy = audit_policy();
    if let Some(statements) = policy["Statement"].as_array_mut() {
        statements.push(json!({
            "Sid": "Harden",
            "Effect": "Allow",
            "Action": HARDEN_ACTIONS,
            "Resource": "*",
        }));
    }
    policy
}

/// Every permission that hardening asks for beside [`AUDIT_ACTIONS`].
pub const HARDEN_ACTIONS: [&str; 27] = [
    "cloudfront:CreateOriginAccessControl",
    "cloudfront:CreateResponseHeadersPolicy",
    "cloudfront:DeleteOriginAccessControl",
    "cloudfront:DeleteResponseHeadersPolicy",
    "cloudfront:GetCachePolicyConfig",
    "cloudfront:GetDistributionConfig",
    "cloudfront:GetOriginAccessControlConfig",
    "cloudfront:GetResponseHeadersPolicyConfig",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:ListResponseHeadersPolicies",
    "cloudfront:TagResource",
    "cloudfront:UntagResource",
    "cloudfront:UpdateCachePolicy",
    "cloudfront:UpdateDistribution",
    "cloudfront:UpdateOriginAccessControl",
    "cloudfront:UpdateResponseHeadersPolicy",
    "lambda:AddPermission",
    "lambda:RemovePermission",
    "lambda:UpdateFunctionUrlConfig",
    "logs:DeleteRetentionPolicy",
    "logs:PutRetentionPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
];

/// Every permission that the audit asks for.
pub const AUDIT_ACTIONS: [&str; 30] = [
    "budgets:ViewBudget",
    "cloudfront:DescribeFunction",
    "cloudfront:GetCachePolicy",
    "cloudfront:GetDistribution",
    "cloudfront:GetOriginAccessControl",
    "cloudfront:GetOriginRequestPolicy",
    "cloudfront:GetResponseHeadersPolicy",
    "cloudfront:ListContinuousDeploymentPolicies",
    "cloudfront:ListDistributions",
    "cloudfront:ListTagsForResource",
    "cloudwatch:DescribeAlarms",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:ListFunctionUrlConfigs",
    "lambda:ListFunctions",
    "logs:DescribeDeliveries",
    "logs:DescribeDeliveryDestinations",
    "logs:DescribeDeliverySources",
    "logs:DescribeLogGroups",
    "pricingplanmanager:ListSubscriptions",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:ListAllMyBuckets",
    "s3:ListBucket",
    "wafv2:GetWebACL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_never_written_and_nothing_is_open_to_all() {
        let location = |name: &str| Location::new(name, "").unwrap();
        let policy = builder_policy(
            &location("source"),
            &location("site"),
            &location("state"),
            Some("arn:d"),
        );
        for statement in policy["Statement"].as_array().unwrap() {
            assert_ne!(statement["Resource"], "*");
            let text = statement.to_string();
            let writes = text.contains("PutObject") || text.contains("DeleteObject");
            assert!(!(writes && text.contains("arn:aws:s3:::source/")), "{text}");
        }
    }

    #[test]
    fn thumbnails_are_stored_below_their_prefix_only() {
        let policy = thumbnail_policy(&Location::new("site", "blog/").unwrap());
        for statement in policy["Statement"].as_array().unwrap() {
            let text = statement.to_string();
            if text.contains("PutObject") || text.contains("DeleteObject") {
                assert_eq!(statement["Resource"], "arn:aws:s3:::site/blog/img/*");
            }
        }
    }

    #[test]
    fn a_writer_has_one_bucket_and_actions_that_exist() {
        // Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
        let existing = [
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
        ];
        let policy = writer_policy(&Location::new("source", "").unwrap());
        for statement in policy["Statement"].as_array().unwrap() {
            let resource = statement["Resource"].as_str().unwrap();
            assert!(matches!(
                resource,
                "arn:aws:s3:::source" | "arn:aws:s3:::source/*"
            ));
            for action in statement["Action"].as_array().unwrap() {
                assert!(existing.contains(&action.as_str().unwrap()), "{action}");
            }
        }
    }

    #[test]
    fn the_audit_only_reads() {
        assert!(AUDIT_ACTIONS.is_sorted());
        for action in AUDIT_ACTIONS {
            let (_, verb) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List", "View"]
                .iter()
                .any(|v| verb.starts_with(v));
            assert!(reads && action != "s3:GetObject", "{action}");
        }
    }

    #[test]
    fn hardening_touches_no_object() {
        assert!(HARDEN_ACTIONS.is_sorted());
        for action in HARDEN_ACTIONS {
            let is_object = action.ends_with("Object") || action.contains("ObjectAcl");
            assert!(!is_object && !action.contains('*'), "{action}");
            assert!(
                !AUDIT_ACTIONS.contains(&action),
                "{action} is there already"
            );
        }
    }

    #[test]
    fn the_edge_writes_nothing() {
        let policy = edge_policy(&Location::new("site", "").unwrap()).to_string();
        assert!(!policy.contains("Put") && !policy.contains("Delete"));
    }
}
