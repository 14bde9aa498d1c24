"""Forges .deb files for tests, byte by byte: whatever dpkg-deb would never write. Nothing here uses pkggen."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTROL = (
    "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: a thing\n of one line\n"
)


def member(name: str, data: bytes) -> bytes:
    """Return a member of an ar archive."""
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)


def tar(files: Mapping[str, bytes], more: Sequence[tarfile.TarInfo] = ()) -> bytes:
    """Return a tarball of ``files`` by name, any bytes as surrogates; ``more`` are members without data."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return stream.getvalue()


def forge(path: Path, control: Mapping[str, str] | bytes, data: Mapping[str, bytes] | bytes = b"") -> Path:
    """Write a .deb with those control files and that data, as files by name, as a tarball, or as a packed one."""
    if not isinstance(control, bytes):
        control = tar({f"./{name}": text.encode("utf-8", "surrogateescape") for name, text in control.items()})
    if not isinstance(data, bytes):
        data = tar(data)
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _packed(control),
        "data.tar.gz": _packed(data or tar({})),
    }
    path.write_bytes(b"!<arch>\n" + b"".join(member(name, content) for name, content in parts.items()))
    return path


def _packed(data: bytes) -> bytes:
    return data if data.startswith(b"\x1f\x8b") else gzip.compress(data, 1, mtime=0)
