//! All checks, in one table: the manual's is made from it, and so are the rules of SARIF.

mod access;
mod buckets;
mod cache;
mod certificate;
mod distribution;
mod function_urls;
mod functions;
mod logging;
mod origin_access;
mod origins;
mod pages;
mod plan;
mod policies;
mod transport;

#[cfg(test)]
mod tests;

use crate::finding::{Blind, Finding, Severity};
use crate::observed::{Observed, Reason, Seen};
use crate::view::Config;
pub(crate) use cache::MANAGED as MANAGED_CACHE_POLICIES;
pub(crate) use origin_access::sends_host;

/// What `harden` does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// It mends it.
    Yes,
    /// It mends it only when asked for by name, since that can cut off traffic.
    ByName,
    /// It does not; a person has to.
    No,
}

/// A check.
pub struct Check {
    /// Its identifier.
    pub id: &'static str,
    /// How much a finding matters where the place does not say otherwise.
    pub severity: Severity,
    /// What should be.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// What `harden` does about it.
    pub mended: Mended,
    /// The identifiers of Security Hub (`CloudFront.1`), prowler and checkov for the same.
    pub same_as: &'static [&'static str],
    /// Why every finding is waived: other checkers ask for it, and a public site does without.
    pub standing: Option<&'static str>,
    /// Looks.
    pub(crate) look: fn(&Observed, &mut Outcome),
}

/// Every check: what can be taken over first, then what readers are sent, then the rest.
pub static CHECKS: &[Check] = &[
    origins::DANGLING,
    function_urls::OPEN,
    buckets::PUBLIC_WRITE,
    buckets::PUBLIC_READ,
    transport::VIEWER_HTTPS,
    transport::ORIGIN_HTTPS,
    transport::ORIGIN_TLS,
    origin_access::NONE,
    origin_access::OAI,
    origin_access::UNSIGNED,
    origin_access::NOT_GRANTED,
    origin_access::ANY_DISTRIBUTION,
    origin_access::LIST,
    origin_access::HOST,
    origins::WEBSITE,
    function_urls::OAC,
    function_urls::PERMISSIONS,
    function_urls::TIMEOUT,
    origins::FAILOVER_403,
    origins::FAILOVER,
    certificate::DEFAULT,
    certificate::TLS_POLICY,
    certificate::POST_QUANTUM,
    certificate::SNI,
    pages::HTTPS_REDIRECT,
    pages::SCORE,
    pages::HSTS,
    pages::CSP,
    pages::CSP_WEAK,
    pages::FRAMING,
    pages::NOSNIFF,
    pages::REFERRER,
    pages::ISOLATION,
    pages::PERMISSIONS,
    pages::DOUBLED,
    pages::COOKIES,
    pages::CORS,
    pages::SCRIPTS,
    pages::LEAKS,
    pages::TAGS,
    pages::STORED,
    policies::ATTACHED,
    policies::HSTS,
    cache::HEADERS,
    cache::COOKIES,
    cache::QUERY,
    cache::MIN_TTL,
    cache::LEGACY,
    cache::METHODS,
    functions::RUNTIME,
    logging::LOGGING,
    logging::RETENTION,
    plan::SPENDING,
    plan::FORBIDDEN,
    access::WAF,
    access::KNOWN_BAD_INPUTS,
    access::TRUSTED_SIGNERS,
    access::KEY_GROUPS,
    access::GEO,
    access::FIELD_ENCRYPTION,
    distribution::ROOT_OBJECT,
    distribution::ALIAS,
    distribution::STAGING,
    distribution::ENABLED,
    distribution::TAGGED,
    distribution::COMPRESSION,
    distribution::HTTP3,
    distribution::IPV6,
    buckets::PUBLIC_BLOCK,
    buckets::OTHER_ACCOUNTS,
    buckets::TLS_ONLY,
    buckets::ENCRYPTION,
    buckets::KMS,
    buckets::VERSIONING,
    buckets::LOGGING,
    buckets::OWNERSHIP,
];

/// What a check says while it looks.
#[derive(Default)]
pub(crate) struct Outcome {
    flagged: Vec<(String, String, Option<Severity>)>,
    blind: Vec<(String, Reason)>,
}

impl Outcome {
    /// Something is wrong at a place.
    pub(crate) fn flag(&mut self, place: impl Into<String>, evidence: impl Into<String>) {
        self.flagged.push((place.into(), evidence.into(), None));
    }

    /// The same, where it matters more or less than usual.
    pub(crate) fn flag_as(
        &mut self,
        severity: Severity,
        place: impl Into<String>,
        evidence: impl Into<String>,
    ) {
        self.flagged
            .push((place.into(), evidence.into(), Some(severity)));
    }

    /// It could not look at a place.
    pub(crate) fn blind(&mut self, place: impl Into<String>, reason: &Reason) {
        self.blind.push((place.into(), reason.clone()));
    }

    /// What was read; where it was not, the check could not look.
    pub(crate) fn known<'a, T>(&mut self, place: &str, seen: &'a Seen<T>) -> Option<&'a T> {
        match seen.get() {
            Ok(value) => Some(value),
            Err(reason) => {
                self.blind(place, reason);
                None
            }
        }
    }

    /// The same for something that should be in a map: what was never asked for is unknown.
    pub(crate) fn entry<'a, T>(&mut self, place: &str, seen: Option<&'a Seen<T>>) -> Option<&'a T> {
        match seen {
            Some(seen) => self.known(place, seen),
            None => {
                self.blind(place, &Reason::Failed("it was not read".to_owned()));
                None
            }
        }
    }

    /// The distribution's configuration.
    pub(crate) fn config<'a>(&mut self, observed: &'a Observed) -> Option<Config<'a>> {
        match observed.config() {
            Ok(element) => Some(Config(element)),
            Err(reason) => {
                self.blind("distribution", &reason);
                None
            }
        }
    }
}

/// Runs all checks: the findings in the order of the table, and what could not be looked at.
pub(crate) fn run(observed: &Observed) -> (Vec<Finding>, Vec<Blind>) {
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    for check in CHECKS {
        let mut outcome = Outcome::default();
        (check.look)(observed, &mut outcome);
        for (place, evidence, severity) in outcome.flagged {
            findings.push(Finding {
                id: check.id,
                severity: severity.unwrap_or(check.severity),
                title: check.title,
                place,
                evidence,
                why: check.why,
                mend: check.mend,
                fixable: check.mended != Mended::No,
                same_as: check.same_as,
                waived: check.standing.map(str::to_owned),
            });
        }
        let blind = outcome.blind.into_iter();
        unknown.extend(blind.map(|(place, reason)| Blind::new(check.id, place, &reason)));
    }
    (findings, unknown)
}
