#!/usr/bin/env python3
"""Makes the package of the edge, and runs it as AWS Lambda does.

    run.py [--quillfront PATH] [--tools DIR] [check …]

  build    the package is small, without paths of the machine, and for glibc 2.34 or older; with E2E_DEEP=1 a whole
           package, with templates and all functions, from a copy of this folder elsewhere is the same bytes
  answers  1,000 events, plain and hostile, are answered as `quillfront edge` answers them
  rules    another version of the rules is seen after 30 s; S3 that fails, in every way, changes nothing; where the
           rules were never read the answer is 503, which is not cached

The package runs under Node.js 24 and `aws-lambda-ric`, AWS's own client of the Lambda Runtime API, and reads its rules
from the S3 of `quillfront serve`, which checks every signature. Needs Rust, node 20 with npm, g++, libcurl and boto3.
The rest comes from npm and PyPI, into a temporary folder, or into --tools DIR, which is kept and used again. The exit
status is 1 if a check fails, 2 if something is missing.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "theme")]
from checks import check, install, output_of, what_lacks  # noqa: E402
from run import newest_build  # noqa: E402
from server import Server  # noqa: E402

import events  # noqa: E402
from gate import Gate  # noqa: E402
from runtime import Function, build_client  # noqa: E402

PROGRAMS = {"node": "nodejs", "npm": "npm", "g++": "g++", "cargo": "rustup"}
PYPI = ["cargo-zigbuild==0.24.1", "ziglang==0.17.1"]
MOST_BYTES = 5_000_000
NEWEST_GLIBC = (2, 34)
EVENTS = 1_000
RANDOM_EVENTS = 600
REVALIDATE_MS, RETRY_MS = 30_000, 2_000
MOST_RULES_BYTES = 16 * 1024 * 1024
RULES_KEY = "_quillfront/rules.json"
# Each kind of answer has to be among those of the 1,000 events, or they prove nothing of it.
KINDS = {
    "a request": 100, "200": 50, "301": 30, "302": 5, "304": 10, "307": 5, "308": 2, "400": 50, "404": 50, "410": 2,
    "500": 10, "nothing": 10,
}
# Paths of which there is nothing, and some that nobody should ask for.
PATHS = ["/missing", "/missing/", "/a//b", "/%2e%2e/x", "/about/index.html", "/about", "/blog", "/img/x",
         "/_quillfront/rules.json", "/blog/gr%C3%BC%C3%9Fe", "/%ff", "/x%00", "/.well-known/x", "/a%20b+c"]
# Those of site/static/_redirects.
RULED = ["/old/a/b", "/old/%2e%2e/x", "/old/", "/posts/2019/gr%C3%BC%C3%9Fe", "/posts/2019/", "/posts/2020/x", "/posts/2021/y", "/show/x", "/moved",
         "/moved/", "/about", "/about/", "/away", "/gone", "/never/ever", "/never/"]
FAILURE = "500 Internal Server Error\n"


def main():
    options = arguments()
    if lack := what_lacks(PROGRAMS):
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="edge-package-") as scratch:
        run = Run(options, Path(scratch))
        wanted = options.checks or CHECKS
        passed = [check(name, lambda: CHECKS[name](run)) for name in wanted]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], metavar="check", help="some of the checks")
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of npm and PyPI are, or go, and stay")
    options = parser.parse_args()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


class Run:
    """What the checks are given."""

    def __init__(self, options, scratch):
        self.quillfront, self.scratch = options.quillfront, scratch
        self.tools = (options.tools or scratch / "tools").resolve()
        install(self.tools, json.loads((HERE / "tools.json").read_text()))
        build_client(self.tools)
        venv = self.tools / "zig"
        if not venv.exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *PYPI], check=True)
        self.environment = os.environ | {"PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
        self.folder = None

    def package(self, name, source=None, environment=None, part="edge"):
        """Makes the package, and says what the bytes of its archive are."""
        folder = self.scratch / name
        command = [self.quillfront, "package", part, "-o", folder, "--json"]
        command += ["--source", source] if source else []
        said = subprocess.run(command, env=self.environment | (environment or {}), stdout=subprocess.PIPE, check=True)
        [file] = [file for file in json.loads(said.stdout)["files"] if file["path"].endswith("edge.zip")]
        return Path(file["path"]).read_bytes()

    def unpacked(self):
        """The folder of the function."""
        if self.folder is None:
            self.folder = self.scratch / "function"
            self.package("unpacked")
            zipfile.ZipFile(self.scratch / "unpacked" / "edge.zip").extractall(self.folder)
        return self.folder

    def function(self, server, endpoint, clock=None, **environment):
        environment = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": server.ready["access_key"],
            "AWS_SECRET_ACCESS_KEY": server.ready["secret_key"],
            "AWS_ENDPOINT_URL_S3": endpoint,
            **environment,
        }
        return Function(self.tools, self.unpacked(), environment, self.scratch, clock)


# ---- build


def build(run):
    first = run.package("first")
    wrong = []
    if os.environ.get("E2E_DEEP"):
        copy = run.scratch / "elsewhere" / "a copy"
        left_out = shutil.ignore_patterns("target", ".git", "node_modules", "__pycache__")
        shutil.copytree(REPOSITORY, copy, ignore=left_out, symlinks=True)
        run.package("whole", part="all")
        run.package("second", copy, {"CARGO_TARGET_DIR": str(run.scratch / "elsewhere-target")}, part="all")
        whole, second = (files_of(run.scratch / name) for name in ("whole", "second"))
        if whole != second or whole["edge.zip"] != first:
            differing = sorted(name for name in whole.keys() | second.keys() if whole.get(name) != second.get(name))
            wrong.append(f"two folders make two packages: {differing}")
        if lacking := {"blog.yaml", "headers.yaml", "thumbnails.yaml", "builder.zip", "thumbnail.zip"} - whole.keys():
            wrong.append(f"the package has no {sorted(lacking)}")
    if len(first) > MOST_BYTES:
        wrong.append(f"the package has {len(first)} bytes")
    with zipfile.ZipFile(run.scratch / "first" / "edge.zip") as archive:
        if damaged := archive.testzip():
            wrong.append(f"{damaged} is damaged")
        infos = archive.infolist()
        addon = archive.read("quillfront.node")
    if [info.filename for info in infos] != ["index.mjs", "quillfront.node"]:
        wrong.append(f"it holds {infos}")
    for info in infos:
        if info.date_time != (1980, 1, 1, 0, 0, 0) or info.external_attr >> 16 != 0o100644:
            wrong.append(f"{info.filename} has a time or rights of its own: {info}")
    versions = {tuple(map(int, found.split(b".")[:2])) for found in re.findall(rb"GLIBC_([0-9.]+[0-9])", addon)}
    if not versions or max(versions) > NEWEST_GLIBC:
        wrong.append(f"it needs glibc {versions}")
    for path in [REPOSITORY, Path.home(), run.scratch]:
        if str(path).encode() in addon:
            wrong.append(f"{path} is in it")
    print(f"    {len(first):,} bytes, glibc {max(versions, default=None)}")
    return wrong


# ---- answers


def files_of(folder):
    """The files of a folder, with their bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def answers(run):
    root = run.scratch / "site"
    shutil.copytree(HERE / "site", root)
    data = run.scratch / "serve-answers"
    with Server(run.quillfront, data, root) as server, Gate(server.ready["s3"]) as gate:
        bucket, region = server.site_bucket, server.ready["region"]
        objects = headers_of_objects(server.s3, bucket)
        rules = run.scratch / "rules.json"
        rules.write_bytes(server.s3.get_object(Bucket=bucket, Key=RULES_KEY)["Body"].read())
        listed = run.scratch / "objects.json"
        listed.write_text(json.dumps({key: {} for key in objects}))
        asked = events.of_bucket(bucket, region, objects, [PATHS, RULED, RULED, RULED], EVENTS - RANDOM_EVENTS)
        asked += [events.at(event, bucket, region) for event in random_events(run)]
        command = [run.quillfront, "edge", "--objects", listed, "--rules", rules]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            expected = list(pool.map(lambda event: in_process(command, event), asked))
        with run.function(server, gate.address) as function:
            got = [function.answer(event) for event in asked]
            told = function.told()
    kinds = Counter(map(kind, expected))
    wrong = [f"only {kinds[name]} answers are {name}" for name, least in KINDS.items() if kinds[name] < least]
    for event, wanted, answer in zip(asked, expected, got):
        is_same = answer == wanted if wanted is not None else answer.get("body") == FAILURE
        if not is_same:
            wrong.append(f"{json.dumps(event)}: {json.dumps(answer)} instead of {json.dumps(wanted)}")
    fetched = [path for _method, path, _status in gate.asked if path.endswith(RULES_KEY)]
    if len(fetched) > 2:
        wrong.append(f"the rules were fetched {len(fetched)} times")
    wrong += [f"S3 answered {status} to {path}" for _, path, status in gate.asked if status not in (200, 304, 404)]
    wrong += wrong_log(told, kinds["nothing"])
    print(f"    {dict(kinds)}; {len(gate.asked)} requests to S3")
    return wrong[:20]


