//! `[data] allowed_hosts`: where `load_data(url=…)` may fetch from.

use super::address;
use crate::front_matter::table::Table;
use std::net::IpAddr;
use url::{Host, Url};

/// More hosts than this are a mistake.
const MAX_HOSTS: usize = 100;
/// Longer addresses are not fetched.
const MAX_URL_BYTES: usize = 4096;

/// The hosts that answers may come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    list: Vec<AllowedHost>,
}

/// Scheme, host and port, which must all be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AllowedHost {
    scheme: String,
    host: String,
    port: u16,
}

impl AllowedHosts {
    pub(super) fn take(table: &mut Table<'_, '_>, name: &'static str) -> Self {
        let place = table.place();
        let mut list = Vec::new();
        let texts = table.texts(name).unwrap_or_default();
        if texts.len() > MAX_HOSTS {
            table.problem(
                place,
                format!("`data.{name}` has more than {MAX_HOSTS} hosts"),
            );
        }
        for (text, place) in texts.into_iter().take(MAX_HOSTS) {
            match parse(&text) {
                Ok(host) => list.push(host),
                Err(message) => {
                    let shown: String = text.chars().take(60).collect();
                    let message = format!("`data.{name}`: {shown:?} {message}");
                    let hint = "write a host, with its port where that is not 443: \
                                \"api.example.org\", \"api.example.org:8443\"";
                    table.problem_with_hint(place, message, hint);
                }
            }
        }
        Self { list }
    }

    /// The address in its normal form, without its fragment, if it may be fetched.
    ///
    /// # Errors
    /// It may not; the message says why, and the way out.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        if url.len() > MAX_URL_BYTES {
            return Err(format!("an address may have at most {MAX_URL_BYTES} bytes"));
        }
        let mut url =
            Url::parse(url).map_err(|error| format!("`{url}` is not a valid address: {error}"))?;
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a user name or password in it is not fetched".into());
        }
        let scheme = url.scheme();
        if scheme != "https" && scheme != "http" {
            return Err(format!("`{url}` is not an https address"));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(format!("`{url}` has no host"));
        };
        if let Some(message) = never(&host) {
            return Err(format!("`{url}`: the host {message}"));
        }
        let host = plain(&host);
        let same_host = |allowed: &&AllowedHost| allowed.host == host && allowed.port == port;
        if self
            .list
            .iter()
            .any(|allowed| same_host(&allowed) && allowed.scheme == scheme)
        {
            return Ok(url);
        }
        let entry = match (scheme, url.port()) {
            ("http", None) => format!("http://{host}"),
            ("http", Some(port)) => format!("http://{host}:{port}"),
            (_, None) => host.clone(),
            (_, Some(port)) => format!("{host}:{port}"),
        };
        Err(format!(
            "`{url}` is refused: its host is not allowed; allow it in quillfront.toml: \
             [data] allowed_hosts = [\"{entry}\"]"
        ))
    }
}

fn parse(text: &str) -> Result<AllowedHost, String> {
    let full = match text.split_once("://") {
        Some(("https" | "http", _)) => text.to_owned(),
        Some((scheme, _)) => {
            return Err(format!("has the scheme `{scheme}`; only https is fetched"));
        }
        None => format!("https://{text}"),
    };
    if text.contains('*') {
        return Err("has a wildcard; name each host separately".into());
    }
    let authority = full.split_once("://").map_or("", |(_, rest)| rest);
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Err("is more than a host".into());
    }
    let url = Url::parse(&full).map_err(|error| format!("is not a host: {error}"))?;
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err("is not a host".into());
    };
    if let Some(message) = never(&host) {
        return Err(message);
    }
    Ok(AllowedHost {
        scheme: url.scheme().to_owned(),
        host: plain(&host),
        port,
    })
}

/// Why a host is never fetched from, allowed or not, as far as its name tells.
fn never(host: &Host<&str>) -> Option<String> {
    let ip = match host {
        Host::Ipv4(ip) => IpAddr::V4(*ip),
        Host::Ipv6(ip) => IpAddr::V6(*ip),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            return local.then(|| "is this machine, which is never fetched from".to_owned());
        }
    };
    let refused = address::refusal(ip)?;
    Some(format!("is {refused}, which is never fetched from"))
}

/// A name with the dot at its end is the same name.
fn plain(host: &Host<&str>) -> String {
    host.to_string().trim_end_matches('.').to_owned()
}
