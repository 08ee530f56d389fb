"""A running `quillfront serve --json`, its reports, and clients that talk to it."""
import json
import os
import resource
import signal
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path

import boto3
from botocore.config import Config

from wait import TimeOut, until

START_SECONDS = 60
STOP_SECONDS = 20


class Server:
    """Started when made; `with` stops it on every way out."""

    def __init__(self, quillfront, data, root=None, arguments=(), watch=False, ready_seconds=START_SECONDS,
                 descriptors=None, first_report=True):
        """`descriptors`: how many files it may have open. Without `first_report` it is ready when it listens."""
        self.quillfront = str(quillfront)
        self.data = Path(data)
        self.root = Path(root) if root else Path(tempfile.mkdtemp(prefix="empty-root-", dir=self.data.parent))
        self._descriptors = descriptors
        self._reports = []
        self._changed = threading.Condition()
        self._stderr = tempfile.NamedTemporaryFile("w+", prefix="serve-", suffix=".log", dir=self.data.parent, delete=False)
        command = [self.quillfront, "--root", str(self.root), "serve", "--json", "--data", str(self.data)]
        command += ["--http", "127.0.0.1:0", "--s3", "127.0.0.1:0", *arguments]
        if not watch:
            command.append("--no-watch")
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._stderr, text=True, preexec_fn=limit
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._ready_line = None
        self._reader.start()
        try:
            self.ready = self._until(lambda: self._ready_line, "serve to be ready", ready_seconds)
            # The reconcile at the start is the first report.
            if first_report:
                self._until(lambda: self._reports, "the first report", ready_seconds)
        except BaseException:
            self.kill()
            raise
        self.site = self.ready["site"]
        self.source = self.ready["source"]
        self.site_bucket = self.ready["site_bucket"]
        self.s3 = self.s3_client()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.stop()

    def stop(self):
        """Ends serve as a service manager does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise TimeOut(f"serve did not stop within {STOP_SECONDS} s of SIGTERM\n{self.tail()}") from None
        self._reader.join(5)

    def kill(self):
        """Ends serve as a power failure does."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self._reader.join(5)

    def alive(self):
        return self.process.poll() is None

    # ---- reports

    @property
    def reports(self):
        with self._changed:
            return list(self._reports)

    @property
    def now(self):
        """The `now` of the newest build, for a clean build to compare with."""
        return self.reports[-1]["now"]

    def mark(self):
        """How many reports there are: where `wait_report` starts to look."""
        return len(self.reports)

    def wait_report(self, wanted, what, since=0, seconds=60):
        """The first report from number `since` on for which `wanted(report)` holds."""
        def look():
            return next((report for report in self.reports[since:] if wanted(report)), None)
        return self._until(look, f"a report: {what}", seconds)

    def wait_sources(self, keys, since=0, seconds=60):
        """Waits until the reports from number `since` on have named each of these source keys."""
        keys = set(keys)
        def look():
            named = set()
            for report in self.reports[since:]:
                for changed in report["sources"].values():
                    named.update(changed)
            return keys <= named
        self._until(look, f"builds that saw {sorted(keys)}", seconds)

    def wait_diagnostic(self, file, since=0, seconds=60, **fields):
        """The first diagnostic about `file` (with these fields) in a report from `since` on."""
        def fits(diagnostic):
            return diagnostic["file"] == file and all(diagnostic[name] == value for name, value in fields.items())
        def look():
            for report in self.reports[since:]:
                for diagnostic in report["diagnostics"]:
                    if fits(diagnostic):
                        return diagnostic
            return None
        return self._until(look, f"a diagnostic about {file} {fields or ''}", seconds)

    def _until(self, condition, what, seconds):
        def guarded():
            answer = condition()
            if not answer and not self.alive():
                raise AssertionError(f"serve ended with {self.process.returncode} while waiting for {what}\n{self.tail()}")
            return answer
        return until(guarded, what, seconds, tail=self.tail)

    def _read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                message = {"not_json": line}
            with self._changed:
                if self._ready_line is None:
                    self._ready_line = message
                else:
                    self._reports.append(message)

    def tail(self, lines=25):
        """The end of what serve wrote to stderr, and its last report in short."""
        with open(self._stderr.name, errors="replace") as log:
            last = "".join(deque(log, maxlen=lines))
        reports = self.reports
        said = f"serve's stderr ends with:\n{last or '(nothing)'}\n"
        if reports:
            shown = {name: reports[-1].get(name) for name in ("kind", "sources", "counts", "diagnostics", "held")}
            said += f"last of {len(reports)} reports: {json.dumps(shown)[:1500]}"
        return said

    def said(self, *texts):
        """How many lines of its messages have all of these texts."""
        with open(self._stderr.name, errors="replace") as log:
            return sum(all(text in line for text in texts) for line in log)

    # ---- clients

    def environment(self):
        """For programs that use the AWS SDKs: this server, and nothing of this machine's settings."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **others,
            "AWS_ACCESS_KEY_ID": self.ready["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.ready["secret_key"],
            "AWS_DEFAULT_REGION": self.ready["region"],
            "AWS_REGION": self.ready["region"],
            "AWS_ENDPOINT_URL_S3": self.ready["s3"],
            "AWS_ENDPOINT_URL_CLOUDFRONT": self.ready["cloudfront"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def s3_client(self, secret=None):
        """A client that tries again once, so that little is smoothed over. Where there are few descriptors
        the server closes connections that wait, and a client has to be patient."""
        again = 8 if self._descriptors else 1
        return boto3.client(
            "s3",
            endpoint_url=self.ready["s3"],
            aws_access_key_id=self.ready["access_key"],
            aws_secret_access_key=secret or self.ready["secret_key"],
            region_name=self.ready["region"],
            config=Config(retries={"max_attempts": again}, max_pool_connections=32, s3={"addressing_style": "path"}),
        )

    def put(self, key, body, **settings):
        """Puts a source."""
        body = body.encode() if isinstance(body, str) else body
        return self.s3.put_object(Bucket=self.source, Key=key, Body=body, **settings)

    def delete(self, key):
        """Deletes a source."""
        return self.s3.delete_object(Bucket=self.source, Key=key)

    def put_folder(self, folder):
        """Puts every file below `folder`, configuration last."""
        folder = Path(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path.name == "config.toml"):
            self.put(path.relative_to(folder).as_posix(), path.read_bytes())

    def aws(self, *arguments, check=True):
        """Runs the `aws` program."""
        return run(["aws", *arguments], self.environment(), check)

    def rclone(self, *arguments, check=True):
        """Runs `rclone` with a remote named `qf`."""
        remote = {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_QF_TYPE": "s3",
            "RCLONE_CONFIG_QF_PROVIDER": "Other",
            "RCLONE_CONFIG_QF_ENDPOINT": self.ready["s3"],
            "RCLONE_CONFIG_QF_ACCESS_KEY_ID": self.ready["access_key"],
            "RCLONE_CONFIG_QF_SECRET_ACCESS_KEY": self.ready["secret_key"],
            "RCLONE_CONFIG_QF_REGION": self.ready["region"],
        }
        return run(["rclone", *arguments], {**self.environment(), **remote}, check)

    def s3cmd(self, *arguments, check=True):
        """Runs `s3cmd` with its own defaults but for keys and address."""
        address = self.ready["s3"].removeprefix("http://")
        own = [
            "s3cmd", "--config", os.devnull, "--no-ssl", f"--host={address}", f"--host-bucket={address}",
            f"--access_key={self.ready['access_key']}", f"--secret_key={self.ready['secret_key']}",
        ]
        return run([*own, *arguments], self.environment(), check)

    def command(self, name, *arguments, check=True, environment=None):
        """Runs another `quillfront` command."""
        return run([self.quillfront, name, *arguments], environment or self.environment(), check)


def run(command, environment=None, check=True, seconds=180):
    """Runs a program; when `check`, its failure is an error that shows what it said."""
    command = [str(word) for word in command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done
