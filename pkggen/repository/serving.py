"""A web server for a look at a repository, and for tests: on the loopback, nothing but reading."""

from __future__ import annotations

import posixpath
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from pkggen.errors import PkggenError
from pkggen.repository.stores import Store
from pkggen.terminal.display import one_line

LOOPBACK = "127.0.0.1"


def server(store: Store, port: int) -> ThreadingHTTPServer:
    """Return a server of a store on the loopback, 0 for any port, that is not running yet; raise OSError."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, *, with_body: bool) -> None:
            key = _key(self.path)
            try:
                status = store.status(key) if key else None
                pieces = store.chunks(key) if status else None
            except PkggenError as error:
                self.send_error(502, "the store fails", one_line(error))
                return
            if status is None or pieces is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(status.size))
            self.send_header("Content-Type", "text/html" if key.endswith(".html") else "application/octet-stream")
            self.end_headers()
            for piece in pieces if with_body else ():
                self.wfile.write(piece)

    return ThreadingHTTPServer((LOOPBACK, port), Handler)


def _key(address: str) -> str:
    """Return the key that an address means, "" for what is nobody's business."""
    path = posixpath.normpath("/" + unquote(urlsplit(address).path)).lstrip("/")
    return "" if "\0" in path or path.split("/")[0] == ".pkggen" else path or "index.html"
