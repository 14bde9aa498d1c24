"""A mirror on the loopback: a real HTTP server that counts what is asked of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(ThreadingHTTPServer):
    """Serves ``files`` by path; the first ``failures`` requests get a 503."""

    def __init__(self, files: Mapping[str, bytes], failures: int) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.failures, self.asked = files, failures, list[str]()
        self.logins = list[str]()

    @property
    def address(self) -> str:
        """Return ``host:port``."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        """Answer from the table."""
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers.get("Authorization", ""))
        content = self.server.files.get(self.path.partition("?")[0])
        status = 503 if len(self.server.asked) <= self.server.failures else 404 if content is None else 200
        body = content if status == 200 and content is not None else b"no"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep still."""


@contextmanager
def mirror(files: Mapping[str, bytes], *, failures: int = 0) -> Iterator[Mirror]:
    """Serve until the block ends."""
    server = Mirror(files, failures)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
