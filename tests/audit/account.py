"""Audits and hardens distributions on MiniStack. Prints what is wrong, as JSON.

It runs with the Python of MiniStack's packages; `run.py` calls it with a task as its argument.
"""
import csv
import json
import os
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from configurations import DECIDED, REGION, configuration, worst

LIMIT_SECONDS = 60
SITE = "site-of-the-audit"
# What the emulator does not have, and what our audit then says that it could not look at.
UNKNOWN = "pricingplanmanager:ListSubscriptions"
# In the text of a configuration, as a later version of CloudFront might have it.
INVENTED = '<Invented flag="yes">a &amp; b</Invented>'
# prowler's CloudFront checks, and ours for the same.
SAME = {
    "cloudfront_distributions_custom_ssl_certificate": "certificate",
    "cloudfront_distributions_default_root_object": "default-root-object",
    "cloudfront_distributions_field_level_encryption_enabled": "field-level-encryption",
    "cloudfront_distributions_geo_restrictions_enabled": "geo-restriction",
    "cloudfront_distributions_https_enabled": "viewer-https",
    "cloudfront_distributions_https_sni_enabled": "sni",
    "cloudfront_distributions_logging_enabled": "logging",
    "cloudfront_distributions_multiple_origin_failover_configured": "failover",
    "cloudfront_distributions_origin_traffic_encrypted": "origin-https",
    "cloudfront_distributions_pqc_tls_enabled": "post-quantum",
    "cloudfront_distributions_s3_origin_access_control": "origin-access",
    "cloudfront_distributions_s3_origin_non_existent_bucket": "dangling-origin",
    "cloudfront_distributions_using_deprecated_ssl_protocols": "origin-tls",
    "cloudfront_distributions_using_waf": "waf",
}
# Why the two differ: the check, who fails it, and whether that is as it should be.
DIFFERENT = {
    ("cloudfront_distributions_https_enabled", "ours"): "prowler looks at the default behaviour alone",
    ("cloudfront_distributions_multiple_origin_failover_configured", "ours"): "prowler passes a distribution without groups",
    ("cloudfront_distributions_pqc_tls_enabled", "prowler"): "without a certificate of its own there is nothing to set",
    ("cloudfront_distributions_using_deprecated_ssl_protocols", "prowler"): "protocols of an origin that is never asked over TLS",
    ("cloudfront_distributions_origin_traffic_encrypted", "prowler"): "`match-viewer` where all readers come by HTTPS, and origins that are S3's",
    ("cloudfront_distributions_origin_traffic_encrypted", "ours"): "a behaviour other than the default one takes plain HTTP",
}
# What prowler may say of the hardened distribution, and why.
LEFT = {
    "cloudfront_distributions_field_level_encryption_enabled": "a site of files takes no forms",
    "cloudfront_distributions_geo_restrictions_enabled": "a public site is for readers everywhere",
    "cloudfront_distributions_logging_enabled": "`harden` makes no log deliveries, and prowler does not see those of v2",
}


