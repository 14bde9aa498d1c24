"""A package index on the loopback made of a folder of files; with a login when one is given."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

from tests.loopback import Answer, answering


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

    def respond(self, path: str, headers: Message) -> Answer:
        """Answer a request."""
        status, body = self.answer(path.partition("?")[0], headers.get("Authorization", ""))
        told = {"Content-Type": "text/html" if "/simple" in path else "application/zip"}
        return status, told | ({"WWW-Authenticate": 'Basic realm="index"'} if status == 401 else {}), body

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
    with answering(index.respond) as index.port:
        yield index
