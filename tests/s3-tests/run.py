#!/usr/bin/env python3
"""ceph/s3-tests against `quillfront serve`: those that must pass do.

    run.py [--quillfront PATH] [--list]

The suite is fetched from GitHub at the commit below, or taken from the checkout that the environment
variable QUILLFRONT_S3_TESTS names. must-pass.txt has the tests that must pass; the others are about
what this server does not offer: other accounts, policies, public access, versions, encryption,
lifecycle rules, logging, tags, POST forms. A test that is on the list and fails is an error; --list prints
all that pass now, for a new list. Needs pytest and the packages in PACKAGES.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from run import newest_build  # noqa: E402
from server import Server  # noqa: E402

SUITE = "https://github.com/ceph/s3-tests"
COMMIT = "8f0ae7b404a3a2fcf7038bf1e6bf29544fe9b6a3"
PACKAGES = "pytest boto3 munch gevent isodate requests pytz httplib2 lxml PyYAML"
FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]
SECONDS = 3600

# There is one account; the suite wants to know of others before it begins.
ACCOUNTS = ["s3 main", "s3 alt", "s3 tenant", "iam", "iam root", "iam alt root"]


def main():
    options = arguments()
    must_pass = (HERE / "must-pass.txt").read_text().split()
    with tempfile.TemporaryDirectory(prefix="s3-tests-") as scratch:
        scratch = Path(scratch)
        suite = checkout(scratch)
        data = scratch / "data"
        data.mkdir()
        with Server(options.quillfront, data) as server:
            passed, said = run(suite, server, scratch, None if options.list else must_pass)
    if options.list:
        print("\n".join(sorted(passed)))
        return 0
    failed = sorted(set(must_pass) - passed)
    if failed:
        print(said[-20000:])
        print("these must pass, and did not:", *failed, sep="\n  ")
        return 1
    print(f"all {len(must_pass)} passed")
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--list", action="store_true", help="run all tests, and print those that pass")
    options = parser.parse_args()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


def checkout(scratch):
    """The suite as a folder."""
    if given := os.environ.get("QUILLFRONT_S3_TESTS"):
        return Path(given).resolve()
    suite = scratch / "suite"
    git = ["git", "-C", str(suite)]
    subprocess.run(["git", "init", "--quiet", str(suite)], check=True)
    subprocess.run([*git, "fetch", "--quiet", "--depth=1", SUITE, COMMIT], check=True)
    subprocess.run([*git, "checkout", "--quiet", "FETCH_HEAD"], check=True)
    return suite


def run(suite, server, scratch, tests):
    """Which tests pass, and what pytest said. `tests` are the names to run; None means all."""
    configuration = scratch / "s3tests.conf"
    configuration.write_text(settings(server))
    arguments = FILES
    if tests is not None:
        names = {}
        for file in FILES:
            text = (suite / file).read_text()
            names.update({name: f"{file}::{name}" for name in tests if f"def {name}(" in text})
        arguments = [names[name] for name in tests if name in names]
    environment = {**server.environment(), "S3TEST_CONF": str(configuration), "AWS_MAX_ATTEMPTS": "1"}
    environment.pop("AWS_ENDPOINT_URL_S3")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=short", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, timeout=SECONDS)
    said = done.stdout + done.stderr
    lines = (line.split() for line in said.splitlines() if line.startswith("PASSED "))
    passed = {line[1].split("::")[-1] for line in lines}
    # What fails when it cleans up has not passed.
    errors = (line.split() for line in said.splitlines() if line.startswith("ERROR ") and "::" in line)
    return passed - {line[1].split("::")[-1] for line in errors}, said


def settings(server):
    host, port = server.ready["s3"].removeprefix("http://").split(":")
    access_key, secret_key = server.ready["access_key"], server.ready["secret_key"]
    parts = [
        f"[DEFAULT]\nhost = {host}\nport = {port}\nis_secure = False\nssl_verify = False\n",
        "[fixtures]\nbucket prefix = qf-{random}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n",
    ]
    for account in ACCOUNTS:
        parts.append(
            f"[{account}]\ndisplay_name = quillfront\nuser_id = quillfront\nemail = someone@example.com\n"
            f"api_name =\ntenant = none\naccess_key = {access_key}\nsecret_key = {secret_key}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
