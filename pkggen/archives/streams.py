"""Compressed data of others, unpacked piece by piece within stated limits.

A package of 200 kB can say that it unpacks to terabytes, so no size that it claims is believed:
what is held in memory, what is read in all and what a decompressor needs are bounded here.
docs/limits.md tells the limits to users.
"""

from __future__ import annotations

import bz2
import lzma
from gzip import GzipFile
from typing import IO, Any, Protocol

import zstandard

MEMBERS = 200_000
"""Files of one package."""
NAMES = 32 << 20
"""Characters in the names and link targets of one package."""
HELD = 8 << 20
"""Bytes of one member that is held in memory, such as a script."""
_PLENTY = 1 << 30  # bytes that any package may unpack to
_RATIO = 200  # to 1, for those that unpack to more
_LARGEST = 64 << 30
_WINDOW = 128 << 20  # bytes of memory: what zstd -22 --ultra and xz -9e need
_CHUNK = 1 << 18


class LimitError(ValueError):
    """Something of an archive is larger than its limit; the text says what and how large that is."""


class Readable(Protocol):
    """What tarfile and we want of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes, b"" at the end."""
        ...


class Bounded:
    """A stream that ends in LimitError once more than ``limit`` bytes were read of it."""

    def __init__(self, stream: Readable, limit: int, what: str) -> None:
        """Take the stream; ``what`` names it in the message."""
        self._stream, self._left, self._limit, self._what = stream, limit, limit, what

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, by default what the limit allows."""
        chunk = self._stream.read(self._left + 1 if size < 0 else size)
        self._left -= len(chunk)
        if self._left < 0:
            raise LimitError(f"its {self._what} unpacks to more than {self._limit} bytes")
        return chunk


def unpacked(raw: IO[bytes], method: str, packed: int, what: str, limit: int = 0) -> Bounded:
    """Return what ``raw`` unpacks to: ``method`` is "zst", "xz", "lzma", "gz", "bz2" or "".

    ``packed`` is its length in bytes. Reading more than ``limit`` bytes of it, by default what a
    package of that length may hold, ends in LimitError.
    """
    stream: Any = raw
    if method == "zst":
        stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(raw, read_across_frames=True)
    elif method in {"xz", "lzma"}:
        stream = _Xz(raw)
    elif method == "gz":
        stream = GzipFile(fileobj=raw)
    elif method == "bz2":
        stream = bz2.BZ2File(raw)
    return Bounded(stream, limit or min(_LARGEST, max(_PLENTY, _RATIO * packed)), what)


class _Xz:
    """xz and lzma with a limit of memory, which lzma.LZMAFile can't be given."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._fresh()

    def _fresh(self) -> None:
        self._machine = lzma.LZMADecompressor(memlimit=_WINDOW)

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self._machine.eof:  # another stream may follow (xz(1), "concatenated")
                rest = self._machine.unused_data.lstrip(b"\0") or self._raw.read(_CHUNK).lstrip(b"\0")
                if not rest:
                    return b""
                self._fresh()
            else:
                rest = self._raw.read(_CHUNK) if self._machine.needs_input else b""
                if not rest and self._machine.needs_input:
                    raise EOFError("it is truncated")
            if found := self._machine.decompress(rest, size):
                return found


class Tally:
    """Counts the members of a package against what all of its lists may hold."""

    def __init__(self) -> None:
        """Start with none."""
        self._members = self._names = 0

    def add(self, *names: str) -> None:
        """Count one member with its name and link; raise LimitError when there are too many."""
        self._members += 1
        self._names += sum(map(len, names))
        if self._members > MEMBERS:
            raise LimitError(f"it has more than {MEMBERS} members")
        if self._names > NAMES:
            raise LimitError(f"the names of its members have more than {NAMES} characters")
