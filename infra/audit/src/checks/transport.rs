//! Encryption on the way: between readers and CloudFront, and between CloudFront and origins.

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::observed::Observed;
use crate::view::{Config, Origin};

pub(super) const VIEWER_HTTPS: Check = Check {
    id: "viewer-https",
    severity: Severity::High,
    title: "Every behaviour requires HTTPS",
    why: "Over plain HTTP anyone on the way reads and changes pages.",
    mend: "Set the viewer protocol policy to `redirect-to-https` or `https-only`.",
    mended: Mended::Yes,
    same_as: &[
        "CloudFront.3",
        "cloudfront_distributions_https_enabled",
        "CKV_AWS_34",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if allows_http(behaviour.text("ViewerProtocolPolicy").as_deref()) {
                out.flag(
                    behaviour.place(),
                    "the viewer protocol policy is `allow-all`",
                );
            }
        }
    },
};

fn allows_http(policy: Option<&str>) -> bool {
    policy == Some("allow-all")
}

pub(super) const ORIGIN_HTTPS: Check = Check {
    id: "origin-https",
    severity: Severity::High,
    title: "CloudFront speaks HTTPS with custom origins",
    why: "A page that went over plain HTTP to the edge can have been changed before it was cached for everyone.",
    mend: "Set the origin protocol policy to `https-only`; S3 website endpoints cannot.",
    mended: Mended::Yes,
    same_as: &[
        "CloudFront.9",
        "cloudfront_distributions_origin_traffic_encrypted",
        "CKV2_AWS_72",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for origin in config.origins() {
            if let Some(evidence) = plain(config, origin) {
                out.flag(origin.place(), evidence);
            }
        }
    },
};

/// How plain HTTP reaches a custom origin. S3 REST endpoints have no such setting: CloudFront speaks
/// with them as the reader does with it, which `viewer-https` is about.
fn plain(config: Config<'_>, origin: Origin<'_>) -> Option<String> {
    let policy = origin.custom()?.text_at("OriginProtocolPolicy")?;
    if policy == "http-only" {
        return Some("the origin protocol policy is `http-only`".to_owned());
    }
    let leads_here = |target: &str| config.targets(target).iter().any(|o| o.id() == origin.id());
    let behaviour = config.behaviours().into_iter().find(|behaviour| {
        allows_http(behaviour.text("ViewerProtocolPolicy").as_deref())
            && leads_here(&behaviour.target())
    })?;
    (policy == "match-viewer").then(|| {
        format!(
            "it is `match-viewer`, and {} takes plain HTTP",
            behaviour.place()
        )
    })
}

pub(super) const ORIGIN_TLS: Check = Check {
    id: "origin-tls",
    severity: Severity::Medium,
    title: "CloudFront speaks TLS 1.2 or newer with custom origins",
    why: "SSL 3, TLS 1.0 and TLS 1.1 can be broken.",
    mend: "Leave only `TLSv1.2` in the origin's SSL protocols.",
    mended: Mended::Yes,
    same_as: &[
        "CloudFront.10",
        "cloudfront_distributions_using_deprecated_ssl_protocols",
        "CKV2_AWS_54",
    ],
    standing: None,
    look: |observed: &Observed, out: &mut Outcome| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for origin in config.origins() {
            let Some(custom) = origin.custom() else {
                continue;
            };
            let mut old = custom.texts("OriginSslProtocols");
            old.retain(|protocol| ["SSLv3", "TLSv1", "TLSv1.1"].contains(&protocol.as_str()));
            let is_used = custom.text_at("OriginProtocolPolicy").as_deref() != Some("http-only");
            if is_used && !old.is_empty() {
                out.flag(origin.place(), format!("it may speak {}", old.join(", ")));
            }
        }
    },
};