def headers_of_objects(s3, bucket):
    """S3's headers of each object."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            head = s3.head_object(Bucket=bucket, Key=entry["Key"])
            headers = head["ResponseMetadata"]["HTTPHeaders"]
            headers = {name: value for name, value in headers.items() if name not in ("connection", "date")}
            found[entry["Key"]] = headers | {"server": "AmazonS3", "x-amz-request-id": "EXAMPLE"}
    return found


def random_events(run):
    built = run.quillfront.parent / "examples" / "random_events"
    command = [built] if built.exists() else ["cargo", "run", "--quiet", "-p", "quillfront-edge", "--example", "random_events", "--"]
    lines = output_of([*command, str(RANDOM_EVENTS)], cwd=REPOSITORY).strip("\n").split("\n")
    assert len(lines) == RANDOM_EVENTS, f"{len(lines)} random events"
    return map(json.loads, lines)


def in_process(command, event):
    """What `quillfront edge` answers; None if it is no answer."""
    done = subprocess.run(command, input=json.dumps(event), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode in (1, 2):
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def kind(answer):
    if answer is None:
        return "nothing"
    return answer.get("status", "a request")


def wrong_log(told, failures):
    """The log has a line of JSON for each failure, and nothing of what readers sent."""
    wrong = [f"{secret} is in the log" for secret in events.SECRETS.values() if secret in told]
    lines = [line[line.index('{"level"'):] for line in told.splitlines() if '{"level"' in line]
    if len(lines) != failures:
        wrong.append(f"the log has {len(lines)} lines for {failures} failures: {told[-500:]}")
    if any(set(json.loads(line)) != {"level", "from", "message"} for line in lines):
        wrong.append(f"the log has other lines: {lines}")
    return wrong


# ---- rules


def rules(run):
    clock = run.scratch / "clock"
    clock.write_text("0")
    with Server(run.quillfront, run.scratch / "serve-rules") as server, Gate(server.ready["s3"]) as gate:
        site = Site(server, gate, clock)
        with run.function(server, gate.address, clock) as function:
            site.function = function
            wrong = [*follows_changes(site), *survives_failures(site)]
        with run.function(server, gate.address, clock, AWS_SESSION_TOKEN="a token") as function:
            site.function = function
            wrong += has_no_rules(site)
        with run.function(server, gate.address, clock) as function:
            site.function = function
            wrong += starts_without_s3(site)
        with run.function(server, gate.address, clock, AWS_SECRET_ACCESS_KEY="another") as function:
            site.function = function
            wrong += [*site.expect("an unknown key", "503", None)]
            if gate.asked[-1][2] != 403:
                wrong.append(f"S3 answered {gate.asked[-1]} to a signature with another key")
    return wrong


class Site:
    """A bucket with rules, and a function that answers for it."""

    bucket = "rules"

    def __init__(self, server, gate, clock):
        self.s3, self.gate, self.clock, self.region = server.s3, gate, clock, server.ready["region"]
        self.s3.create_bucket(Bucket=self.bucket)
        self.passed_ms = 0

    def put(self, mark):
        """Rules that mark every refusal."""
        body = json.dumps({"headers": {"x-mark": mark}})
        self.s3.put_object(Bucket=self.bucket, Key=RULES_KEY, Body=body)

    def wait(self, ms):
        self.passed_ms += ms
        self.clock.write_text(str(self.passed_ms))

    def expect(self, when, status, mark, asks=True):
        """A refusal has this status and mark, and S3 was asked or not."""
        before = len(self.gate.asked)
        started = time.monotonic()
        event = events.plain(self.bucket, self.region, "origin-request", "/a//b")
        answer = self.function.answer(event)
        took = time.monotonic() - started
        got = answer["headers"].get("x-mark", [{}])[0].get("value")
        if (answer["status"], got) != (status, mark):
            yield f"{when}: {answer['status']} with the rules {got!r} instead of {status} with {mark!r}"
        if answer["status"] == "503" and answer["headers"]["cache-control"][0]["value"] != "no-store":
            yield f"{when}: 503 may be cached"
        if took > 2:
            yield f"{when}: it took {took:.1f} s"
        if (len(self.gate.asked) > before) != asks and self.gate.mode != "silent":
            yield f"{when}: S3 was {'not ' if asks else ''}asked"


def follows_changes(site):
    site.put("first")
    yield from site.expect("at first", "400", "first")
    site.put("second")
    site.wait(REVALIDATE_MS - 2_000)
    yield from site.expect("a moment before 30 s", "400", "first", asks=False)
    site.wait(2_000)
    yield from site.expect("after 30 s", "400", "second")
    site.wait(REVALIDATE_MS)
    yield from site.expect("after 30 s without a change", "400", "second")
    if site.gate.asked[-1][2] != 304:
        yield f"S3 answered {site.gate.asked[-1]} to rules that did not change"


def survives_failures(site):
    for mode in ("error", "silent", "shut"):
        site.wait(REVALIDATE_MS)
        site.gate.mode = mode
        yield from site.expect(f"S3 is {mode}", "400", "second")
        yield from site.expect(f"S3 is {mode}, at once", "400", "second", asks=False)
        site.gate.mode = "open"
    for broken in (b"<html>", b" " * (MOST_RULES_BYTES + 1)):
        site.wait(REVALIDATE_MS)
        site.s3.put_object(Bucket=site.bucket, Key=RULES_KEY, Body=broken)
        yield from site.expect(f"{len(broken)} bytes that are no rules", "400", "second")
    site.put("third")
    site.wait(RETRY_MS)
    yield from site.expect("S3 is there again", "400", "third")
    told = site.function.told()
    site.wait(REVALIDATE_MS)
    site.put("again")
    site.gate.mode = "once"
    yield from site.expect("S3 has closed the connection", "400", "again")
    if site.function.told() != told:
        yield "a connection that was closed is told in the log"
    for reason in ("S3 answered 500", "no answer within 1000 ms", "cannot be read", "more than"):
        if reason not in told:
            yield f"the log does not say {reason!r}: {told}"


def has_no_rules(site):
    site.s3.delete_object(Bucket=site.bucket, Key=RULES_KEY)
    yield from site.expect("no rules", "400", None)


def starts_without_s3(site):
    for mode in ("silent", "error", "shut"):
        site.gate.mode = mode
        yield from site.expect(f"S3 is {mode} at the start", "503", None)
        yield from site.expect(f"S3 is {mode} at the start, at once", "503", None, asks=False)
        site.wait(RETRY_MS)
    site.gate.mode = "open"
    site.put("fourth")
    yield from site.expect("S3 came", "400", "fourth")


CHECKS = {"build": build, "answers": answers, "rules": rules}

if __name__ == "__main__":
    sys.exit(main())
