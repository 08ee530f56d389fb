//! The policy of the audit has each permission that a request names, and no other.

use quillfront_infra::policy::AUDIT_ACTIONS;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_policy_is_what_is_asked_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in code.split('"').skip(1).step_by(2) {
            let parts = word.split_once(':');
            let is_action = parts.is_some_and(|(service, verb)| {
                service
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    && verb.starts_with(|c: char| c.is_ascii_uppercase())
                    && verb.bytes().all(|b| b.is_ascii_alphanumeric())
            });
            if is_action {
                named.insert(word.to_owned());
            }
        }
    }
    let policy: BTreeSet<String> = AUDIT_ACTIONS.map(str::to_owned).into();
    assert_eq!(named, policy);
}
