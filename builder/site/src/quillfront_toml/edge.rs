//! `[edge]`: the domains that the site has beside the one of its `base_url`.

use super::{CODE, KEY};
use crate::diagnostic::Diagnostic;
use crate::front_matter::table::{Table, Unknown};
use quillfront_headers::Domains;
use url::Host;

/// More domains than this have no room in a CloudFront Function.
const MAX_DOMAINS: usize = 20;
/// Of all domains together, for the same reason.
const MAX_BYTES: usize = 1_500;

const HINT: &str = "write a host alone: \"www.example.org\"";

/// What a site says of its place at the edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeConfig {
    /// Hosts that lead to the one of `base_url`, in lower case.
    pub domains: Vec<String>,
}

impl EdgeConfig {
    pub(super) fn take(root: &mut Table<'_, '_>) -> Self {
        let mut table = root.table("edge");
        let place = table.place();
        let texts = table.texts("domains").unwrap_or_default();
        let bytes: usize = texts.iter().map(|(text, _)| text.len()).sum();
        if texts.len() > MAX_DOMAINS || bytes > MAX_BYTES {
            let message = format!(
                "`edge.domains` may have {MAX_DOMAINS} domains of {MAX_BYTES} bytes together: there is no more \
                 room in a function at the edge"
            );
            table.problem(place, message);
        }
        let mut domains: Vec<String> = Vec::new();
        for (text, place) in texts.into_iter().take(MAX_DOMAINS) {
            let problem = match parse(&text) {
                Ok(host) if domains.contains(&host) => "is there twice",
                Ok(host) => {
                    domains.push(host);
                    continue;
                }
                Err(problem) => problem,
            };
            let shown: String = text.chars().take(60).collect();
            let message = format!("`edge.domains`: {shown:?} {problem}");
            table.problem_with_hint(place, message, HINT);
        }
        table.finish(Unknown::Refused);
        Self { domains }
    }

    /// What is wrong with it on a site with this base URL.
    pub fn told(&self, base_url: &str) -> Option<Diagnostic> {
        let canonical = Domains::of(base_url, &self.domains);
        let others = canonical.map_or(0, |domains| domains.others.len());
        let message = "`edge.domains` has the domain of `base_url`, which all others lead to";
        let problem = Diagnostic::error(CODE, KEY, message.to_owned());
        (others < self.domains.len())
            .then(|| problem.hint("name only the other domains".to_owned()))
    }
}

/// Reads a host name, in the form in which browsers send it.
fn parse(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        return Err("has a scheme");
    }
    if text.contains(['/', '?', '#']) {
        return Err("has a path");
    }
    if text.contains(':') {
        return Err("has a port");
    }
    if text.contains('*') {
        return Err("has a wildcard; name each domain");
    }
    match Host::parse(text) {
        Ok(Host::Domain(name))
            if name.contains('.') && !name.ends_with('.') && name.len() <= 253 =>
        {
            Ok(name)
        }
        _ => Err("is no domain"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::OwnConfig;

    #[test]
    fn domains_are_hosts_alone() {
        let parse = |list: &str| {
            let own = OwnConfig::parse("quillfront.toml", &format!("[edge]\ndomains = [{list}]"));
            own.map(|own| own.edge.domains)
        };
        let domains = parse(r#""WWW.Example.org", "bücher.example""#).unwrap();
        assert_eq!(domains, ["www.example.org", "xn--bcher-kva.example"]);
        for (list, expected) in [
            (r#""https://www.example.org""#, "has a scheme"),
            (r#""www.example.org/blog""#, "has a path"),
            (r#""www.example.org:443""#, "has a port"),
            (r#""*.example.org""#, "has a wildcard"),
            (r#""www example.org""#, "is no domain"),
            (r#""localhost""#, "is no domain"),
            (r#""192.0.2.1""#, "is no domain"),
            (r#""a@example.org""#, "is no domain"),
            (r#""""#, "is no domain"),
            (r#""www.example.org", "WWW.example.org""#, "is there twice"),
            ("1", "edge.domains"),
        ] {
            let problems = parse(list).expect_err(list);
            assert!(
                problems[0].message.contains(expected),
                "{list}: {problems:?}"
            );
        }
        let many: Vec<String> = (0..21)
            .map(|number| format!("\"a{number}.example\""))
            .collect();
        assert!(parse(&many.join(", ")).is_err());
        let long = format!("\"{}.example\"", "a.".repeat(750));
        assert!(parse(&long).is_err());
    }

    #[test]
    fn the_canonical_domain_is_no_other() {
        let text = "[edge]\ndomains = [\"www.example.org\", \"example.org\"]";
        let own = OwnConfig::parse("quillfront.toml", text).unwrap();
        assert!(own.edge.told("https://example.org/blog/").is_some());
        assert!(own.edge.told("https://example.net").is_none());
        assert!(OwnConfig::default().edge.told("/").is_none());
    }
}
