//! Settings of the distribution as a whole.

use super::{Check, Mended};
use crate::finding::Severity;

pub(super) const ROOT_OBJECT: Check = Check {
    id: "default-root-object",
    severity: Severity::High,
    title: "There is a default root object",
    why: "A request for `/` of a bucket that may be listed shows the names of all objects.",
    mend: "Set the default root object to `index.html`.",
    mended: Mended::Yes,
    same_as: &[
        "CloudFront.1",
        "cloudfront_distributions_default_root_object",
        "CKV_AWS_305",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let default = config.behaviours().into_iter().find(|b| b.is_default());
        let targets = default
            .map(|b| config.targets(&b.target()))
            .unwrap_or_default();
        let is_bucket = targets.iter().any(|origin| origin.bucket().is_some());
        if is_bucket && config.0.text_at("DefaultRootObject").is_none() {
            out.flag(
                "distribution",
                "the default behaviour leads to a bucket, and there is none",
            );
        }
    },
};

pub(super) const ALIAS: Check = Check {
    id: "alias-dns",
    severity: Severity::Medium,
    title: "The DNS of every alias leads here",
    why: "Readers of that name do not come here; a name that leads nowhere can be taken over.",
    mend: "Point the name's DNS record to the distribution, or take the alias out.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for alias in config.0.texts("Aliases") {
            let place = format!("alias {alias}");
            if out.entry(&place, observed.aliases.get(&alias)) == Some(&false) {
                out.flag(place, "its DNS does not lead to this distribution");
            }
        }
    },
};

pub(super) const STAGING: Check = Check {
    id: "stale-staging",
    severity: Severity::Low,
    title: "Staging distributions are in use",
    why: "A forgotten one serves an old configuration and old functions.",
    mend: "Promote it, or delete it.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if config.0.is_true("Staging")
            && out.known("distribution", &observed.is_staging_used) == Some(&false)
        {
            out.flag(
                "distribution",
                "no deployment policy that is on names this staging distribution",
            );
        }
    },
};

pub(super) const ENABLED: Check = Check {
    id: "enabled",
    severity: Severity::Info,
    title: "The distribution is enabled",
    why: "One that is not serves nothing, and keeps its aliases from others.",
    mend: "Enable it, or delete it.",
    mended: Mended::No,
    same_as: &["CKV_AWS_216"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if !config.0.is_true("Enabled") {
            out.flag("distribution", "it is disabled");
        }
    },
};

pub(super) const TAGGED: Check = Check {
    id: "tagged",
    severity: Severity::Info,
    title: "The distribution has tags",
    why: "Tags tell whose it is and what it costs.",
    mend: "Tag it.",
    mended: Mended::Yes,
    same_as: &["CloudFront.14"],
    standing: None,
    look: |observed, out| {
        if out
            .known("distribution", &observed.tags)
            .is_some_and(Vec::is_empty)
        {
            out.flag("distribution", "it has no tags");
        }
    },
};

pub(super) const COMPRESSION: Check = Check {
    id: "compression",
    severity: Severity::Low,
    title: "Answers are compressed",
    why: "Pages come three to five times as fast over slow lines, and cost less to send.",
    mend: "Switch compression on in the behaviour.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if !behaviour.element.is_true("Compress") {
                out.flag(behaviour.place(), "compression is off");
            }
        }
    },
};

pub(super) const HTTP3: Check = Check {
    id: "http3",
    severity: Severity::Low,
    title: "HTTP/2 and HTTP/3 are on",
    why: "Pages start sooner, above all over mobile networks.",
    mend: "Set the HTTP version to `http2and3`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let version = config
            .0
            .text_at("HttpVersion")
            .unwrap_or_else(|| "none".to_owned());
        if !version.eq_ignore_ascii_case("http2and3") {
            out.flag("distribution", format!("the HTTP version is `{version}`"));
        }
    },
};

pub(super) const IPV6: Check = Check {
    id: "ipv6",
    severity: Severity::Low,
    title: "IPv6 is on",
    why: "Many mobile networks reach IPv4 only by a detour.",
    mend: "Switch IPv6 on, and add an AAAA record.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if !config.0.is_true("IsIPV6Enabled") {
            out.flag("distribution", "IPv6 is off");
        }
    },
};
