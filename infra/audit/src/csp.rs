//! What a content security policy lets through (CSP Level 3; the questions are those of Google's
//! csp_evaluator, and of typing mistakes that browsers pass over in silence).

use crate::finding::Severity;
use crate::observed::Page;
use std::collections::BTreeSet;

/// A hole in a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weakness {
    /// How much it matters.
    pub severity: Severity,
    /// In words.
    pub what: String,
}

/// One policy: its directives in order, of doubles the first, as browsers read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    directives: Vec<(String, Vec<String>)>,
    doubled: Vec<String>,
}

/// The directives that browsers know, the deprecated ones included.
const KNOWN: [&str; 31] = [
    "base-uri",
    "block-all-mixed-content",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "navigate-to",
    "object-src",
    "plugin-types",
    "prefetch-src",
    "referrer",
    "reflected-xss",
    "report-to",
    "report-uri",
    "require-sri-for",
    "require-trusted-types-for",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
];

/// Those that are no source lists or are newer.
const ALSO_KNOWN: [&str; 3] = ["upgrade-insecure-requests", "worker-src", "webrtc"];

/// The shortest nonce that cannot be guessed soon.
const MIN_NONCE_CHARACTERS: usize = 8;

impl Policy {
    /// Reads one policy. Keywords, schemes and hosts come out in lower case; nonces and hashes too,
    /// since they are only counted here.
    pub fn parse(text: &str) -> Self {
        let mut policy = Self::default();
        for directive in text.split(';') {
            let mut words = directive
                .split_ascii_whitespace()
                .map(str::to_ascii_lowercase);
            let Some(name) = words.next() else { continue };
            if policy.get(&name).is_some() {
                policy.doubled.push(name);
            } else {
                policy.directives.push((name, words.collect()));
            }
        }
        policy
    }

    /// The sources of a directive.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        let found = self
            .directives
            .iter()
            .find(|(directive, _)| directive == name);
        found.map(|(_, sources)| sources.as_slice())
    }

    /// The sources of a directive, or of `default-src`.
    fn effective(&self, name: &str) -> Option<&[String]> {
        self.get(name).or_else(|| self.get("default-src"))
    }

    /// What the policy lets through.
    fn holes(&self) -> BTreeSet<Weakness> {
        let mut holes = BTreeSet::new();
        let mut add = |severity, what: String| {
            holes.insert(Weakness { severity, what });
        };
        match self.effective("script-src") {
            None => add(
                Severity::High,
                "scripts are not restricted: there is no `script-src`".to_owned(),
            ),
            Some(sources) => script_holes(sources, &mut add),
        }
        for name in ["object-src", "base-uri"] {
            let sources = if name == "base-uri" {
                self.get(name)
            } else {
                self.effective(name)
            };
            match sources {
                None if name == "base-uri" && self.leans_on_nonces() => {
                    add(
                        Severity::High,
                        "`base-uri` is missing: an injected `<base>` leads scripts elsewhere"
                            .to_owned(),
                    );
                }
                None => add(Severity::Low, format!("`{name}` is missing")),
                Some(sources) => {
                    for source in sources.iter().filter(|source| is_broad(source)) {
                        add(Severity::High, format!("`{name}` allows `{source}`"));
                    }
                }
            }
        }
        holes
    }

    fn leans_on_nonces(&self) -> bool {
        let sources = self.effective("script-src").unwrap_or_default();
        let has = |start: &str| sources.iter().any(|source| source.starts_with(start));
        has("'nonce-") || (has("'sha") && has("'strict-dynamic'"))
    }

    /// What browsers pass over in silence.
    fn mistakes(&self) -> BTreeSet<Weakness> {
        let mut mistakes = BTreeSet::new();
        let mut add = |severity, what: String| {
            mistakes.insert(Weakness { severity, what });
        };
        for name in &self.doubled {
            add(
                Severity::Low,
                format!("`{name}` is there twice: the second is ignored"),
            );
        }
        for (name, sources) in &self.directives {
            if !KNOWN.contains(&name.as_str()) && !ALSO_KNOWN.contains(&name.as_str()) {
                add(
                    Severity::Medium,
                    format!("there is no directive `{name}`: it is ignored"),
                );
            }
            for source in sources.iter().filter(|_| name.ends_with("-src")) {
                let is_bare = [
                    "self",
                    "none",
                    "unsafe-inline",
                    "unsafe-eval",
                    "strict-dynamic",
                ]
                .contains(&source.as_str())
                    || ["nonce-", "sha256-", "sha384-", "sha512-"]
                        .iter()
                        .any(|p| source.starts_with(p));
                if is_bare {
                    add(
                        Severity::Medium,
                        format!("`{source}` in `{name}` lacks its quotes: it is taken for a host"),
                    );
                }
                if source.starts_with("http://") {
                    add(
                        Severity::Low,
                        format!("`{name}` allows plain HTTP: `{source}`"),
                    );
                }
                let nonce = source
                    .strip_prefix("'nonce-")
                    .map(|n| n.trim_end_matches('\''));
                if nonce.is_some_and(|nonce| nonce.len() < MIN_NONCE_CHARACTERS) {
                    add(
                        Severity::Medium,
                        format!(
                            "a nonce in `{name}` is shorter than {MIN_NONCE_CHARACTERS} characters"
                        ),
                    );
                }
            }
        }
        mistakes
    }
}

