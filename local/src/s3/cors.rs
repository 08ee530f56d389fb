//! Which pages of other origins a browser lets read and write a bucket: the rules of its CORS
//! configuration (S3 User Guide, "Using cross-origin resource sharing"). Pure.
//!
//! The rules open nothing: a request needs its signature as before. They tell the browser whether
//! a page may see the answer.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::limits::{CORS_ASKED_BYTES, CORS_BYTES, CORS_RULES};
use super::refusal::Refusal;

/// The methods that a rule may name.
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

/// The rules of a bucket. The first that fits decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rules(pub Vec<Rule>);

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// With at most one `*` each, which stands for anything.
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    /// Headers of requests, with at most one `*` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Headers of answers that the page may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposed: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<i32>,
}

impl Rules {
    /// Checks what a client wants to be the rules.
    ///
    /// # Errors
    /// What S3 refuses, as code and message.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.0.is_empty() || self.0.len() > CORS_RULES {
            let message = format!("A CORS configuration has 1 to {CORS_RULES} rules.");
            return Err(("MalformedXML", message));
        }
        let texts = self.0.iter().flat_map(|rule| {
            [&rule.origins, &rule.methods, &rule.headers, &rule.exposed]
                .into_iter()
                .flatten()
                .chain(&rule.id)
        });
        if texts.map(String::len).sum::<usize>() > CORS_BYTES {
            let message = format!("A CORS configuration has at most {CORS_BYTES} bytes.");
            return Err(("InvalidRequest", message));
        }
        for rule in &self.0 {
            if rule.origins.is_empty() || rule.methods.is_empty() {
                let message = "A CORS rule has at least one AllowedOrigin and one AllowedMethod.";
                return Err(("MalformedXML", message.into()));
            }
            if let Some(method) = rule
                .methods
                .iter()
                .find(|method| !METHODS.contains(&method.as_str()))
            {
                let message = format!(
                    "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                );
                return Err(("InvalidRequest", message));
            }
            for (name, values) in [
                ("AllowedOrigin", &rule.origins),
                ("AllowedHeader", &rule.headers),
            ] {
                if let Some(value) = values.iter().find(|value| value.matches('*').count() > 1) {
                    let message =
                        format!("{name} \"{value}\" can not have more than one wildcard.");
                    return Err(("InvalidRequest", message));
                }
            }
            if let Some(value) = rule.exposed.iter().find(|value| value.contains('*')) {
                let message = format!(
                    "ExposeHeader \"{value}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
                );
                return Err(("InvalidRequest", message));
            }
            let texts = [&rule.origins, &rule.headers, &rule.exposed]
                .into_iter()
                .flatten();
            if let Some(value) = texts
                .into_iter()
                .find(|value| HeaderValue::from_str(value).is_err())
            {
                return Err((
                    "InvalidRequest",
                    format!("{value:?} cannot stand in a header."),
                ));
            }
        }
        Ok(())
    }

    fn find(&self, origin: &str, method: &str, headers: &[&str]) -> Option<(&Rule, &String)> {
        self.0.iter().find_map(|rule| {
            let allowed = rule.origins.iter().find(|pattern| fits(pattern, origin))?;
            let allows_header = |header: &&str| {
                let header = header.to_ascii_lowercase();
                rule.headers
                    .iter()
                    .any(|pattern| fits(&pattern.to_ascii_lowercase(), &header))
            };
            let allows = rule.methods.iter().any(|given| given == method)
                && headers.iter().all(allows_header);
            allows.then_some((rule, allowed))
        })
    }
}

/// Answers a preflight request. `rules` are those of the bucket that it names.
///
/// # Errors
/// The bucket has no rules, or none that fits; the request lacks what a preflight says.
pub(super) fn preflight(rules: Option<&Rules>, asked: &HeaderMap) -> Result<HeaderMap, Refusal> {
    let (origin, method) = match (
        text(asked, &header::ORIGIN),
        text(asked, &header::ACCESS_CONTROL_REQUEST_METHOD),
    ) {
        (Some(origin), Some(method)) => (origin, method),
        (None, _) => {
            return Err(Refusal::new(
                "BadRequest",
                "Insufficient information. Origin request header needed.",
            ));
        }
        (_, None) => {
            let message =
                "Insufficient information. Access-Control-Request-Method request header needed.";
            return Err(Refusal::new("BadRequest", message));
        }
    };
    let forbidden =
        |message: &str| Refusal::new("AccessForbidden", message).status(StatusCode::FORBIDDEN);
    let Some(rules) = rules else {
        return Err(forbidden(
            "CORSResponse: CORS is not enabled for this bucket.",
        ));
    };
    let wanted = text(asked, &header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    // Each is compared with each pattern of the rules.
    if wanted.len() > CORS_ASKED_BYTES {
        let message =
            format!("Access-Control-Request-Headers has more than {CORS_ASKED_BYTES} bytes.");
        return Err(Refusal::new("BadRequest", message));
    }
    let headers: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|header| !header.is_empty())
        .collect();
    let Some((rule, allowed)) = rules.find(origin, method, &headers) else {
        return Err(forbidden(
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
             method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
             resource's CORS spec.",
        ));
    };
    let mut answer = headers_of(rule, allowed, origin);
    if !headers.is_empty() {
        set(
            &mut answer,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            &headers.join(", ").to_ascii_lowercase(),
        );
    }
    Ok(answer)
}

