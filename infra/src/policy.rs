//! What the builder may do, and no more (IAM guide, "Grant least privilege").

use crate::bucket::{self, BucketNameError};
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
}
