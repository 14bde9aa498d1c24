"""What a release consists of, and how its single files are looked at and written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple, Union

from .protocol import UNFIT, Failure, damaged

MARGIN = 16 << 20  # bytes that must stay free


class File(NamedTuple):
    """A member that is linked from a layer."""

    source: str
    size: int
    digest: str


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Text(NamedTuple):
    """A member that is written here, because it holds the release's path."""

    data: bytes
    mode: int


Member = Union[File, Link, Text]


def check_source(file: File) -> os.stat_result:
    """Return a layer file's status; raise Failure when it is missing or of another size."""
    try:
        info = os.lstat(file.source)
    except FileNotFoundError:
        raise damaged(f"{file.source} is missing") from None
    if not stat.S_ISREG(info.st_mode) or info.st_size != file.size:
        raise damaged(f"{file.source} is not the file that was shipped ({file.size} bytes)")
    return info


def digest_of(path: str) -> str:
    """Return a file's sha256, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def same_file(path: str, file: File) -> bool:
    """Return whether a regular file holds what ``file`` says, byte by byte."""
    try:
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size == file.size and digest_of(path) == file.digest


def write(path: str, data: bytes, mode: int) -> None:
    """Write a new file; never through a link that waits there."""
    with open(path, "xb") as stream:  # x is O_EXCL
        stream.write(data)
        os.fchmod(stream.fileno(), mode)


def write_safely(scratch: str, data: bytes, path: Path) -> None:
    """Put a file in its place by one rename(2), flushed to the disk; ``scratch`` is its name until then."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(scratch)
    with open(scratch, "xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(scratch, path)


def sync(directory: Path, filesystem: bool = False) -> None:
    """Bring a directory, or its whole file system (other ones may be slow, or hang), to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not filesystem:
            os.fsync(descriptor)
            return
        try:
            import ctypes  # noqa: PLC0415 - an interpreter may lack it

            if ctypes.CDLL(None).syncfs(descriptor) == 0:
                return
        except (ImportError, OSError, AttributeError):
            pass
        os.sync()
    finally:
        os.close(descriptor)


def check_space(directory: str | Path, size: int, inodes: int) -> None:
    """Raise Failure unless ``size`` bytes and ``inodes`` can be written below ``directory``."""
    info = os.statvfs(directory)
    free = info.f_bavail * info.f_frsize
    if free < size + MARGIN:
        raise Failure(f"{directory}: {(size + MARGIN) >> 20} MB are needed, {free >> 20} MB are free", UNFIT)
    if info.f_files and info.f_favail < inodes:  # file systems without a fixed number say 0
        raise Failure(f"{directory}: {inodes} inodes are needed, {info.f_favail} are free", UNFIT)
