//! A distribution as hard as the strictest checkers ask.

use crate::observed::{
    Bucket, Existence, Function, FunctionUrl, Http, LogGroup, Observed, Page, Plan, Scripts, Seen,
    document,
};
use jiff::civil::date;
use serde_json::json;

pub(crate) const ARN: &str = "arn:aws:cloudfront::123456789012:distribution/E1";
pub(crate) const URL: &str = "abc.lambda-url.eu-west-1.on.aws";

const CONFIG: &str = r#"<DistributionConfig>
<Aliases><Items><CNAME>www.example.org</CNAME></Items></Aliases>
<DefaultRootObject>index.html</DefaultRootObject>
<Origins><Items>
<Origin><Id>site</Id><DomainName>site.s3.eu-west-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig><OriginAccessControlId>OAC1</OriginAccessControlId></Origin>
<Origin><Id>thumbs</Id><DomainName>abc.lambda-url.eu-west-1.on.aws</DomainName><CustomOriginConfig><OriginProtocolPolicy>https-only</OriginProtocolPolicy><OriginSslProtocols><Items><SslProtocol>TLSv1.2</SslProtocol></Items></OriginSslProtocols><OriginReadTimeout>60</OriginReadTimeout></CustomOriginConfig><OriginAccessControlId>OAC2</OriginAccessControlId></Origin>
</Items></Origins>
<OriginGroups><Items><OriginGroup><Id>group</Id><FailoverCriteria><StatusCodes><Items><StatusCode>404</StatusCode><StatusCode>503</StatusCode></Items></StatusCodes></FailoverCriteria><Members><Items><OriginGroupMember><OriginId>site</OriginId></OriginGroupMember><OriginGroupMember><OriginId>thumbs</OriginId></OriginGroupMember></Items></Members></OriginGroup></Items></OriginGroups>
<DefaultCacheBehavior><TargetOriginId>group</TargetOriginId><TrustedSigners><Enabled>false</Enabled></TrustedSigners><TrustedKeyGroups><Enabled>false</Enabled></TrustedKeyGroups><ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy><AllowedMethods><Items><Method>GET</Method><Method>HEAD</Method></Items></AllowedMethods><Compress>true</Compress><FieldLevelEncryptionId></FieldLevelEncryptionId><CachePolicyId>658327ea-f89d-4fab-a63d-7e88639e58f6</CachePolicyId><ResponseHeadersPolicyId>RHP</ResponseHeadersPolicyId></DefaultCacheBehavior>
<CacheBehaviors><Items><CacheBehavior><PathPattern>/img/*</PathPattern><TargetOriginId>group</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy><AllowedMethods><Items><Method>GET</Method></Items></AllowedMethods><Compress>true</Compress><CachePolicyId>own</CachePolicyId><OriginRequestPolicyId>ORP</OriginRequestPolicyId><ResponseHeadersPolicyId>RHP</ResponseHeadersPolicyId></CacheBehavior></Items></CacheBehaviors>
<Logging><Enabled>false</Enabled></Logging>
<Enabled>true</Enabled>
<ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate><ACMCertificateArn>arn:acm</ACMCertificateArn><SSLSupportMethod>sni-only</SSLSupportMethod><MinimumProtocolVersion>TLSv1.3_2025</MinimumProtocolVersion></ViewerCertificate>
<Restrictions><GeoRestriction><RestrictionType>none</RestrictionType></GeoRestriction></Restrictions>
<WebACLId>arn:waf</WebACLId><HttpVersion>http2and3</HttpVersion><IsIPV6Enabled>true</IsIPV6Enabled><Staging>false</Staging>
</DistributionConfig>"#;

const CACHE: &str = "<CachePolicy><CachePolicyConfig><MinTTL>0</MinTTL><ParametersInCacheKeyAndForwardedToOrigin><HeadersConfig><HeaderBehavior>whitelist</HeaderBehavior><Headers><Items><Name>Origin</Name></Items></Headers></HeadersConfig><CookiesConfig><CookieBehavior>none</CookieBehavior></CookiesConfig><QueryStringsConfig><QueryStringBehavior>none</QueryStringBehavior></QueryStringsConfig></ParametersInCacheKeyAndForwardedToOrigin></CachePolicyConfig></CachePolicy>";
const REQUEST: &str = "<OriginRequestPolicy><OriginRequestPolicyConfig><HeadersConfig><HeaderBehavior>none</HeaderBehavior></HeadersConfig></OriginRequestPolicyConfig></OriginRequestPolicy>";
const HEADERS: &str = "<ResponseHeadersPolicy><ResponseHeadersPolicyConfig><SecurityHeadersConfig><StrictTransportSecurity><AccessControlMaxAgeSec>31536000</AccessControlMaxAgeSec></StrictTransportSecurity></SecurityHeadersConfig></ResponseHeadersPolicyConfig></ResponseHeadersPolicy>";
const OAC: &str = "<OriginAccessControl><OriginAccessControlConfig><SigningBehavior>always</SigningBehavior></OriginAccessControlConfig></OriginAccessControl>";

/// The answers to all questions, of a site that nothing is wrong with.
pub(crate) fn good() -> Observed {
    let mut observed = Observed::outside("E1", date(2026, 12, 1));
    observed.arn = Some(ARN.to_owned());
    observed.distribution = document(CONFIG);
    observed.tags = Seen::Known(vec![("site".to_owned(), "blog".to_owned())]);
    observed
        .cache_policies
        .insert("own".to_owned(), document(CACHE));
    observed
        .origin_request_policies
        .insert("ORP".to_owned(), document(REQUEST));
    observed
        .headers_policies
        .insert("RHP".to_owned(), document(HEADERS));
    observed
        .access_controls
        .insert("OAC1".to_owned(), document(OAC));
    observed
        .access_controls
        .insert("OAC2".to_owned(), document(OAC));
    observed.buckets.insert("site".to_owned(), bucket());
    observed
        .function_urls
        .insert(URL.to_owned(), function_url());
    observed
        .origin_names
        .insert(URL.to_owned(), Seen::Known(true));
    observed
        .functions
        .insert("arn:thumbs".to_owned(), function("provided.al2023"));
    observed
        .functions
        .insert("arn:edge".to_owned(), function("nodejs24.x"));
    observed
        .aliases
        .insert("www.example.org".to_owned(), Seen::Known(true));
    observed.log_deliveries = Seen::Known(vec!["arn:aws:s3:::logs".to_owned()]);
    let group = LogGroup {
        name: "eu-west-1 /aws/lambda/us-east-1.edge".to_owned(),
        retention_days: Some(30),
    };
    observed.edge_log_groups = Seen::Known(vec![group]);
    observed.spending_bounds = Seen::Known(vec!["budget".to_owned()]);
    observed.pricing_plan = Seen::Known(Some(Plan::Business));
    let groups = [
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAnonymousIpList",
    ];
    observed.web_acl_groups = Seen::Known(Some(groups.map(str::to_owned).to_vec()));
    observed.is_staging_used = Seen::Known(true);
    observed.pages = Seen::Known(vec![page()]);
    observed
}

fn function(runtime: &str) -> Seen<Function> {
    Seen::Known(Function {
        runtime: runtime.to_owned(),
        timeout_seconds: Some(30),
    })
}

fn grant(actions: &[&str]) -> serde_json::Value {
    json!({ "Effect": "Allow", "Principal": { "Service": "cloudfront.amazonaws.com" }, "Action": actions,
        "Resource": "*", "Condition": { "StringEquals": { "AWS:SourceArn": ARN } } })
}

fn bucket() -> Bucket {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        grant(&["s3:GetObject", "s3:ListBucket"]),
        { "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
          "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
    ]});
    Bucket {
        existence: Seen::Known(Existence::Ours),
        is_log_bucket: false,
        policy: Seen::Known(Some(policy)),
        blocks_public_access: Seen::Known(true),
        encryption: Seen::Known(Some("AES256".to_owned())),
        is_versioned: Seen::Known(true),
        logs_to: Seen::Known(Some("logs".to_owned())),
        ownership: Seen::Known("BucketOwnerEnforced".to_owned()),
    }
}

fn function_url() -> FunctionUrl {
    let actions = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
    FunctionUrl {
        function_arn: "arn:thumbs".to_owned(),
        auth_type: Seen::Known("AWS_IAM".to_owned()),
        policy: Seen::Known(Some(json!({ "Statement": [grant(&actions)] }))),
        status_without_cloudfront: Seen::Known(403),
    }
}

/// A page with all headers.
pub(crate) fn page() -> Page {
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'sha256-abc'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=()"),
        ("X-Cache", "Hit from cloudfront"),
    ];
    Page {
        url: "https://www.example.org/".to_owned(),
        status: 200,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        scripts: Scripts::default(),
        http: Http::Route(vec![
            "http://www.example.org/".to_owned(),
            "https://www.example.org/".to_owned(),
        ]),
        ..Page::default()
    }
}
