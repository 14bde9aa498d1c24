"""Libraries that came with the interpreter or in a wheel, and the versions that their binaries tell.

C libraries have no metadata. What most of them have is a text that they print themselves: OpenSSL's
``OpenSSL 3.5.1 1 Jul 2025``, zlib's ``deflate 1.3.1 Copyright``. A number that stands alone counts
only beside a text that no other library has, and only when there is one such number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Library:
    """A C library. ``version`` is "" where the binary does not tell; ``path`` is the file, ``holder`` a wheel or "".

    ``shared`` tells that it is a file of its own, not linked into ``path``.
    """

    name: str
    version: str
    path: str
    holder: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    """``version`` finds it in the bytes that hold ``beside``; ``soname`` is how its file is called."""

    version: re.Pattern[bytes]
    soname: str
    beside: bytes = b""


_MARKS = {
    "openssl": _Mark(re.compile(rb"OpenSSL (\d+\.\d+\.\d+[a-z]*) +\d{1,2} [A-Z][a-z]{2} \d{4}"), r"lib(ssl|crypto)"),
    "zlib": _Mark(re.compile(rb"(?:de|in)flate (\d+(?:\.\d+){2,3}) Copyright"), r"libz"),
    "expat": _Mark(re.compile(rb"expat_(\d+\.\d+\.\d+)"), r"libexpat"),
    "bzip2": _Mark(re.compile(rb"\0(\d\.\d\.\d+), \d{1,2}-[A-Z][a-z]{2}-\d{4}"), r"libbz2"),
    "ncurses": _Mark(re.compile(rb"ncurses (\d\.\d)\.\d{8}"), r"lib(ncurses|tinfo|panel|form|menu)w?"),
    "sqlite": _Mark(re.compile(rb"\0(3\.\d{1,2}\.\d{1,2})\0"), r"libsqlite3", b"SQLite format 3"),
    "xz": _Mark(re.compile(rb"\0(5\.\d\.\d{1,2})\0"), r"liblzma", b"\xfd7zXZ\0"),
    "mpdecimal": _Mark(re.compile(rb"\0([24]\.\d\.\d)\0"), r"libmpdec", b"__libmpdec_version__"),
    "readline": _Mark(re.compile(rb"\0(\d\.\d)\0"), r"lib(readline|history)", b"rl_library_version"),
    "libffi": _Mark(re.compile(rb"\0(3\.\d\.\d{1,2})\0"), r"libffi", b"ffi_get_version"),
    "libuuid": _Mark(re.compile(rb"util-linux (\d\.\d\d(?:\.\d)?)"), r"libuuid"),
}
# Modules of the standard library that are nothing but a way to a library, which does not tell its version.
_MODULES = {"_ctypes": ("libffi", b"libffi.so"), "_uuid": ("libuuid", b"libuuid.so")}
_FILE = re.compile(r"(?P<stem>lib[^/]+?)(?:-[0-9a-f]{8})*(?P<tail>(?:\.\d[\w.]*)?\.so(?:\.\d[\w.]*)?)")
_PYTHON = re.compile(r"libpython\d.*")


def libraries_in(path: str, data: bytes, holder: str = "") -> Iterator[Library]:
    """Yield the libraries that the ELF file ``path`` is, or has linked in.

    ``holder`` is the wheel that has it, "" for the interpreter.
    """
    match = _FILE.fullmatch(path.rpartition("/")[2])
    stem = match["stem"] if match else ""
    own = next((name for name, mark in _MARKS.items() if stem and re.fullmatch(mark.soname, stem)), "")
    if stem and not _PYTHON.fullmatch(stem):
        yield Library(own or stem, _version(_MARKS[own], data) if own else "", path, holder, shared=True)
        return
    name, soname = _MODULES.get(path.rpartition("/")[2].partition(".")[0], ("", b""))
    if name and not holder and soname not in data:  # else it is a file of its own, or the system's
        yield Library(name, _version(_MARKS[name], data), path)
    for name, mark in _MARKS.items():
        if version := _version(mark, data):
            yield Library(name, version, path, holder)


def united(found: Iterable[Library]) -> tuple[Library, ...]:
    """Return each library of a holder once, by name; one of its files tells the version for all."""
    known: dict[tuple[str, str, str], Library] = {}
    untold: dict[tuple[str, str], Library] = {}
    for library in sorted(found, key=lambda lib: (lib.holder, lib.name, not lib.shared, lib.path)):
        if library.version:
            known.setdefault((library.holder, library.name, library.version), library)
        else:
            untold.setdefault((library.holder, library.name), library)
    told = {(holder, name) for holder, name, _ in known}
    rest = [library for key, library in untold.items() if key not in told]
    return tuple(sorted([*known.values(), *rest], key=lambda lib: (lib.holder, lib.name, lib.version)))


def _version(mark: _Mark, data: bytes) -> str:
    if mark.beside and mark.beside not in data:
        return ""
    told = {match.decode("ascii") for match in mark.version.findall(data)}
    return told.pop() if len(told) == 1 else ""
