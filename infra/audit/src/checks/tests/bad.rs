//! For each check, changes of the good configuration that it has to notice.

use super::good::{URL, good};
use crate::observed::{
    Bucket, Existence, Function, LoadedScript, LogGroup, Observed, Page, Plan, Seen, document,
};
use serde_json::{Value, json};

type Spoil = fn(&mut Observed);

/// Puts a text in place of another one, which has to be there, everywhere in the configuration.
pub(super) fn swap(observed: &mut Observed, from: &str, to: &str) {
    let text = observed.distribution.get().unwrap().write();
    assert!(text.contains(from), "{from}");
    observed.distribution = document(&text.replace(from, to));
}

fn swap_policy(policy: Option<&mut Seen<crate::xml::Document>>, from: &str, to: &str) {
    let policy = policy.unwrap();
    let text = policy.get().unwrap().write();
    assert!(text.contains(from), "{from}");
    *policy = document(&text.replace(from, to));
}

fn cache(observed: &mut Observed, from: &str, to: &str) {
    swap_policy(observed.cache_policies.get_mut("own"), from, to);
}

pub(super) fn bucket(observed: &mut Observed) -> &mut Bucket {
    observed.buckets.get_mut("site").unwrap()
}

fn allow(observed: &mut Observed, principal: &str, action: &str) {
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*" });
    let Seen::Known(Some(policy)) = &mut bucket(observed).policy else {
        panic!()
    };
    policy["Statement"].as_array_mut().unwrap().push(statement);
}

fn rewrite(observed: &mut Observed, from: &str, to: &str) {
    let Seen::Known(Some(policy)) = &mut bucket(observed).policy else {
        panic!()
    };
    let text = policy.to_string();
    assert!(text.contains(from), "{from}");
    *policy = serde_json::from_str::<Value>(&text.replace(from, to)).unwrap();
}

fn page(observed: &mut Observed) -> &mut Page {
    let Seen::Known(pages) = &mut observed.pages else {
        panic!()
    };
    &mut pages[0]
}

fn header(observed: &mut Observed, name: &str, value: &str) {
    let page = page(observed);
    page.headers
        .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    if !value.is_empty() {
        page.headers.push((name.to_owned(), value.to_owned()));
    }
}

fn runtime(observed: &mut Observed, runtime: &str) {
    let function = Function {
        runtime: runtime.to_owned(),
        timeout_seconds: Some(5),
    };
    observed
        .functions
        .insert("arn:edge".to_owned(), Seen::Known(function));
}

fn url(observed: &mut Observed) -> &mut crate::observed::FunctionUrl {
    observed.function_urls.get_mut(URL).unwrap()
}

/// A private site, for the checks that a public one is not asked to pass.
pub(super) fn private() -> Observed {
    let mut observed = good();
    swap(
        &mut observed,
        "<RestrictionType>none",
        "<RestrictionType>whitelist",
    );
    swap(
        &mut observed,
        "<FieldLevelEncryptionId></FieldLevelEncryptionId>",
        "",
    );
    let keys = "<Compress>true</Compress><TrustedKeyGroups><Enabled>true</Enabled></TrustedKeyGroups><FieldLevelEncryptionId>F</FieldLevelEncryptionId>";
    swap(
        &mut observed,
        "<TrustedKeyGroups><Enabled>false</Enabled></TrustedKeyGroups>",
        "",
    );
    swap(&mut observed, "<Compress>true</Compress>", keys);
    bucket(&mut observed).encryption = Seen::Known(Some("aws:kms".to_owned()));
    observed
}

