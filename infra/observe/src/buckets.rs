//! S3: the buckets that origins and logs name (S3 API reference).

use crate::ask::{self, AT_ONCE, MAX_PAGES, seen};
use futures::StreamExt;
use quillfront_audit::observed::{Bucket, Existence, Reason, Seen};
use quillfront_audit::view::Config;
use quillfront_audit::xml::{Document, Element};
use quillfront_aws::service::{GLOBAL_REGION, S3};
use quillfront_aws::{Aws, Request};
use std::collections::{BTreeMap, BTreeSet};

/// The buckets that a distribution names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Those of origins.
    pub origins: BTreeSet<String>,
    /// Those that take logs.
    pub logs: BTreeSet<String>,
}

/// Collects the buckets of origins, of the old logging and of deliveries.
pub fn named(config: Config<'_>, deliveries: &[String]) -> Named {
    let origins = config
        .origins()
        .into_iter()
        .filter_map(|origin| origin.bucket());
    let old = config.0.text_at("Logging/Bucket");
    let old = old.as_deref().and_then(|domain| domain.split(".s3").next());
    let delivered = deliveries
        .iter()
        .filter_map(|arn| arn.strip_prefix("arn:aws:s3:::"));
    let delivered = delivered.filter_map(|rest| rest.split('/').next());
    Named {
        origins: origins.filter(|name| is_name(name)).collect(),
        logs: old
            .into_iter()
            .chain(delivered)
            .filter(|name| is_name(name))
            .map(str::to_owned)
            .collect(),
    }
}

/// What S3 takes as a name; anything else would reach another path.
fn is_name(name: &str) -> bool {
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (3..=255).contains(&name.len()) && name.bytes().all(is_safe) && !name.starts_with('.')
}

/// Reads the buckets, and those that their server access logs go to. `account` is the account's number.
pub async fn read(aws: &Aws, account: Option<&str>, named: Named) -> BTreeMap<String, Bucket> {
    if named == Named::default() {
        return BTreeMap::new();
    }
    let ours = own(aws).await;
    let mut buckets = BTreeMap::new();
    let mut wanted: BTreeSet<String> = named.origins.union(&named.logs).cloned().collect();
    // Where logs go may be a bucket of its own; its own logs are not looked for.
    for _ in 0..2 {
        let new: Vec<String> = wanted
            .iter()
            .filter(|name| !buckets.contains_key(*name))
            .cloned()
            .collect();
        let read = |name: String| {
            let ours = &ours;
            async move {
                let bucket = bucket(aws, account, &name, ours).await;
                (name, bucket)
            }
        };
        let read: Vec<(String, Bucket)> = futures::stream::iter(new)
            .map(read)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (name, mut bucket) in read {
            bucket.is_log_bucket = !named.origins.contains(&name);
            if let Seen::Known(Some(target)) = &bucket.logs_to
                && is_name(target)
            {
                wanted.insert(target.clone());
            }
            buckets.insert(name, bucket);
        }
    }
    buckets
}

/// The buckets of this account, each with its region where S3 tells it.
type Own = Result<BTreeMap<String, Option<String>>, Reason>;

async fn own(aws: &Aws) -> Own {
    let request = Request::get(&S3, "/").with_query("max-buckets", "1000");
    let request = request.allowed_by("s3:ListAllMyBuckets");
    let mut found = BTreeMap::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut request = request.clone();
        if let Some(token) = &token {
            request = request.with_query("continuation-token", token);
        }
        let answer = ask::xml(aws, request).await?;
        let root = answer.root();
        for bucket in root
            .child("Buckets")
            .into_iter()
            .flat_map(Element::elements)
        {
            if let Some(name) = bucket.text_at("Name") {
                found.insert(name, bucket.text_at("BucketRegion"));
            }
        }
        match root.text_at("ContinuationToken") {
            Some(next) => token = Some(next),
            None => return Ok(found),
        }
    }
    Err(ask::too_long("Buckets"))
}

async fn bucket(aws: &Aws, account: Option<&str>, name: &str, ours: &Own) -> Bucket {
    let existence = existence(aws, account, name, ours).await;
    if existence != Seen::Known(Existence::Ours) {
        return Bucket {
            existence,
            ..Bucket::default()
        };
    }
    let listed = ours
        .as_ref()
        .ok()
        .and_then(|ours| ours.get(name).cloned().flatten());
    let region = match listed {
        Some(region) => region,
        None => region(aws, name).await,
    };
    let ask = Ask {
        aws,
        name,
        region: &region,
    };
    let (policy, block, encryption, versioning, logging, ownership) = tokio::join!(
        ask.policy(),
        ask.public_access_block(),
        ask.encryption(),
        ask.is_versioned(),
        ask.logs_to(),
        ask.ownership(),
    );
    Bucket {
        existence,
        is_log_bucket: false,
        policy: seen(policy),
        blocks_public_access: seen(block),
        encryption: seen(encryption),
        is_versioned: seen(versioning),
        logs_to: seen(logging),
        ownership: seen(ownership),
    }
}

