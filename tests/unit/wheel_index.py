"""A package index on the loopback, and a plain file server whose answers a test can bend."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from itertools import groupby

from tests.loopback import Answer, answering
from tests.unit.wheelsmith import Smith


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

    def respond(self, path: str, headers: Message) -> Answer:
        self.ranges.append(headers.get("Range", ""))
        return self.answer(path, headers.get("Authorization", ""))

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
    with answering(index.respond) as index.port:
        yield index
