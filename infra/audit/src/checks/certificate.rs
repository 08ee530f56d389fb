//! The certificate and TLS policy for readers (CloudFront guide, "Supported protocols and ciphers").

use super::{Check, Mended};
use crate::finding::Severity;

/// What is as strict as `TLSv1.2_2025`.
const RECOMMENDED: [&str; 2] = ["TLSv1.2_2025", "TLSv1.3_2025"];

pub(super) const DEFAULT: Check = Check {
    id: "certificate",
    severity: Severity::Medium,
    title: "The distribution has a certificate of its own",
    why: "With CloudFront's certificate only `*.cloudfront.net` works, and TLS 1.0 cannot be switched off.",
    mend: "Request a certificate in ACM (us-east-1) for your domain and name it in the distribution.",
    mended: Mended::ByName,
    same_as: &[
        "CloudFront.7",
        "cloudfront_distributions_custom_ssl_certificate",
        "CKV2_AWS_42",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if !config.has_own_certificate() {
            out.flag("distribution", "it uses CloudFront's default certificate");
        }
    },
};

pub(super) const TLS_POLICY: Check = Check {
    id: "tls-policy",
    severity: Severity::Medium,
    title: "The TLS policy is `TLSv1.2_2025` or stricter",
    why: "Older policies accept ciphers, and some protocols, that can be broken.",
    mend: "Set the minimum protocol version to `TLSv1.2_2025`.",
    mended: Mended::ByName,
    same_as: &["CloudFront.15", "CKV_AWS_174"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if !config.has_own_certificate() {
            // CloudFront's own certificate fixes the policy, whatever is written: `certificate`.
            return;
        }
        let policy = config.0.text_at("ViewerCertificate/MinimumProtocolVersion");
        let policy = policy.unwrap_or_else(|| "none".to_owned());
        let evidence = format!("the minimum protocol version is `{policy}`");
        if RECOMMENDED.contains(&policy.as_str()) {
        } else if policy.starts_with("TLSv1.2_") {
            out.flag_as(Severity::Low, "distribution", evidence);
        } else {
            out.flag("distribution", evidence);
        }
    },
};

pub(super) const POST_QUANTUM: Check = Check {
    id: "post-quantum",
    severity: Severity::Info,
    title: "Key exchange resists quantum computers for every reader",
    why: "What is recorded today can be read later; only TLS 1.3 has the new key exchange.",
    mend: "Set the minimum protocol version to `TLSv1.3_2025`, which shuts out clients without TLS 1.3.",
    mended: Mended::ByName,
    same_as: &["cloudfront_distributions_pqc_tls_enabled"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let policy = config.0.text_at("ViewerCertificate/MinimumProtocolVersion");
        let is_new = policy
            .as_deref()
            .is_some_and(|policy| policy.starts_with("TLSv1.3"));
        if config.has_own_certificate() && !is_new {
            out.flag(
                "distribution",
                "readers may use TLS 1.2, which has no such key exchange",
            );
        }
    },
};

pub(super) const SNI: Check = Check {
    id: "sni",
    severity: Severity::Low,
    title: "HTTPS is served by name (SNI)",
    why: "Dedicated addresses cost $600 a month and serve only clients from before 2010.",
    mend: "Set the SSL support method to `sni-only`.",
    mended: Mended::ByName,
    same_as: &["CloudFront.8", "cloudfront_distributions_https_sni_enabled"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let method = config.0.text_at("ViewerCertificate/SSLSupportMethod");
        if config.has_own_certificate() && method.as_deref() != Some("sni-only") {
            let method = method.unwrap_or_else(|| "none".to_owned());
            out.flag(
                "distribution",
                format!("the SSL support method is `{method}`"),
            );
        }
    },
};
