//! `PutBucketCors`, `GetBucketCors`, `DeleteBucketCors`.

use http::StatusCode;
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use crate::s3::cors::{Rule, Rules};
use crate::s3::error::custom;
use crate::s3::store::Store;

pub(super) async fn put_bucket_cors(
    store: &Store,
    req: S3Request<PutBucketCorsInput>,
) -> S3Result<PutBucketCorsOutput> {
    let input = req.input;
    let rules = input
        .cors_configuration
        .cors_rules
        .into_iter()
        .map(|rule| Rule {
            id: rule.id,
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
            headers: rule.allowed_headers.unwrap_or_default(),
            exposed: rule.expose_headers.unwrap_or_default(),
            max_age_seconds: rule.max_age_seconds,
        });
    let rules = Rules(rules.collect());
    rules.check().map_err(|(code, message)| match code {
        "MalformedXML" => S3Error::with_message(S3ErrorCode::MalformedXML, message),
        _ => S3Error::with_message(S3ErrorCode::InvalidRequest, message),
    })?;
    store
        .in_bucket(&input.bucket, move |bucket| bucket.set_cors(Some(rules)))
        .await?;
    Ok(PutBucketCorsOutput::default())
}

pub(super) async fn get_bucket_cors(
    store: &Store,
    req: S3Request<GetBucketCorsInput>,
) -> S3Result<GetBucketCorsOutput> {
    let Some(rules) = store.bucket(&req.input.bucket)?.cors() else {
        return Err(custom(
            "NoSuchCORSConfiguration",
            StatusCode::NOT_FOUND,
            "The CORS configuration does not exist".into(),
        ));
    };
    let list = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let rules = rules.0.iter().map(|rule| CORSRule {
        allowed_headers: list(&rule.headers),
        allowed_methods: rule.methods.clone(),
        allowed_origins: rule.origins.clone(),
        expose_headers: list(&rule.exposed),
        id: rule.id.clone(),
        max_age_seconds: rule.max_age_seconds,
    });
    Ok(GetBucketCorsOutput {
        cors_rules: Some(rules.collect()),
    })
}

pub(super) async fn delete_bucket_cors(
    store: &Store,
    req: S3Request<DeleteBucketCorsInput>,
) -> S3Result<DeleteBucketCorsOutput> {
    store
        .in_bucket(&req.input.bucket, |bucket| bucket.set_cors(None))
        .await?;
    Ok(DeleteBucketCorsOutput::default())
}
