"""A wheel as a zip archive: whether it is one, and whether its members are fit to be unpacked.

Everything here is looked at before anything is written. Sources: PEP 427 and the binary
distribution format; PKWARE's APPNOTE for the end records; the parser differentials known as
zip confusion (two end records, data before or after, an encrypted or overlapping member).
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pkggen.archives.zip_times import EARLIEST
from pkggen.errors import ArtefactError, Problem

_RATIO, _SMALL = 100, 64 << 20  # a bomb packs more than 100:1 and unpacks to more than 64 MiB
_LARGEST, _MOST = 16 << 30, 200_000  # bytes and members of one wheel
_DIRECTORY = 64 << 20  # bytes of the list of members, which zipfile reads as a whole
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_ROW = struct.Struct("<4s24x3H12x")  # the lengths of name, extra field and comment
_END, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file of a wheel; ``mtime`` is read as UTC and not before 1980."""

    name: str
    size: int
    mtime: int
    executable: bool
    info: zipfile.ZipInfo


@contextmanager
def opened(path: Path, filename: str) -> Iterator[zipfile.ZipFile]:
    """Yield the archive at ``path``; raise ArtefactError when it is not one whole zip file."""
    try:
        problems = _frame_problems(path, filename)
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, UnicodeDecodeError, ValueError, struct.error, EOFError) as error:
        reason = "a member's name is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        remedy = "it is cut short or damaged: get it again"
        raise ArtefactError(f"not a readable wheel: {reason}", where=filename, remedy=remedy) from error
    with archive:
        ArtefactError.raise_all(problems)
        archive.filename = filename  # a cached file is named by its digest
        yield archive


def members(archive: zipfile.ZipFile, filename: str) -> tuple[list[Member], list[Problem]]:
    """Return the archive's files (directories are implied) and all that is wrong with its members."""
    problems: list[Problem] = []
    found: list[Member] = []
    for info in archive.infolist():
        name = info.orig_filename
        bad = _name_problem(name.rstrip("/") if name.endswith("/") else name) or _kind_problem(info)
        if bad:
            problems.append(Problem(bad, f"{filename}: {name!r}"))
        elif not name.endswith("/"):
            executable = bool(info.external_attr >> 16 & 0o111)
            found.append(Member(name, info.file_size, _mtime(info), executable, info))
    problems += clashes([m.name for m in found], filename)
    problems += _bomb_problems(archive, filename)
    return found, problems


def clashes(names: list[str], filename: str) -> list[Problem]:
    """Return a problem for each of ``names`` that occurs twice, or is both a file and a directory."""
    seen = Counter(names)
    repeated = sorted(n for n, times in seen.items() if times > 1)
    problems = [Problem("it is there more than once", f"{filename}: {n}") for n in repeated]
    parents = {parent for name in seen for parent in _parents(name)}
    both = sorted(seen.keys() & parents)
    problems += [Problem("it is both a file and a directory", f"{filename}: {n}") for n in both]
    return problems


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _frame_problems(path: Path, filename: str) -> list[Problem]:
    """Check that the central directory and one end record close the file, with nothing hidden."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _END.size))
        tail = stream.read()
        if len(tail) < _END.size or not tail.startswith(b"PK\x05\x06"):
            if not zipfile.is_zipfile(path):
                raise zipfile.BadZipFile("it has no end record")
            return [Problem("there is data after the end of the archive", filename)]
        _, _, _, _, count, length, offset, comment = _END.unpack(tail)
        end = size - _END.size
        if 0xFFFF in {count} or 0xFFFFFFFF in {length, offset}:
            end -= 20 + _END64.size  # the zip64 locator and record
            stream.seek(max(0, end))
            record = _END64.unpack(stream.read(_END64.size))
            if record[0] != b"PK\x06\x06":
                raise zipfile.BadZipFile("its zip64 end record is missing")
            count, length, offset = record[7:10]
        stream.seek(0)
        start = stream.read(4)
    if comment or offset + length != end or start not in {b"PK\x03\x04", b"PK\x05\x06"}:
        return [Problem("there is data before, between or after the archive's parts", filename)]
    if problem := _directory_problem(path, offset, length):
        return [Problem(problem, filename)]
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) != count:
            return [Problem("its end record lies about the number of members", filename)]
    return []


def _directory_problem(path: Path, offset: int, length: int) -> str:
    """Return why the list of members can't be read into memory, or "": its count is of the archive's own saying."""
    if length > _DIRECTORY:
        return f"its list of members has {length} bytes, more than {_DIRECTORY}"
    number = 0
    with path.open("rb") as stream:
        stream.seek(offset)
        directory = stream.read(length)
    place = 0
    while place + _ROW.size <= length:
        magic, *sizes = _ROW.unpack_from(directory, place)
        if magic != b"PK\1\2":
            break  # zipfile words that
        place += _ROW.size + sum(sizes)
        number += 1
        if number > _MOST:
            return f"it has more than {_MOST} members"
    return ""


def _name_problem(name: str) -> str:
    parts = name.split("/")
    findings = {
        "a member has no name": not name,
        "a control character or invalid text in a name": bool(_CONTROL.search(name)),
        "a backslash in a name": "\\" in name,
        "an absolute path": name.startswith("/"),
        "a path that leaves the wheel": ".." in parts,
        "a path with an empty or '.' component": "" in parts or "." in parts,
        "a name of more than 255 bytes": any(len(p.encode("utf-8", "replace")) > 255 for p in parts),
    }
    return next((what for what, found in findings.items() if found), "")


def _kind_problem(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "neither a file nor a directory"
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.compress_type not in _METHODS:
        return f"unknown compression method {info.compress_type}"
    return ""


def _bomb_problems(archive: zipfile.ZipFile, filename: str) -> list[Problem]:
    infos = archive.infolist()
    size, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if len(infos) > _MOST:
        return [Problem(f"it has {len(infos)} members, more than {_MOST}", filename)]
    if size > _LARGEST:
        return [Problem(f"it unpacks to {size} bytes, more than {_LARGEST}", filename)]
    if size > _SMALL and size > _RATIO * max(packed, 1):
        return [Problem(f"it unpacks from {packed} to {size} bytes: a decompression bomb", filename)]
    return []


def _mtime(info: zipfile.ZipInfo) -> int:
    try:
        return max(EARLIEST, int(datetime(*info.date_time, tzinfo=timezone.utc).timestamp()))
    except ValueError:  # month 0 and such, as some tools write
        return EARLIEST