fn script_holes(sources: &[String], add: &mut impl FnMut(Severity, String)) {
    let has = |word: &str| sources.iter().any(|source| source == word);
    let starts = |start: &str| sources.iter().any(|source| source.starts_with(start));
    let has_marks =
        starts("'nonce-") || starts("'sha256-") || starts("'sha384-") || starts("'sha512-");
    if has("'unsafe-inline'") && !has_marks {
        add(
            Severity::High,
            "`script-src` allows `'unsafe-inline'`".to_owned(),
        );
    }
    if has("'unsafe-eval'") {
        add(
            Severity::Medium,
            "`script-src` allows `'unsafe-eval'`".to_owned(),
        );
    }
    if has_marks && has("'strict-dynamic'") {
        // Browsers then ignore hosts and schemes.
        return;
    }
    for source in sources {
        if is_broad(source) {
            add(Severity::High, format!("`script-src` allows `{source}`"));
        } else if !source.starts_with('\'') && source.contains('.') {
            add(
                Severity::Low,
                format!("`script-src` trusts a whole host: `{source}`"),
            );
        }
    }
}

fn is_broad(source: &str) -> bool {
    ["data:", "http:", "https:", "*", "http://*", "https://*"].contains(&source)
}

/// What the policies of a page let through, each header and `<meta>` a policy or several: a hole is
/// one only where all of them have it; a mistake is one in any.
pub fn evaluate_page(page: &Page) -> Vec<Weakness> {
    let in_page = page
        .metas
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case("content-security-policy"));
    let texts = page
        .all("content-security-policy")
        .flat_map(|value| value.split(','));
    let texts = texts.chain(in_page.map(|(_, content)| content.as_str()));
    let policies: Vec<Policy> = texts
        .filter(|text| !text.trim().is_empty())
        .map(Policy::parse)
        .collect();
    let mut holes = policies.iter().map(Policy::holes);
    let mut found = holes.next().unwrap_or_default();
    for other in holes {
        found = found.intersection(&other).cloned().collect();
    }
    found.extend(policies.iter().flat_map(Policy::mistakes));
    let is_hit = page
        .header("x-cache")
        .is_some_and(|value| value.starts_with("Hit"));
    if is_hit && policies.iter().any(Policy::leans_on_nonces_only) {
        found.insert(Weakness {
            severity: Severity::High,
            what: "a nonce came from the cache: it is the same for all readers".to_owned(),
        });
    }
    found.into_iter().collect()
}

impl Policy {
    fn leans_on_nonces_only(&self) -> bool {
        let sources = self.effective("script-src").unwrap_or_default();
        sources.iter().any(|source| source.starts_with("'nonce-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weak(policies: &[&str]) -> Vec<String> {
        let header = |p: &&str| ("Content-Security-Policy".to_owned(), (*p).to_owned());
        let headers = policies.iter().map(header).collect();
        let page = Page {
            headers,
            ..Page::default()
        };
        evaluate_page(&page)
            .into_iter()
            .map(|weakness| weakness.what)
            .collect()
    }

    #[test]
    fn a_strict_policy_has_no_hole() {
        assert!(weak(&["default-src 'none'; script-src 'sha256-abc'; base-uri 'none'"]).is_empty());
        assert!(weak(&["script-src 'nonce-abcdefgh' 'strict-dynamic' https: 'unsafe-inline'; object-src 'none'; base-uri 'none'"]).is_empty());
    }

    #[test]
    fn holes_are_named() {
        for (policy, what) in [
            ("script-src 'unsafe-inline'", "`'unsafe-inline'`"),
            ("script-src 'self' 'unsafe-eval'", "`'unsafe-eval'`"),
            ("default-src *", "`script-src` allows `*`"),
            ("img-src 'self'", "not restricted"),
            ("script-src 'nonce-abcdefgh'", "`base-uri` is missing"),
            ("script-src 'nonce-abc'", "shorter than 8"),
            ("script-src self", "lacks its quotes"),
            ("script-scr 'self'", "no directive `script-scr`"),
            ("script-src 'self'; script-src *", "twice"),
            ("img-src http://a.example", "plain HTTP"),
            ("script-src cdn.example.org", "a whole host"),
        ] {
            let found = weak(&[policy]);
            assert!(
                found.iter().any(|w| w.contains(what)),
                "{policy}: {found:?}"
            );
        }
    }

    #[test]
    fn a_hole_is_one_only_where_every_policy_has_it() {
        let strict = "default-src 'none'; base-uri 'none'";
        assert!(weak(&["script-src 'unsafe-inline'", strict]).is_empty());
        assert!(weak(&[&format!("script-src 'unsafe-inline', {strict}")]).is_empty());
    }
}
