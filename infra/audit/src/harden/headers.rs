//! Changes of response headers policies.

use super::edit::{Edit, EditError, Value, count_items};
use super::{Asked, Change, Creation, Resource, Step, When};
use crate::finding::Finding;
use crate::view::Behaviour;
use crate::xml::Element;
use std::collections::BTreeMap;

/// What a new policy says of itself.
const COMMENT: &str = "Security headers of all answers, made by quillfront harden";

/// A year, in seconds.
const YEAR: &str = "31536000";

/// The security headers that are fields of their own, each with its settings; what a function or an object says goes
/// first.
const KNOWN: [(&str, &[(&str, &str)]); 4] = [
    (
        "FrameOptions",
        &[("Override", "false"), ("FrameOption", "SAMEORIGIN")],
    ),
    (
        "ReferrerPolicy",
        &[
            ("Override", "false"),
            ("ReferrerPolicy", "strict-origin-when-cross-origin"),
        ],
    ),
    ("ContentTypeOptions", &[("Override", "false")]),
    (
        "StrictTransportSecurity",
        &[
            ("Override", "false"),
            ("IncludeSubdomains", "false"),
            ("Preload", "false"),
            ("AccessControlMaxAgeSec", YEAR),
        ],
    ),
];
const KNOWN_ORDER: [&str; 6] = [
    "XSSProtection",
    "FrameOptions",
    "ReferrerPolicy",
    "ContentSecurityPolicy",
    "ContentTypeOptions",
    "StrictTransportSecurity",
];

/// Those that are not.
const CUSTOM: [(&str, &str); 2] = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), microphone=(), geolocation=()",
    ),
];

const RESOURCE_POLICY: (&str, &str) = ("cross-origin-resource-policy", "same-origin");

/// The most headers of each of both lists (CloudFront guide, "Quotas").
const MAX_LISTED: usize = 10;

const ORDER: [&str; 7] = [
    "Comment",
    "Name",
    "CorsConfig",
    "SecurityHeadersConfig",
    "ServerTimingHeadersConfig",
    "CustomHeadersConfig",
    "RemoveHeadersConfig",
];

impl Asked<'_> {
    pub(super) fn headers(&self, finding: &Finding) -> Vec<Change> {
        match finding.id {
            "headers-policy" => {
                let all = self.config.behaviours().into_iter();
                let concerned = all.filter(|behaviour| behaviour.place() == finding.place);
                concerned
                    .map(|behaviour| self.attach(finding, behaviour))
                    .collect()
            }
            "headers-policy-hsts" => {
                let id = finding.place.strip_prefix("response headers policy ");
                let own = id.filter(|id| self.is_own(id));
                let what = "HSTS for a year";
                own.map(|id| self.rewrite(finding, id, what, Edit::Hsts))
                    .into_iter()
                    .collect()
            }
            "telling-headers" | "tag-header-visible" => self.taken_off(finding),
            "sent-isolation" if finding.evidence.contains(RESOURCE_POLICY.0) => {
                self.kept_apart(finding)
            }
            _ => self.completed(finding),
        }
    }

    /// A policy has one value for pages and for pictures, which feed readers show in pages of their own.
    fn kept_apart(&self, finding: &Finding) -> Vec<Change> {
        let (name, value) = RESOURCE_POLICY;
        let what = format!("`{name}: {value}` is added");
        let change = |id: String| {
            let edit = Edit::AddHeader(name, value);
            self.rewrite(finding, &id, &what, edit)
                .that_could_cut_off("other sites and feed readers that show your pictures")
        };
        self.own().into_iter().map(change).collect()
    }

    fn attach(&self, finding: &Finding, behaviour: Behaviour<'_>) -> Change {
        let created = Value::Created(Creation::HeadersPolicy);
        let edit = Edit::Set(
            super::distribution::spot(behaviour),
            "ResponseHeadersPolicyId",
            created,
        );
        let steps = vec![
            Step::Create(Creation::HeadersPolicy),
            self.config_step(edit),
        ];
        self.change(
            finding,
            "a response headers policy with the security headers is attached",
            steps,
        )
    }

    /// AWS's own policies cannot be changed.
    fn is_own(&self, id: &str) -> bool {
        let document = self
            .observed
            .headers_policies
            .get(id)
            .and_then(|seen| seen.get().ok());
        let name = document.and_then(|document| {
            let root = document.root();
            root.child("ResponseHeadersPolicyConfig")
                .unwrap_or(root)
                .text_at("Name")
        });
        name.is_some_and(|name| !name.starts_with("Managed-"))
    }

    /// The account's own policies that behaviours have.
    fn own(&self) -> Vec<String> {
        let behaviours = self.config.behaviours().into_iter();
        let mut ids: Vec<String> = behaviours
            .filter_map(|b| b.text("ResponseHeadersPolicyId"))
            .collect();
        ids.sort();
        ids.dedup();
        ids.retain(|id| self.is_own(id));
        ids
    }

    fn rewrite(&self, finding: &Finding, id: &str, what: &str, edit: Edit) -> Change {
        let step = Step::Rewrite(When::Before, Resource::HeadersPolicy(id.to_owned()), edit);
        self.change(
            finding,
            format!("response headers policy {id}: {what}"),
            vec![step],
        )
    }

    /// A page lacks headers: each policy of the account gets those that it has not, each behaviour without a policy one.
    fn completed(&self, finding: &Finding) -> Vec<Change> {
        let lacking = |id: &String| {
            let document = self
                .observed
                .headers_policies
                .get(id)
                .and_then(|seen| seen.get().ok());
            document.is_some_and(|document| {
                let mut root = document.root().clone();
                let before = root.clone();
                match root.child_mut("ResponseHeadersPolicyConfig") {
                    Some(config) => complete(config),
                    None => complete(&mut root),
                }
                root != before
            })
        };
        let rewritten = self.own().into_iter().filter(lacking);
        let what = "what it lacks of the security headers";
        let mut changes: Vec<Change> = rewritten
            .map(|id| self.rewrite(finding, &id, what, Edit::CompleteHeaders))
            .collect();
        let without = self.config.behaviours().into_iter();
        let without = without.filter(|b| b.text("ResponseHeadersPolicyId").is_none());
        changes.extend(without.map(|behaviour| self.attach(finding, behaviour)));
        changes
    }

    /// A header that is sent is taken off by each policy of the account.
    fn taken_off(&self, finding: &Finding) -> Vec<Change> {
        let Some(name) = finding.evidence.split(['`', ':']).nth(1).map(str::to_owned) else {
            return Vec::new();
        };
        let what = format!("`{name}` is taken off");
        let change = |id: String| self.rewrite(finding, &id, &what, Edit::TakeOff(name.clone()));
        let mut changes: Vec<Change> = self.own().into_iter().map(change).collect();
        let behaviours = self.config.behaviours().into_iter();
        let mut without = behaviours.filter(|b| b.text("ResponseHeadersPolicyId").is_none());
        if without.next().is_some() {
            let new = Creation::HeadersPolicy;
            let edit = Edit::TakeOff(name.clone());
            let rewrite = Step::Rewrite(When::Before, Resource::New(new), edit);
            let what = format!("the new response headers policy takes off `{name}`");
            changes.push(self.change(finding, what, vec![Step::Create(new), rewrite]));
        }
        changes
    }
}

