//! Lambda function URLs as origins (CloudFront guide, "Restrict access to an AWS Lambda function
//! URL origin").

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::grants;
use crate::observed::{FunctionUrl, Observed};
use crate::view::Origin;
use serde_json::Value;

/// Calls back for each origin that is a function URL.
fn each<'a>(
    observed: &'a Observed,
    out: &mut Outcome,
    mut look: impl FnMut(&mut Outcome, Origin<'a>, &'a FunctionUrl),
) {
    let Some(config) = out.config(observed) else {
        return;
    };
    for origin in config
        .origins()
        .into_iter()
        .filter(|origin| origin.is_function_url())
    {
        match observed.function_urls.get(&origin.domain()) {
            Some(url) => look(out, origin, url),
            None => {
                out.entry::<()>(&origin.place(), None);
            }
        }
    }
}

pub(super) const OPEN: Check = Check {
    id: "function-url-open",
    severity: Severity::Critical,
    title: "Function URLs answer CloudFront only",
    why: "Anyone who knows the URL runs the function, past the cache, the firewall and all limits, at your cost.",
    mend: "Set the auth type to `AWS_IAM` and sign with an origin access control.",
    mended: Mended::ByName,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, origin, url| {
            let Some(status) = out.known(&origin.place(), &url.status_without_cloudfront) else {
                return;
            };
            if !matches!(status, 401 | 403) {
                out.flag(
                    origin.place(),
                    format!("an unsigned request was answered {status}"),
                );
            }
        });
    },
};

pub(super) const OAC: Check = Check {
    id: "function-url-oac",
    severity: Severity::High,
    title: "Function URLs want a signature",
    why: "With the auth type `NONE`, or without an origin access control, the URL is public or does not work.",
    mend: "Set the auth type to `AWS_IAM` and give the origin an origin access control.",
    mended: Mended::ByName,
    same_as: &["CloudFront.16"],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, origin, url| {
            if origin.access_control().is_none() {
                out.flag(origin.place(), "the origin has no origin access control");
            }
            if out
                .known(&origin.place(), &url.auth_type)
                .is_some_and(|kind| kind != "AWS_IAM")
            {
                out.flag(origin.place(), "the auth type is `NONE`");
            }
        });
    },
};

pub(super) const PERMISSIONS: Check = Check {
    id: "function-url-permissions",
    severity: Severity::High,
    title: "Functions grant CloudFront both permissions",
    why: "Since October 2025 a request needs both; with one missing every request is a 403, and the function logs nothing.",
    mend: "Allow `cloudfront.amazonaws.com` `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction` for the distribution.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, origin, url| {
            let Some(policy) = out.known(&origin.place(), &url.policy) else {
                return;
            };
            let policy = policy.as_ref().unwrap_or(&Value::Null);
            for action in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
                if grants::to_cloudfront(policy, action).is_empty() {
                    out.flag(
                        origin.place(),
                        format!("`{action}` is not granted to CloudFront"),
                    );
                }
            }
        });
    },
};

/// What CloudFront waits where nothing is set.
const DEFAULT_SECONDS: u64 = 30;

pub(super) const TIMEOUT: Check = Check {
    id: "origin-timeout",
    severity: Severity::Low,
    title: "CloudFront waits as long as the function may take",
    why: "It gives up with 504 and asks again while the first function still runs and is paid for.",
    mend: "Set the origin's response timeout above the function's timeout.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, origin, url| {
            let seen = observed.functions.get(&url.function_arn);
            let Some(function) = out.entry(&origin.place(), seen) else {
                return;
            };
            let waits = origin
                .custom()
                .and_then(|custom| custom.number_at("OriginReadTimeout"));
            let waits = waits.unwrap_or(DEFAULT_SECONDS);
            if let Some(takes) = function.timeout_seconds.filter(|takes| *takes > waits) {
                out.flag(
                    origin.place(),
                    format!("CloudFront waits {waits} s, and the function may take {takes} s"),
                );
            }
        });
    },
};
