#!/usr/bin/env python3
"""Measures the package of the edge under Node.js, as Lambda@Edge runs it.

    edge_package.py PACKAGE [--node NODE] [--rules N] [--events N] [--starts N] [--json]

PACKAGE is the edge.zip of `quillfront package edge`. Two things are measured, with a site of N redirect rules whose
object comes from a web server in this process:

  events  microseconds from an event, as an object of JavaScript, to the answer, as another: JSON.stringify, the
          add-on, JSON.parse; the rules are known
  start   milliseconds that a new process takes to load the add-on and to read the rules from memory; and to answer its
          first event with the rules fetched, modules and all, from when Node.js runs the first line
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    options = arguments()
    rules = rules_of(options.rules)
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as scratch, Bucket(rules) as bucket:
        folder = Path(scratch) / "function"
        zipfile.ZipFile(options.package).extractall(folder)
        (Path(scratch) / "rules.json").write_bytes(rules)

        def node(what, *rest):
            command = [options.node, HERE / "edge_package.mjs", folder, what, *map(str, rest)]
            environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_S3": bucket.address,
                           "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
            said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=600)
            return json.loads(said.stdout)

        loaded = [node("load", Path(scratch) / "rules.json") for _ in range(options.starts)]
        first = [node("first") for _ in range(options.starts)]
        events = node("events", options.events)
    found = {"rules": options.rules, "rules_bytes": len(rules), "events_us": events,
             "load_ms": spread(loaded), "first_ms": spread(first)}
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.rules:,} rules, {len(rules):,} bytes")
    print(f"start: add-on and rules {shown(found['load_ms'])} ms; first event, rules fetched {shown(found['first_ms'])} ms")
    print("| event | bytes in | bytes out | median µs | 99 % µs |\n|---|---|---|---|---|")
    for name, one in events.items():
        print(f"| {name} | {one['in']:,} | {one['out']:,} | {one['median']:.1f} | {one['p99']:.1f} |")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("--node", default="node", help="the program [default: node]; Lambda has Node.js 24")
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "largest": max(values)}


def shown(values):
    return f"{values['median']:.1f} ({values['least']:.1f} to {values['largest']:.1f})"


def rules_of(count):
    """Redirects, as the builder writes them; every fifth is a pattern."""
    rules = [
        {"from": f"/old/{at}/*", "to": f"/new/{at}/:splat", "status": 301, "is_forced": True} if at % 5 == 0
        else {"from": f"/posts/2019/{at}-a-title-of-some-words", "to": f"/blog/{at}/", "status": 301}
        for at in range(count)
    ]
    headers = {"content-security-policy": "default-src 'none'", "strict-transport-security": "max-age=31536000"}
    stored = {"headers": headers, "redirects": {"ignores_slash": True, "rules": rules}}
    return json.dumps(stored, separators=(",", ":")).encode()


class Bucket:
    """A web server that has the rules at every path."""

    def __init__(self, rules):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("ETag", '"rules"')
                self.send_header("Content-Length", str(len(rules)))
                self.end_headers()
                self.wfile.write(rules)

            def log_message(self, *_message):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    main()
