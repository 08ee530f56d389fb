//! Origins that are gone, and what happens when one fails.

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::observed::{Existence, Observed};
use crate::view::{Config, Origin, members};
use crate::xml::Element;

pub(super) const DANGLING: Check = Check {
    id: "dangling-origin",
    severity: Severity::Critical,
    title: "Every origin exists",
    why: "Whoever creates the missing bucket, or registers the missing name, answers under your domain.",
    mend: "Create the bucket or name again in your account now, or remove the origin.",
    mended: Mended::No,
    same_as: &[
        "CloudFront.12",
        "cloudfront_distributions_s3_origin_non_existent_bucket",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for origin in config.origins() {
            match origin.bucket() {
                Some(name) => dangling_bucket(observed, out, origin, &name),
                None => dangling_name(observed, out, origin),
            }
        }
    },
};

fn dangling_bucket(observed: &Observed, out: &mut Outcome, origin: Origin<'_>, name: &str) {
    let seen = observed.buckets.get(name).map(|bucket| &bucket.existence);
    match out.entry(&origin.place(), seen) {
        Some(Existence::Missing) => {
            out.flag(origin.place(), format!("there is no bucket `{name}`"))
        }
        Some(Existence::Others) => out.flag_as(
            Severity::Medium,
            origin.place(),
            format!(
                "the bucket `{name}` belongs to another account: make sure that it is the right one"
            ),
        ),
        Some(Existence::Ours) | None => {}
    }
}

fn dangling_name(observed: &Observed, out: &mut Outcome, origin: Origin<'_>) {
    let domain = origin.domain();
    if out.entry(&origin.place(), observed.origin_names.get(&domain)) == Some(&false) {
        out.flag(
            origin.place(),
            format!("the name `{domain}` does not resolve"),
        );
    }
}

pub(super) const WEBSITE: Check = Check {
    id: "website-origin",
    severity: Severity::Medium,
    title: "Buckets are reached by their REST endpoint",
    why: "An S3 website endpoint needs a public bucket and speaks plain HTTP only.",
    mend: "Name the bucket's REST endpoint with an origin access control; a function at the edge finds `index.html`.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for origin in config
            .origins()
            .into_iter()
            .filter(|origin| origin.is_website())
        {
            out.flag(
                origin.place(),
                format!("`{}` is a website endpoint", origin.domain()),
            );
        }
    },
};

pub(super) const FAILOVER_403: Check = Check {
    id: "failover-403",
    severity: Severity::Medium,
    title: "No origin group fails over on 403",
    why: "A broken bucket policy would be hidden, and every request would cost a second one.",
    mend: "Grant `s3:ListBucket`, so that a missing object is 404, and fail over on 404 and 5xx only.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for group in config.groups() {
            if group
                .texts("FailoverCriteria/StatusCodes")
                .iter()
                .any(|status| status == "403")
            {
                out.flag(place(group), "403 is among the statuses that fail over");
            }
        }
    },
};

pub(super) const FAILOVER: Check = Check {
    id: "failover",
    severity: Severity::Low,
    title: "Every behaviour has an origin to fail over to",
    why: "When the only origin fails, so does the site.",
    mend: "Make an origin group of two origins and let the behaviour lead to it.",
    mended: Mended::No,
    same_as: &[
        "CloudFront.4",
        "cloudfront_distributions_multiple_origin_failover_configured",
        "CKV_AWS_310",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for group in config.groups() {
            let count = members(group).len();
            if count < 2 {
                out.flag(
                    place(group),
                    format!("the group has {count} of two origins"),
                );
            }
            if group.items("FailoverCriteria/StatusCodes").is_empty() {
                out.flag(place(group), "the group fails over on no status");
            }
        }
        for behaviour in config.behaviours() {
            if !is_group(config, &behaviour.target()) {
                out.flag(behaviour.place(), "it leads to one origin, not to a group");
            }
        }
    },
};

fn place(group: &Element) -> String {
    format!("origin group {}", group.text_at("Id").unwrap_or_default())
}

fn is_group(config: Config<'_>, target: &str) -> bool {
    config
        .groups()
        .into_iter()
        .any(|group| group.text_at("Id").as_deref() == Some(target))
}
