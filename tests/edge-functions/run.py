#!/usr/bin/env python3
"""Holds what CloudFront itself runs and adds against what Quillfront does.

    run.py [--quillfront PATH] [--tools DIR] [--seed N] [--count N] [check …]

Writes the CloudFront Functions and the Response Headers Policy of sites with `quillfront package edge`:

  lint      the functions have no syntax, global or method that the runtime cloudfront-js-2.0 is not documented
            to have, and at most 10 KB
  agree     in a context with no more than that, they answer 10,000 requests as `quillfront edge` does, half of them
            for thumbnails, signed and not; nothing that is known to be junk goes on to an origin; with a mistake in
            them they do not
  policy    the policy is what CreateResponseHeadersPolicy takes, by the model of botocore, within CloudFront's
            quotas; its headers are those that `quillfront serve` sends

Needs node 20 with npm, and python3-venv. The rest comes from npm and PyPI, in the versions of tools.json, into
a temporary folder, or into --tools DIR, which is kept and used again. The exit status is 1 if a check fails, 2
if something is missing.
"""
import argparse
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "theme")]
from checks import check, install, output_of, what_lacks, wrong_by  # noqa: E402
from run import newest_build  # noqa: E402

PROGRAMS = {"node": "nodejs", "npm": "npm"}
# A site by what it says in quillfront.toml.
WIDTHS = list(range(120, 120 * 33, 120))
PRESETS = {"card": "width=300,height=200,fit=cover,blur=3", "hero": "width=1600,dpr=1.5,format=auto,anim=true,onerror=redirect",
           "thumb-2": "w=64,h=64,fit=crop,g=0.5x0.25,q=high"}
IMAGES = f"[images]\nwidths = {WIDTHS}\nqualities = [20, 30, 45, 60, 75, 90]\n[images.presets]\n" + "".join(
    f'{name} = "{options}"\n' for name, options in PRESETS.items())
SITES = {
    "functions": '[security]\n',
    "functions, domains": '[security]\n[edge]\ndomains = ["www.example.org", "example.com"]\n',
    "thumbnails": "[security]\n" + IMAGES,
    "thumbnails, domains": '[security]\n[edge]\ndomains = ["www.example.org", "example.com"]\n' + IMAGES,
    "policy": '[security]\nedge = "policy"\n',
    "policy, domains": '[security]\nedge = "policy"\n[edge]\ndomains = ["www.example.org", "example.com"]\n' + IMAGES,
}
# The keys of signed URLs: the one that signs, and the one before it; and the time.
KEYS = "0123456789abcdef" * 4 + "," + "an-older+key/of=this_site-0123456789"
NOW, NOW_TEXT = 1_798_761_600, "2027-01-01T00:00:00Z"
FUNCTIONS = {"file": "viewer-request.js", "pictures": "viewer-request-images.js"}
# What a lint that finds nothing would let pass.
ODD = [
    "for (const a of []) { }", "const {a} = event;", "event?.b;", "event ?? 1;", "class A { }", "eval('1');",
    "new Function('a');", "'a'.charCodeAt(0);", "'a'.normalize();", "fetch('x');", "new Map();", "[...event];",
    r"/(?<=a)b/.test('b');", r"/\ud800/.test('b');", "/a/u.test('b');", "async () => { };", "const a = { event };",
    "try { } catch { }", "require('crypto');", "setTimeout('x');", "event ||= 1;", "1n;", "function* f() { }",
]
# Mistakes in a function, each of which some request shows.
MISTAKES = [
    ("==='..'", "===':'"), ("%5c", "%5d"), ("'%2A'", "'*'"), ("toLowerCase()", "trim()"), ("split(':')[0]", "trim()"), ("F.wellKnown", "'-'"),
    ("lastIndexOf", "indexOf"), ("F.maxKey", "9999"), ("F.maxPath", "99999"), ("'%25'", "'%'"), (".rawQueryString()", ".method"),
    ("\\u009f", "\\u0084"), ("F.index){return null", "F.other){return null"), ("/%[0-9a-f]{2}/i.test", "/%[0-9a-f]{9}/i.test"),
    # Of thumbnails.
    ("delete ", "void "), ("'0.5x0':'top'", "'0.5x0':'bottom'"), ("/^q\\s*=", "/^q\\s*:"), ("|=", "="), ("<=Math.floor(Date", "<Math.floor(Date"),
    ("|=", "&="), ("+180)%360", "+90)%360"), ("jpe?g|png", "jpe?g"), ("'image/avif'", "'image/avi'"), ("[1-9][0-9]{0,11}", "[0-9]{1,12}"),
    (".endsWith('/')||", ".endsWith('//')||"), ("[1,2,3]", "[1,2]"), ("'false'", "'no'"), ("F.maxSide", "99999"),
    ("F.qualities", "F.widths"), ("+50)/100", "+49)/100"), ("+5)/10)", "+4)/10)"), ("F.folder)&&", "'-')&&"), ("==='75'", "==='70'"),
    (".slice(0,2048)", ""), ("multiValue||", "single||"), ("flip=vh", "flip=hh"),
]
# Of the mistakes, so many requests.
MISTAKEN_COUNT = 10_000
START_SECONDS, STOP_SECONDS, REQUEST_SECONDS = 60, 20, 60
MAX_POLICY, MAX_CUSTOM, MAX_REMOVED = 1_783, 10, 10


