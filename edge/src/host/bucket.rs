//! The bucket of an event: where the site is, and its rules.

use crate::event::{Event, EventError};
use crate::functions::Error;
use percent_encoding::percent_decode_str;

/// What all names of S3 end in, by partition.
const SUFFIXES: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// The region of a domain that names none.
const DEFAULT_REGION: &str = "us-east-1";

/// The bucket of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    region: String,
    /// What the domains of its partition end in, beginning with a dot.
    suffix: &'static str,
    /// What goes before the keys of the site, ending in a slash; or nothing.
    prefix: String,
}

impl Bucket {
    /// Returns the bucket that an event's request goes to or has come from. None where that is no bucket.
    ///
    /// # Errors
    /// Its domain is none that S3 gives to buckets.
    pub fn of(event: &Event<'_>) -> Result<Option<Self>, Error> {
        let Some(origin) = &event.request().origin else {
            return Ok(None);
        };
        let Some(s3) = &origin.s3 else {
            return Ok(None);
        };
        let region = s3.region.as_deref().unwrap_or_default();
        let path = s3.path.as_deref().unwrap_or_default();
        let bucket = Self::at(&s3.domain_name, region, path);
        let unknown = || EventError::Bucket(s3.domain_name.to_string());
        Ok(Some(bucket.ok_or_else(unknown)?))
    }

    /// Reads the domain of a bucket: `name.s3.region.amazonaws.com`, and the older forms of it (Amazon S3
    /// User Guide, "Virtual hosting of general purpose buckets"). `region` is that of a domain without one,
    /// `path` goes before the keys.
    pub fn at(domain: &str, region: &str, path: &str) -> Option<Self> {
        let suffix = SUFFIXES.into_iter().find(|end| domain.ends_with(end))?;
        let host = domain.strip_suffix(suffix)?;
        let (name, rest) = host.rsplit_once(".s3")?;
        let named = rest.strip_prefix(".dualstack").unwrap_or(rest);
        let region = match named.strip_prefix(['.', '-']) {
            Some(named) => named,
            None if !named.is_empty() => return None,
            None if region.is_empty() => DEFAULT_REGION,
            None => region,
        };
        let is_region = !region.is_empty()
            && region.contains('-')
            && region.bytes().all(is_of_region)
            && !["website-", "accelerate", "fips"]
                .iter()
                .any(|other| region.starts_with(other));
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| is_of_region(byte) || byte == b'.');
        if !is_region || !is_name {
            return None;
        }
        let path = percent_decode_str(path.trim_matches('/'))
            .decode_utf8()
            .ok()?;
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        Some(Self {
            name: name.to_owned(),
            region: region.to_owned(),
            suffix,
            prefix,
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the whole key of an object of the site.
    pub fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Returns the host that answers for the bucket, and whether it wants the bucket's name in front of the
    /// key: there is no certificate for names with dots.
    pub fn host(&self) -> (String, bool) {
        let Self {
            name,
            region,
            suffix,
            ..
        } = self;
        if name.contains('.') {
            (format!("s3.{region}{suffix}"), true)
        } else {
            (format!("{name}.s3.{region}{suffix}"), false)
        }
    }
}

fn is_of_region(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_known_by_its_domain() {
        for (domain, region, expected) in [
            (
                "blog.s3.eu-central-1.amazonaws.com",
                "",
                "blog.s3.eu-central-1.amazonaws.com/",
            ),
            // The domain knows better.
            (
                "blog.s3.eu-central-1.amazonaws.com",
                "us-east-1",
                "blog.s3.eu-central-1.amazonaws.com/",
            ),
            (
                "blog.s3.amazonaws.com",
                "eu-west-1",
                "blog.s3.eu-west-1.amazonaws.com/",
            ),
            (
                "blog.s3.amazonaws.com",
                "",
                "blog.s3.us-east-1.amazonaws.com/",
            ),
            (
                "blog.s3-eu-west-1.amazonaws.com",
                "",
                "blog.s3.eu-west-1.amazonaws.com/",
            ),
            (
                "blog.s3.dualstack.eu-west-1.amazonaws.com",
                "",
                "blog.s3.eu-west-1.amazonaws.com/",
            ),
            (
                "blog.s3.cn-north-1.amazonaws.com.cn",
                "",
                "blog.s3.cn-north-1.amazonaws.com.cn/",
            ),
            (
                "my.blog.s3.eu-west-1.amazonaws.com",
                "",
                "s3.eu-west-1.amazonaws.com/my.blog/",
            ),
            (
                "a.s3.b.s3.eu-west-1.amazonaws.com",
                "",
                "s3.eu-west-1.amazonaws.com/a.s3.b/",
            ),
        ] {
            let bucket = Bucket::at(domain, region, "").unwrap();
            let (host, has_name) = bucket.host();
            let name = if has_name {
                format!("{}/", bucket.name())
            } else {
                String::new()
            };
            assert_eq!(format!("{host}/{name}"), expected, "{domain}");
        }
    }

    #[test]
    fn other_hosts_get_no_signed_request() {
        for domain in [
            "",
            "evil.example",
            "blog.s3.eu-west-1.evil.example",
            "blog.s3.eu-west-1.amazonaws.com.evil.example",
            "evil.example/blog.s3.eu-west-1.amazonaws.com",
            "u:p@blog.s3.eu-west-1.amazonaws.com",
            "blog.s3.eu-west-1.amazonaws.com:8080",
            "blog.s3-website-eu-west-1.amazonaws.com",
            "blog.s3-accelerate.amazonaws.com",
            "blog.s3.region.amazonaws.com",
            ".s3.eu-west-1.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "blog.s3eu-west-1.amazonaws.com",
        ] {
            assert_eq!(Bucket::at(domain, "eu-west-1", ""), None, "{domain}");
        }
    }

    #[test]
    fn an_origin_path_goes_before_the_keys() {
        for (path, expected) in [
            ("", "a"),
            ("/", "a"),
            ("/site", "site/a"),
            ("/my%20site/x", "my site/x/a"),
        ] {
            let bucket = Bucket::at("blog.s3.eu-west-1.amazonaws.com", "", path).unwrap();
            assert_eq!(bucket.key("a"), expected);
        }
    }
}
