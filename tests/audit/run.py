#!/usr/bin/env python3
"""Audits and hardens distributions on an emulator of AWS.

    run.py [--quillfront PATH] [--tools DIR] [check …]

  configurations  the audit finds what a generator has made wrong in 5 distributions, and nothing else of it
  hardens         the worst distribution becomes hard, a second run writes nothing, what nobody knows in its configuration
                  survives, and it goes back byte for byte

With E2E_DEEP=1 there are 60 distributions, and prowler's 14 checks of CloudFront are compared with ours: each difference
has a reason in account.py, and of the hardened distribution prowler finds only what is named there.

MiniStack and prowler come from PyPI, in the versions of tools.json, into a temporary folder, or into --tools DIR, which is
kept and used again. Nothing speaks to AWS. The exit status is 1 if a check fails. The command is, unless given, the newest
in the target folder, which `cargo test --workspace` fills.
"""
import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "theme")]
from checks import check  # noqa: E402
from run import newest_build  # noqa: E402

# Installs packages as the checks of the templates do.
spec = importlib.util.spec_from_file_location("infra_run", HERE.parent / "infra" / "run.py")
infra = importlib.util.module_from_spec(spec)
spec.loader.exec_module(infra)

IS_DEEP = os.environ.get("E2E_DEEP") == "1"
COUNT = 60 if IS_DEEP else 5
LIMIT_SECONDS = 1200 if IS_DEEP else 120


def main():
    options = arguments()
    infra.LIMIT_SECONDS = LIMIT_SECONDS
    passed = []
    with tempfile.TemporaryDirectory(prefix="audit-") as scratch:
        for name in options.checks or CHECKS:
            folder = Path(scratch) / name
            folder.mkdir()
            run = infra.Run(options, folder)
            run.tools = (options.tools or Path(scratch) / "tools").resolve()
            run.packages = json.loads((HERE / "tools.json").read_text())
            passed.append(check(name, lambda: asked(run, name)))
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], metavar="check", help="some of the checks")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of PyPI are, or go, and stay")
    parser.add_argument("--quillfront", type=Path, help="the command [default: the newest in the target folder]")
    return parser.parse_args()


def asked(run, name):
    """Runs account.py with a task; what is wrong, and what was said then."""
    task = {
        "check": name, "count": COUNT, "scratch": str(run.scratch),
        "quillfront": str((run.options.quillfront or newest_build()).resolve()),
        "ministack": str(run.program("ministack", "ministack")),
        "prowler": str(run.program("prowler", "prowler")) if IS_DEEP else None,
    }
    python = run.program("ministack", "python")
    status, said, complaints = run.said(python, HERE / "account.py", json.dumps(task))
    if status != 0:
        return complaints.splitlines()[-20:]
    wrong = json.loads(said)
    for line in complaints.splitlines():
        if line.startswith("     "):
            print(line)
    return [*wrong, *complaints.splitlines()[-20:]] if wrong else []


CHECKS = ["configurations", "hardens"]

if __name__ == "__main__":
    sys.exit(main())
