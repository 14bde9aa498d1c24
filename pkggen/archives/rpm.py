"""Reading an rpm: its header, and whether the payload is the one that the header was made for."""

from __future__ import annotations

import hashlib
import stat
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import rpmfile  # type: ignore[import-untyped]
from rpmfile.errors import RPMError  # type: ignore[import-untyped]

from pkggen.archives.cpio import cpio_files
from pkggen.archives.rpm_header import check_headers
from pkggen.archives.streams import HELD, LimitError, Tally, unpacked
from pkggen.errors import ArtefactError
from pkggen.model import ConfigKind, Entry, Kind, Role

_MAGIC = b"\xed\xab\xee\xdb"
_LEAD = 96  # bytes before the signature header
_SIGNATURES = {267, 268, 1002, 1005}  # DSAHEADER, RSAHEADER, PGP, GPG of rpmtag.h
_SIZES = {(1000, 4): ">I", (270, 5): ">Q"}  # SIGTAG_SIZE and LONGSIZE of rpmtag.h, by tag and type
_CHUNK = 1 << 20
_BINARY = 7  # RPM_BIN_TYPE
# rpmfile's names of the tags of each relation; flags of rpmds.h
RELATIONS = {
    "Requires": ("requirename", "requireflags", "requireversion"),
    "Provides": ("provides", "provideflags", "provideversion"),
    "Conflicts": ("conflictname", "conflictflags", "conflictversion"),
    "Obsoletes": ("obsoletes", "obsoleteflags", "obsoleteversion"),
    "Recommends": ("recommendname", "recommendflags", "recommendversion"),
    "Suggests": ("suggestname", "suggestflags", "suggestversion"),
    "Enhances": ("enhancename", "enhanceflags", "enhanceversion"),
    "Supplements": ("supplementname", "supplementflags", "supplementversion"),
}
_SCRIPTS = {
    "pretrans": "pretrans", "pre": "prein", "post": "postin", "preun": "preun", "postun": "postun",
    "posttrans": "posttrans", "verifyscript": "verifyscript",
}  # fmt: skip
_TAGS = (
    "name", "serial", "version", "release", "arch", "summary", "description", "copyright", "group", "url", "vendor",
    "packager", "size", "buildtime", "archive_compression", "payloadflags",
)  # fmt: skip
_METHODS = {"zstd": "zst", "xz": "xz", "lzma": "lzma", "gzip": "gz", "bzip2": "bz2"}
_LESS, _GREATER, _EQUAL = 2, 4, 8
_CONFIG, _DOC, _NOREPLACE, _GHOST, _LICENCE = 1, 2, 16, 64, 128
_ROLES = {_GHOST: Role.GHOST, _LICENCE: Role.LICENCE, _DOC: Role.DOC}
_KINDS: tuple[tuple[Callable[[int], bool], Kind], ...] = (
    (stat.S_ISREG, Kind.FILE), (stat.S_ISDIR, Kind.DIRECTORY), (stat.S_ISLNK, Kind.SYMLINK),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RpmArchive:
    """What an rpm's header says; ``tags`` are single values such as name and license, as text."""

    tags: Mapping[str, str]
    relations: Mapping[str, tuple[str, ...]]
    scripts: Mapping[str, str]
    members: tuple[Entry, ...]
    ghosts: frozenset[str]
    signatures: tuple[bytes, ...] = ()


def read_rpm(path: Path) -> RpmArchive:
    """Read ``path``; raise ArtefactError when it is truncated, altered or no rpm of format 4."""
    try:
        with path.open("rb") as stream:
            _check_beginning(stream)
            found = signatures(stream)
            stream.seek(0)
            with rpmfile.open(fileobj=stream) as archive:
                headers = archive.headers
                stream.seek(archive.data_offset)
                _check_payload(headers, stream)
        if not isinstance(headers.get("size", 0), int):
            raise ValueError("its size is no number")
        members, ghosts = _members(headers)
        return RpmArchive(
            tags={tag: _text(headers[tag]) for tag in _TAGS if tag in headers},
            relations={field: tuple(_relations(headers, *tags)) for field, tags in RELATIONS.items()},
            scripts={name: _text(headers[tag]) for name, tag in _SCRIPTS.items() if tag in headers},
            members=members,
            ghosts=ghosts,
            signatures=found,
        )
    except (RPMError, struct.error, AssertionError, OSError, MemoryError, ValueError, LookupError, TypeError) as error:
        raise ArtefactError(f"can't be read as an rpm: {error}", where=str(path)) from error


def signature_end(stream: IO[bytes]) -> int:
    """Return where the signature ends and the header begins, which signatures are of."""
    _, start, size = _signature_index(stream)
    return start + size + -size % 8


def signatures(stream: IO[bytes]) -> tuple[bytes, ...]:
    """Return the OpenPGP signatures, as they are."""
    found = []
    for tag, kind, place, length in _signature_rows(stream):
        if tag in _SIGNATURES and kind == _BINARY:
            stream.seek(place)
            found.append(stream.read(length))
    return tuple(found)


def _check_beginning(stream: IO[bytes]) -> None:
    if stream.read(4) != _MAGIC:
        raise ValueError("it does not begin as an rpm does")
    check_headers(stream)


def _signature_index(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return how many values the signature header has, and where its store begins and how long it is."""
    stream.seek(_LEAD)
    magic, count, size = struct.unpack(">4s4xII", stream.read(16))
    if magic != b"\x8e\xad\xe8\x01":
        raise ValueError("it has no signature header")
    return count, _LEAD + 16 + 16 * count, size


def _signature_rows(stream: IO[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """Yield of each value of the signature header the tag, the type, the place in the stream and the count."""
    count, start, _ = _signature_index(stream)
    for row in range(count):
        stream.seek(_LEAD + 16 + 16 * row)
        tag, kind, offset, length = struct.unpack(">IIII", stream.read(16))
        yield tag, kind, start + offset, length


def check_size(path: Path) -> None:
    """Raise ArtefactError unless the headers are sound and as many bytes follow them as the signature header says."""
    try:
        with path.open("rb") as stream:
            _check_beginning(stream)
            told = _told_size(stream)
            end = signature_end(stream)
        if told is not None and path.stat().st_size != end + told:
            raise ValueError(f"it has {path.stat().st_size} bytes and should have {end + told}")
    except (struct.error, OSError, ValueError) as error:
        raise ArtefactError(f"can't be read as an rpm: {error}", where=str(path)) from error


def _told_size(stream: IO[bytes]) -> int | None:
    """Return how many bytes header and payload have, None where the signature header does not say."""
    for tag, kind, place, _ in _signature_rows(stream):
        if form := _SIZES.get((tag, kind)):
            stream.seek(place)
            return int(struct.unpack(form, stream.read(struct.calcsize(form)))[0])
    return None


def read_contents(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the bytes of the files whose absolute path is ``wanted``; raise ArtefactError as :func:`read_rpm`."""
    try:
        return dict(_files(path, wanted))
    except Exception as error:  # rpmfile and what it unpacks with raise whatever the bytes lead to
        said = str(error) if isinstance(error, LimitError) else "it is truncated or damaged"
        said = error.strerror if isinstance(error, OSError) and error.strerror else said
        raise ArtefactError(f"can't be read as an rpm: {said}", where=str(path), remedy="build it again") from error


def read_rpm_files(path: Path, wanted: Collection[str], limit: int = HELD) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of those members whose absolute path is ``wanted``; ``path`` was read before.

    One is held at a time; more than ``limit`` bytes of one end in LimitError.
    """
    return _files(path, lambda place: place in wanted, limit)


def _files(path: Path, wanted: Callable[[str], bool], limit: int = HELD) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as stream:
        check_headers(stream)
        stream.seek(0)
        with rpmfile.open(fileobj=stream) as archive:
            headers, start = archive.headers, archive.data_offset
        stream.seek(start)
        _check_payload(headers, stream)  # what unpacks it is content with less
        stream.seek(start)
        method = _METHODS.get(_text(headers.get("archive_compression", "gzip")))
        if method is None:
            raise ValueError("its payload is compressed in an unknown way")
        yield from cpio_files(unpacked(stream, method, path.stat().st_size - start, "payload"), wanted, limit)


def _check_payload(headers: Mapping[str, Any], stream: Any) -> None:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    if digest.hexdigest() not in [_text(d) for d in _many(headers.get("payloaddigest"))]:
        raise ValueError("the payload is truncated or altered: its digest is not the header's")


def _many(value: Any) -> list[Any]:
    """Return rpmfile's value as a list; it unwraps those of length one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _relations(headers: Mapping[str, Any], names: str, flags: str, versions: str) -> Iterator[str]:
    for name, flag, version in zip(*(_many(headers.get(t)) for t in (names, flags, versions)), strict=True):
        operator = "<" * bool(flag & _LESS) + ">" * bool(flag & _GREATER) + "=" * bool(flag & _EQUAL)
        yield f"{_text(name)} {operator} {_text(version)}" if operator else _text(name)


def _members(headers: Mapping[str, Any]) -> tuple[tuple[Entry, ...], frozenset[str]]:
    directories = _many(headers.get("dirnames"))
    columns: list[Iterable[Any]] = [
        _many(headers.get(tag))
        for tag in (
            "basenames", "dirindexes", "filemodes", "filesizes", "filemd5s", "filemtimes", "filelinktos",
            "fileusername", "filegroupname", "fileflags",
        )
    ]  # fmt: skip
    found: list[Entry] = []
    ghosts: set[str] = set()
    tally = Tally()
    for name, index, mode, size, digest, mtime, link, owner, group, flags in zip(*columns, strict=True):
        kind = next((k for test, k in _KINDS if test(mode)), None)
        path = _text(directories[index]) + _text(name)
        if kind is None:
            raise ValueError(f"{path} is neither file, directory nor link")
        tally.add(path, _text(link))
        if flags & _GHOST:
            ghosts.add(path)
        config = ConfigKind.NOREPLACE if flags & _NOREPLACE else ConfigKind.CONFIG
        found.append(
            Entry(
                path,
                kind,
                stat.S_IMODE(mode),
                size=size if kind is Kind.FILE else 0,
                sha256=_text(digest),
                mtime=mtime,
                link=_text(link),
                owner=_text(owner),
                group=_text(group),
                config=config if flags & _CONFIG else ConfigKind.NONE,
                role=next((role for flag, role in _ROLES.items() if flags & flag), Role.NONE),
            )
        )
    return tuple(found), frozenset(ghosts)
