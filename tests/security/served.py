"""A running `quillfront serve` behind TLS, as readers have a site before them.

CloudFront ends TLS; on one machine something else has to, or browsers and scanners ignore half of the
headers. The proxy changes nothing about an answer. One path of it is its own: what stands below
`/replayed/` is asked for without following redirects, and comes with its headers and the status 200,
for scanners that refuse to look at anything else. So do headers that a check brings itself (`replay`).
"""
import http.client
import http.server
import json
import ssl
import subprocess
import threading
from pathlib import Path

REPLAYED = "/replayed"
START_SECONDS = 60
STOP_SECONDS = 20
REQUEST_SECONDS = 60
# What belongs to one connection (RFC 9110, section 7.6.1), and what the server of the proxy writes itself.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "server", "date"}


class Certificate:
    """A key and a certificate for `localhost`, signed by an authority that lives as long as its folder."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.authority, self.certificate, self.key = folder / "ca.pem", folder / "site.pem", folder / "site.key"
        authority_key, request, extensions = folder / "ca.key", folder / "site.csr", folder / "site.ext"
        extensions.write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\nbasicConstraints = CA:FALSE\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *new_key, "-keyout", authority_key, "-out", self.authority, "-days", "2", "-subj", "/CN=Tests")
        openssl("req", *new_key, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        openssl(
            "x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial",
            "-out", self.certificate, "-days", "2", "-extfile", extensions,
        )


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Served:
    """A site at `address`, which ends with a slash; `with` stops it on every way out."""

    def __init__(self, quillfront, root, scratch, certificate):
        self.proxy = Proxy(certificate)
        self.address = f"https://localhost:{self.proxy.server_address[1]}/"
        command = [quillfront, "--root", root, "serve", "--json", "--data", scratch / "data", "--no-watch", "--no-reload"]
        command += ["--http", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--base-url", self.address]
        scratch.mkdir(parents=True, exist_ok=True)
        self.log = (scratch / "serve.log").open("w+")
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=self.log, text=True)
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        lines = [self.process.stdout.readline() for _ in ("ready", "the first build")]
        watchdog.cancel()
        if not all(lines):
            self.__exit__()
            raise AssertionError(f"`serve` did not start within {START_SECONDS} s:\n{self.said()}")
        ready, self.report = map(json.loads, lines)
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.proxy.upstream = ready["site"].removeprefix("http://").rstrip("/")
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.started = True

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if getattr(self, "started", False):
            self.proxy.shutdown()
        self.proxy.server_close()
        self.log.close()

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def errors(self):
        """The errors of the first build, one a line."""
        found = [one for one in self.report["diagnostics"] if one["severity"] == "error"]
        return [f"{one['file']}:{one['line']} {one['code']}: {one['message']}" for one in found]

    def ask(self, path, method="GET"):
        """The answer as the site gives it, over plain HTTP: status, headers as a message, body."""
        return ask(self.proxy.upstream, method, path, {"Host": self.address.split("/")[2]})

    def replay(self, path, headers):
        """Answers a path with these headers, and the status 200."""
        self.proxy.made[path] = headers
        return self.address + path.removeprefix("/")

    def pages(self):
        """The addresses of all HTML pages of the last build, without what only redirects."""
        keys = sorted(output["key"] for output in self.report["outputs"])
        paths = ["/" + key.removesuffix("index.html") for key in keys if key.endswith(".html") and key != "404.html"]
        answers = [(path, *self.ask(path)[:2]) for path in paths]
        return [
            self.address + path.removeprefix("/")
            for path, status, headers in answers
            if status == 200 and headers.get_content_type() == "text/html"
        ]


def ask(host, method, path, headers, body=None):
    connection = http.client.HTTPConnection(host, timeout=REQUEST_SECONDS)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Proxy(http.server.ThreadingHTTPServer):
    """Ends TLS in front of `upstream`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate, handler=None):
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.upstream = None
        self.made = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.certificate, certificate.key)

    def finish_request(self, request, client_address):
        # In the thread of the connection: a client that is slow to shake hands holds up no other.
        request.settimeout(REQUEST_SECONDS)
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """Browsers drop connections as they like, and a scanner tries plain HTTP: no matter."""


class Elsewhere(Proxy):
    """Another site, which answers every request with the same script, and lets everybody have it."""

    def __init__(self, certificate, script):
        super().__init__(certificate, Script)
        self.script = script.encode()
        self.address = f"https://127.0.0.1:{self.server_address[1]}/script.js"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_failure):
        self.shutdown()
        super().__exit__()


class Script(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response_only(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(self.server.script)))
        self.end_headers()
        self.wfile.write(self.server.script)

    def log_message(self, *_):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        path, status = self.path, None
        if path.startswith(REPLAYED + "/"):
            path, status = path.removeprefix(REPLAYED), 200
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        if path in self.server.made:
            self.send(200, self.server.made[path], b"")
            return
        try:
            real, headers, content = ask(self.server.upstream, self.command, path, sent, body)
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, str(error))
            return
        sent = [(name, value) for name, value in headers.items() if not (status and name.lower() == "location")]
        if self.command == "HEAD" or real in (204, 304):
            self.send(status or real, sent, None, headers.get("Content-Length", "0"))
        else:
            self.send(status or real, sent, content)

    def send(self, status, headers, content, length=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in NOT_PASSED_ON | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content or b"")

    do_GET = do_HEAD = do_OPTIONS = do_POST = answer

    def log_message(self, *_):
        pass
