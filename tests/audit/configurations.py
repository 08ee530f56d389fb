"""Distributions at random, each with what our audit has to say of it. One seed makes the same ones."""
import random

REGION = "us-east-1"
ACCOUNT = "000000000000"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
# With the names of before, under which CloudFront says it again, and prowler looks.
OWN_CERTIFICATE = {
    "CloudFrontDefaultCertificate": False, "ACMCertificateArn": CERTIFICATE, "Certificate": CERTIFICATE,
    "CertificateSource": "acm",
}
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


class Choice:
    """Chances, and the findings that follow from them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.expected = set()

    def wrong(self, *ids):
        """Whether something is to be wrong; these checks then find it."""
        is_wrong = self.random.random() < 0.5
        if is_wrong:
            self.expected |= set(ids)
        return is_wrong


def configuration(number, bucket, web_acl):
    """A `DistributionConfig` as boto3 takes it, and the checks that have to find something in it."""
    choice = Choice(number)
    behaviours = [behaviour(choice, "site")]
    for path in ["/api/*", "/img/*"][: choice.random.randrange(3)]:
        behaviours.append({"PathPattern": path} | behaviour(choice, choice.random.choice(["site", "api"])))
    config = {
        "CallerReference": str(number), "Comment": f"number {number}", "Enabled": True,
        "Origins": listed([s3_origin(choice, bucket), custom_origin(choice, behaviours)]),
        "DefaultCacheBehavior": behaviours[0], "CacheBehaviors": listed(behaviours[1:]),
        "ViewerCertificate": certificate(choice),
        "HttpVersion": "http2" if choice.wrong("http3") else "http2and3",
        "IsIPV6Enabled": not choice.wrong("ipv6"),
        "WebACLId": "" if choice.wrong("waf") else web_acl,
        # None is prowler's finding, and waived by us.
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "OriginGroups": {"Quantity": 0},
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    }
    if not choice.wrong("default-root-object"):
        config["DefaultRootObject"] = "index.html"
    if not choice.wrong("logging"):
        config["Logging"] |= {"Enabled": True, "Bucket": f"{bucket}.s3.amazonaws.com"}
    # There is one origin for each behaviour, always.
    choice.expected.add("failover")
    if any(b.get("CachePolicyId") is None for b in behaviours):
        choice.expected.add("legacy-cache-settings")
    return config, choice.expected


def listed(items):
    return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}


def behaviour(choice, target):
    made = {
        "TargetOriginId": target, "FieldLevelEncryptionId": "",
        "ViewerProtocolPolicy": "allow-all" if choice.wrong("viewer-https") else choice.random.choice(["redirect-to-https", "https-only"]),
        "Compress": not choice.wrong("compression"),
    }
    methods = ["GET", "HEAD"]
    if target == "site" and choice.wrong("methods"):
        methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    made["AllowedMethods"] = listed(methods) | {"CachedMethods": listed(["GET", "HEAD"])}
    if choice.random.random() < 0.5:
        made["CachePolicyId"] = CACHING_OPTIMIZED
    else:
        is_old = choice.wrong("min-ttl")
        made |= {"MinTTL": 60 if is_old else 0, "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}}
    choice.expected.add("headers-policy")
    return made


def s3_origin(choice, bucket):
    choice.expected.add("origin-access")
    return {"Id": "site", "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}


def custom_origin(choice, behaviours):
    policy = choice.random.choice(["https-only", "http-only", "match-viewer"])
    plain = [b for b in behaviours if b["TargetOriginId"] == "api" and b["ViewerProtocolPolicy"] == "allow-all"]
    if policy == "http-only" or (policy == "match-viewer" and plain):
        choice.expected.add("origin-https")
    old = choice.random.random() < 0.5
    if old and policy != "http-only":
        choice.expected.add("origin-tls")
    protocols = ["TLSv1", "TLSv1.2"] if old else ["TLSv1.2"]
    return {
        "Id": "api", "DomainName": "api.example.org",
        "CustomOriginConfig": {
            "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": policy, "OriginSslProtocols": listed(protocols),
        },
    }


def certificate(choice):
    if choice.wrong("certificate"):
        return {"CloudFrontDefaultCertificate": True}
    policy = choice.random.choice(["TLSv1.3_2025", "TLSv1.2_2025", "TLSv1.2_2021", "TLSv1"])
    if not policy.endswith("_2025"):
        choice.expected.add("tls-policy")
    if policy != "TLSv1.3_2025":
        choice.expected.add("post-quantum")
    return {
        **OWN_CERTIFICATE, "MinimumProtocolVersion": policy,
        "SSLSupportMethod": "vip" if choice.wrong("sni") else "sni-only",
    }


# What the generator decides. Of the rest (the bucket's settings, the account's) every distribution here has the same.
DECIDED = {
    "viewer-https", "compression", "methods", "min-ttl", "legacy-cache-settings", "headers-policy", "origin-access",
    "origin-https", "origin-tls", "certificate", "tls-policy", "post-quantum", "sni", "http3", "ipv6", "waf",
    "default-root-object", "logging", "failover",
}

# As bad as it can be with a certificate; what nobody knows is put into its text afterwards.
WORST = {
    "CallerReference": "worst", "Comment": "worst", "Enabled": True,
    "DefaultCacheBehavior": {
        "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "Compress": False, "FieldLevelEncryptionId": "",
        "MinTTL": 60, "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "AllowedMethods": listed(["GET", "HEAD"]) | {"CachedMethods": listed(["GET", "HEAD"])},
    },
    "ViewerCertificate": {
        **OWN_CERTIFICATE, "MinimumProtocolVersion": "TLSv1", "SSLSupportMethod": "vip",
    },
    "HttpVersion": "http1.1", "IsIPV6Enabled": False, "WebACLId": "", "OriginGroups": {"Quantity": 0},
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
}


def worst(bucket):
    origins = [
        {"Id": "site", "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}},
        {
            "Id": "api", "DomainName": "api.example.org",
            "CustomHeaders": listed([{"HeaderName": "x-key", "HeaderValue": "a-secret"}]),
            "CustomOriginConfig": {
                "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only",
                "OriginSslProtocols": listed(["SSLv3", "TLSv1", "TLSv1.2"]),
            },
        },
    ]
    return WORST | {"Origins": listed(origins)}
