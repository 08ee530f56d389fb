//! A distribution's configuration as checks ask for it: behaviours, origins and origin groups, read
//! out of the XML each time (CloudFront API reference, `DistributionConfig`).

use crate::xml::Element;

/// A `DistributionConfig`.
#[derive(Clone, Copy)]
pub struct Config<'a>(pub &'a Element);

/// A cache behaviour.
#[derive(Clone, Copy)]
pub struct Behaviour<'a> {
    /// The `CacheBehavior` or `DefaultCacheBehavior`.
    pub element: &'a Element,
    is_default: bool,
}

/// An origin.
#[derive(Clone, Copy)]
pub struct Origin<'a>(pub &'a Element);

impl<'a> Config<'a> {
    /// All behaviours, the default one first.
    pub fn behaviours(self) -> Vec<Behaviour<'a>> {
        let default = self.0.child("DefaultCacheBehavior");
        let others = self.0.items("CacheBehaviors");
        default
            .map(|element| Behaviour {
                element,
                is_default: true,
            })
            .into_iter()
            .chain(others.into_iter().map(|element| Behaviour {
                element,
                is_default: false,
            }))
            .collect()
    }

    /// All origins.
    pub fn origins(self) -> Vec<Origin<'a>> {
        self.0.items("Origins").into_iter().map(Origin).collect()
    }

    /// All origin groups.
    pub fn groups(self) -> Vec<&'a Element> {
        self.0.items("OriginGroups")
    }

    /// The origins that a target id leads to: one, or those of a group in order.
    pub fn targets(self, id: &str) -> Vec<Origin<'a>> {
        let ids = match self
            .groups()
            .into_iter()
            .find(|g| g.text_at("Id").as_deref() == Some(id))
        {
            Some(group) => members(group),
            None => vec![id.to_owned()],
        };
        let origins = self.origins();
        let of = |id: &String| origins.iter().find(|origin| origin.id() == *id).copied();
        ids.iter().filter_map(of).collect()
    }

    /// Whether it has a certificate of its own; with CloudFront's, the TLS policy is fixed.
    pub fn has_own_certificate(self) -> bool {
        let has = |name: &str| {
            self.0
                .text_at(&format!("ViewerCertificate/{name}"))
                .is_some()
        };
        !self
            .0
            .is_true("ViewerCertificate/CloudFrontDefaultCertificate")
            && (has("ACMCertificateArn") || has("IAMCertificateId") || has("Certificate"))
    }
}

/// Whether a cache policy is one of AWS's managed ones that the checks know and leave alone.
pub fn is_managed_cache_policy(id: &str) -> bool {
    crate::checks::MANAGED_CACHE_POLICIES.contains(&id)
}

/// The ids of the origins of a group.
pub fn members(group: &Element) -> Vec<String> {
    let members = group.items("Members");
    members
        .iter()
        .filter_map(|member| member.text_at("OriginId"))
        .collect()
}

impl<'a> Behaviour<'a> {
    /// `behaviour *` for the default one.
    pub fn place(self) -> String {
        let path = self.element.text_at("PathPattern");
        match path {
            Some(path) if !self.is_default => format!("behaviour {path}"),
            _ => "behaviour *".to_owned(),
        }
    }

    /// Whether it is the default one, which has no path.
    pub fn is_default(self) -> bool {
        self.is_default
    }

    /// The text of a setting.
    pub fn text(self, path: &str) -> Option<String> {
        self.element.text_at(path)
    }

    /// The id of the origin or group that it leads to.
    pub fn target(self) -> String {
        self.text("TargetOriginId").unwrap_or_default()
    }

    /// The ARNs of its functions with their event types, both kinds.
    pub fn functions(self) -> Vec<(String, String)> {
        let lists = [
            ("LambdaFunctionAssociations", "LambdaFunctionARN"),
            ("FunctionAssociations", "FunctionARN"),
        ];
        let mut found = Vec::new();
        for (list, arn) in lists {
            for item in self.element.items(list) {
                if let (Some(arn), Some(event)) = (item.text_at(arn), item.text_at("EventType")) {
                    found.push((arn, event));
                }
            }
        }
        found
    }
}

impl<'a> Origin<'a> {
    /// Its id in the distribution.
    pub fn id(self) -> String {
        self.0.text_at("Id").unwrap_or_default()
    }

    /// `origin site`.
    pub fn place(self) -> String {
        format!("origin {}", self.id())
    }

    /// Its domain name, in lower case.
    pub fn domain(self) -> String {
        self.0
            .text_at("DomainName")
            .unwrap_or_default()
            .to_ascii_lowercase()
    }

    /// The bucket of an S3 REST endpoint, of any region and style; none for websites, access
    /// points, load balancers and everything else.
    pub fn bucket(self) -> Option<String> {
        let domain = self.domain();
        let host = domain
            .strip_suffix(".amazonaws.com")
            .or_else(|| domain.strip_suffix(".amazonaws.com.cn"))?;
        if self.is_website()
            || host.contains(".s3-accesspoint")
            || host.contains(".s3-object-lambda")
        {
            return None;
        }
        let end = [".s3.", ".s3-"]
            .iter()
            .filter_map(|mark| host.rfind(mark))
            .max();
        let end = end.or_else(|| host.ends_with(".s3").then(|| host.len() - ".s3".len()))?;
        Some(host[..end].to_owned())
    }

    /// Whether it is an S3 website endpoint, which speaks HTTP only and needs a public bucket.
    pub fn is_website(self) -> bool {
        self.domain().contains(".s3-website")
    }

    /// Whether it is a Lambda function URL.
    pub fn is_function_url(self) -> bool {
        let domain = self.domain();
        domain.ends_with(".on.aws") && domain.contains(".lambda-url.")
    }

    /// The id of its origin access control.
    pub fn access_control(self) -> Option<String> {
        self.0.text_at("OriginAccessControlId")
    }

    /// The path of its origin access identity, the old kind.
    pub fn access_identity(self) -> Option<String> {
        self.0.text_at("S3OriginConfig/OriginAccessIdentity")
    }

    /// The settings of an origin that is no bucket.
    pub fn custom(self) -> Option<&'a Element> {
        self.0.child("CustomOriginConfig")
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use crate::xml::Element;

    #[test]
    fn buckets_are_told_from_everything_else() {
        let bucket = |domain: &str| {
            let mut origin = Element::with_text("Origin", "");
            origin.push(Element::with_text("DomainName", domain));
            Origin(&origin).bucket()
        };
        for (domain, name) in [
            ("site.s3.amazonaws.com", "site"),
            ("site.s3.eu-west-1.amazonaws.com", "site"),
            ("site.s3-eu-west-1.amazonaws.com", "site"),
            ("site.s3.dualstack.eu-west-1.amazonaws.com", "site"),
            ("a.b.s3.x.s3.eu-west-1.amazonaws.com", "a.b.s3.x"),
            ("site.s3.cn-north-1.amazonaws.com.cn", "site"),
        ] {
            assert_eq!(bucket(domain).as_deref(), Some(name), "{domain}");
        }
        for domain in [
            "lb-1.eu-west-1.elb.amazonaws.com",
            "x.execute-api.eu-west-1.amazonaws.com",
            "site.s3-website-us-east-1.amazonaws.com",
            "site.s3-website.eu-central-1.amazonaws.com",
            "x-1.s3-accesspoint.eu-west-1.amazonaws.com",
            "abc.lambda-url.eu-west-1.on.aws",
            "www.s3.example.org",
        ] {
            assert_eq!(bucket(domain), None, "{domain}");
        }
    }
}
