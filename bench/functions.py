#!/usr/bin/env python3
"""How the Lambda functions start: time to the first answer, memory at rest, and the size of their archives.

    functions.py DIST [--quillfront PATH] [--starts 20] [--json]

DIST is the folder of `quillfront package all -o DIST`. Each function is started as Lambda starts it, again and again:
the program asks this script, which speaks the Lambda runtime API, for its first event, and answers it. The buckets
are those of a `quillfront serve`.

  builder    the event of an upload that is published already: the state and the source are looked at
  thumbnail  the request for a thumbnail, 64 pixels wide, of a picture that has none yet

Measured are the milliseconds from the start of the process until it asks for an event, and until its answer is here;
the resident memory then and before; and the bytes of the archive. Exit code 1: a median is over its bound.
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))

from run import newest_build  # noqa: E402
from server import Server  # noqa: E402
from trees import wait_until_clean  # noqa: E402

API = "/2018-06-01/runtime"
LIMIT_SECONDS = 30
# The bounds: milliseconds to the first answer, megabytes of memory at rest, megabytes of the archive.
BOUNDS = {"answer_ms": 50, "idle_mb": 30, "zip_mb": 20}
SITE = {
    "config.toml": 'base_url = "https://example.org"\n',
    "content/_index.md": '+++\ntitle = "Home"\n+++\nWords.\n',
    "templates/index.html": "<title>{{ section.title }}</title>{{ section.content | safe }}",
}
PICTURE = "cat.png"


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="functions-bench-") as scratch:
        data = Path(scratch, "data")
        data.mkdir()
        with Server(options.quillfront, data) as server:
            for key, text in SITE.items():
                server.put(key, text)
            server.put(f"static/{PICTURE}", picture(256, 256))
            wait_until_clean(server, seconds=120)
            found = {name: measured(options, name, server) for name in ("builder", "thumbnail")}
    if options.json:
        print(json.dumps(found))
    else:
        show(found)
    late = [f"{name}: {what} is {one[what]['median'] if isinstance(one[what], dict) else one[what]:.1f}, "
            f"and may be {bound}" for name, one in found.items() for what, bound in BOUNDS.items()
            if (one[what]["median"] if isinstance(one[what], dict) else one[what]) > bound]
    print(*late, sep="\n", end="\n" if late else "", file=sys.stderr)
    return 1 if late else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--quillfront", type=Path, help="the command with the buckets [default: the newest build]")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.quillfront = (options.quillfront or newest_build()).resolve()
    return options


def measured(options, name, server):
    program = (options.dist / name / "bootstrap").resolve()
    archive = options.dist / f"{name}.zip"
    event = {"builder": upload, "thumbnail": request}[name]
    starts = []
    # The first brings the program into memory.
    for number in range(options.starts + 1):
        function = Function(program, server, event(server))
        starts.append(function.run())
        if name == "thumbnail":
            server.s3.delete_object(Bucket=server.site_bucket, Key=f"img/{PICTURE}/width=64,format=webp")
    shown = {what: spread([start[what] for start in starts[1:]]) for what in starts[0]}
    return {"zip_mb": size(archive, program) / 1e6, "program_mb": program.stat().st_size / 1e6, **shown}


def size(archive, program):
    """The bytes of the archive; where there is none, of its program as it is packed."""
    if archive.exists():
        return archive.stat().st_size
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return len(packer.compress(program.read_bytes()) + packer.flush())


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "largest": max(values)}


def show(found):
    print("| function | asks, ms | answers, ms | memory at rest, MB | after the answer, MB | zipped, MB |")
    print("|---|---|---|---|---|---|")
    for name, one in found.items():
        cells = [f"{one[what]['median']:.1f} ({one[what]['least']:.1f} to {one[what]['largest']:.1f})"
                 for what in ("asks_ms", "answer_ms", "idle_mb", "used_mb")]
        print(f"| {name} | {' | '.join(cells)} | {one['zip_mb']:.1f} |")


def upload(server):
    bucket = {"name": server.source}
    return {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": bucket, "object": {"key": "content/_index.md"}}}]}


def request(_server):
    path = f"/img/{PICTURE}/width=64,format=webp"
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"}
    return {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {},
            "requestContext": {"http": http, "requestId": "1", "timeEpoch": 0}, "isBase64Encoded": False}


class Function:
    """One process, from its start to its first answer."""

    def __init__(self, program, server, event):
        self.program, self.buckets, self.event = program, server, json.dumps(event).encode()
        self.asked = self.idle = self.answered = self.failure = None
        self.has_asked, self.may_have, self.has_answered = threading.Event(), threading.Event(), threading.Event()

    def run(self):
        """Twice: once answered at once, for the time; once left alone before, for the memory at rest."""
        self.may_have.set()
        times = self.start(lambda pid: None)
        self.has_asked.clear(), self.may_have.clear(), self.has_answered.clear()
        memory = self.start(self.rest)
        return {"asks_ms": times["asks_ms"], "answer_ms": times["answer_ms"],
                "idle_mb": memory["idle_mb"], "used_mb": memory["used_mb"]}

    def rest(self, pid):
        """Looks at the memory of a process that waits for its first event."""
        time.sleep(0.3)
        self.idle = resident(pid)
        self.may_have.set()

    def start(self, when_asked):
        api = Api(("127.0.0.1", 0), handler_of(self))
        threading.Thread(target=api.serve_forever, args=(0.05,), daemon=True).start()
        log = tempfile.TemporaryFile("w+")
        began = time.perf_counter()
        process = subprocess.Popen([self.program], env=self.environment(api.server_port), stdout=log, stderr=log,
                                   cwd=self.program.parent, close_fds=True)
        try:
            self.wait(self.has_asked, process, log)
            when_asked(process.pid)
            self.wait(self.has_answered, process, log)
            if self.failure:
                raise SystemExit(f"{self.program} failed: {self.failure}")
            time.sleep(0.1)
            return {"asks_ms": 1000 * (self.asked - began), "answer_ms": 1000 * (self.answered - began),
                    "idle_mb": self.idle, "used_mb": resident(process.pid)}
        finally:
            process.kill()
            process.wait()
            api.shutdown()
            api.server_close()

    def wait(self, event, process, log):
        deadline = time.monotonic() + LIMIT_SECONDS
        while not event.wait(0.2):
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise SystemExit(f"{self.program} gave no answer; it ended with {process.poll()}\n{log.read()}")

    def environment(self, port):
        """What Lambda and the template give it."""
        given = {name: value for name, value in self.buckets.environment().items() if name.startswith("AWS_")}
        return {
            **given,
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC", "_HANDLER": "bootstrap",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench", "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "LAMBDA_TASK_ROOT": str(self.program.parent),
            "QUILLFRONT_SOURCE": f"s3://{self.buckets.source}", "QUILLFRONT_SITE": f"s3://{self.buckets.site_bucket}",
            "QUILLFRONT_STATE": "s3://state", "QUILLFRONT_DISTRIBUTION": "LOCAL",
            "QUILLFRONT_BASE_URL": self.buckets.site,
        }


class Api(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request, _address):
        """A process that was ended leaves its connections behind."""


def handler_of(function):
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_line):
            pass

        def do_GET(self):
            if function.has_answered.is_set():
                time.sleep(LIMIT_SECONDS)
                return
            function.asked = time.perf_counter()
            function.has_asked.set()
            function.may_have.wait(LIMIT_SECONDS)
            deadline = int(1000 * (time.time() + 900))
            arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
            head = {"Content-Type": "application/json", "Lambda-Runtime-Aws-Request-Id": "1",
                    "Lambda-Runtime-Deadline-Ms": deadline, "Lambda-Runtime-Invoked-Function-Arn": arn,
                    "Lambda-Runtime-Trace-Id": "Root=1-0-0;Sampled=0"}
            self.answer(200, head, function.event)

        def do_POST(self):
            body = self.body()
            function.answered = time.perf_counter()
            if self.path != f"{API}/invocation/1/response":
                function.failure = f"{self.path}: {body.decode(errors='replace')}"
            function.failure = function.failure or refusal(body)
            function.has_answered.set()
            self.answer(202, {}, b'{"status":"OK"}')

        def body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while length := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            return b"".join(parts)

        def answer(self, status, head, body):
            self.send_response(status)
            for name, value in head.items():
                self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Answers


def refusal(body):
    """What an answer says that is none of a thumbnail, nor reports: measured is work, not an error."""
    if body.startswith(b"["):
        return None
    head = json.loads(body.split(b"\0" * 8)[0])
    return None if head.get("statusCode") == 200 else f"the answer is {head}"


def resident(pid):
    """Resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"process {pid} has no VmRSS")


def picture(width, height):
    """A PNG that is no single colour."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in (x % 256, y % 256, (x + y) % 256))
                    for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    sys.exit(main())
