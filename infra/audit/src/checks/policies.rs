//! Response headers policies (CloudFront guide, "Add or remove HTTP headers").

use super::{Check, Mended};
use crate::finding::Severity;

pub(super) const ATTACHED: Check = Check {
    id: "headers-policy",
    severity: Severity::Medium,
    title: "Every behaviour has a response headers policy",
    why: "It is the floor: answers that no function touches have security headers too.",
    mend: "Attach a policy with HSTS, `nosniff`, framing and referrer policy.",
    mended: Mended::Yes,
    same_as: &["CKV2_AWS_32"],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            if behaviour.text("ResponseHeadersPolicyId").is_none() {
                let events = behaviour.functions();
                let has_function = events.iter().any(|(_, event)| event.ends_with("-response"));
                if has_function {
                    let evidence = "it has a function alone, which does not run for all errors";
                    out.flag_as(Severity::Low, behaviour.place(), evidence);
                } else {
                    out.flag(behaviour.place(), "it has neither a policy nor a function");
                }
            }
        }
    },
};

/// A year.
const MAX_AGE_SECONDS: u64 = 31_536_000;

pub(super) const HSTS: Check = Check {
    id: "headers-policy-hsts",
    severity: Severity::Low,
    title: "Response headers policies have HSTS for a year",
    why: "Browsers then never try plain HTTP again.",
    mend: "Set `Strict-Transport-Security` with a max-age of 31536000 in the policy.",
    mended: Mended::Yes,
    same_as: &["CKV_AWS_259"],
    standing: None,
    look: |observed, out| {
        for behaviour in out
            .config(observed)
            .map(|c| c.behaviours())
            .unwrap_or_default()
        {
            let id = behaviour.text("ResponseHeadersPolicyId");
            let is_unread = |id: &String| !observed.headers_policies.contains_key(id);
            if let Some(id) = id.filter(is_unread) {
                out.entry::<()>(&format!("response headers policy {id}"), None);
            }
        }
        for (id, seen) in &observed.headers_policies {
            let place = format!("response headers policy {id}");
            let Some(document) = out.known(&place, seen) else {
                continue;
            };
            let root = document.root();
            let config = root.child("ResponseHeadersPolicyConfig").unwrap_or(root);
            let path = "SecurityHeadersConfig/StrictTransportSecurity";
            match config
                .at(path)
                .map(|hsts| hsts.number_at("AccessControlMaxAgeSec").unwrap_or(0))
            {
                None => out.flag(place, "it has no `Strict-Transport-Security`"),
                Some(age) if age < MAX_AGE_SECONDS => {
                    out.flag(place, format!("its max-age is {age} s, less than a year"));
                }
                Some(_) => {}
            }
        }
    },
};
