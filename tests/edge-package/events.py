"""Events as CloudFront sends them: for what is in a bucket, and for what is not."""
import copy
import random
from urllib.parse import quote

SECRETS = {"query": "token=query-secret", "cookie": "session=cookie-secret"}


def plain(bucket, region, event_type, uri):
    """An event with all that CloudFront's have (Amazon CloudFront Developer Guide, "Lambda@Edge event structure")."""
    return {"Records": [{"cf": {
        "config": {
            "distributionDomainName": "d111111abcdef8.cloudfront.net", "distributionId": "EDFDVBD6EXAMPLE",
            "eventType": event_type, "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
        },
        "request": {
            "clientIp": "203.0.113.178",
            "headers": {
                "x-forwarded-for": [{"key": "X-Forwarded-For", "value": "203.0.113.178"}],
                "user-agent": [{"key": "User-Agent", "value": "Amazon CloudFront"}],
                "via": [{"key": "Via", "value": "2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)"}],
                "host": [{"key": "Host", "value": f"{bucket}.s3.{region}.amazonaws.com"}],
                "cache-control": [{"key": "Cache-Control", "value": "no-cache"}],
                "cookie": [{"key": "Cookie", "value": SECRETS["cookie"]}],
            },
            "method": "GET",
            "origin": origin(bucket, region),
            "querystring": SECRETS["query"],
            "uri": uri,
        },
    }}]}


def origin(bucket, region):
    return {"s3": {
        "authMethod": "none", "customHeaders": {}, "domainName": f"{bucket}.s3.{region}.amazonaws.com", "path": "",
        "region": region,
    }}


def response(event, status, headers):
    event["Records"][0]["cf"]["response"] = {
        "headers": {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()},
        "status": str(status), "statusDescription": "x",
    }
    return event


def of_bucket(bucket, region, objects, paths, count, seed=0):
    """`count` events for the objects, a key and S3's headers of each, and for other paths, in lists of equal weight."""
    chance = random.Random(seed)
    keys = sorted(objects)
    made = []
    while len(made) < count:
        key = chance.choice(keys)
        folder = "/" + quote(key.removesuffix("index.html"))
        path = chance.choice(["/" + quote(key), folder, folder.rstrip("/") or "/", *map(chance.choice, paths)])
        kind = chance.choice(["request", "request", "found", "missing", "missing", "other"])
        if kind == "request":
            event = plain(bucket, region, "origin-request", path)
        elif kind == "found":
            event = response(plain(bucket, region, "origin-response", "/" + quote(key)), 200, objects[key])
        elif kind == "missing":
            headers = {"Content-Type": "application/xml", "Server": "AmazonS3", "x-amz-request-id": "EXAMPLE"}
            event = response(plain(bucket, region, "origin-response", path), 404, headers)
        else:
            status, headers = chance.choice([
                (304, {"ETag": '"x"', "Server": "AmazonS3"}), (403, {"x-amz-id-2": "x"}), (500, {}),
                (307, {"Location": "https://elsewhere.example/"}), (206, objects[key]),
            ])
            event = response(plain(bucket, region, "origin-response", "/" + quote(key)), status, headers)
        event["Records"][0]["cf"]["request"]["method"] = chance.choice(["GET", "GET", "GET", "HEAD"])
        made.append(event)
    return made


def at(event, bucket, region):
    """An event with this bucket as its origin."""
    event = copy.deepcopy(event)
    event["Records"][0]["cf"]["request"]["origin"] = origin(bucket, region)
    return event
