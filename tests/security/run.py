#!/usr/bin/env python3
"""Measures the security headers, and tries to get past them, in scanners and browsers.

    run.py [--quillfront PATH] [--tools DIR] [--deep] [check …]

Serves the manual, the site of tests/theme/site and a hostile site by `quillfront serve`, behind TLS:

  score       Mozilla's HTTP Observatory on every page of the manual: at least 135 with scripts, 130
              without; the same for the headers of redirects, refusals and missing pages; csp_evaluator
              has no finding
  lighthouse  its audits of CSP, HSTS, COOP, framing and Trusted Types have no finding
  chromium    every page of both sites: the policy stops nothing, and search, menus, copy buttons and
              tables work
  firefox     the same; without --deep on every fourth page
  one-policy  the same in Chromium, with one policy for all pages (`edge = "policy"`); feeds and pictures
              can still be opened by themselves
  attack      some 200 ways to run a script, through titles, tags, data files, Markdown and the search
              index of a hostile site: none runs in Chromium; without the policy most do

Needs chromium, firefox-esr, openssl, and node 20 with npm. The rest comes from npm, in the versions of
tools.json, into a temporary folder, or into --tools DIR, which is kept and used again. --deep takes
every way through every channel, and more pages. The exit status is 1 if a check fails,
2 if something is missing.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from urllib.parse import quote

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "theme")]
from checks import check, install, output_of, what_lacks, wrong_by  # noqa: E402
from run import is_deep, newest_build  # noqa: E402

import hostile  # noqa: E402
from served import REPLAYED, Certificate, Elsewhere, Served  # noqa: E402
from vectors import ELSEWHERE_SCRIPT  # noqa: E402

PROGRAMS = {
    "chromium": "chromium", "firefox-esr": "firefox-esr", "openssl": "openssl", "node": "nodejs", "npm": "npm",
}
AT_LEAST = {"scripts": 135, "none": 130}
# Redirects of the edge, what it refuses, and what is missing.
OTHER_ANSWERS = {"/docs": 301, "/docs/index.html": 301, "/docs%5csearch/": 400, "/missing/": 404}
# What CloudFront asks the edge when the bucket lets it read nothing.
FORBIDDEN = {"Records": [{"cf": {
    "config": {
        "distributionDomainName": "d111111abcdef8.cloudfront.net", "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": "origin-response", "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
    },
    "request": {
        "clientIp": "203.0.113.178", "headers": {"host": [{"key": "Host", "value": "site.s3.eu-central-1.amazonaws.com"}]},
        "method": "GET", "querystring": "", "uri": "/docs/index.html",
    },
    "response": {
        "status": "403", "statusDescription": "Forbidden",
        "headers": {
            "content-type": [{"key": "Content-Type", "value": "application/xml"}],
            "server": [{"key": "Server", "value": "AmazonS3"}],
            "x-amz-request-id": [{"key": "x-amz-request-id", "value": "EXAMPLE"}],
        },
    },
}}]}
AUDITS = ["csp-xss", "has-hsts", "origin-isolation", "clickjacking-mitigation", "trusted-types-xss"]
# Lighthouse passes these and still advises them. The first is for browsers that know no hashes, which it would
# leave without any policy for scripts; the others bind all of a domain, so they are for its owner to ask for.
ADVICE = {("csp-xss", "script-src"), ("has-hsts", "includeSubDomains"), ("has-hsts", "preload")}
# What is opened by itself and is no page.
DOCUMENTS = ["atom.xml", "docs/edit-time.svg"]
# Firefox is the second to see them.
PAGES_EVERY = {("chrome", False): 1, ("chrome", True): 1, ("firefox", False): 4, ("firefox", True): 1}
LIGHTHOUSE_PAGES = {False: ["", "docs/theme/"], True: ["", "docs/", "docs/theme/", "blog/", "blog/first-version/", "tags/"]}
# Without a policy something runs on so many of the pages, or the attack has become blunt; for that, not all of
# them have to be opened.
SHARP_AT_LEAST = 0.75
CONTROL_EVERY = {False: 3, True: 1}


def main():
    options = arguments()
    if lack := what_lacks(PROGRAMS):
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="security-") as scratch:
        run = Run(options, Path(scratch))
        wanted = options.checks or CHECKS
        passed = [check(name, lambda: CHECKS[name](run)) for name in wanted]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], metavar="check", help="some of the checks")
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages of npm are, or go, and stay")
    parser.add_argument("--deep", action="store_true", help="the full sizes; E2E_DEEP=1 means the same")
    options = parser.parse_args()
    options.deep = options.deep or is_deep()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


class Run:
    """What the checks are given."""

    def __init__(self, options, scratch):
        self.quillfront, self.deep, self.scratch = options.quillfront, options.deep, scratch
        self.tools = (options.tools or scratch / "tools").resolve()
        for packages in json.loads((HERE / "tools.json").read_text()).values():
            install(self.tools, packages)
        # The list of browsers is fetched by its package's own script; no site under test is on it.
        preloaded = self.tools / "node_modules" / "@mdn" / "mdn-http-observatory" / "conf" / "hsts-preload.json"
        preloaded.write_text("{}")
        self.certificate = Certificate(scratch / "certificate")
        os.environ["NODE_EXTRA_CA_CERTS"] = str(self.certificate.authority)

    def serve(self, name, root):
        return Served(self.quillfront, root, self.scratch / name, self.certificate)

    def manual(self, edge="functions"):
        if edge == "functions":
            return self.serve("manual", REPOSITORY)
        root = self.scratch / f"manual-{edge}-root"
        if not root.exists():
            for folder in ("content", "themes"):
                shutil.copytree(REPOSITORY / folder, root / folder)
            shutil.copy(REPOSITORY / "config.toml", root)
            (root / "quillfront.toml").write_text(f'[security]\npreset = "strict"\nedge = "{edge}"\n')
        return self.serve(f"manual-{edge}", root)

    def everything(self, edge="functions"):
        """The site that uses all of the theme, with the strictest headers."""
        root = self.scratch / f"everything-{edge}-root"
        if not root.exists():
            shutil.copytree(HERE.parent / "theme" / "site", root)
            shutil.copytree(REPOSITORY / "themes" / "quill", root / "themes" / "quill")
            (root / "quillfront.toml").write_text(f'[security]\npreset = "strict"\nedge = "{edge}"\n')
        return self.serve(f"everything-{edge}", root)

    def hostile(self, has_policy, elsewhere):
        """A hostile site, and what comes in by the address of its home page."""
        name = "hostile" if has_policy else "hostile-without"
        root = self.scratch / f"{name}-root"
        fragments = hostile.write(root, self.deep, elsewhere)
        if has_policy:
            (root / "quillfront.toml").write_text(hostile.SECURITY)
        return self.serve(name, root), fragments


# ---- scanners


def score(run):
    with run.manual() as site:
        wrong = site.errors()
        answers = [answer(site, page, page) for page in site.pages()]
        for path, wanted in OTHER_ANSWERS.items():
            status = site.ask(path)[0]
            if status != wanted:
                wrong.append(f"{path} is answered with {status}, not {wanted}")
            answers.append(answer(site, f"{status} {path}", f"{site.address}{REPLAYED.strip('/')}{path}"))
        answers.append(forbidden(run, site))
        task = {"tools": str(run.tools), "answers": answers, "atLeast": AT_LEAST}
        return wrong + wrong_by(HERE / "score.mjs", task)


def answer(site, name, url):
    path = "/" + url.removeprefix(site.address).removeprefix(REPLAYED.strip("/") + "/")
    return {"name": name, "url": url, "policies": site.ask(path)[1].get_all("Content-Security-Policy", [])}


def forbidden(run, site):
    """The 403 of the edge, which no request to this site leads to."""
    rules = run.scratch / "rules.json"
    manual = [run.quillfront, "--root", REPOSITORY]
    output_of([*manual, "build", "--force", "--output-dir", run.scratch / "manual-out", "--rules", rules])
    said = json.loads(output_of([*manual, "edge", "--rules", rules], input=json.dumps(FORBIDDEN)))
    headers = [(one["key"], one["value"]) for values in said["headers"].values() for one in values]
    policies = [value for name, value in headers if name.lower() == "content-security-policy"]
    return {"name": f"{said['status']} of the edge", "url": site.replay("/forbidden/", headers), "policies": policies}


def lighthouse(run):
    program = run.tools / "node_modules" / "lighthouse" / "cli" / "index.js"
    flags = "--headless=new --no-sandbox --ignore-certificate-errors"
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium")}
    wrong = []
    with run.manual() as site:
        for path in LIGHTHOUSE_PAGES[run.deep]:
            command = ["node", program, site.address + path, "--quiet", "--output=json", f"--chrome-flags={flags}"]
            report = json.loads(output_of([*command, f"--only-audits={','.join(AUDITS)}"], env=environment))
            wrong += [f"{path or 'home'}: {told}" for audit in AUDITS for told in findings(report["audits"].get(audit))]
    return wrong


def findings(audit):
    """What an audit found, but for what is only advice."""
    if audit is None:
        return ["Lighthouse did not run an audit"]
    name, score = audit["id"], audit["score"]
    items = audit.get("details", {}).get("items", [])
    wrong = [
        f"{name}: {item.get('directive')}: {item.get('description')}"
        for item in items
        if (name, item.get("directive")) not in ADVICE
    ]
    return wrong if score in (1, None) or wrong else [f"{name}: score {score}: {audit.get('explanation')}"]


# ---- browsers


def chromium(run):
    return browse(run, "chrome", "chromium")


def firefox(run):
    return browse(run, "firefox", "firefox-esr")


def one_policy(run):
    return browse(run, "chrome", "chromium", "policy")


def browse(run, browser, program, edge="functions"):
    with run.manual(edge) as manual, run.everything(edge) as everything:
        wrong = manual.errors() + everything.errors()
        pages = {site: site.pages() for site in (manual, everything)}
        every = 4 if edge == "policy" and not run.deep else PAGES_EVERY[browser, run.deep]
        task = browser_task(run, browser, program) | {
            # Without the functions these are pages that lead on.
            "pages": [page for page in pages[manual] + pages[everything] if not page.endswith("/page/1/")][::every],
            "documents": [manual.address + path for path in DOCUMENTS],
            "manual": manual.address,
            "everything": everything.address,
        }
        return wrong + wrong_by(HERE / "browse.mjs", task)


def browser_task(run, browser, program):
    return {"tools": str(run.tools), "browser": browser, "program": shutil.which(program)}


def attack(run):
    """The site with its policy, and, so that the attack is known to be sharp, without."""
    through, _, wrong = open_hostile(run, has_policy=True, every=1)
    wrong += [f"{page}: vector {number} runs" for page, number in through]
    without, opened, _ = open_hostile(run, has_policy=False, every=CONTROL_EVERY[run.deep])
    tried = {page for page in opened if re.search(r"/v/[a-z]+-\d+/$", page)}
    sharp = tried & {page for page, _ in without}
    print(f"     {len(through)} run with the policy; without it, on {len(sharp)} of {len(tried)} pages")
    if len(sharp) < SHARP_AT_LEAST * len(tried):
        wrong.append(f"without a policy something runs on no more than {len(sharp)} of {len(tried)} pages")
    for channel, first in hostile.CHANNELS.items():
        if not any(first <= number < first + 1000 for _, number in without):
            wrong.append(f"without a policy nothing runs that comes in by `{channel}`")
    if not any(page == "/" for page, _ in without):
        wrong.append("without a policy nothing runs that comes in by the search index")
    return wrong


def open_hostile(run, has_policy, every):
    """What runs, as pairs of path and number; the paths that were opened; what else is wrong."""
    with contextlib.ExitStack() as stack:
        elsewhere = stack.enter_context(Elsewhere(run.certificate, ELSEWHERE_SCRIPT))
        site, fragments = run.hostile(has_policy, elsewhere.address)
        stack.enter_context(site)
        wrong = [] if has_policy == has_csp(site) else [f"a policy is {'not ' if has_policy else ''}sent"]
        pages = site.pages()
        kept = [page for number, page in enumerate(pages) if number % every == 0 or "/v/" not in page or "sinks" in page]
        addresses = [f"{site.address}#{quote(fragment)}" for fragment in fragments]
        files = [f"{site.address}uploads/own.svg?__x({hostile.FILE})"]
        task = browser_task(run, "chrome", "chromium") | {"pages": kept + addresses, "files": files}
        said = json.loads(output_of(["node", HERE / "attack.mjs", json.dumps(task)]))
        short = [(url.replace(site.address, "/"), number) for url, number in said["ran"]]
        return short, [page.replace(site.address, "/") for page in kept], wrong + said["wrong"]


def has_csp(site):
    return "Content-Security-Policy" in site.ask("/")[1]


CHECKS = {
    "score": score,
    "lighthouse": lighthouse,
    "chromium": chromium,
    "firefox": firefox,
    "one-policy": one_policy,
    "attack": attack,
}

if __name__ == "__main__":
    sys.exit(main())
