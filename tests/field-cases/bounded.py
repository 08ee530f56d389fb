#!/usr/bin/env python3
"""bounded.py BIN SITE: a build of a hostile site ends in 40 s, within 1.5 GB, with exit 0 or 1, and names a file where it fails.

HOSTILE_SECONDS in the environment is another bound, for a build of the command without optimisation."""

import os
import resource
import subprocess
import sys
import tempfile
import time

MEGABYTES = 1500
FOLDERS = ("content/", "templates/", "sass/", "static/", "config.toml")


def limit():
    """Far above the bound, but far below what the machine has: a build that runs away takes nothing else with it."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    os.nice(5)


def faults(command, seconds):
    began = time.monotonic()
    build = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=limit)
    try:
        printed = build.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        build.kill()
        build.communicate()
        return [f"not ended after {seconds} s"]
    took = time.monotonic() - began
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"exit {build.returncode}, {took:.1f} s, {megabytes} MB")
    found = {
        f"exit {build.returncode}": build.returncode not in (0, 1),
        f"{megabytes} MB": megabytes > MEGABYTES,
        "a panic": "panicked" in printed,
        "no file named": build.returncode == 1 and not any(folder in printed for folder in FOLDERS),
    }
    return [fault for fault, there in found.items() if there] + ([printed] if any(found.values()) else [])


if __name__ == "__main__":
    binary, site = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        wrong = faults([binary, "--root", site, "build", "-o", out, "-f"], int(os.environ.get("HOSTILE_SECONDS", "40")))
    if wrong:
        print("WRONG: " + ", ".join(wrong))
    sys.exit(bool(wrong))
