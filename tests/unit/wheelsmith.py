"""Forges wheels for tests: a good one by default, a bad one by saying what is bad.

Nothing here uses pkggen, so that a test can't agree with itself.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pkggen.model import Entry, Interpreter, Tree, Wheel


@dataclass(frozen=True)
class Smith:
    """A wheel to be: ``files`` are its members, ``raw`` members are added behind RECORD's back."""

    name: str = "demo"
    version: str = "1.0"
    tag: str = "py3-none-any"
    files: Mapping[str, bytes] = field(default_factory=lambda: {"demo/__init__.py": b"x = 1\n"})
    metadata: str = "Summary: A demo\n"
    entry_points: str = ""
    wheel_version: str = "1.0"
    wheel_tags: Sequence[str] = ()
    without: Sequence[str] = ()
    raw: Sequence[tuple[zipfile.ZipInfo | str, bytes]] = ()
    record: Callable[[list[list[str]]], list[list[str]]] = lambda rows: rows
    modes: Mapping[str, int] = field(default_factory=dict)
    date: tuple[int, int, int, int, int, int] = (2024, 5, 6, 7, 8, 10)
    info: str = ""
    method: int = zipfile.ZIP_DEFLATED

    @property
    def filename(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tag}.whl"

    def bytes(self) -> bytes:
        info = self.info or f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        tags = self.wheel_tags or [self.tag]
        wheel = f"Wheel-Version: {self.wheel_version}\nGenerator: smith\nRoot-Is-Purelib: true\n"
        members = dict(self.files)
        members[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n{self.metadata}".encode()
        )
        members[f"{info}/WHEEL"] = (wheel + "".join(f"Tag: {t}\n" for t in tags)).encode()
        if self.entry_points:
            members[f"{info}/entry_points.txt"] = self.entry_points.encode()
        members = {n: c for n, c in members.items() if n.rpartition("/")[2] not in self.without}
        if "RECORD" not in self.without:
            members[f"{info}/RECORD"] = self._record(members, info)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in members.items():
                archive.writestr(self._info(name), content, self.method)
            for entry, content in self.raw:
                archive.writestr(entry, content, self.method)
        return stream.getvalue()

    def _record(self, members: Mapping[str, bytes], info: str) -> bytes:
        rows = [[name, f"sha256={digest(content)}", str(len(content))] for name, content in members.items()]
        rows = self.record([*rows, [f"{info}/RECORD", "", ""]])
        return "".join(",".join(row) + "\n" for row in rows).encode()

    def _info(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self.date)
        entry.external_attr = (0o100000 | self.modes.get(name, 0o644)) << 16
        return entry

    def but(self, **changes: object) -> Smith:
        return replace(self, **changes)  # type: ignore[arg-type]

    def forge(self, directory: Path, alter: Callable[[bytes], bytes] = lambda content: content) -> Wheel:
        """Write the wheel, its bytes changed by ``alter``, and return it as a verified one."""
        content = alter(self.bytes())
        path = directory / self.filename
        path.write_bytes(content)
        return Wheel(self.name, self.version, self.filename, path, hashlib.sha256(content).hexdigest())


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()


def symlink(name: str) -> zipfile.ZipInfo:
    return special(name, 0o120777)


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def interpreter(root: Path, *library: str, version: str = "3.13.5") -> Interpreter:
    """Return an interpreter that can't run here and whose library holds ``library``."""
    minor = ".".join(version.split(".")[:2])
    entries = tuple(Entry(f"lib/python{minor}/{name}") for name in library)
    return Interpreter(version, Tree(root, entries), "test", "0" * 64, runs_here=False)
