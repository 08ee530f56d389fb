//! Security headers as sent.

use super::{each, each_costing};
use crate::checks::{Check, Mended};
use crate::csp::{self, Weakness};
use crate::finding::Severity;
use crate::observatory::score;

pub(in crate::checks) const HTTPS_REDIRECT: Check = Check {
    id: "sent-https-redirect",
    severity: Severity::High,
    title: "Plain HTTP leads to HTTPS at once",
    why: "Whoever is on the way answers the first request.",
    mend: "Set the viewer protocol policy to `redirect-to-https`; redirect to the same host first.",
    mended: Mended::Yes,
    same_as: &["CloudFront.3"],
    standing: None,
    look: |observed, out| each_costing(observed, out, "redirection"),
};

/// What counts as good.
const GOOD_SCORE: u32 = 100;

pub(in crate::checks) const SCORE: Check = Check {
    id: "header-score",
    severity: Severity::Medium,
    title: "The headers of every page score 100 or more",
    why: "Mozilla's HTTP Observatory sums up what browsers are told; below 100 something of weight is missing.",
    mend: "Mend what the other findings of the page say.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            let score = score(page);
            if page.is_scored() && score.total < GOOD_SCORE {
                out.flag(
                    place,
                    format!("{} points, grade {}", score.total, score.grade),
                );
            }
        });
    },
};

pub(in crate::checks) const HSTS: Check = Check {
    id: "sent-hsts",
    severity: Severity::High,
    title: "Browsers are told to use HTTPS only",
    why: "Without `Strict-Transport-Security` each visit may begin over plain HTTP.",
    mend: "Send `Strict-Transport-Security: max-age=31536000`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "strict-transport-security"),
};

pub(in crate::checks) const CSP: Check = Check {
    id: "sent-csp",
    severity: Severity::Medium,
    title: "Pages have a content security policy that is enforced",
    why: "A script that came in through data runs as the author's own.",
    mend: "Let `[security]` make one for each page; begin with `Content-Security-Policy-Report-Only`.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            let in_page = |name: &str| page.metas.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            let name = "content-security-policy";
            if !page.is_html() || page.header(name).is_some() || in_page(name) {
                return;
            }
            let has_trial = page.header("content-security-policy-report-only").is_some();
            out.flag(
                place,
                if has_trial {
                    "the policy only reports"
                } else {
                    "there is none"
                },
            );
        });
    },
};

pub(in crate::checks) const CSP_WEAK: Check = Check {
    id: "csp-weak",
    severity: Severity::Medium,
    title: "Content security policies hold",
    why: "A policy with such a hole stops no injected script.",
    mend: "List scripts by hash or nonce, and set `object-src`, `base-uri` and `frame-ancestors`.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            for Weakness { severity, what } in csp::evaluate_page(page) {
                out.flag_as(severity, place.clone(), what);
            }
        });
    },
};

pub(in crate::checks) const FRAMING: Check = Check {
    id: "sent-framing",
    severity: Severity::Medium,
    title: "Other sites cannot frame pages",
    why: "A reader can be made to click something that another site has laid under.",
    mend: "Set `frame-ancestors` in the policy, and `X-Frame-Options` for old browsers.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "x-frame-options"),
};

pub(in crate::checks) const NOSNIFF: Check = Check {
    id: "sent-nosniff",
    severity: Severity::Medium,
    title: "Browsers do not guess types",
    why: "A text or picture may be run as a script.",
    mend: "Send `X-Content-Type-Options: nosniff`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "x-content-type-options"),
};

pub(in crate::checks) const REFERRER: Check = Check {
    id: "sent-referrer",
    severity: Severity::Low,
    title: "There is a careful referrer policy",
    why: "Other sites see which page a reader came from.",
    mend: "Send `Referrer-Policy: strict-origin-when-cross-origin`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            let tests = score(page).tests;
            let test = tests.iter().find(|test| test.name == "referrer-policy");
            if let Some(test) = test.filter(|test| test.modifier <= 0) {
                out.flag(place, test.result);
            }
        });
    },
};

pub(in crate::checks) const ISOLATION: Check = Check {
    id: "sent-isolation",
    severity: Severity::Low,
    title: "Pages are kept apart from other sites",
    why: "Other sites hold on to the window or read files through side channels.",
    mend: "Send `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Resource-Policy: same-origin`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
                if page.is_html() && page.header(name).is_none() {
                    out.flag(place.clone(), format!("there is no `{name}`"));
                }
            }
        });
    },
};

pub(in crate::checks) const PERMISSIONS: Check = Check {
    id: "sent-permissions",
    severity: Severity::Info,
    title: "Devices are switched off",
    why: "A script or frame may ask for camera, microphone and place.",
    mend: "Send `Permissions-Policy: camera=(), microphone=(), geolocation=()`.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            if page.is_html() && page.header("permissions-policy").is_none() {
                out.flag(place, "there is no `permissions-policy`");
            }
        });
    },
};

/// Headers that mean something else, or nothing, when they are sent twice.
const ONCE: [&str; 7] = [
    "strict-transport-security",
    "x-frame-options",
    "x-content-type-options",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
    "content-type",
];

pub(in crate::checks) const DOUBLED: Check = Check {
    id: "doubled-headers",
    severity: Severity::Medium,
    title: "No security header is sent twice",
    why: "Browsers take the first, the strictest or none of them.",
    mend: "Send it from one place: origin, function or policy (with `Override`).",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            for name in ONCE {
                let count = page.all(name).count();
                if count > 1 {
                    out.flag(place.clone(), format!("`{name}` is there {count} times"));
                }
            }
        });
    },
};
