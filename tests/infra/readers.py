"""What stands for CloudFront where readers ask for pages."""
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError


@contextlib.contextmanager
def readers(s3, bucket):
    """An address at which readers get the site, from its bucket. The emulator's distribution cannot stand there: it has
    neither origin access control nor functions of Lambda@Edge."""
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            key = self.path.lstrip("/")
            key += "index.html" if key == "" or key.endswith("/") else ""
            try:
                body, status = s3.get_object(Bucket=bucket, Key=key)["Body"].read(), 200
            except ClientError:
                body, status = b"", 404
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
