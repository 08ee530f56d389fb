#!/usr/bin/env python3
"""Checks the bundled theme in a browser: valid HTML, accessibility, search, and a strict CSP.

    run.py [--quillfront PATH] [--tools DIR] [--deep]

Builds the manual and the site in tests/theme/site, which uses all that the theme knows, and serves
both with a Content-Security-Policy that allows nothing but files of the site. Then:

  html     the W3C checker (vnu) has no error and no warning on any page
  axe      no violation at WCAG 2.2 AA, light and dark; with --deep on all pages
  use      search in all formats, by keyboard; copy buttons; what is there without JavaScript
  measure  with --deep: Lighthouse, at least 98 in everything, over `quillfront serve`

Needs java, chromium and node 20 with npm (Debian: default-jre-headless chromium nodejs npm). The rest
comes from npm, in the versions of tools.json, into a temporary folder, or into --tools DIR, which is
kept and used again. The exit status is 1 if a check fails, 2 if something is missing.
"""
import argparse
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))
from run import is_deep, newest_build  # noqa: E402

PROGRAMS = {"java": "default-jre-headless", "chromium": "chromium", "node": "nodejs", "npm": "npm"}
NODE_AT_LEAST = 20
LIGHTHOUSE_AT_LEAST = 98
LIGHTHOUSE_PAGES = ["", "blog/first-version/", "blog/"]
STEP_LIMIT_SECONDS = 1800
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def main():
    options = arguments()
    if lack := what_lacks():
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="theme-") as scratch:
        scratch = Path(scratch)
        tools = (options.tools or scratch / "tools").resolve()
        install(tools, options.deep)
        sites = build(options.quillfront, scratch)
        passed = [
            check("html", lambda: html(tools, sites)),
            check("axe and use", lambda: browse(tools, sites, options.deep)),
        ]
        if options.deep:
            passed.append(check("measure", lambda: measure(tools, options.quillfront, scratch)))
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of npm are, or go, and stay")
    parser.add_argument("--deep", action="store_true", help="all pages, and Lighthouse; E2E_DEEP=1 means the same")
    options = parser.parse_args()
    options.deep = options.deep or is_deep()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


def what_lacks():
    """What has to be installed first, in a sentence; empty if all is there."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
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


def install(tools, deep):
    """Puts the packages that are not there yet into `tools`."""
    wanted = json.loads((HERE / "tools.json").read_text())
    packages = wanted["browse"] | (wanted["measure"] if deep else {})
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


# ---- the sites


class Site:
    """A built site, and the address at which it is served for as long as this program runs."""

    def __init__(self, name, root, out, quillfront):
        self.name, self.out = name, out
        out.mkdir()
        handler = functools.partial(Handler, directory=str(out))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}/"
        command = [quillfront, "--root", root, "build", "-f", "-o", out, "-u", self.address]
        subprocess.run(command, check=True, timeout=STEP_LIMIT_SECONDS)

    def pages(self):
        """The paths of the pages, without redirects."""
        files = [path for path in sorted(self.out.rglob("*.html")) if 'http-equiv="refresh"' not in path.read_text()]
        return [path.relative_to(self.out).as_posix().removesuffix("index.html") for path in files]


class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_):
        pass


def build(quillfront, scratch):
    everything = scratch / "everything"
    shutil.copytree(HERE / "site", everything)
    shutil.copytree(REPOSITORY / "themes" / "quill", everything / "themes" / "quill")
    return [
        Site("manual", REPOSITORY, scratch / "manual-out", quillfront),
        Site("everything", everything, scratch / "everything-out", quillfront),
    ]


# ---- the checks


def html(tools, sites):
    jar = tools / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = ["java", "-jar", jar, "--format", "json", "--stdout", "--skip-non-html", *[site.out for site in sites]]
    messages = json.loads(output_of(command))["messages"]
    # What is left is advice on `<br/>`, which Markdown writes.
    serious = [m for m in messages if m["type"] != "info" or m.get("subType") == "warning"]
    return [f"{m.get('url', '')}:{m.get('lastLine', '')} {m['message']}" for m in serious]


def browse(tools, sites, deep):
    manual, everything = sites
    few = {
        manual: ["", "blog/first-version/", "docs/writing-posts/", "404.html"],
        everything: ["", "blog/", "blog/everything/", "ar/blog/everything/", "tags/"],
    }
    axe = [site.address + path for site in sites for path in (site.pages() if deep else few[site])]
    task = {"tools": str(tools), "chromium": shutil.which("chromium"), "axe": axe, "everything": everything.address}
    return json.loads(output_of(["node", HERE / "browse.mjs", json.dumps(task)]) or '["browse.mjs said nothing"]')


def measure(tools, quillfront, scratch):
    wrong = []
    command = [quillfront, "--root", REPOSITORY, "serve", "--json", "--data", scratch / "data"]
    command += ["--http", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--no-watch", "--no-reload"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            site = json.loads(server.stdout.readline())["site"]
            server.stdout.readline()  # the first build
            threading.Thread(target=server.stdout.read, daemon=True).start()
            for path in LIGHTHOUSE_PAGES:
                wrong += lighthouse(tools, f"{site.rstrip('/')}/{path}", path or "home")
        finally:
            server.terminate()
    return wrong


def lighthouse(tools, url, name):
    program = tools / "node_modules" / "lighthouse" / "cli" / "index.js"
    command = ["node", program, url, "--quiet", "--output=json", "--chrome-flags=--headless=new --no-sandbox"]
    report = json.loads(output_of(command, env=os.environ | {"CHROME_PATH": shutil.which("chromium")}))
    scores = {key: round(100 * (part["score"] or 0)) for key, part in report["categories"].items()}
    print(f"     {name}: " + ", ".join(f"{key} {score}" for key, score in scores.items()))
    return [f"{name}: {key} {score}" for key, score in scores.items() if score < LIGHTHOUSE_AT_LEAST]


if __name__ == "__main__":
    sys.exit(main())
