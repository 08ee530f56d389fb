//! What bounds the bill (CloudFront guide, "Flat-rate pricing plans").

use super::{Check, Mended, Outcome};
use crate::finding::Severity;
use crate::observed::{Observed, Plan};
use crate::view::Config;

pub(super) const SPENDING: Check = Check {
    id: "spending-bound",
    severity: Severity::Medium,
    title: "Something bounds the bill",
    why: "CloudFront serves and bills whatever is asked for: a flood costs thousands before anyone looks.",
    mend: "Take a flat-rate plan, or at least a budget with an alarm.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let plan = out.known("account", &observed.pricing_plan);
        if matches!(plan, Some(Some(_))) {
            return;
        }
        if out
            .known("account", &observed.spending_bounds)
            .is_some_and(Vec::is_empty)
        {
            out.flag(
                "account",
                "there is no flat-rate plan, no budget and no alarm over charges",
            );
        }
    },
};

/// The most behaviours of the free plan.
const FREE_BEHAVIOURS: usize = 5;

pub(super) const FORBIDDEN: Check = Check {
    id: "plan-forbids",
    severity: Severity::Medium,
    title: "The pricing plan allows what is set",
    why: "The distribution cannot be changed, or cannot enter the plan, while such a setting is there.",
    mend: "Change the setting that is named, or take a larger plan.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        if let Some(Some(plan)) = out.known("account", &observed.pricing_plan) {
            forbidden(observed, config, *plan, out);
        }
    },
};

fn forbidden(observed: &Observed, config: Config<'_>, plan: Plan, out: &mut Outcome) {
    let behaviours = config.behaviours();
    if plan == Plan::Free && behaviours.len() > FREE_BEHAVIOURS {
        let count = behaviours.len();
        out.flag(
            "distribution",
            format!("{count} behaviours; the free plan has {FREE_BEHAVIOURS}"),
        );
    }
    if config.0.text_at("WebACLId").is_none() {
        out.flag("distribution", "a plan needs a web ACL");
    }
    if config.0.text_at("ContinuousDeploymentPolicyId").is_some() || config.0.is_true("Staging") {
        out.flag("distribution", "no plan has continuous deployment");
    }
    if config
        .0
        .text_at("ViewerCertificate/IAMCertificateId")
        .is_some()
    {
        out.flag(
            "distribution",
            "a plan takes certificates of ACM, not of IAM",
        );
    }
    for origin in config.origins() {
        if origin.access_identity().is_some() {
            out.flag(origin.place(), "no plan has origin access identities");
        }
    }
    for behaviour in behaviours {
        let policy = behaviour.text("CachePolicyId");
        if policy.is_none() {
            out.flag(
                behaviour.place(),
                "no plan has the old cache settings (`ForwardedValues`)",
            );
        } else if plan < Plan::Business
            && policy.is_some_and(|id| observed.cache_policies.contains_key(&id))
        {
            out.flag(
                behaviour.place(),
                "own cache policies come with the plan Business",
            );
        }
    }
}
