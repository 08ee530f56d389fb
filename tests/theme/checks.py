"""What checks in a browser have in common: programs that have to be there, packages of npm, a line per check."""
import json
import os
import shutil
import subprocess
import sys
import time

NODE_AT_LEAST = 20
STEP_LIMIT_SECONDS = 1800


def what_lacks(programs):
    """What has to be installed first, in a sentence; empty if all is there. `programs`: the package of each."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if missing:
        return f"missing: apt-get install --no-install-recommends {' '.join(missing)}"
    node = output_of(["node", "--version"]).strip()
    if int(node.removeprefix("v").split(".")[0]) < NODE_AT_LEAST:
        return f"node {NODE_AT_LEAST} or newer is needed; this is {node}"
    return ""


def check(name, step):
    """Runs a check; its answer is the list of what is wrong."""
    started = time.monotonic()
    wrong = step()
    print(f"{'FAIL' if wrong else 'ok  '} {name} ({time.monotonic() - started:.0f} s)")
    for line in wrong:
        print(f"    {line}")
    sys.stdout.flush()
    return not wrong


def output_of(command, **settings):
    """What a program prints, whatever it thinks of it; its complaints go to ours."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=STEP_LIMIT_SECONDS, **settings)
    return done.stdout


def wrong_by(script, task):
    """What a script of node that is given a task says is wrong."""
    said = output_of(["node", script, json.dumps(task)])
    return json.loads(said or json.dumps([f"{script.name} said nothing"]))


def install(tools, packages):
    """Puts the packages, a version of each, into `tools` unless they are there."""
    absent = [f"{name}@{version}" for name, version in packages.items() if installed(tools, name) != version]
    if not absent:
        return
    tools.mkdir(parents=True, exist_ok=True)
    if not (tools / "package.json").exists():
        (tools / "package.json").write_text('{"private": true}\n')
    environment = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
    command = ["npm", "install", "--no-fund", "--no-audit", "--loglevel=error", "--ignore-scripts", *absent]
    subprocess.run(command, cwd=tools, env=environment, check=True, timeout=STEP_LIMIT_SECONDS)


def installed(tools, name):
    package = tools / "node_modules" / name / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else None
