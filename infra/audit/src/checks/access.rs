//! Who may ask: the firewall, signed URLs, countries.

use super::{Check, Mended};
use crate::finding::Severity;

pub(super) const WAF: Check = Check {
    id: "waf",
    severity: Severity::Medium,
    title: "A web ACL stands before the distribution",
    why: "It stops floods and known attacks before they cost money or reach an origin.",
    mend: "Associate a web ACL of AWS WAF; flat-rate plans come with one.",
    mended: Mended::ByName,
    same_as: &[
        "CloudFront.6",
        "cloudfront_distributions_using_waf",
        "CKV_AWS_68",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if config.0.text_at("WebACLId").is_none() {
            out.flag("distribution", "it has no web ACL");
        }
    },
};

/// The groups that stop requests for Log4j's hole and those from hidden addresses.
const GROUPS: [&str; 2] = [
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAnonymousIpList",
];

pub(super) const KNOWN_BAD_INPUTS: Check = Check {
    id: "waf-known-bad-inputs",
    severity: Severity::Low,
    title: "The web ACL has AWS's groups for known bad inputs",
    why: "They stop requests that look for known holes, Log4j's among them.",
    mend: "Add the managed rule groups that are named to the web ACL.",
    mended: Mended::No,
    same_as: &["CKV2_AWS_47"],
    standing: None,
    look: |observed, out| {
        let Some(Some(groups)) = out.known("web ACL", &observed.web_acl_groups) else {
            return;
        };
        let lacks = |name: &&&str| !groups.iter().any(|group| group == **name);
        let missing: Vec<&str> = GROUPS.iter().filter(lacks).copied().collect();
        if !missing.is_empty() {
            out.flag("web ACL", format!("it lacks {}", missing.join(" and ")));
        }
    },
};

pub(super) const TRUSTED_SIGNERS: Check = Check {
    id: "trusted-signers",
    severity: Severity::Medium,
    title: "Signed URLs are checked by key groups, not by accounts",
    why: "The keys of trusted signers belong to the root user of an account and cannot be turned over without it.",
    mend: "Put the public keys into a key group and trust that.",
    mended: Mended::No,
    same_as: &["CloudFront.17"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if behaviour.element.is_true("TrustedSigners/Enabled") {
                out.flag(behaviour.place(), "it trusts signers of accounts");
            }
        }
    },
};

pub(super) const KEY_GROUPS: Check = Check {
    id: "key-groups",
    severity: Severity::Info,
    title: "Behaviours take signed URLs only",
    why: "Private content needs it.",
    mend: "Trust a key group in the behaviours that are private.",
    mended: Mended::No,
    same_as: &["CloudFront.17"],
    standing: Some("a public site is for everybody; signed URLs are for private content"),
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if !behaviour.element.is_true("TrustedKeyGroups/Enabled") {
                out.flag(behaviour.place(), "it answers requests that nobody signed");
            }
        }
    },
};

pub(super) const GEO: Check = Check {
    id: "geo-restriction",
    severity: Severity::Info,
    title: "Countries are restricted",
    why: "Some content may be shown in some countries only.",
    mend: "List the countries in the distribution's restrictions.",
    mended: Mended::No,
    same_as: &[
        "cloudfront_distributions_geo_restrictions_enabled",
        "CKV_AWS_374",
    ],
    standing: Some("a public site is for readers everywhere"),
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let kind = config
            .0
            .text_at("Restrictions/GeoRestriction/RestrictionType");
        if kind.is_none_or(|kind| kind == "none") {
            out.flag("distribution", "no country is restricted");
        }
    },
};

pub(super) const FIELD_ENCRYPTION: Check = Check {
    id: "field-level-encryption",
    severity: Severity::Info,
    title: "Fields of forms are encrypted at the edge",
    why: "Forms with card numbers or the like can be kept from most of the own services.",
    mend: "Configure field-level encryption for the behaviours that take such forms.",
    mended: Mended::No,
    same_as: &["cloudfront_distributions_field_level_encryption_enabled"],
    standing: Some("a site of files takes no forms"),
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if behaviour.text("FieldLevelEncryptionId").is_none() {
                out.flag(behaviour.place(), "it has no field-level encryption");
            }
        }
    },
};
