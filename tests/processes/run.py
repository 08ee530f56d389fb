#!/usr/bin/env python3
"""The invariants of publishing over real processes: `quillfront serve --functions` with builders that are killed.

    run.py [--quillfront PATH] [--functions DIR] [--rounds N] [--seed N] [--kills N] [--publishes N] [kills] [reader]

  kills   three builders at a time are killed at random moments, while `aws`, `rclone` and `boto3` upload, overwrite and
          delete; the site comes to rest as a clean build of what is in the source bucket
  reader  somebody reads a page, and all that it names, during many publishes; nothing is ever missing

The functions are the programs beside the command or in DIR, as `cargo test --workspace` builds them. What is random follows from
the seed, which is printed; the moments at which processes die do not. E2E_DEEP=1 in the environment runs the full
sizes. Needs `aws`, `rclone` and boto3. Exit status 1 on any failure.
"""
import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from run import is_deep, newest_build  # noqa: E402

import kills  # noqa: E402
import reader  # noqa: E402

CHECKS = {"kills": kills.run, "reader": reader.run}
# Rounds, kills of each, publishes.
SIZES = {False: (1, 15, 20), True: (20, 40, 200)}


def main():
    options = arguments()
    # Whoever ends this process means the servers too: they stop on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scratch = Path(tempfile.mkdtemp(prefix="processes-"))
    failures = 0
    try:
        options.functions = packaged(options.functions or options.quillfront.parent, scratch / "functions")
        for name in options.checks or CHECKS:
            failures += not passes(name, options, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


def passes(name, options, scratch):
    rounds = options.rounds if name == "kills" else 1
    for number in range(rounds):
        seed = options.seed + number
        folder = scratch / f"{name}-{seed}"
        folder.mkdir()
        began = time.monotonic()
        try:
            told = CHECKS[name](options, folder, seed)
        except AssertionError as error:
            print(f"FAIL {name}, seed {seed} ({time.monotonic() - began:.0f} s): {error}", flush=True)
            return False
        print(f"ok   {name}, seed {seed} ({time.monotonic() - began:.0f} s): {told}", flush=True)
        shutil.rmtree(folder)
    return True


def arguments():
    rounds, killed, publishes = SIZES[is_deep()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="check", help="kills, reader [default: both]")
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--functions", type=Path, metavar="DIR", help="where their programs are [default: beside the command]")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds of kills [default: {rounds}]")
    parser.add_argument("--seed", type=int, help="the first seed [default: another each time]")
    parser.add_argument("--kills", type=int, default=killed, help=f"processes that are killed in a round [default: {killed}]")
    parser.add_argument("--publishes", type=int, default=publishes, help=f"publishes beside the reader [default: {publishes}]")
    options = parser.parse_args()
    if unknown := set(options.checks) - set(CHECKS):
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    options.quillfront = (options.quillfront or newest_build()).resolve()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    return options


def packaged(programs, folder):
    """The functions as a package has them."""
    for name in ("builder", "thumbnail"):
        program = programs / f"quillfront-{name}-lambda"
        if not program.exists():
            sys.exit(f"{program} is not there: cargo test --workspace --no-run")
        (folder / name).mkdir(parents=True)
        shutil.copy(program, folder / name / "bootstrap")
    return folder


if __name__ == "__main__":
    sys.exit(main())
