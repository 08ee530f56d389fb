//! Which distributions a target is.

use crate::cloudfront::{self, Summary};
use crate::target::Target;
use quillfront_audit::observed::Reason;
use quillfront_aws::Aws;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A distribution of this account, by its id.
    Distribution(String),
    /// None of this account: only what it sends can be judged.
    Foreign,
}

/// Finds the distribution of a target. An id is taken as it is; a domain is an alias, a wildcard that covers it, or
/// CloudFront's own name of a distribution.
///
/// # Errors
/// The distributions cannot be listed.
pub async fn find(aws: &Aws, target: &Target) -> Result<Found, Reason> {
    let site = match target {
        Target::Distribution(id) => return Ok(Found::Distribution(id.clone())),
        Target::Site(site) => site,
    };
    let host = site.split(':').next().unwrap_or(site);
    let all = cloudfront::list(aws).await?;
    let found = best(&all, host).map(|summary| Found::Distribution(summary.id.clone()));
    Ok(found.unwrap_or(Found::Foreign))
}

/// Its own name before a wildcard's.
fn best<'a>(all: &'a [Summary], host: &str) -> Option<&'a Summary> {
    let is_own = |s: &&Summary| {
        let aliases = s.aliases.iter();
        s.domain.eq_ignore_ascii_case(host)
            || aliases.into_iter().any(|a| a.eq_ignore_ascii_case(host))
    };
    let covers = |s: &&Summary| {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        s.aliases.iter().any(|alias| {
            alias
                .strip_prefix("*.")
                .is_some_and(|name| Some(name) == parent)
        })
    };
    all.iter().find(is_own).or_else(|| all.iter().find(covers))
}

#[cfg(test)]
mod tests {
    use super::{Summary, best};

    #[test]
    fn a_name_goes_before_a_wildcard() {
        let summary = |id: &str, aliases: &[&str]| Summary {
            id: id.to_owned(),
            domain: format!("{}.cloudfront.net", id.to_lowercase()),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        };
        let all = [
            summary("EWILD", &["*.example.org"]),
            summary("EOWN", &["www.example.org"]),
        ];
        let id = |host| best(&all, host).map(|summary| summary.id.as_str());
        assert_eq!(id("www.example.org"), Some("EOWN"));
        assert_eq!(id("blog.example.org"), Some("EWILD"));
        assert_eq!(id("a.blog.example.org"), None);
        assert_eq!(id("example.org"), None);
        assert_eq!(id("eown.cloudfront.net"), Some("EOWN"));
    }
}
