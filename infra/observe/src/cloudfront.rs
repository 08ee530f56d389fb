//! CloudFront: distributions, and the policies that they name (CloudFront API reference, 2020-05-31).

use crate::ask::{self, AT_ONCE, MAX_PAGES, seen};
use futures::StreamExt;
use quillfront_audit::observed::{Observed, Reason, Seen};
use quillfront_audit::view::{Config, is_managed_cache_policy};
use quillfront_audit::xml::{Document, Element};
use quillfront_aws::service::CLOUDFRONT;
use quillfront_aws::{Aws, Request};
use std::collections::{BTreeMap, BTreeSet};

/// Where all paths begin.
pub const ROOT: &str = "/2020-05-31";

/// A distribution in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// CloudFront's own name of it.
    pub domain: String,
    /// The names that it answers to.
    pub aliases: Vec<String>,
}

/// All distributions of the account.
///
/// # Errors
/// They cannot be listed.
pub async fn list(aws: &Aws) -> Result<Vec<Summary>, Reason> {
    let request = Request::get(&CLOUDFRONT, format!("{ROOT}/distribution"));
    let request = request.allowed_by("cloudfront:ListDistributions");
    let items = pages(aws, request).await?;
    Ok(items.iter().filter_map(summary).collect())
}

fn summary(item: &Element) -> Option<Summary> {
    Some(Summary {
        id: item.text_at("Id")?,
        domain: item.text_at("DomainName").unwrap_or_default(),
        aliases: item.texts("Aliases"),
    })
}

/// The elements of one of CloudFront's lists, of all its pages.
///
/// # Errors
/// They cannot be listed, or there are more than [`MAX_PAGES`] pages.
pub async fn pages(aws: &Aws, request: Request) -> Result<Vec<Element>, Reason> {
    let request = request.with_query("MaxItems", "100");
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut request = request.clone();
        if let Some(marker) = &marker {
            request = request.with_query("Marker", marker);
        }
        let answer = ask::xml(aws, request).await?;
        let root = answer.root();
        if let Some(items) = root.child("Items") {
            found.extend(items.elements().cloned());
        }
        match root.text_at("NextMarker") {
            Some(next) => marker = Some(next),
            None => return Ok(found),
        }
    }
    Err(ask::too_long("Items"))
}

/// Reads a distribution, its tags and policies into `observed`, and returns CloudFront's own name of it.
pub(crate) async fn read(aws: &Aws, id: &str, observed: &mut Observed) -> Option<String> {
    let request = Request::get(&CLOUDFRONT, format!("{ROOT}/distribution/{id}"));
    let answer = ask::xml(aws, request.allowed_by("cloudfront:GetDistribution")).await;
    observed.distribution = seen(answer);
    let root = observed.distribution.get().ok()?.root().clone();
    observed.arn = root.text_at("ARN");
    let domain = root.text_at("DomainName");
    let config = root.child("DistributionConfig")?;
    let config = Config(config);
    observed.tags = tags(aws, observed.arn.as_deref()).await;
    observed.cache_policies = policies(aws, CACHE, &named(config, "CachePolicyId")).await;
    observed.origin_request_policies =
        policies(aws, REQUEST, &named(config, "OriginRequestPolicyId")).await;
    observed.headers_policies =
        policies(aws, HEADERS, &named(config, "ResponseHeadersPolicyId")).await;
    let controls = config
        .origins()
        .into_iter()
        .filter_map(|o| o.access_control());
    observed.access_controls = policies(aws, CONTROL, &controls.collect()).await;
    if config.0.is_true("Staging") {
        observed.is_staging_used = staging(aws, domain.as_deref().unwrap_or_default()).await;
    }
    domain
}

/// A kind of thing that a configuration names by id: its path, and the permission to read it.
type Kind = (&'static str, &'static str);
const CACHE: Kind = ("cache-policy", "cloudfront:GetCachePolicy");
const REQUEST: Kind = ("origin-request-policy", "cloudfront:GetOriginRequestPolicy");
const HEADERS: Kind = (
    "response-headers-policy",
    "cloudfront:GetResponseHeadersPolicy",
);
const CONTROL: Kind = ("origin-access-control", "cloudfront:GetOriginAccessControl");

/// The ids that behaviours name. AWS's managed cache policies are known without asking.
fn named(config: Config<'_>, setting: &str) -> BTreeSet<String> {
    let behaviours = config.behaviours().into_iter();
    behaviours
        .filter_map(|behaviour| behaviour.text(setting))
        .filter(|id| !is_managed_cache_policy(id))
        .collect()
}

async fn policies(
    aws: &Aws,
    (path, permission): Kind,
    ids: &BTreeSet<String>,
) -> BTreeMap<String, Seen<Document>> {
    let read = |id: String| async move {
        let request = Request::get(&CLOUDFRONT, format!("{ROOT}/{path}/{id}"));
        let answer = ask::xml(aws, request.allowed_by(permission)).await;
        (id, seen(answer))
    };
    // What is no id would reach another path.
    let ids = ids.iter().filter(|id| is_plain(id)).cloned();
    futures::stream::iter(ids)
        .map(read)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// Whether a text from a configuration can stand in a path as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !text.is_empty() && text.len() <= 256 && text.bytes().all(is_safe) && !text.starts_with('.')
}

async fn tags(aws: &Aws, arn: Option<&str>) -> Seen<Vec<(String, String)>> {
    let Some(arn) = arn else {
        return Seen::Unknown(Reason::Failed("the distribution has no ARN".to_owned()));
    };
    let request = Request::get(&CLOUDFRONT, format!("{ROOT}/tagging"));
    let request = request.with_query("Resource", arn);
    let answer = ask::xml(aws, request.allowed_by("cloudfront:ListTagsForResource")).await;
    seen(answer.map(|document| {
        let root = document.root();
        let tags = root.child("Tags").unwrap_or(root).child("Items");
        let tags = tags.into_iter().flat_map(Element::elements);
        tags.filter_map(|tag| {
            Some((
                tag.text_at("Key")?,
                tag.text_at("Value").unwrap_or_default(),
            ))
        })
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
    }))
}

/// Whether a deployment policy that is on names this staging distribution.
async fn staging(aws: &Aws, domain: &str) -> Seen<bool> {
    let request = Request::get(&CLOUDFRONT, format!("{ROOT}/continuous-deployment-policy"));
    let request = request.allowed_by("cloudfront:ListContinuousDeploymentPolicies");
    let items = pages(aws, request).await;
    let names_it = |item: &Element| {
        let policy = item.child("ContinuousDeploymentPolicy").unwrap_or(item);
        let config = policy
            .child("ContinuousDeploymentPolicyConfig")
            .unwrap_or(policy);
        let names = config.texts("StagingDistributionDnsNames");
        config.is_true("Enabled") && names.iter().any(|name| name.eq_ignore_ascii_case(domain))
    };
    seen(items.map(|items| items.iter().any(names_it)))
}
