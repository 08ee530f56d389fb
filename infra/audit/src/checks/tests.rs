//! A configuration that no check flags, and for each check a change of it that the check flags.

mod bad;
mod false_alarms;
pub(crate) mod good;
mod peers;

use super::{CHECKS, run};
use crate::observed::{Observed, Reason, Seen};
use bad::BAD;
use good::good;
use std::collections::BTreeSet;

fn flagged(observed: &Observed) -> BTreeSet<&'static str> {
    run(observed)
        .0
        .into_iter()
        .map(|finding| finding.id)
        .collect()
}

/// The checks whose findings always stand waived: a public site is not asked to pass them.
fn standing() -> BTreeSet<&'static str> {
    CHECKS
        .iter()
        .filter(|check| check.standing.is_some())
        .map(|check| check.id)
        .collect()
}

#[test]
fn the_good_configuration_has_no_finding_but_those_that_stand_waived() {
    let (findings, unknown) = run(&good());
    let counted: Vec<_> = findings.iter().filter(|f| f.waived.is_none()).collect();
    assert!(counted.is_empty(), "{counted:#?}");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_check_flags_something_bad_and_passes_something_good() {
    for check in CHECKS {
        let cases: Vec<_> = BAD.iter().filter(|(id, _)| *id == check.id).collect();
        assert!(!cases.is_empty(), "no bad configuration for `{}`", check.id);
        for (_, spoil) in cases {
            let mut observed = good();
            spoil(&mut observed);
            assert!(
                flagged(&observed).contains(check.id),
                "`{}` did not notice",
                check.id
            );
        }
        if check.standing.is_none() {
            assert!(!flagged(&good()).contains(check.id));
        }
    }
    for (id, _) in BAD {
        assert!(
            CHECKS.iter().any(|check| check.id == *id),
            "no check `{id}`"
        );
    }
}

#[test]
fn the_checks_of_private_sites_pass_on_one() {
    let private = bad::private();
    let found = flagged(&private);
    for id in standing() {
        assert!(!found.contains(id), "{id}");
    }
}

#[test]
fn identifiers_are_unique_and_texts_are_sentences() {
    let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), CHECKS.len());
    for check in CHECKS {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(check.id.chars().all(is_plain), "{}", check.id);
        assert!(
            check.why.ends_with('.') && check.mend.ends_with('.'),
            "{}",
            check.id
        );
        assert!(!check.title.ends_with('.'), "{}", check.id);
        let is_table = |text: &str| !text.contains(['|', '\n']);
        assert!(
            is_table(check.why) && is_table(check.mend) && is_table(check.title),
            "{}",
            check.id
        );
    }
}

#[test]
fn what_is_not_known_is_never_a_pass() {
    let outside = Observed::outside("example.org", good().today);
    let (findings, unknown) = run(&outside);
    assert!(findings.is_empty());
    let blind: BTreeSet<_> = unknown.iter().map(|blind| blind.id).collect();
    // No bucket is named before the configuration is known, which the others tell of.
    for check in CHECKS {
        let is_of_buckets = check.id.starts_with("bucket-");
        assert!(
            is_of_buckets || blind.contains(check.id),
            "{} passed",
            check.id
        );
    }
}

#[test]
fn what_the_configuration_names_and_nobody_read_is_no_pass() {
    let mut observed = good();
    let function = "<LambdaFunctionAssociations><Items><LambdaFunctionAssociation><LambdaFunctionARN>arn:new</LambdaFunctionARN><EventType>origin-response</EventType></LambdaFunctionAssociation></Items></LambdaFunctionAssociations><CachePolicyId>own";
    bad::swap(&mut observed, "<CachePolicyId>own", function);
    observed.headers_policies.clear();
    observed.cache_policies.clear();
    observed.access_controls.clear();
    observed.aliases.clear();
    bad::bucket(&mut observed).existence =
        Seen::Unknown(Reason::Denied("s3:ListBucket".to_owned()));
    let blind: BTreeSet<_> = run(&observed).1.into_iter().map(|blind| blind.id).collect();
    let ids = "runtime headers-policy-hsts min-ttl cache-key-headers oac-signing alias-dns bucket-public-block dangling-origin";
    for id in ids.split(' ') {
        assert!(blind.contains(id), "{id}");
    }
}