def main():
    options = arguments()
    if lack := what_lacks(PROGRAMS):
        print(lack, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="edge-functions-") as scratch:
        run = Run(options, Path(scratch))
        wanted = options.checks or CHECKS
        passed = [check(name, lambda: CHECKS[name](run)) for name in wanted]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], metavar="check", help="some of the checks")
    parser.add_argument("--quillfront", type=Path, help="the command under test [default: the newest in the target folder]")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the packages are, or go, and stay")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other requests [default: 1]")
    parser.add_argument("--count", type=int, default=10_000, help="how many requests [default: 10000]")
    options = parser.parse_args()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


class Run:
    """What the checks are given: the packages of all sites."""

    def __init__(self, options, scratch):
        self.options, self.quillfront, self.scratch = options, options.quillfront, scratch
        self.tools = (options.tools or scratch / "tools").resolve()
        self.wanted = json.loads((HERE / "tools.json").read_text())
        install(self.tools, self.wanted["npm"])
        self.sites = {name: self.package(name, text) for name, text in SITES.items()}

    def package(self, name, text):
        root = self.scratch / name.replace(", ", "-")
        write_site(root, text)
        rules, out = root / "rules.json", root / "package"
        site = [self.quillfront, "--root", root]
        subprocess.run([*site, "build", "-o", root / "out", "--rules", rules], check=True, stderr=subprocess.DEVNULL)
        subprocess.run([*site, "package", "edge", "-o", out, "--site-only"], check=True, stderr=subprocess.DEVNULL)
        return root, out, rules

    def cases(self):
        """Of each site its functions, and the command that they are held to."""
        cases = []
        for name, (_, out, rules) in self.sites.items():
            files = {key: out / file for key, file in FUNCTIONS.items()}
            files = {key: str(path) if path.exists() else None for key, path in files.items()}
            cases.append({"name": name, "command": self.reference(rules)} | files)
        return self.task(self.options.count, cases)

    def task(self, count, cases):
        return {"count": count, "seed": self.options.seed, "now": NOW, "keys": KEYS, "cases": cases}

    def reference(self, rules):
        command = [str(self.quillfront), "--now", NOW_TEXT, "edge", "--lines", "--rules", str(rules)]
        return ["env", f"QUILLFRONT_IMAGE_KEY={KEYS}", *command]


def write_site(root, text):
    for folder in ("content", "templates"):
        (root / folder).mkdir(parents=True)
    (root / "config.toml").write_text('base_url = "https://example.org/"\ngenerate_feeds = true\n')
    (root / "quillfront.toml").write_text(text)
    (root / "content" / "a.md").write_text('+++\ntitle = "A"\ndate = 2026-01-01\n+++\n<p style="color: red">A</p>\n')
    (root / "templates" / "index.html").write_text("<script>home()</script>")
    (root / "templates" / "page.html").write_text("<style>p { margin: 0 }</style>{{ page.content | safe }}<script>page()</script>")


def lint(run):
    files = [str(path) for _, out, _ in run.sites.values() for path in sorted(out.glob("*.js"))]
    wrong = [] if len(files) == 10 else [f"there are {len(files)} functions"]
    return wrong + wrong_by(HERE / "lint.mjs", {"tools": str(run.tools), "files": files, "odd": ODD})


