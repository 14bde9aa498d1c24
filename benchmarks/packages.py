"""Thousands of tiny packages, written byte by byte: no packer is fast enough, and none is what is measured."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

from tests.unit.debsmith import forge

_INT32, _TEXT, _BINARY, _TEXTS, _TRANSLATED = 4, 6, 7, 8, 9  # types of rpmtag.h
_CONTROL = """\
Package: {name}
Version: {version}-1
Architecture: amd64
Maintainer: Example Team <team@example.org>
Installed-Size: {number}
Depends: libc6 (>= 2.17), adduser, systemd | init-system-helpers
Section: python
Priority: optional
Homepage: https://example.org/{name}
Description: an application called {name}
 It stands for one of {number}, so that the index has the size of a real one,
 and says so in as many words as most of them do.
"""

Value = str | bytes | Sequence[str] | Sequence[int]


def _named(number: int) -> tuple[str, str]:
    """Return name and version; each is another application, since some tools keep one version of each alone."""
    return f"app{number:05}", f"1.{number % 10}.0"


def many_debs(folder: Path, number: int) -> list[Path]:
    """Return so many .debs in a folder, those made that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for one in range(number):
        name, version = _named(one)
        path = folder / f"{name}_{version}-1_amd64.deb"
        if not path.exists():
            forge(path, {"control": _CONTROL.format(name=name, version=version, number=20000 + one)})
        found.append(path)
    return found


def many_rpms(folder: Path, number: int) -> list[Path]:
    """Return so many .rpms in a folder, those made that are missing; their signatures are none that would hold."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for one in range(number):
        name, version = _named(one)
        path = folder / f"{name}-{version}-1.x86_64.rpm"
        if not path.exists():
            path.write_bytes(_rpm(name, version, one))
        found.append(path)
    return found


def _rpm(name: str, version: str, number: int) -> bytes:
    """Return an rpm of format 3 without files (https://rpm.org/docs/4.20.x/manual/format_v4.html)."""
    payload = gzip.compress(b"", mtime=0)
    tags: list[tuple[int, int, Value]] = [
        (1000, _TEXT, name), (1001, _TEXT, version), (1002, _TEXT, "1"), (1006, _INT32, [1_700_000_000 + number]),
        (1004, _TRANSLATED, [f"an application called {name}"]), (1007, _TEXT, "build.example.org"),
        (1005, _TRANSLATED, [f"It stands for one of {number}, so that the index has the size of a real one."]),
        (1009, _INT32, [0]), (1014, _TEXT, "Apache-2.0"), (1016, _TRANSLATED, ["Unspecified"]),
        (1020, _TEXT, f"https://example.org/{name}"), (1021, _TEXT, "linux"), (1022, _TEXT, "x86_64"),
        (1044, _TEXT, f"{name}-{version}-1.src.rpm"), (1047, _TEXTS, [name]), (1112, _INT32, [8]),
        (1113, _TEXTS, [f"{version}-1"]), (1048, _INT32, [0]), (1049, _TEXTS, ["systemd"]), (1050, _TEXTS, [""]),
        (1124, _TEXT, "cpio"), (1125, _TEXT, "gzip"), (1126, _TEXT, "9"),
    ]  # fmt: skip
    header = _header(tags, 63)
    digest = hashlib.sha256(header).hexdigest()
    size = len(header) + len(payload)
    signature = _header([(268, _BINARY, b"\x88\0"), (273, _TEXT, digest), (1000, _INT32, [size])], 62)
    lead = struct.pack(">4sBBHH66sHH16x", b"\xed\xab\xee\xdb", 3, 0, 0, 1, f"{name}-{version}-1".encode(), 1, 5)
    return lead + signature + b"\0" * (-len(signature) % 8) + header + payload


def _header(tags: Sequence[tuple[int, int, Value]], region: int) -> bytes:
    store, rows = b"", []
    for tag, kind, value in sorted(tags, key=lambda row: row[0]):
        data, count = _value(kind, value)
        store += b"\0" * (-len(store) % 4 if kind == _INT32 else 0)
        rows.append((tag, kind, len(store), count))
        store += data
    rows.insert(0, (region, _BINARY, len(store), 16))
    store += struct.pack(">iIiI", region, _BINARY, -16 * len(rows), 16)
    packed = b"".join(struct.pack(">IIII", *row) for row in rows)
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", len(rows), len(store)) + packed + store


def _value(kind: int, value: Value) -> tuple[bytes, int]:
    if isinstance(value, bytes):
        return value, len(value)
    if isinstance(value, str):
        return value.encode() + b"\0", 1
    if kind == _INT32:
        return struct.pack(f">{len(value)}I", *value), len(value)
    return b"".join(str(text).encode() + b"\0" for text in value), len(value)
