#!/usr/bin/env python3
"""Checks the templates for AWS, and deploys the one of a blog on an emulator.

    run.py [--quillfront PATH] [--builder PATH] [--tools DIR] [check …]

  cfn_lint      cfn-lint finds nothing
  sam_validate  `sam validate --lint` finds each valid
  checkov       checkov finds nothing but what a template waives, with the reason
  deploy        the template of a blog from `quillfront package`, less what MiniStack lacks (named in deploy.py, with
                reasons), becomes CREATE_COMPLETE there, has what it says, is updated, and `quillfront remove` leaves
                nothing
  publish       the same with the builder as its function: what `quillfront publish` or another program uploads comes
                through the queue to the builder, the site bucket becomes what `quillfront build` makes, CloudFront is
                told, and `quillfront publish` sees the pages; `quillfront status` finds the site, and an error that
                was logged at the edge

cfn-lint, the SAM CLI, checkov and MiniStack come from PyPI, in the versions of tools.json, into a temporary folder, or
into --tools DIR, which is kept and used again. Nothing of it speaks to AWS. `cargo test -p quillfront-infra` has our own
checks. The exit status is 1 if a check fails. The command and
the builder are, unless given, the newest in the target folder, which `cargo test --workspace` fills.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "theme")]
from checks import check  # noqa: E402
from run import newest_build  # noqa: E402

TEMPLATES = sorted((REPOSITORY / "infra" / "templates").glob("*.yaml"))
LIMIT_SECONDS = 180
# Of an account that is nobody's, so that no tool finds one.
NOBODY = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0",
}


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="infra-") as scratch:
        run = Run(options, Path(scratch))
        passed = [check(name, lambda: CHECKS[name](run)) for name in options.checks or CHECKS]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], metavar="check", help="some of the checks")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of PyPI are, or go, and stay")
    parser.add_argument("--quillfront", type=Path, help="the command [default: the newest in the target folder]")
    parser.add_argument("--builder", type=Path, help="the builder function [default: beside the command]")
    return parser.parse_args()


class Run:
    """What the checks are given."""

    def __init__(self, options, scratch):
        self.scratch, self.options = scratch, options
        self.tools = (options.tools or scratch / "tools").resolve()
        self.packages = json.loads((HERE / "tools.json").read_text())

    @property
    def quillfront(self):
        """The command."""
        return (self.options.quillfront or newest_build()).resolve()

    def program(self, group, name):
        """A program of a group of packages, each of which has a virtual environment, since they want different ones."""
        venv = self.tools / group
        wanted = "\n".join(self.packages[group])
        noted = venv / "installed.txt"
        if not noted.exists() or noted.read_text() != wanted:
            # Several hundred packages, which pip takes minutes for.
            uv = self.uv()
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, venv], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", venv / "bin" / "python"]
            subprocess.run([*install, *self.packages[group]], check=True)
            noted.write_text(wanted)
        return venv / "bin" / name

    def uv(self):
        """The installer uv."""
        venv = self.tools / "uv"
        uv = venv / "bin" / "uv"
        if not uv.exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *self.packages["uv"]], check=True)
        return uv

    def said(self, *command):
        """The exit status of a program, and what it says."""
        done = subprocess.run(
            command, cwd=self.scratch, env=os.environ | NOBODY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=LIMIT_SECONDS,
        )
        return done.returncode, done.stdout, done.stderr


def cfn_lint(run):
    status, said, complaints = run.said(run.program("lint", "cfn-lint"), *TEMPLATES)
    return [] if status == 0 else (said + complaints).splitlines()


def sam_validate(run):
    wrong = []
    for template in TEMPLATES:
        status, said, complaints = run.said(run.program("lint", "sam"), "validate", "--lint", "--template", template)
        if status != 0 or "is a valid SAM Template" not in said:
            wrong += [f"{template.name}: {line}" for line in (said + complaints).splitlines()]
    return wrong


def checkov(run):
    command = [run.program("checkov", "checkov"), "--framework", "cloudformation", "--skip-download", "--output", "json"]
    for template in TEMPLATES:
        command += ["--file", template]
    _status, said, complaints = run.said(*command)
    try:
        results = json.loads(said)["results"]
    except (ValueError, KeyError, TypeError):
        return [f"checkov says no results: {said[-500:]} {complaints[-500:]}"]
    wrong = [f"{found['check_id']} {found['resource']}: {found['check_name']}" for found in results["failed_checks"]]
    wrong += [f"{found} cannot be read" for found in results["parsing_errors"]]
    wrong += [
        f"{found['check_id']} {found['resource']} is waived without a reason"
        for found in results["skipped_checks"] if len(found["check_result"]["suppress_comment"]) < 20
    ]
    if len(results["passed_checks"]) < 50:
        wrong.append(f"only {len(results['passed_checks'])} checks were made")
    print(f"    {len(results['passed_checks'])} passed, {len(results['skipped_checks'])} waived")
    return wrong


def deploy(run):
    return deployed(run, {})


def publish(run):
    quillfront = run.quillfront
    builder = (run.options.builder or quillfront.parent / "quillfront-builder-lambda").resolve()
    if lacking := [path for path in (quillfront, builder) if not path.exists()]:
        return [f"{path} is not there: cargo test --workspace --no-run makes it" for path in lacking]
    site = run.scratch / "site"
    shutil.copytree(HERE / "site", site)
    clean = run.scratch / "clean"
    status, _said, complaints = run.said(quillfront, "--root", site, "build", "--output-dir", clean)
    if status != 0:
        return complaints.splitlines()
    # A debug build without what debuggers read, so that the archive is small.
    stripped = run.scratch / "bootstrap"
    subprocess.run(["strip", "-o", stripped, builder], check=True)
    return deployed(run, {"builder": str(stripped), "clean": str(clean), "site": str(site)})


def deployed(run, task):
    """Runs deploy.py with a task."""
    scratch = run.scratch / ("publish" if task else "deploy")
    scratch.mkdir()
    task = task | {
        "quillfront": str(run.quillfront), "scratch": str(scratch), "ministack": str(run.program("ministack", "ministack")),
    }
    python = run.program("ministack", "python")
    status, said, complaints = run.said(python, HERE / "deploy.py", json.dumps(task))
    log = scratch / "ministack.log"
    told = log.read_text().splitlines()[-20:] if log.exists() else []
    if status != 0:
        return [*complaints.splitlines()[-20:], *told]
    wrong = json.loads(said)
    return [*wrong, *told] if wrong else []


CHECKS = {"cfn_lint": cfn_lint, "sam_validate": sam_validate, "checkov": checkov, "deploy": deploy, "publish": publish}

if __name__ == "__main__":
    sys.exit(main())
