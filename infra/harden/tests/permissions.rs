//! The policy of hardening has each permission that a request names, and no other.

use quillfront_infra::policy::{AUDIT_ACTIONS, HARDEN_ACTIONS};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_policy_is_what_is_asked_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in code.split('"').skip(1).step_by(2) {
            let parts = word.split_once(':');
            let is_action = parts.is_some_and(|(service, verb)| {
                ["cloudfront", "lambda", "logs", "s3"].contains(&service)
                    && verb.starts_with(|c: char| c.is_ascii_uppercase())
            });
            // What is granted to CloudFront is no permission of ours.
            if is_action && word != "lambda:InvokeFunction" {
                named.insert(word.to_owned());
            }
        }
    }
    let audit: BTreeSet<String> = AUDIT_ACTIONS.map(str::to_owned).into();
    let harden: BTreeSet<String> = HARDEN_ACTIONS.map(str::to_owned).into();
    let more: BTreeSet<String> = named.difference(&audit).cloned().collect();
    assert_eq!(more, harden);
}
