"""A web server in a thread, which says nothing of clients that go away: that is what these tests are about."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer is sent at once and as a whole, or the client waits for the rest of it.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_message):
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_connection):
        pass

    def stop(self):
        self.shutdown()
        self.server_close()