def main():
    task = json.loads(sys.argv[1])
    scratch = Path(task["scratch"])
    port = free_port()
    environment = os.environ | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "TMPDIR": str(scratch)}
    with (scratch / "ministack.log").open("w") as log:
        server = subprocess.Popen([task["ministack"]], cwd=scratch, env=environment, stdout=log, stderr=log)
        try:
            account = Account(task, f"http://127.0.0.1:{port}", server)
            wrong = list(getattr(account, task["check"])())
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
    print(json.dumps(wrong))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Account:
    """An account of the emulator with a bucket."""

    def __init__(self, task, endpoint, server):
        self.task, self.endpoint = task, endpoint
        self.scratch = Path(task["scratch"])
        wait_for_server(endpoint, server)
        self.s3, self.cloudfront = self.client("s3"), self.client("cloudfront")
        self.s3.create_bucket(Bucket=SITE)
        visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "wall"}
        wall = self.client("wafv2").create_web_acl(
            Name="wall", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[]
        )
        self.web_acl = wall["Summary"]["ARN"]

    def client(self, name):
        config = Config(region_name=REGION, retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            name, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test", config=config
        )

    def create(self, config):
        return self.cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]

    def environment(self):
        return os.environ | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION}

    def quillfront(self, *arguments):
        """The exit status of the command, and each line that it prints as JSON."""
        done = subprocess.run(
            [self.task["quillfront"], *arguments], cwd=self.scratch, env=self.environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_SECONDS,
        )
        if done.stderr:
            print(done.stderr, file=sys.stderr)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def raw(self, id, text=None):
        """The text of a configuration; or writes one, byte for byte."""
        url = f"{self.endpoint}/2020-05-31/distribution/{id}/config"
        credential = f"AWS4-HMAC-SHA256 Credential=test/20261201/{REGION}/cloudfront/aws4_request, SignedHeaders=host, Signature=x"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": credential})) as answer:
            now, etag = answer.read().decode(), answer.headers["ETag"]
        if text is not None:
            headers = {"Authorization": credential, "If-Match": etag, "Content-Type": "application/xml"}
            urllib.request.urlopen(urllib.request.Request(url, text.encode(), headers, method="PUT")).close()
        return now

    def configurations(self):
        """The audit finds what the generator has made wrong, and nothing else of it."""
        made = {}
        for number in range(self.task["count"]):
            config, expected = configuration(number, SITE, self.web_acl)
            made[self.create(config)] = expected
        status, reports = self.quillfront("audit", "--all", "--api-only", "--json")
        # The emulator has no pricing plans, so something could not be looked at.
        if status != 3:
            yield f"the exit status is {status}"
        if sorted(report["target"] for report in reports) != sorted(made):
            yield f"{len(reports)} reports of {len(made)} distributions"
        for report in reports:
            found = {finding["id"] for finding in report["findings"]} & DECIDED
            expected = made[report["target"]]
            if found != expected:
                yield f"{report['target']}: too much {sorted(found - expected)}, too little {sorted(expected - found)}"
            blind = {entry["reason"].split(": ")[0] for entry in report["unknown"] if not entry["outside"]}
            if blind != {UNKNOWN}:
                yield f"{report['target']}: {blind} could not be looked at"
        if self.task["prowler"]:
            yield from self.agrees_with_prowler(reports)

    def agrees_with_prowler(self, reports):
        theirs = self.prowler()
        differences = {}
        for report in reports:
            ours = {finding["id"] for finding in report["findings"]}
            for check, id in SAME.items():
                fails = theirs.get((report["target"], check)) == "FAIL"
                if (report["target"], check) not in theirs:
                    # Without a certificate of its own there is nothing to serve by name.
                    if id == "sni" and "certificate" in ours:
                        continue
                    yield f"prowler says nothing of {check} at {report['target']}"
                elif fails != (id in ours):
                    by = "prowler" if fails else "ours"
                    differences.setdefault((check, by), []).append(report["target"])
        for (check, by), targets in sorted(differences.items()):
            if why := DIFFERENT.get((check, by)):
                print(f"     {check}: {len(targets)} only by {by}: {why}", file=sys.stderr)
            else:
                yield f"{check}: {len(targets)} only by {by}, such as {targets[0]}, and nobody says why"

    def prowler(self):
        """What prowler says: `FAIL` or `PASS` by distribution and check."""
        out = self.scratch / "prowler"
        command = [
            self.task["prowler"], "aws", "--services", "cloudfront", "-f", REGION, "-M", "csv", "--no-banner",
            "--log-level", "ERROR", "-o", out, "-F", "found",
        ]
        subprocess.run(command, cwd=self.scratch, env=self.environment(), stdout=sys.stderr, check=False, timeout=600)
        with (out / "found.csv").open() as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        said = {}
        for row in rows:
            key = (row["RESOURCE_UID"].rsplit("/")[-1], row["CHECK_ID"])
            if said.get(key) != "FAIL":
                said[key] = row["STATUS"]
        return said

    def hardens(self):
        """The worst distribution becomes hard, loses nothing, and goes back byte for byte."""
        id = self.create(worst(SITE))
        text = self.raw(id)
        text = text.replace("</DistributionConfig>", f"{INVENTED}</DistributionConfig>")
        text = text.replace("</S3OriginConfig>", "</S3OriginConfig><NewerThanAnySdk/>")
        self.raw(id, text)
        before = self.raw(id)
        if INVENTED not in before or "<NewerThanAnySdk" not in before:
            yield f"the emulator does not keep what it does not know: {before}"
            return
        saved = self.scratch / "saved.json"
        chosen = ["--api-only", "--json", "--yes"]
        status, told = self.quillfront("harden", id, *chosen, "--save", str(saved), "--web-acl", self.web_acl)
        if status != 0:
            yield f"the exit status of harden is {status}"
            return
        held = sorted({change["id"] for change in told[0]["held"]})
        # What could cut off somebody, by name.
        status, more = self.quillfront("harden", id, *chosen, "--only", ",".join(held), "--save", str(self.scratch / "more.json"))
        if status != 0:
            yield f"the exit status of harden --only {held} is {status}"
            return
        hard = self.raw(id)
        for kept in (INVENTED, "<NewerThanAnySdk", "a-secret"):
            if kept not in hard:
                yield f"{kept} is lost: {hard}"
        if "a-secret" in json.dumps(told + more):
            yield "a secret is told"
        if mode := stat.S_IMODE(saved.stat().st_mode) & 0o077:
            yield f"others may read the saved configuration: {mode:o}"
        for again in ([], ["--only", ",".join(held)]):
            status, told = self.quillfront("harden", id, *chosen, *again, "--save", str(self.scratch / "again.json"))
            if status != 0 or told[0]["writes"] != 0 or told[0]["changes"]:
                yield f"a second run {again}: {status}, {told}"
        if self.raw(id) != hard:
            yield "a second run changes the text"
        if self.task["prowler"]:
            failed = sorted(check for (target, check), said in self.prowler().items() if target == id and said == "FAIL")
            print(f"     prowler: {len(SAME) - len(failed)} of {len(SAME)}; fails {', '.join(failed)}", file=sys.stderr)
            for check in failed:
                if check not in LEFT:
                    yield f"prowler fails {check} of the hardened distribution"
        for file in ("more.json", "saved.json"):
            status, _ = self.quillfront("harden", "--rollback", str(self.scratch / file), "--yes", "--json", "--overwrite")
            if status != 0:
                yield f"the exit status of --rollback {file} is {status}"
        if self.raw(id) != before:
            yield f"it is not as it was: {before} {self.raw(id)}"
        left = [policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["Name"]
                for policy in self.cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"].get("Items", [])]
        if left:
            yield f"{left} are left"


def wait_for_server(endpoint, server):
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"MiniStack ended with {server.returncode}")
        try:
            urllib.request.urlopen(endpoint, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"MiniStack did not answer within {LIMIT_SECONDS} s")


if __name__ == "__main__":
    main()
