"""A package index on the loopback made of a folder of files; with a login when one is given."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class FolderIndex:
    """Serves ``folder``'s files, listed by project (PEP 503); ``refused`` counts requests without the login."""

    folder: Path
    login: str = ""
    port: int = 0
    refused: int = 0
    served: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where it is, as an address has it."""
        return f"127.0.0.1:{self.port}"

    def page(self, project: str) -> str:
        """Return the page of one project, with the digest of each file."""
        files = sorted(p for p in self.folder.iterdir() if normalised(p.name.split("-")[0]) == project)
        links = (
            f'<a href="/files/{p.name}#sha256={hashlib.sha256(p.read_bytes()).hexdigest()}">{p.name}</a>' for p in files
        )
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        """Return status and body for a request."""
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and authorization != wanted:
            self.refused += 1
            return 401, b""
        kind, _, name = path.lstrip("/").partition("/")
        self.served.append(path)
        if kind == "simple":
            return 200, self.page(name.strip("/")).encode()
        file = self.folder / Path(name).name
        return (200, file.read_bytes()) if kind == "files" and file.is_file() else (404, b"")


def normalised(name: str) -> str:
    """Return a project's name as the index has it."""
    return name.lower().replace("_", "-").replace(".", "-")


@contextmanager
def serving(folder: Path, login: str = "") -> Iterator[FolderIndex]:
    """Yield an index of ``folder`` that answers on a free port of the loopback."""
    index = FolderIndex(folder, login)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = index.answer(self.path.partition("?")[0], self.headers.get("Authorization", ""))
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", "text/html" if "/simple" in self.path else "application/zip")
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
