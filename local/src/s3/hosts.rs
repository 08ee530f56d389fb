//! Which bucket and key a request is about: by its path, or by its host
//! (S3 User Guide, "Virtual hosting of general purpose buckets").

use std::borrow::Cow;
use std::net::IpAddr;

use http::header;
use http::request::Parts;
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};
use s3s::path::check_bucket_name;

use super::limits::HOST_BYTES;
use super::refusal::Refusal;
use super::store::Store;

/// What a request names. Nothing says yet that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub bucket: Option<String>,
    /// Bucket and key as a path, as errors show it.
    pub resource: String,
}

impl Target {
    /// What a request names.
    ///
    /// # Errors
    /// The host is too long for one; or it names a bucket below a domain that this server cannot tell from one of its own
    /// names: taken as a path, the request would be about something else.
    pub fn of(parts: &Parts, store: &Store) -> Result<Target, Refusal> {
        let host = parts.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        if host.len() > HOST_BYTES {
            let message = "The Host of the request is longer than a name of the DNS can be.";
            return Err(Refusal::new("InvalidRequest", message));
        }
        let path = parts.uri.path();
        if let Some(bucket) = bucket_of(host) {
            return Ok(Target {
                resource: format!("/{bucket}{path}"),
                bucket: Some(bucket.into_owned()),
            });
        }
        if let Some(bucket) = bucket_in_front(host, store) {
            return Err(Refusal::new(
                "InvalidRequest",
                format!(
                    "The host begins with the name of the bucket {bucket}. Buckets are addressed by path \
                     (http://host/{bucket}/key) or as {bucket}.localhost: set your client to path-style addressing."
                ),
            ));
        }
        let first = path.trim_start_matches('/').split('/').next();
        let bucket = first.filter(|name| check_bucket_name(name));
        Ok(Target {
            resource: path.to_owned(),
            bucket: bucket.map(str::to_owned),
        })
    }
}

/// For the protocol layer: the same rule.
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of(host) {
            Some(bucket) => VirtualHost::new("localhost").with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// `source` of `source.localhost:9000` and of `source.s3.localhost`, the only domain that is ours
/// whatever the network says (RFC 6761, section 6.3).
fn bucket_of(host: &str) -> Option<Cow<'static, str>> {
    let name = name_of(host);
    let below = name.strip_suffix(".localhost")?;
    let bucket = below.strip_suffix(".s3").unwrap_or(below);
    // `s3.localhost` is a usual name for a server, and too short for a bucket.
    (bucket != "s3").then(|| Cow::Owned(bucket.to_owned()))
}

/// A bucket of the store that some other domain has in front. A bucket's name may have dots.
fn bucket_in_front(host: &str, store: &Store) -> Option<String> {
    let name = name_of(host);
    if name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let mut ends = name.match_indices('.').map(|(end, _)| &name[..end]);
    ends.rfind(|bucket| store.has_bucket(bucket))
        .map(str::to_owned)
}

/// A host in lower case, without its port and without the dot that ends a full name.
fn name_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::bucket_of;

    #[test]
    fn a_bucket_in_front_of_localhost_is_one() {
        for (host, bucket) in [
            ("source.localhost:9000", Some("source")),
            ("Source.Localhost", Some("source")),
            ("source.s3.localhost:9000", Some("source")),
            ("my.source.localhost.", Some("my.source")),
            ("localhost:9000", None),
            ("s3.localhost:9000", None),
            ("127.0.0.1:9000", None),
            ("[::1]:9000", None),
            ("source.example.org", None),
            ("notlocalhost", None),
        ] {
            assert_eq!(bucket_of(host).as_deref(), bucket, "{host}");
        }
    }
}
