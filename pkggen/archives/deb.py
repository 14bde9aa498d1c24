"""Reading a .deb (deb(5)): an ar archive of two compressed tarballs, streamed so that size costs no memory."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import zstandard
from debian.arfile import ArError, ArFile

from pkggen.archives.streams import HELD, LimitError, Tally, unpacked
from pkggen.archives.tar import held, tarball, walk
from pkggen.errors import ArtefactError
from pkggen.model import ConfigKind, Entry, Kind

_CHUNK = 1 << 18
_AR_MAGIC, _AR_HEADER = 8, 60  # bytes
_CONTROL = 32 << 20  # bytes that all control files unpack to; md5sums has a line for each file
_MOST_CONTROL, _MOST_PARTS = 100, 16
_SIGNATURE = 1 << 20
SIGNATURE = "_gpgorigin"  # of who made the package (debsigs(1)); others begin with _gpg, too
_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
}


@dataclass(frozen=True, slots=True)
class DebArchive:
    """What a .deb holds: control files by name, members with absolute paths, md5 by path, compressor of the data.

    ``signatures`` are those that debsigs and its like add, as they are.
    """

    control: Mapping[str, str]
    members: tuple[Entry, ...]
    md5: Mapping[str, str]
    compression: str
    signatures: tuple[bytes, ...] = ()


_BROKEN = (
    ArError, tarfile.TarError, lzma.LZMAError, zstandard.ZstdError, zlib.error, OSError, EOFError, ValueError,
    RecursionError, OverflowError,
)  # fmt: skip


def read_deb(path: Path) -> DebArchive:
    """Read all of ``path``; raise ArtefactError when it is truncated, no .deb, or larger than :mod:`streams` allows."""
    try:
        parts = _parts(path)
        archive = ArFile(str(path))
        control = {name: data.decode() for name, data in _control_files(archive, parts).items()}
        signatures = tuple(archive.getmember(name).read() for name in list(parts)[3:])
        config = set(control.get("conffiles", "").splitlines())
        members: list[Entry] = []
        md5: dict[str, str] = {}
        tally = Tally()
        with _tarball(archive, parts, 2) as tar:
            for member in walk(tar):
                tally.add(member.name, member.linkname)
                entry, digest = _member(tar, member, config)
                members.append(entry)
                if digest:
                    md5[entry.path] = digest
    except _BROKEN as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise ArtefactError(f"can't be read as a .deb: {said}", where=str(path)) from error
    return DebArchive(
        control,
        tuple(m for m in members if m.path != "/"),
        md5,
        list(parts)[2].removeprefix("data.tar").lstrip(".") or "none",
        signatures,
    )


def read_control(path: Path) -> str:
    """Return the control file of a .deb alone; raise ArtefactError as :func:`read_deb`, but for faults of its data."""
    try:
        parts = _parts(path)
        return _control_files(ArFile(str(path)), parts)["control"].decode()
    except (*_BROKEN, LookupError) as error:
        said = "it has no control file" if isinstance(error, LookupError) else error
        raise ArtefactError(f"can't be read as a .deb: {said}", where=str(path)) from error


def read_contents(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the bytes of the files whose absolute path is ``wanted``; raise ArtefactError as :func:`read_deb`."""
    try:
        return dict(_files(path, wanted))
    except Exception as error:  # arfile, tarfile and what they unpack with raise whatever the bytes lead to
        said = str(error) if isinstance(error, LimitError) else "it is truncated or damaged"
        said = error.strerror if isinstance(error, OSError) and error.strerror else said
        raise ArtefactError(f"can't be read as a .deb: {said}", where=str(path), remedy="build it again") from error


