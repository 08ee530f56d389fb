//! Whether a content security policy lets the script of live reload work.

use http::header::{CONTENT_SECURITY_POLICY, HeaderMap};

/// Whether every policy in `headers` allows a script of the page's own origin, and that script a
/// connection to it (Content Security Policy Level 3, sections 6.1 and 6.8). In doubt it does not.
pub(super) fn allows_live_reload(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_SECURITY_POLICY)
        .iter()
        .all(|value| {
            // A header may hold several policies.
            value
                .to_str()
                .is_ok_and(|value| value.split(',').all(policy_allows))
        })
}

fn policy_allows(policy: &str) -> bool {
    let directive = |name: &str| {
        policy.split(';').find_map(|directive| {
            let mut tokens = directive.split_ascii_whitespace();
            tokens
                .next()?
                .eq_ignore_ascii_case(name)
                .then(|| tokens.collect::<Vec<_>>())
        })
    };
    let script = ["script-src-elem", "script-src", "default-src"]
        .into_iter()
        .find_map(directive);
    let connect = ["connect-src", "default-src"]
        .into_iter()
        .find_map(directive);
    let runs =
        script.is_none_or(|sources| own_origin(&sources) && !has(&sources, "'strict-dynamic'"));
    let connects = connect.is_none_or(|sources| own_origin(&sources));
    let has_origin = directive("sandbox")
        .is_none_or(|flags| has(&flags, "allow-scripts") && has(&flags, "allow-same-origin"));
    runs && connects && has_origin
}

fn own_origin(sources: &[&str]) -> bool {
    has(sources, "'self'") || has(sources, "*")
}

fn has(tokens: &[&str], token: &str) -> bool {
    tokens.iter().any(|other| other.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        for (policy, expected) in [
            ("", true),
            ("img-src 'none'", true),
            ("default-src 'self'", true),
            ("default-src *", true),
            ("default-src 'none'", false),
            ("default-src 'none'; script-src 'self'", false),
            (
                "default-src 'none'; script-src 'self'; connect-src 'self'",
                true,
            ),
            (
                "Default-Src 'NONE'; Script-Src 'Self'; Connect-Src 'self'",
                true,
            ),
            ("script-src 'sha256-abc'", false),
            ("script-src 'self' 'strict-dynamic' 'nonce-a'", false),
            ("script-src 'none'; script-src-elem 'self'", true),
            ("script-src 'self'; script-src 'none'", true),
            ("default-src 'self', script-src 'none'", false),
            ("default-src https://example.org", false),
            ("sandbox", false),
            ("sandbox allow-scripts allow-same-origin", true),
        ] {
            let headers =
                HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, policy.parse().unwrap())]);
            assert_eq!(allows_live_reload(&headers), expected, "{policy}");
        }
    }
}