/// The headers that an answer to a request of a page gets; none where no rule fits.
pub(super) fn expose(rules: &Rules, method: &Method, asked: &HeaderMap) -> HeaderMap {
    let Some(origin) = text(asked, &header::ORIGIN) else {
        return HeaderMap::new();
    };
    match rules.find(origin, method.as_str(), &[]) {
        Some((rule, allowed)) => headers_of(rule, allowed, origin),
        None => HeaderMap::new(),
    }
}

fn headers_of(rule: &Rule, allowed: &str, origin: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if allowed == "*" {
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(
            &mut headers,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            "true",
        );
    }
    set(
        &mut headers,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        &rule.methods.join(", "),
    );
    if !rule.exposed.is_empty() {
        set(
            &mut headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &rule.exposed.join(", "),
        );
    }
    if let Some(seconds) = rule.max_age_seconds {
        set(
            &mut headers,
            header::ACCESS_CONTROL_MAX_AGE,
            &seconds.to_string(),
        );
    }
    let vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
    set(&mut headers, header::VARY, vary);
    headers
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    // What cannot stand in a header was refused with the rules.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a value is what a pattern with at most one `*` stands for.
fn fits(pattern: &str, value: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == value,
        Some((start, end)) => {
            value.len() >= start.len() + end.len()
                && value.starts_with(start)
                && value.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn rules() -> Rules {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        Rules(vec![
            Rule {
                origins: list(&["https://*.example.org"]),
                methods: list(&["PUT", "GET"]),
                headers: list(&["x-amz-*", "Content-Type"]),
                exposed: list(&["ETag"]),
                max_age_seconds: Some(600),
                ..Rule::default()
            },
            Rule {
                origins: list(&["*"]),
                methods: list(&["GET"]),
                ..Rule::default()
            },
        ])
    }

    #[test]
    fn the_first_rule_that_fits_answers() {
        let put = asked(&[
            ("origin", "https://edit.example.org"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "X-Amz-Date, content-type"),
        ]);
        let answer = preflight(Some(&rules()), &put).expect("allowed");
        assert_eq!(
            answer["access-control-allow-origin"],
            "https://edit.example.org"
        );
        assert_eq!(answer["access-control-allow-methods"], "PUT, GET");
        assert_eq!(
            answer["access-control-allow-headers"],
            "x-amz-date, content-type"
        );
        assert_eq!(answer["access-control-expose-headers"], "ETag");
        assert_eq!(answer["access-control-max-age"], "600");

        let elsewhere = asked(&[
            ("origin", "https://other.net"),
            ("access-control-request-method", "GET"),
        ]);
        let answer = preflight(Some(&rules()), &elsewhere).expect("allowed");
        assert_eq!(answer["access-control-allow-origin"], "*");
        assert!(!answer.contains_key("access-control-allow-credentials"));
    }

    #[test]
    fn what_no_rule_allows_is_refused() {
        for headers in [
            &[
                ("origin", "https://other.net"),
                ("access-control-request-method", "PUT"),
            ][..],
            &[
                ("origin", "https://edit.example.org"),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "authorization"),
            ],
        ] {
            let refused = preflight(Some(&rules()), &asked(headers)).expect_err("refused");
            assert_eq!(
                (refused.status.as_u16(), refused.code),
                (403, "AccessForbidden")
            );
        }
        let nothing = preflight(Some(&rules()), &asked(&[])).expect_err("no preflight");
        assert_eq!(nothing.status.as_u16(), 400);
        let put = asked(&[
            ("origin", "https://a"),
            ("access-control-request-method", "PUT"),
        ]);
        assert!(preflight(None, &put).is_err());
    }

    #[test]
    fn a_preflight_asks_for_so_many_headers_and_no_more() {
        let mut headers = asked(&[
            ("origin", "https://edit.example.org"),
            ("access-control-request-method", "PUT"),
        ]);
        for (count, status) in [(400, 200), (4_000, 400)] {
            let names = "x-amz-a,".repeat(count);
            let names = HeaderValue::try_from(names).expect("a value");
            headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, names);
            let answer = preflight(Some(&rules()), &headers);
            let got = answer.map_or_else(|refusal| refusal.status.as_u16(), |_| 200);
            assert_eq!(got, status, "{count}");
        }
    }

    #[test]
    fn answers_to_pages_say_who_may_read_them() {
        let answer = expose(
            &rules(),
            &Method::PUT,
            &asked(&[("origin", "https://a.example.org")]),
        );
        assert_eq!(
            answer["access-control-allow-origin"],
            "https://a.example.org"
        );
        assert!(expose(&rules(), &Method::PUT, &asked(&[("origin", "https://b")])).is_empty());
        assert!(expose(&rules(), &Method::GET, &asked(&[])).is_empty());
    }

    #[test]
    fn rules_that_s3_refuses_are_refused() {
        let mut rules = rules();
        rules.check().expect("fine");
        rules.0[0].methods.push("PATCH".into());
        assert_eq!(rules.check().expect_err("a method").0, "InvalidRequest");
        rules.0[0].methods.pop();
        rules.0[0].origins.push("*.a.*".into());
        assert_eq!(
            rules.check().expect_err("two wildcards").0,
            "InvalidRequest"
        );
        rules.0[0].origins.clear();
        assert_eq!(rules.check().expect_err("no origin").0, "MalformedXML");
        assert_eq!(
            Rules::default().check().expect_err("no rule").0,
            "MalformedXML"
        );
    }
}
