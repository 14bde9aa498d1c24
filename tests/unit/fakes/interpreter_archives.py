"""Archives in the install_only layout that are small enough to make by the dozen."""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

import zstandard

MINOR = "3.13"
_MACHINE_AT = 18  # e_machine in the ELF header
_AARCH64 = 183


def program(*, machine: int | None = None, musl: bool = False) -> bytes:
    """Return an ELF program that carries a Python version, if nothing else of Python."""
    content = bytearray(Path(shutil.which("true") or "/bin/true").read_bytes()) + b"\0" + f"{MINOR}.5\0".encode()
    if machine is not None:
        content[_MACHINE_AT : _MACHINE_AT + 2] = machine.to_bytes(2, "little")
    if musl:
        at = content.index(b"/ld-linux")
        content[at : at + 9] = b"/ld-musl-"
    return bytes(content)


def other_machine() -> bytes:
    """Return a program for a machine that is not this one."""
    mine = int.from_bytes(program()[_MACHINE_AT : _MACHINE_AT + 2], "little")
    return program(machine=62 if mine == _AARCH64 else _AARCH64)


def plain_tar(extra: Iterable[tarfile.TarInfo] = (), *, python: bytes | None = None, without: str = "") -> bytes:
    """Return a tar that is a whole interpreter as far as files go, and the ``extra`` members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        files = {
            f"python/bin/python{MINOR}": program() if python is None else python,
            f"python/lib/python{MINOR}/os.py": b"#!/usr/bin/env python3\nname = 'posix'\n",
        }
        for name, content in files.items():
            add_file(tar, name, content, mode=0o755)
        for name in ("python/bin/python3", "python/bin/python"):
            if name != without:
                tar.addfile(link(name, f"python{MINOR}"))
        for info in extra:
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def add_file(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Add a file with a fixed mtime."""
    info = member(name, mode=mode)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def member(name: str, kind: bytes = tarfile.REGTYPE, *, mode: int = 0o644, target: str = "") -> tarfile.TarInfo:
    """Return an empty member."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.mtime = kind, mode, target, 1_600_000_000
    return info


def link(name: str, target: str) -> tarfile.TarInfo:
    """Return a symbolic link."""
    return member(name, tarfile.SYMTYPE, mode=0o777, target=target)


def compressed(tar: bytes, suffix: str) -> bytes:
    """Return ``tar`` compressed as its file name's ``suffix`` promises."""
    if suffix in (".tar.gz", ".tgz"):
        return gzip.compress(tar, mtime=0)
    return lzma.compress(tar) if suffix == ".tar.xz" else zstandard.compress(tar)