def _parts(path: Path) -> dict[str, int]:
    """Return the names of the ar archive's members with their sizes, having seen that they are a .deb's and fill it.

    Looked at before ArFile does: that believes a size below zero, and then reads for ever.
    """
    found: dict[str, int] = {}
    whole = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(_AR_MAGIC) != b"!<arch>\n":
            raise ValueError("it does not begin as an ar archive does")
        place = _AR_MAGIC
        while place < whole:
            stream.seek(place)
            header = stream.read(_AR_HEADER)
            size = header[48:58].strip()
            if len(header) < _AR_HEADER or header[58:] != b"`\n" or not size.isdigit():
                raise ValueError("it is truncated, or something follows its end")
            name = header[:16].split(b"/")[0].strip().decode("ascii", "surrogateescape")
            if name in found or len(found) == _MOST_PARTS:
                raise ValueError(f"it has {name!r} twice, or more than {_MOST_PARTS} members")
            found[name] = int(size)
            place += _AR_HEADER + int(size) + int(size) % 2  # padded to even sizes
    names = list(found)
    if len(names) < 3 or names[0] != "debian-binary" or not names[1].startswith("control.tar"):
        raise ValueError("it does not hold debian-binary, control.tar and data.tar")
    if strange := [name for name in names[3:] if not name.startswith("_gpg")]:
        raise ValueError(f"something follows its data: {strange[0]}")
    if place != whole:
        raise ValueError("it is truncated, or something follows its end")
    if large := [name for name in names[3:] if found[name] > _SIGNATURE]:
        raise LimitError(f"{large[0]} has {found[large[0]]} bytes, more than {_SIGNATURE}")
    return found


@contextmanager
def _tarball(archive: ArFile, parts: Mapping[str, int], number: int) -> Iterator[tarfile.TarFile]:
    name = list(parts)[number]
    method = name.partition(".tar")[2].lstrip(".")
    limit = _CONTROL if number == 1 else 0
    with tarball(unpacked(cast("IO[bytes]", archive.getmember(name)), method, parts[name], name, limit)) as tar:
        yield tar


def _control_files(archive: ArFile, parts: Mapping[str, int]) -> dict[str, bytes]:
    with _tarball(archive, parts, 1) as tar:
        return {m.name.removeprefix("./"): held(tar, m, _limit(m)) for m in _few(tar) if m.isfile()}


def _few(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a control archive, of which there are few."""
    for number, member in enumerate(walk(tar)):
        if number == _MOST_CONTROL:
            raise LimitError(f"it has more than {_MOST_CONTROL} control files")
        yield member


def _limit(member: tarfile.TarInfo) -> int:
    """Return how large a control file may be: lists of all files grow with the package."""
    return _CONTROL if member.name.removeprefix("./") in {"md5sums", "conffiles"} else HELD


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo, config: set[str]) -> tuple[Entry, str]:
    if member.type not in _KINDS:
        raise ValueError(f"{member.name} is neither file, directory nor link")
    path = "/" + member.name.removeprefix("./").strip("/").removeprefix(".")
    kind = _KINDS[member.type]
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    if kind is Kind.FILE and (stream := tar.extractfile(member)):
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    is_file = kind is Kind.FILE
    entry = Entry(
        path, kind, 0o777 if kind is Kind.SYMLINK else member.mode,
        size=member.size if is_file else 0,
        sha256=sha256.hexdigest() if is_file else "",
        mtime=int(member.mtime),
        link=member.linkname if kind is Kind.SYMLINK else "",
        owner=member.uname or str(member.uid),
        group=member.gname or str(member.gid),
        config=ConfigKind.NOREPLACE if path in config else ConfigKind.NONE,
    )  # fmt: skip
    return entry, md5.hexdigest() if is_file else ""


def read_deb_files(path: Path, wanted: Collection[str], limit: int = HELD) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of those members whose absolute path is ``wanted``; ``path`` was read before.

    One is held at a time; more than ``limit`` bytes of one end in LimitError.
    """
    return _files(path, lambda place: place in wanted, limit)


def _files(path: Path, wanted: Callable[[str], bool], limit: int = HELD) -> Iterator[tuple[str, bytes]]:
    parts = _parts(path)
    with _tarball(ArFile(str(path)), parts, 2) as tar:
        for member in walk(tar):
            place = "/" + member.name.removeprefix("./").strip("/")
            if member.isfile() and wanted(place):
                yield place, held(tar, member, limit)
