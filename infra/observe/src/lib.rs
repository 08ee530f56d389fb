//! Reads what the audit judges: a distribution and its policies, functions, origins, buckets and logs from AWS, and
//! pages as readers get them.
//!
//! `target → ` [`find`] ` → ` [`observe`] ` → ` [`Observed`](quillfront_audit::observed::Observed)
//!
//! Nothing is written. What cannot be read says why, the permission that is missing among it, and the rest is read.
//! Every answer, every list and every number of requests at once is bounded.
//!
//! - [`target`] says what a person named, [`find`] which distributions that is.
//! - One module for each service: [`cloudfront`], [`buckets`], [`lambda`], [`logs`], [`account`] (firewall, pricing
//!   plan, budgets).
//! - [`names`] asks the DNS, [`pages`] asks for pages.

pub mod account;
pub mod ask;
pub mod buckets;
pub mod cloudfront;
mod find;
pub mod lambda;
pub mod logs;
pub mod names;
pub mod pages;
pub mod target;

pub use find::{Found, find};
pub use target::Reach;

use jiff::civil::Date;
use quillfront_audit::observed::{Observed, Reason, Seen};
use quillfront_audit::view::Config;
use quillfront_aws::Aws;
use target::Target;

/// Reads all that is to be known of a distribution. `today` is the day of the audit (UTC).
pub async fn observe(aws: &Aws, target: &str, id: &str, today: Date, reach: Reach) -> Observed {
    let mut observed = Observed::outside(target, today);
    let domain = cloudfront::read(aws, id, &mut observed).await;
    let Ok(config) = observed.config().cloned() else {
        blame(&mut observed);
        return observed;
    };
    let config = Config(&config);
    let (stored, at_edge, behind, groups, firewall, plan, bounds) = tokio::join!(
        async {
            let deliveries = logs::deliveries(aws, observed.arn.as_deref()).await;
            let named = buckets::named(config, deliveries.get().map_or(&[], Vec::as_slice));
            let account = observed.arn.as_deref().and_then(account::of);
            (buckets::read(aws, account, named).await, deliveries)
        },
        lambda::functions(aws, config),
        lambda::function_urls(aws, config, reach),
        logs::edge_groups(aws, config),
        account::web_acl(aws, config),
        account::pricing_plan(aws, observed.arn.as_deref()),
        account::spending_bounds(aws, observed.arn.as_deref()),
    );
    (observed.buckets, observed.log_deliveries) = stored;
    observed.functions = at_edge;
    observed.function_urls = behind.0;
    observed.functions.extend(behind.1);
    observed.edge_log_groups = groups;
    observed.web_acl_groups = firewall;
    observed.pricing_plan = plan;
    observed.spending_bounds = bounds;
    if reach == Reach::Everything {
        look_from_outside(&mut observed, config, domain.as_deref()).await;
    } else {
        names::leave_out(&mut observed, config);
    }
    observed
}

/// Reads what can be seen of a site without credentials.
pub async fn observe_outside(target: &Target, today: Date) -> Observed {
    let mut observed = Observed::outside(&target.to_string(), today);
    if let Target::Site(site) = target {
        observed.pages = pages::read(std::slice::from_ref(site)).await;
    }
    observed
}

async fn look_from_outside(observed: &mut Observed, config: Config<'_>, domain: Option<&str>) {
    let aliases = config.0.texts("Aliases");
    let mut sites: Vec<String> = aliases
        .iter()
        .filter(|alias| !alias.starts_with('*'))
        .cloned()
        .collect();
    if sites.is_empty() {
        sites.extend(domain.map(str::to_owned));
    }
    let (origins, aliases, pages) = tokio::join!(
        names::origins(config),
        names::aliases(&aliases, domain),
        pages::read(&sites),
    );
    observed.origin_names = origins;
    observed.aliases = aliases;
    observed.pages = pages;
}

/// Where the configuration itself could not be read, all that hangs on it could not either, for the same reason.
fn blame(observed: &mut Observed) {
    let reason = match &observed.distribution {
        Seen::Unknown(reason) => reason.clone(),
        Seen::Known(_) => Reason::Failed("the answer has no `DistributionConfig`".to_owned()),
    };
    observed.log_deliveries = Seen::Unknown(reason.clone());
    observed.pricing_plan = Seen::Unknown(reason.clone());
    observed.pages = Seen::Unknown(reason);
}
