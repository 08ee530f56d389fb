//! Content security policies and the script of live reload.
//!
//! A policy that lists hashes would stop the script, so the response that it is put into allows it by a
//! nonce. That response is made for one navigation and kept by nobody; all others have the policy as it is
//! published.

use http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue};

/// Whether the script can work under every policy in `headers`, once it may run: it connects to its own
/// server, and a sandbox has to leave it its origin (Content Security Policy Level 3, section 6.1). In doubt it
/// cannot.
pub(super) fn allows_live_reload(headers: &HeaderMap) -> bool {
    policies(headers).all(|value| {
        // A header may hold several policies.
        value
            .to_str()
            .is_ok_and(|value| value.split(',').all(lets_it_connect))
    })
}

/// Lets a script with this nonce run under every policy in `headers`. False where all of them let it run
/// without.
pub(super) fn allow(headers: &mut HeaderMap, nonce: &str) -> bool {
    let allowed = |value: &HeaderValue| {
        let policies = value.to_str().unwrap_or_default().split(',');
        let policies: Vec<String> = policies.map(|policy| with_nonce(policy, nonce)).collect();
        HeaderValue::from_str(&policies.join(","))
    };
    let values: Result<Vec<_>, _> = policies(headers).map(allowed).collect();
    let values = values.unwrap_or_default();
    let is_other = !policies(headers).eq(&values);
    headers.remove(CONTENT_SECURITY_POLICY);
    for value in values {
        headers.append(CONTENT_SECURITY_POLICY, value);
    }
    is_other
}

fn policies(headers: &HeaderMap) -> impl Iterator<Item = &HeaderValue> {
    headers.get_all(CONTENT_SECURITY_POLICY).iter()
}

fn lets_it_connect(policy: &str) -> bool {
    let connect = ["connect-src", "default-src"]
        .into_iter()
        .find_map(|name| sources(policy, name));
    let connects = connect.is_none_or(|sources| own_origin(&sources));
    let has_origin = sources(policy, "sandbox")
        .is_none_or(|flags| has(&flags, "allow-scripts") && has(&flags, "allow-same-origin"));
    connects && has_origin
}

/// A policy that also lets scripts with a nonce run.
fn with_nonce(policy: &str, nonce: &str) -> String {
    let names = ["script-src-elem", "script-src", "default-src"];
    let decides = names
        .into_iter()
        .find_map(|name| Some((name, sources(policy, name)?)));
    let Some((name, found)) = decides else {
        return policy.to_owned();
    };
    // Beside a nonce or a hash, `'unsafe-inline'` no longer counts.
    if own_origin(&found) && !has(&found, "'strict-dynamic'") {
        return policy.to_owned();
    }
    let others = found
        .into_iter()
        .filter(|one| !one.eq_ignore_ascii_case("'none'"));
    let others: Vec<&str> = others.collect();
    let own = match name {
        "script-src-elem" => "script-src-elem",
        _ => "script-src",
    };
    let is_own = |directive: &&str| {
        let mut words = directive.split_ascii_whitespace();
        words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case(own))
    };
    let rest: Vec<&str> = policy.split(';').filter(|one| !is_own(one)).collect();
    let joined = if others.is_empty() {
        String::new()
    } else {
        format!("{} ", others.join(" "))
    };
    format!("{}; {own} {joined}'nonce-{nonce}'", rest.join(";"))
}

/// The sources of a directive: of the first of its name.
fn sources<'p>(policy: &'p str, name: &str) -> Option<Vec<&'p str>> {
    policy.split(';').find_map(|directive| {
        let mut tokens = directive.split_ascii_whitespace();
        let is_named = tokens.next()?.eq_ignore_ascii_case(name);
        is_named.then(|| tokens.collect())
    })
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
    fn what_it_needs_beside_running() {
        for (policy, expected) in [
            ("", true),
            ("img-src 'none'", true),
            ("default-src 'self'", true),
            ("default-src *", true),
            ("default-src 'none'", false),
            ("default-src 'none'; connect-src 'self'", true),
            ("Default-Src 'NONE'; Connect-Src 'self'", true),
            ("default-src 'self', connect-src 'none'", false),
            ("default-src https://example.org", false),
            ("sandbox", false),
            ("sandbox allow-scripts allow-same-origin", true),
        ] {
            let headers =
                HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, policy.parse().unwrap())]);
            assert_eq!(allows_live_reload(&headers), expected, "{policy}");
        }
    }

    #[test]
    fn a_nonce_joins_what_decides_about_scripts() {
        for (policy, expected) in [
            ("img-src 'none'", "img-src 'none'"),
            ("default-src 'self'", "default-src 'self'"),
            ("script-src 'self'", "script-src 'self'"),
            (
                "default-src 'none'; connect-src 'self'",
                "default-src 'none'; connect-src 'self'; script-src 'nonce-n'",
            ),
            (
                "default-src https://a.example",
                "default-src https://a.example; script-src https://a.example 'nonce-n'",
            ),
            (
                "script-src 'sha256-abc' 'sha256-def';img-src *",
                "img-src *; script-src 'sha256-abc' 'sha256-def' 'nonce-n'",
            ),
            (
                "Script-Src 'none'; script-src 'self'",
                "; script-src 'nonce-n'",
            ),
            (
                "script-src 'self'; script-src-elem 'none'",
                "script-src 'self'; script-src-elem 'nonce-n'",
            ),
            (
                "script-src 'self' 'strict-dynamic'",
                "; script-src 'self' 'strict-dynamic' 'nonce-n'",
            ),
            (
                "default-src 'self', script-src 'none'",
                "default-src 'self',; script-src 'nonce-n'",
            ),
        ] {
            let value = policy.parse().unwrap();
            let mut headers = HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, value)]);
            assert_eq!(allow(&mut headers, "n"), policy != expected, "{policy}");
            assert_eq!(headers[CONTENT_SECURITY_POLICY], expected, "{policy}");
        }
    }
}
