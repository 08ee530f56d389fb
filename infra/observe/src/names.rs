//! What the DNS says of origins and aliases.

use crate::ask::AT_ONCE;
use crate::pages;
use futures::StreamExt;
use quillfront_audit::observed::{Observed, Reason, Seen};
use quillfront_audit::view::Config;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// How long a name is looked up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the names of origins that are no buckets resolve.
pub(crate) async fn origins(config: Config<'_>) -> BTreeMap<String, Seen<bool>> {
    let look = |name: String| async move {
        let found = addresses(&name).await;
        let seen = match found {
            Ok(addresses) => Seen::Known(!addresses.is_empty()),
            Err(reason) => Seen::Unknown(reason),
        };
        (name, seen)
    };
    futures::stream::iter(other_origins(config))
        .map(look)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

fn other_origins(config: Config<'_>) -> BTreeSet<String> {
    let others = config
        .origins()
        .into_iter()
        .filter(|origin| origin.bucket().is_none());
    others.map(|origin| origin.domain()).collect()
}

/// Whether aliases lead to the distribution: to its own addresses, or to a CloudFront that answers by that name, which
/// only the distribution that has the alias does.
pub(crate) async fn aliases(
    aliases: &[String],
    domain: Option<&str>,
) -> BTreeMap<String, Seen<bool>> {
    let own = match domain {
        Some(domain) => addresses(domain).await.unwrap_or_default(),
        None => BTreeSet::new(),
    };
    let own = &own;
    let look = |alias: String| async move {
        let seen = alias_leads_here(&alias, own).await;
        (alias, seen)
    };
    futures::stream::iter(aliases.to_vec())
        .map(look)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn alias_leads_here(alias: &str, own: &BTreeSet<IpAddr>) -> Seen<bool> {
    if alias.starts_with('*') {
        // Which names below a wildcard are in use nobody tells.
        return Seen::default();
    }
    match addresses(alias).await {
        Ok(found) if found.is_empty() => Seen::Known(false),
        Ok(found) if !found.is_disjoint(own) => Seen::Known(true),
        Ok(_) => pages::is_from_cloudfront(alias).await,
        Err(reason) => Seen::Unknown(reason),
    }
}

/// The addresses of a name; none where there is no such name.
async fn addresses(name: &str) -> Result<BTreeSet<IpAddr>, Reason> {
    let lookup = tokio::net::lookup_host((name, 443));
    match tokio::time::timeout(TIMEOUT, lookup).await {
        Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
        // `getaddrinfo` has a word of its own for a server that does not answer.
        Ok(Err(error)) if error.to_string().contains("emporary failure") => Err(Reason::Failed(
            format!("the DNS does not answer for `{name}`"),
        )),
        Ok(Err(_)) => Ok(BTreeSet::new()),
        Err(_) => Err(Reason::Failed(format!(
            "the DNS does not answer for `{name}` in {} s",
            TIMEOUT.as_secs()
        ))),
    }
}

/// Marks the names that nobody looked up.
pub(crate) fn leave_out(observed: &mut Observed, config: Config<'_>) {
    observed.origin_names = other_origins(config)
        .into_iter()
        .map(|name| (name, Seen::default()))
        .collect();
    observed.aliases = config
        .0
        .texts("Aliases")
        .into_iter()
        .map(|alias| (alias, Seen::default()))
        .collect();
}
