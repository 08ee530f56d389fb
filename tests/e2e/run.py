#!/usr/bin/env python3
"""End-to-end checks: the real command, real S3 clients, and curl as the reader.

    run.py [--quillfront PATH] [--jobs N] [scenario …]
    run.py --list

One line per scenario, then `N passed, N failed`; the exit status is 1 on any failure.
E2E_DEEP=1 in the environment runs the full sizes.
"""
import argparse
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
LIMIT_SECONDS = {False: 420, True: 3600}


@dataclass(frozen=True)
class Run:
    """What a scenario is given."""

    quillfront: Path
    scratch: Path
    deep: bool

    def folder(self, name):
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def serve(self, data="data", **settings):
        from server import Server
        return Server(self.quillfront, self.folder(data), **settings)


def scenario_names():
    return sorted(path.stem for path in (HERE / "scenarios").glob("*.py") if not path.stem.startswith("_"))


def main():
    options = arguments()
    if options.list:
        for name in scenario_names():
            print(f"{name:14} {load(name).__doc__.splitlines()[0]}")
        return 0
    if options.here:
        return run_here(options.here, options.quillfront)
    names = options.scenarios or scenario_names()
    unknown = set(names) - set(scenario_names())
    if unknown:
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_all)
    with ThreadPoolExecutor(options.jobs) as pool:
        passed = list(pool.map(lambda name: run_apart(name, options.quillfront), names))
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="scenario")
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--jobs", type=int, default=2, help="scenarios at once [default: 2]")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--here", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.list:
        options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


def newest_build():
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = [path for path in (target / "release" / "quillfront", target / "debug" / "quillfront") if path.exists()]
    if not built:
        sys.exit("there is no quillfront in the target folder: cargo build --release -p quillfront, or give --quillfront")
    return max(built, key=lambda path: path.stat().st_mtime)


def is_deep():
    return os.environ.get("E2E_DEEP", "") not in ("", "0")


CHILDREN = set()


def end_all(number, _frame):
    """Whoever ends this program ends the scenarios under way and their servers."""
    for child in list(CHILDREN):
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    os._exit(128 + number)


def run_apart(name, quillfront):
    """Runs a scenario in a process group of its own, so that a hang leaves nothing behind."""
    command = [sys.executable, str(HERE / "run.py"), "--here", name, "--quillfront", str(quillfront)]
    started = time.monotonic()
    limit = LIMIT_SECONDS[is_deep()]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    CHILDREN.add(child)
    try:
        said, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        said += f"\nstopped after {limit} s"
    good = child.returncode == 0
    line = f"{'ok  ' if good else 'FAIL'} {name} ({time.monotonic() - started:.0f} s)"
    details = "".join(f"\n    {text}" for text in said.rstrip().splitlines())
    print(line + details, flush=True)
    return good


def run_here(name, quillfront):
    scratch = Path(tempfile.mkdtemp(prefix=f"e2e-{name}-"))
    # Whoever ends this process means the scenario: its servers stop on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        load(name).run(Run(quillfront, scratch, is_deep()))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        step = next((frame for frame in reversed(place) if "scenarios" in frame.filename), place[-1])
        print(f"{type(error).__name__} at {Path(step.filename).name}:{step.lineno}: {step.line}\n{error}")
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def load(name):
    sys.path.insert(0, str(HERE))
    return importlib.import_module(f"scenarios.{name}")


if __name__ == "__main__":
    sys.exit(main())