/// A bucket that is in the list is ours. What is in no list of ours is another's, or nobody's. Where the list cannot
/// be read, S3 says of a bucket that it may look at whether it is this account's.
async fn existence(aws: &Aws, account: Option<&str>, name: &str, ours: &Own) -> Seen<Existence> {
    let request = Request::new(&S3, http::Method::HEAD, format!("/{name}"));
    let request = request.allowed_by("s3:ListBucket");
    match (ours, account) {
        (Ok(ours), _) if ours.contains_key(name) => Seen::Known(Existence::Ours),
        (Ok(_), _) => match aws.send(&request).await {
            Err(error) if error.status() == Some(404) => Seen::Known(Existence::Missing),
            Err(error) if error.status().is_none() => Seen::Unknown(ask::reason(&error)),
            _ => Seen::Known(Existence::Others),
        },
        (Err(reason), None) => Seen::Unknown(reason.clone()),
        (Err(reason), Some(account)) => {
            let request = request.with_header("x-amz-expected-bucket-owner", account);
            match aws.send(&request).await {
                Ok(_) => Seen::Known(Existence::Ours),
                Err(error) if error.status() == Some(404) => Seen::Known(Existence::Missing),
                Err(_) => Seen::Unknown(reason.clone()),
            }
        }
    }
}

/// The region of a bucket; us-east-1 answers for all.
pub async fn region(aws: &Aws, name: &str) -> String {
    let request = Request::get(&S3, format!("/{name}")).with_query("location", "");
    let request = request
        .in_region(GLOBAL_REGION)
        .allowed_by("s3:GetBucketLocation");
    let answer = ask::xml(aws, request).await;
    let region = answer
        .ok()
        .map(|document| document.root().text().trim().to_owned());
    match region.as_deref() {
        // As S3 called them in its first years.
        Some("EU") => "eu-west-1".to_owned(),
        Some("") => GLOBAL_REGION.to_owned(),
        Some(region) => region.to_owned(),
        None => aws.region().to_owned(),
    }
}

/// Questions about one bucket.
struct Ask<'a> {
    aws: &'a Aws,
    name: &'a str,
    region: &'a str,
}

impl Ask<'_> {
    async fn part(
        &self,
        part: &str,
        permission: &'static str,
        absent: &[&str],
    ) -> Result<Option<Document>, Reason> {
        let request = Request::get(&S3, format!("/{}", self.name)).with_query(part, "");
        let request = request.in_region(self.region).allowed_by(permission);
        let answer = ask::unless_absent(self.aws, request, absent).await?;
        answer.as_ref().map(ask::document).transpose()
    }

    async fn policy(&self) -> Result<Option<serde_json::Value>, Reason> {
        let request = Request::get(&S3, format!("/{}", self.name)).with_query("policy", "");
        let request = request
            .in_region(self.region)
            .allowed_by("s3:GetBucketPolicy");
        let answer = ask::unless_absent(self.aws, request, &["NoSuchBucketPolicy"]).await?;
        answer.as_ref().map(ask::value).transpose()
    }

    async fn public_access_block(&self) -> Result<bool, Reason> {
        let absent = ["NoSuchPublicAccessBlockConfiguration"];
        let permission = "s3:GetBucketPublicAccessBlock";
        let document = self.part("publicAccessBlock", permission, &absent).await?;
        let all = [
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        ];
        Ok(document.is_some_and(|document| all.iter().all(|name| document.root().is_true(name))))
    }

    async fn encryption(&self) -> Result<Option<String>, Reason> {
        let absent = ["ServerSideEncryptionConfigurationNotFoundError"];
        let document = self
            .part("encryption", "s3:GetEncryptionConfiguration", &absent)
            .await?;
        let path = "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm";
        Ok(document.and_then(|document| document.root().text_at(path)))
    }

    async fn is_versioned(&self) -> Result<bool, Reason> {
        let document = self
            .part("versioning", "s3:GetBucketVersioning", &[])
            .await?;
        let status = document.and_then(|document| document.root().text_at("Status"));
        Ok(status.as_deref() == Some("Enabled"))
    }

    async fn logs_to(&self) -> Result<Option<String>, Reason> {
        let document = self.part("logging", "s3:GetBucketLogging", &[]).await?;
        Ok(document.and_then(|document| document.root().text_at("LoggingEnabled/TargetBucket")))
    }

    async fn ownership(&self) -> Result<String, Reason> {
        let absent = ["OwnershipControlsNotFoundError"];
        let permission = "s3:GetBucketOwnershipControls";
        let document = self.part("ownershipControls", permission, &absent).await?;
        let kind = document.and_then(|document| document.root().text_at("Rule/ObjectOwnership"));
        // What holds where nothing was ever set.
        Ok(kind.unwrap_or_else(|| "ObjectWriter".to_owned()))
    }
}