pub(super) const BAD: &[(&str, Spoil)] = &[
    ("dangling-origin", |o| {
        bucket(o).existence = Seen::Known(Existence::Missing)
    }),
    ("dangling-origin", |o| {
        bucket(o).existence = Seen::Known(Existence::Others)
    }),
    ("dangling-origin", |o| {
        drop(o.origin_names.insert(URL.to_owned(), Seen::Known(false)))
    }),
    ("function-url-open", |o| {
        url(o).status_without_cloudfront = Seen::Known(200)
    }),
    ("bucket-public-write", |o| allow(o, "*", "s3:*")),
    ("bucket-public-write", |o| allow(o, "*", "s3:Put*")),
    ("bucket-public-read", |o| allow(o, "*", "s3:GetObject")),
    ("viewer-https", |o| {
        swap(o, "redirect-to-https", "allow-all")
    }),
    // Not the default behaviour, which is all that prowler looks at.
    ("viewer-https", |o| {
        swap(
            o,
            "https-only</ViewerProtocolPolicy>",
            "allow-all</ViewerProtocolPolicy>",
        )
    }),
    ("origin-https", |o| {
        swap(
            o,
            "<OriginProtocolPolicy>https-only",
            "<OriginProtocolPolicy>http-only",
        )
    }),
    ("origin-https", |o| {
        swap(
            o,
            "<OriginProtocolPolicy>https-only",
            "<OriginProtocolPolicy>match-viewer",
        );
        swap(o, "redirect-to-https", "allow-all");
    }),
    ("origin-tls", |o| {
        swap(
            o,
            "<SslProtocol>TLSv1.2",
            "<SslProtocol>TLSv1</SslProtocol><SslProtocol>TLSv1.2",
        )
    }),
    ("origin-access", |o| {
        swap(o, "<OriginAccessControlId>OAC1</OriginAccessControlId>", "")
    }),
    ("oai", |o| {
        swap(
            o,
            "<OriginAccessIdentity>",
            "<OriginAccessIdentity>origin-access-identity/cloudfront/E2",
        )
    }),
    ("oac-signing", |o| {
        swap_policy(o.access_controls.get_mut("OAC1"), "always", "no-override")
    }),
    ("oac-permission", |o| bucket(o).policy = Seen::Known(None)),
    ("oac-permission", |o| {
        rewrite(o, "distribution/E1", "distribution/E2")
    }),
    ("oac-any-distribution", |o| {
        rewrite(o, "AWS:SourceArn", "aws:Referer")
    }),
    ("missing-is-403", |o| {
        rewrite(o, "s3:ListBucket", "s3:GetObjectTagging")
    }),
    ("host-to-signed-origin", |o| {
        swap_policy(
            o.origin_request_policies.get_mut("ORP"),
            ">none<",
            ">allViewer<",
        )
    }),
    ("host-to-signed-origin", |o| {
        swap(o, ">ORP<", ">216adef6-5c7f-47e4-b989-5492eafa07d3<")
    }),
    ("website-origin", |o| {
        swap(o, "site.s3.eu-west-1", "site.s3-website.eu-west-1")
    }),
    ("function-url-oac", |o| {
        url(o).auth_type = Seen::Known("NONE".to_owned())
    }),
    ("function-url-oac", |o| {
        swap(o, "<OriginAccessControlId>OAC2</OriginAccessControlId>", "")
    }),
    ("function-url-permissions", |o| {
        url(o).policy = Seen::Known(None)
    }),
    ("function-url-permissions", |o| {
        let Seen::Known(Some(policy)) = &mut url(o).policy else {
            panic!()
        };
        policy["Statement"][0]["Action"] = json!("lambda:InvokeFunctionUrl");
    }),
    ("origin-timeout", |o| {
        swap(o, "<OriginReadTimeout>60", "<OriginReadTimeout>20")
    }),
    ("failover-403", |o| {
        swap(o, "<StatusCode>404", "<StatusCode>403")
    }),
    ("failover", |o| {
        swap(o, "<TargetOriginId>group", "<TargetOriginId>site")
    }),
    ("failover", |o| {
        swap(
            o,
            "<OriginGroupMember><OriginId>thumbs</OriginId></OriginGroupMember>",
            "",
        )
    }),
    ("certificate", |o| {
        swap(
            o,
            "<CloudFrontDefaultCertificate>false",
            "<CloudFrontDefaultCertificate>true",
        )
    }),
    ("tls-policy", |o| swap(o, "TLSv1.3_2025", "TLSv1.1_2016")),
    ("tls-policy", |o| swap(o, "TLSv1.3_2025", "TLSv1.2_2021")),
    ("post-quantum", |o| swap(o, "TLSv1.3_2025", "TLSv1.2_2025")),
    ("sni", |o| swap(o, "sni-only", "vip")),
    ("sent-https-redirect", |o| {
        let crate::observed::Http::Route(route) = &mut page(o).http else {
            panic!()
        };
        route.pop();
    }),
    ("header-score", |o| page(o).headers.truncate(1)),
    ("sent-hsts", |o| {
        header(o, "Strict-Transport-Security", "max-age=86400")
    }),
    ("sent-csp", |o| header(o, "Content-Security-Policy", "")),
    ("csp-weak", |o| {
        header(
            o,
            "Content-Security-Policy",
            "default-src 'self' 'unsafe-inline'",
        )
    }),
    ("sent-framing", |o| {
        header(o, "Content-Security-Policy", "default-src 'none'");
        header(o, "X-Frame-Options", "");
    }),
    ("sent-nosniff", |o| header(o, "X-Content-Type-Options", "")),
    ("sent-referrer", |o| {
        header(o, "Referrer-Policy", "unsafe-url")
    }),
    ("sent-referrer", |o| header(o, "Referrer-Policy", "")),
    ("sent-isolation", |o| {
        header(o, "Cross-Origin-Opener-Policy", "")
    }),
    ("sent-permissions", |o| header(o, "Permissions-Policy", "")),
    ("doubled-headers", |o| {
        page(o)
            .headers
            .push(("x-frame-options".to_owned(), "DENY".to_owned()))
    }),
    ("cookies", |o| header(o, "Set-Cookie", "session=1; Secure")),
    ("cors", |o| {
        let headers = [
            ("Access-Control-Allow-Origin", "https://x.example"),
            ("Access-Control-Allow-Credentials", "true"),
        ];
        let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        page(o).cross_origin = Some(("https://x.example".to_owned(), headers));
    }),
    ("foreign-scripts", |o| {
        page(o).scripts.loaded.push(LoadedScript {
            src: "https://cdn.example.net/a.js".to_owned(),
            has_integrity: false,
        })
    }),
    ("telling-headers", |o| header(o, "X-Powered-By", "PHP/5")),
    ("telling-headers", |o| header(o, "x-amz-meta-mtime", "1")),
    ("tag-header-visible", |o| {
        header(o, "x-amz-meta-cache-tag", "ab12")
    }),
    ("tag-header-visible", |o| {
        swap(
            o,
            "<Enabled>true</Enabled>\n",
            "<Enabled>true</Enabled><CacheTagConfig><HeaderName>X-Tags</HeaderName></CacheTagConfig>",
        );
        header(o, "x-tags", "ab12");
    }),
    ("stored-no-store", |o| {
        header(o, "Cache-Control", "max-age=0, no-store")
    }),
    ("headers-policy", |o| {
        swap(
            o,
            "<ResponseHeadersPolicyId>RHP</ResponseHeadersPolicyId>",
            "",
        )
    }),
    ("headers-policy-hsts", |o| {
        swap_policy(o.headers_policies.get_mut("RHP"), "31536000", "300")
    }),
    ("cache-key-headers", |o| {
        cache(o, "<Name>Origin", "<Name>Accept")
    }),
    ("cache-key-headers", |o| {
        cache(o, "<Name>Origin", "<Name>Host")
    }),
    ("cache-key-headers", |o| {
        swap(
            o,
            "<CachePolicyId>own</CachePolicyId>",
            "<ForwardedValues><Headers><Items><Name>*</Name></Items></Headers></ForwardedValues>",
        )
    }),
    ("cache-key-cookies", |o| {
        cache(o, "<CookieBehavior>none", "<CookieBehavior>all")
    }),
    ("cache-key-query", |o| {
        cache(o, "<QueryStringBehavior>none", "<QueryStringBehavior>all")
    }),
    ("cache-key-query", |o| {
        swap(
            o,
            "<CachePolicyId>own</CachePolicyId>",
            "<ForwardedValues><QueryString>true</QueryString></ForwardedValues>",
        )
    }),
    ("min-ttl", |o| cache(o, "<MinTTL>0", "<MinTTL>60")),
    ("legacy-cache-settings", |o| {
        swap(
            o,
            "<CachePolicyId>own</CachePolicyId>",
            "<ForwardedValues/>",
        )
    }),
    ("methods", |o| swap(o, "<Method>HEAD", "<Method>DELETE")),
    ("runtime", |o| runtime(o, "nodejs18.x")),
    ("runtime", |o| runtime(o, "cloudfront-js-1.0")),
    ("runtime", |o| runtime(o, "nodejs8.10")),
    ("logging", |o| o.log_deliveries = Seen::Known(Vec::new())),
    ("edge-log-retention", |o| {
        o.edge_log_groups = Seen::Known(vec![LogGroup {
            name: "g".to_owned(),
            retention_days: None,
        }])
    }),
    ("spending-bound", |o| {
        o.pricing_plan = Seen::Known(None);
        o.spending_bounds = Seen::Known(Vec::new());
    }),
    ("plan-forbids", |o| {
        o.pricing_plan = Seen::Known(Some(Plan::Pro))
    }),
    ("plan-forbids", |o| {
        swap(
            o,
            "<OriginAccessIdentity>",
            "<OriginAccessIdentity>origin-access-identity/cloudfront/E2",
        )
    }),
    ("waf", |o| {
        swap(o, "<WebACLId>arn:waf</WebACLId>", "<WebACLId/>")
    }),
    ("waf-known-bad-inputs", |o| {
        o.web_acl_groups = Seen::Known(Some(Vec::new()))
    }),
    ("trusted-signers", |o| {
        swap(
            o,
            "<TrustedSigners><Enabled>false",
            "<TrustedSigners><Enabled>true",
        )
    }),
    ("key-groups", |_| ()),
    ("geo-restriction", |_| ()),
    ("field-level-encryption", |_| ()),
    ("default-root-object", |o| {
        swap(
            o,
            "<DefaultRootObject>index.html</DefaultRootObject>",
            "<DefaultRootObject/>",
        )
    }),
    ("alias-dns", |o| {
        drop(
            o.aliases
                .insert("www.example.org".to_owned(), Seen::Known(false)),
        )
    }),
    ("stale-staging", |o| {
        swap(o, "<Staging>false", "<Staging>true");
        o.is_staging_used = Seen::Known(false);
    }),
    ("enabled", |o| {
        swap(o, "<Enabled>true</Enabled>\n", "<Enabled>false</Enabled>")
    }),
    ("tagged", |o| o.tags = Seen::Known(Vec::new())),
    ("compression", |o| {
        swap(o, "<Compress>true", "<Compress>false")
    }),
    ("http3", |o| swap(o, "http2and3", "http2")),
    ("ipv6", |o| {
        swap(o, "<IsIPV6Enabled>true", "<IsIPV6Enabled>false")
    }),
    ("bucket-public-block", |o| {
        bucket(o).blocks_public_access = Seen::Known(false)
    }),
    ("bucket-other-accounts", |o| {
        allow(o, "arn:aws:iam::999999999999:root", "s3:PutBucketPolicy")
    }),
    ("bucket-tls-only", |o| {
        rewrite(o, "SecureTransport", "MultiFactorAuthPresent")
    }),
    ("bucket-encryption", |o| {
        bucket(o).encryption = Seen::Known(None)
    }),
    ("bucket-kms", |_| ()),
    ("bucket-versioning", |o| {
        bucket(o).is_versioned = Seen::Known(false)
    }),
    ("bucket-logging", |o| bucket(o).logs_to = Seen::Known(None)),
    ("bucket-ownership", |o| {
        bucket(o).ownership = Seen::Known("ObjectWriter".to_owned())
    }),
];
