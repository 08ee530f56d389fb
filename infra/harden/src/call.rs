//! Calls that change what is no text, and what takes them back.

use crate::error::HardenError;
use http::Method;
use quillfront_audit::harden::{Call, RETENTION_DAYS};
use quillfront_aws::service::{CLOUDFRONT, LAMBDA, LOGS};
use quillfront_aws::{Aws, Error, Request};
use quillfront_observe::cloudfront::ROOT;
use quillfront_observe::lambda::Arn;
use serde_json::json;

/// The namespace of CloudFront's documents.
const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/// Makes a call; false where it was made before.
pub(crate) async fn make(aws: &Aws, distribution: &str, call: &Call) -> Result<bool, HardenError> {
    let request = match call {
        Call::Tag { key, value } => {
            let tag = format!(
                "<Tag><Key>{}</Key><Value>{}</Value></Tag>",
                escaped(key),
                escaped(value)
            );
            let body = format!("<Tags xmlns=\"{NAMESPACE}\"><Items>{tag}</Items></Tags>");
            tagging(distribution, "Tag", body).allowed_by("cloudfront:TagResource")
        }
        Call::Retention { region, group } => {
            let input = json!({ "logGroupName": group, "retentionInDays": RETENTION_DAYS });
            let request = Request::json(&LOGS, "PutRetentionPolicy", &input);
            request
                .in_region(region)
                .allowed_by("logs:PutRetentionPolicy")
        }
        Call::Permission {
            function_arn,
            action,
        } => {
            let arn = lambda(function_arn)?;
            let mut body = json!({
                "StatementId": statement_id(distribution, action),
                "Action": action,
                "Principal": "cloudfront.amazonaws.com",
                "SourceArn": distribution,
            });
            if action == "lambda:InvokeFunction" {
                body["InvokedViaFunctionUrl"] = json!(true);
            }
            let path = format!("/2015-03-31/functions/{}/policy", arn.name);
            let request = Request::new(&LAMBDA, Method::POST, path);
            let request = request.with_body("application/json", body.to_string());
            qualified(request, arn).allowed_by("lambda:AddPermission")
        }
        Call::AuthType { function_arn } => auth_type(function_arn, "AWS_IAM")?,
    };
    match aws.send(&request).await {
        Ok(_) => Ok(true),
        Err(error) if is_there(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes a call back. What is gone already is none to take back.
pub(crate) async fn undo(aws: &Aws, distribution: &str, call: &Call) -> Result<(), HardenError> {
    let request = match call {
        Call::Tag { key, .. } => {
            let body = format!(
                "<TagKeys xmlns=\"{NAMESPACE}\"><Items><Key>{}</Key></Items></TagKeys>",
                escaped(key)
            );
            tagging(distribution, "Untag", body).allowed_by("cloudfront:UntagResource")
        }
        Call::Retention { region, group } => {
            let request = Request::json(
                &LOGS,
                "DeleteRetentionPolicy",
                &json!({ "logGroupName": group }),
            );
            request
                .in_region(region)
                .allowed_by("logs:DeleteRetentionPolicy")
        }
        Call::Permission {
            function_arn,
            action,
        } => {
            let arn = lambda(function_arn)?;
            let id = statement_id(distribution, action);
            let path = format!("/2015-03-31/functions/{}/policy/{id}", arn.name);
            let request = Request::new(&LAMBDA, Method::DELETE, path);
            qualified(request, arn).allowed_by("lambda:RemovePermission")
        }
        Call::AuthType { function_arn } => auth_type(function_arn, "NONE")?,
    };
    match aws.send(&request).await {
        Ok(_) => Ok(()),
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn tagging(distribution: &str, operation: &str, body: String) -> Request {
    Request::new(&CLOUDFRONT, Method::POST, format!("{ROOT}/tagging"))
        .with_query("Operation", operation)
        .with_query("Resource", distribution)
        .with_body("application/xml", body)
}

fn auth_type(function_arn: &str, kind: &str) -> Result<Request, HardenError> {
    let arn = lambda(function_arn)?;
    let request = Request::new(
        &LAMBDA,
        Method::PUT,
        format!("/2021-10-31/functions/{}/url", arn.name),
    );
    let request = request.with_body("application/json", json!({ "AuthType": kind }).to_string());
    Ok(qualified(request, arn).allowed_by("lambda:UpdateFunctionUrlConfig"))
}

fn lambda(function_arn: &str) -> Result<Arn<'_>, HardenError> {
    let arn = Arn::parse(function_arn).filter(|arn| arn.is_lambda());
    arn.ok_or_else(|| HardenError::Answer(format!("`{function_arn}` is no function's ARN")))
}

fn qualified(request: Request, arn: Arn<'_>) -> Request {
    let request = request.in_region(arn.region);
    match arn.qualifier {
        Some(qualifier) => request.with_query("Qualifier", qualifier),
        None => request,
    }
}

/// The same for the same distribution and permission, so that a second one is refused.
fn statement_id(distribution: &str, action: &str) -> String {
    let id = distribution.rsplit('/').next().unwrap_or_default();
    let verb = action.rsplit(':').next().unwrap_or_default();
    format!("quillfront-{id}-{verb}")
}

fn is_there(error: &Error) -> bool {
    error.code() == Some("ResourceConflictException")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
