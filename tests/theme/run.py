#!/usr/bin/env python3
"""Checks the bundled theme in a browser: valid HTML, accessibility, search, and a strict CSP.

    run.py [--quillfront PATH] [--tools DIR] [--deep]

Builds the manual and the site in tests/theme/site, which uses all that the theme knows, and serves
both with a Content-Security-Policy that allows nothing but files of the site, of scripts those of the
theme by their hashes, and no HTML that a script makes of text. Then:

  html     the W3C checker (vnu) has no error and no warning on any page
  axe      no violation at WCAG 2.2 AA, light and dark; with --deep on all pages
  use      search in all formats, by keyboard; copy buttons; what is there without JavaScript
  measure  with --deep: Lighthouse, at least 98 in everything, over `quillfront serve`

Needs java, chromium and node 20 with npm (Debian: default-jre-headless chromium nodejs npm). The rest
comes from npm, in the versions of tools.json, into a temporary folder, or into --tools DIR, which is
kept and used again. The exit status is 1 if a check fails, 2 if something is missing.
"""
import argparse
import base64
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))
from checks import STEP_LIMIT_SECONDS, check, install, output_of, what_lacks, wrong_by  # noqa: E402
from run import is_deep, newest_build  # noqa: E402

PROGRAMS = {"java": "default-jre-headless", "chromium": "chromium", "node": "nodejs", "npm": "npm"}
LIGHTHOUSE_AT_LEAST = 98
LIGHTHOUSE_PAGES = ["", "blog/first-version/", "blog/"]
SCRIPTS = REPOSITORY / "themes" / "quill" / "static"


def main():
    options = arguments()
    if lack := what_lacks(PROGRAMS):
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="theme-") as scratch:
        scratch = Path(scratch)
        tools = (options.tools or scratch / "tools").resolve()
        packages = json.loads((HERE / "tools.json").read_text())
        install(tools, packages["browse"] | (packages["measure"] if options.deep else {}))
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


def policy():
    """What `[security]` sends with the pages of a site that has no scripts but the theme's."""
    hashes = [base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode() for file in sorted(SCRIPTS.glob("*.js"))]
    scripts = " ".join(f"'sha384-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


class Handler(http.server.SimpleHTTPRequestHandler):
    policy = policy()

    def end_headers(self):
        self.send_header("Content-Security-Policy", self.policy)
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
    return wrong_by(HERE / "browse.mjs", task)


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
