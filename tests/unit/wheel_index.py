"""A package index on the loopback, and a plain file server whose answers a test can bend."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby

from wheelsmith import Smith

Answer = tuple[int, dict[str, str], bytes]


class Index:
    """``files`` by path; ``answers`` come first: called with the number of the request for that path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, Callable[[int], Answer]] = {}
        self.requests: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simple(self) -> str:
        return f"{self.url}/simple/"

    def publish(self, *smiths: Smith) -> None:
        """Add wheels, and PEP 503 pages that list them with their digests and METADATA."""
        for smith in smiths:
            self.files[f"/files/{smith.filename}"] = smith.bytes()
        names = sorted(p for p in self.files if p.endswith(".whl"))
        for name, group in groupby(names, lambda p: p.split("/")[-1].split("-")[0].lower().replace("_", "-")):
            links = [
                f'<a href="{p}#sha256={hashlib.sha256(self.files[p]).hexdigest()}">{p.split("/")[-1]}</a>'
                for p in group
            ]
            self.files[f"/simple/{name}/"] = (
                "<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>"
            ).encode()

    def answer(self, path: str, authorization: str) -> Answer:
        self.requests.append((path, authorization))
        if path in self.answers:
            return self.answers[path](sum(p == path for p, _ in self.requests))
        if path not in self.files:
            return 404, {}, b""
        return 200, {"Content-Type": "text/html" if path.endswith("/") else "application/zip"}, self.files[path]


@contextmanager
def serving() -> Iterator[Index]:
    """Yield an empty index that answers on a free port of the loopback."""
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.ranges.append(self.headers.get("Range", ""))
            status, headers, body = index.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
