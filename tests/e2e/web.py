"""What a reader of the site gets, over curl."""
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from wait import until


@dataclass
class Response:
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode()

    @property
    def type(self):
        return self.headers.get("content-type", "")


def fetch(url, *options, headers=None, method="GET"):
    """One request; redirects are not followed. Header names come back in lower case."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = Path(folder, "head"), Path(folder, "body")
        command = ["curl", "-sS", "--max-time", "30", "--path-as-is", "-D", head, "-o", body, *options]
        if method == "HEAD":
            command.append("--head")
        elif method != "GET":
            command += ["-X", method]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run([str(word) for word in [*command, url]], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"curl {url}: {done.stderr.strip()}")
        return parse(head.read_text("latin-1"), body.read_bytes() if body.exists() and method != "HEAD" else b"")


def parse(head, body):
    """The last head in `head`: there may be a `100 Continue` before it."""
    lines = head.strip().split("\r\n\r\n")[-1].splitlines()
    named = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return Response(int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in named}, body)


def wait_for(url, status=200, contains="", without=None, seconds=30, tail=None):
    """Polls a URL until it answers as wanted."""
    last = []
    def answers():
        got = fetch(url)
        last[:] = [got]
        fits = got.status == status and contains.encode() in got.body
        return got if fits and (without is None or without.encode() not in got.body) else None
    def context():
        got = last[0]
        start = got.body[:300].decode(errors="replace")
        return f"it answered {got.status} {got.type}: {start}\n{tail() if tail else ''}"
    what = f"{url} to answer {status}" + (f" with {contains!r}" if contains else "") + (f" without {without!r}" if without else "")
    return until(answers, what, seconds, tail=context)


def url_path(key):
    """A key as the path of a URL."""
    return quote(key, safe="/~")