def agree(run):
    wrong = wrong_by(HERE / "agree.mjs", run.cases())
    _, out, rules = run.sites["policy, domains"]
    functions = {key: (out / file).read_text() for key, file in FUNCTIONS.items()}
    cases = []
    for right, mistaken in MISTAKES:
        case = {"name": f"`{right}` is `{mistaken}`", "command": run.reference(rules)}
        if not any(right in text for text in functions.values()):
            wrong.append(f"there is no `{right}` in the functions")
        for key, text in functions.items():
            changed = in_code(text, right, mistaken)
            path = run.scratch / f"mistake-{len(cases)}-{key}.js"
            path.write_text(changed)
            case[key] = str(path)
        cases.append(case)
    task = run.task(MISTAKEN_COUNT, cases) | {"quiet": True}
    noticed = "\n".join(wrong_by(HERE / "agree.mjs", task))
    return wrong + [f"nothing shows that {case['name']}" for case in cases if f"{case['name']}: " not in noticed]


def in_code(text, right, mistaken):
    at = text.index("\n", text.index("const F=")) + 1
    return text[:at] + text[at:].replace(right, mistaken)


def policy(run):
    """The configuration, by the model of the client that sends it; and what `serve` sends in its place."""
    root, out, _ = run.sites["policy"]
    file = out / "response-headers-policy.json"
    config = json.loads(file.read_text())
    python = environment(run)
    script = HERE / "validate.py"
    wrong = json.loads(output_of([python, script, json.dumps({"file": str(file), "name": "ResponseHeadersPolicyConfig"})]))
    security = config["SecurityHeadersConfig"]
    csp = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    custom = {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}
    if len(csp) > MAX_POLICY or len(custom) > MAX_CUSTOM or config["RemoveHeadersConfig"]["Quantity"] > MAX_REMOVED:
        wrong.append("it is larger than CloudFront takes")
    if csp.count("'sha256-") != 4 or "'unsafe-hashes'" not in csp:
        wrong.append(f"not all scripts and styles are in it: {csp}")
    expected = custom | {
        "content-security-policy": csp,
        "referrer-policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "strict-transport-security": f"max-age={security['StrictTransportSecurity']['AccessControlMaxAgeSec']}",
        "x-content-type-options": "nosniff",
        "x-frame-options": security["FrameOptions"]["FrameOption"],
    }
    for other in ("functions", "functions, domains"):
        if (run.sites[other][1] / file.name).exists():
            wrong.append(f"`{other}` has a policy")
    return wrong + served(run, root, expected)


def served(run, root, expected):
    wrong = []
    with serve(run, root) as address:
        for path, status in {"/": 200, "/a/": 200, "/atom.xml": 200, "/missing/": 404, "/a": 301, "/%5c": 400}.items():
            got, headers = ask(address, path)
            if got != status:
                wrong.append(f"{path} is answered with {got}, not {status}")
            for name, value in expected.items():
                if headers.get(name) != value:
                    wrong.append(f"{path}: {name} is {headers.get(name)}, not {value}")
            wrong += [f"{path}: {name} is sent" for name in headers if name.startswith(("x-amz", "server"))]
    return wrong


@contextlib.contextmanager
def serve(run, root):
    command = [run.quillfront, "--root", root, "serve", "--json", "--data", run.scratch / "served", "--no-watch"]
    command += ["--http", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--no-reload"]
    with (run.scratch / "serve.log").open("w") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=log, text=True)
        watchdog = threading.Timer(START_SECONDS, process.kill)
        watchdog.start()
        try:
            ready, first_build = process.stdout.readline(), process.stdout.readline()
            assert first_build, "`serve` did not start"
            yield json.loads(ready)["site"].removeprefix("http://").rstrip("/")
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait(STOP_SECONDS)


def ask(address, path):
    connection = http.client.HTTPConnection(address, timeout=REQUEST_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def environment(run):
    """A Python with botocore."""
    folder = run.tools / "botocore"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    wanted = [f"{name}=={version}" for name, version in run.wanted["pypi"].items()]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    subprocess.run(pip, check=True)
    return python


CHECKS = {"lint": lint, "agree": agree, "policy": policy}

if __name__ == "__main__":
    sys.exit(main())
