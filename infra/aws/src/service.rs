//! The services that are spoken to: where they are, and how their requests are signed.

/// A service of AWS.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// The name in signatures and in permissions: `cloudfront`.
    pub name: &'static str,
    /// The first part of the host name; that of most is their name.
    host: &'static str,
    /// Where it is.
    pub scope: Scope,
    /// For services of JSON-RPC: what stands before the operation in `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// For services of the Query protocol: the version of the interface.
    pub(crate) version: &'static str,
}

/// Where a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In each region.
    Regional,
    /// One for all regions, signed for us-east-1.
    Global,
    /// One for all regions, signed for us-east-1, at a host that is named otherwise than the rest.
    At(&'static str),
}

/// The region for which requests to global services are signed.
pub const GLOBAL_REGION: &str = "us-east-1";

/// Amazon CloudFront: XML under `/2020-05-31/`.
pub const CLOUDFRONT: Service = rest("cloudfront", Scope::Global);
/// Amazon S3: XML, with the bucket in the path.
pub const S3: Service = rest("s3", Scope::Regional);
/// AWS Lambda: JSON under `/2015-03-31/`.
pub const LAMBDA: Service = rest("lambda", Scope::Regional);
/// Amazon CloudWatch Logs: JSON-RPC.
pub const LOGS: Service = json("logs", Scope::Regional, "Logs_20140328");
/// AWS Certificate Manager: JSON-RPC.
pub const ACM: Service = json("acm", Scope::Regional, "CertificateManager");
/// AWS WAF: JSON-RPC; what guards CloudFront is in us-east-1.
pub const WAF: Service = json("wafv2", Scope::Regional, "AWSWAF_20190729");
/// AWS Budgets: JSON-RPC.
pub const BUDGETS: Service = json("budgets", Scope::Global, "AWSBudgetServiceGateway");
/// AWS Security Token Service: Query.
pub const STS: Service = query("sts", "2011-06-15");
/// AWS CloudFormation: Query.
pub const CLOUDFORMATION: Service = query("cloudformation", "2010-05-15");
/// Amazon CloudWatch: Query.
pub const CLOUDWATCH: Service = Service {
    host: "monitoring",
    ..query("monitoring", "2010-08-01")
};
/// Amazon SNS: Query.
pub const SNS: Service = query("sns", "2010-03-31");

/// AWS Pricing Plan Manager, which has the flat-rate plans of CloudFront: JSON under `/v1/`.
pub const PRICING_PLANS: Service = rest(
    "pricingplanmanager",
    Scope::At("pricingplanmanager.us-east-1.api.aws"),
);

const fn rest(name: &'static str, scope: Scope) -> Service {
    Service {
        name,
        host: name,
        scope,
        target: "",
        version: "",
    }
}

const fn json(name: &'static str, scope: Scope, target: &'static str) -> Service {
    Service {
        target,
        ..rest(name, scope)
    }
}

const fn query(name: &'static str, version: &'static str) -> Service {
    Service {
        version,
        ..rest(name, Scope::Regional)
    }
}

impl Service {
    /// The region for which a request is signed that is meant for `region`.
    pub fn signing_region<'a>(&self, region: &'a str) -> &'a str {
        match self.scope {
            Scope::Regional => region,
            Scope::Global | Scope::At(_) => GLOBAL_REGION,
        }
    }

    /// Amazon's endpoint: `https://lambda.eu-west-1.amazonaws.com`. The partitions of China and of the
    /// United States government have other names, which are given by `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self, region: &str) -> String {
        match self.scope {
            Scope::Regional => format!("https://{}.{region}.amazonaws.com", self.host),
            Scope::Global => format!("https://{}.amazonaws.com", self.host),
            Scope::At(host) => format!("https://{host}"),
        }
    }

    /// The environment's name for an endpoint of this service alone: `AWS_ENDPOINT_URL_S3`
    /// (AWS SDKs and Tools Reference Guide, "Service-specific endpoints").
    pub fn endpoint_variable(&self) -> String {
        let name = match self.name {
            "logs" => "CLOUDWATCH_LOGS".to_owned(),
            "monitoring" => "CLOUDWATCH".to_owned(),
            name => name.to_ascii_uppercase(),
        };
        format!("AWS_ENDPOINT_URL_{name}")
    }
}
