"""A way to S3 that can be shut: it passes requests on as they are, or fails in one of the ways of a network."""
import http.client
import time
from urllib.parse import urlsplit

from quiet import Handler, Quiet

HANG_SECONDS = 5


class Gate:
    """`mode` is `open`, `error` (500), `silent` (no answer for some seconds), `shut` (the connection ends), or `once`:
    shut for the next request, and open then.

    `asked` has a (method, path, status) for each request.
    """

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream).netloc
        self.mode = "open"
        self.asked = []
        gate = self

        class Answers(Handler):
            def do_GET(self):
                status = gate.answer(self)
                gate.asked.append((self.command, self.path, status))

            do_HEAD = do_GET

        self.server = Quiet(Answers)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.server.stop()

    def answer(self, request):
        if self.mode == "error":
            request.send_error(500)
            return 500
        if self.mode == "once":
            self.mode = "open"
            request.close_connection = True
            return None
        if self.mode in ("silent", "shut"):
            time.sleep(HANG_SECONDS if self.mode == "silent" else 0)
            request.close_connection = True
            return None
        connection = http.client.HTTPConnection(self.upstream, timeout=10)
        try:
            # The signature is of the host that was asked, which is this one.
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                request.send_header(name, value)
        length = answer.getheader("Content-Length") if request.command == "HEAD" else len(body)
        request.send_header("Content-Length", length or 0)
        request.end_headers()
        request.wfile.write(body)
        return answer.status