/// Adds the security headers that a policy does not have. What it has stays as it is.
pub(super) fn complete(config: &mut Element) {
    let known = part(config, "SecurityHeadersConfig");
    for (name, settings) in KNOWN {
        if known.child(name).is_none() {
            let mut element = Element::with_text(name, "");
            for (setting, value) in settings {
                element.push(Element::with_text(setting, value));
            }
            known.insert(element, &KNOWN_ORDER);
        }
    }
    for (name, value) in CUSTOM {
        add(config, name, value);
    }
}

/// Adds a header that is no field of its own, where it is not there.
pub(super) fn add(config: &mut Element, name: &str, value: &str) {
    let items = config.items("CustomHeadersConfig");
    let names: Vec<String> = items
        .iter()
        .filter_map(|header| header.text_at("Header"))
        .collect();
    if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        return;
    }
    let mut element = Element::with_text("ResponseHeadersPolicyCustomHeader", "");
    for (setting, value) in [("Header", name), ("Value", value), ("Override", "false")] {
        element.push(Element::with_text(setting, value));
    }
    list(part(config, "CustomHeadersConfig"), element);
}

/// Sets HSTS to a year, and leaves its other settings.
pub(super) fn year_of_hsts(config: &mut Element) {
    let known = part(config, "SecurityHeadersConfig");
    match known.child_mut("StrictTransportSecurity") {
        None => complete(config),
        Some(hsts) => match hsts.child_mut("AccessControlMaxAgeSec") {
            Some(age) => age.set_text(YEAR),
            None => hsts.push(Element::with_text("AccessControlMaxAgeSec", YEAR)),
        },
    }
}

/// Has a policy take a header off.
pub(super) fn take_off(config: &mut Element, name: &str) {
    let items = config.items("RemoveHeadersConfig");
    let names: Vec<String> = items
        .iter()
        .filter_map(|item| item.text_at("Header"))
        .collect();
    if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        return;
    }
    let mut element = Element::with_text("ResponseHeadersPolicyRemoveHeader", "");
    element.push(Element::with_text("Header", name));
    list(part(config, "RemoveHeadersConfig"), element);
}

/// A part of the configuration, made where it is missing.
fn part<'a>(config: &'a mut Element, name: &str) -> &'a mut Element {
    config.child_or_insert(name, &ORDER)
}

/// Adds an item to a list of CloudFront's that is not full.
fn list(list: &mut Element, item: Element) {
    let items = list.child_or_insert("Items", &["Quantity", "Items"]);
    let count = items.elements().count();
    if count < MAX_LISTED {
        items.push(item);
        count_items(list, count + 1);
    }
}

/// The text of a new response headers policy.
///
/// # Errors
/// None that could come.
pub(super) fn new_policy(name: &str) -> Result<String, EditError> {
    let root = "ResponseHeadersPolicyConfig";
    let text = format!(
        "<{root} xmlns=\"{}\"><Comment>{COMMENT}</Comment><Name>{name}</Name></{root}>",
        super::NAMESPACE
    );
    let edits = [
        Edit::CompleteHeaders,
        Edit::TakeOff("x-amz-meta-cache-tag".to_owned()),
    ];
    super::edit::apply(Some(&text), &edits, &BTreeMap::new())
}
