"""Reading a .deb (deb(5)): an ar archive of two compressed tarballs, streamed so that size costs no memory."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any, cast

import zstandard
from debian.arfile import ArError, ArFile

from pkggen.errors import ArtefactError
from pkggen.model import ConfigKind, Entry, Kind

_CHUNK = 1 << 18
_AR_MAGIC, _AR_HEADER = 8, 60  # bytes
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


def read_deb(path: Path) -> DebArchive:
    """Read all of ``path``; raise ArtefactError when it is truncated or no .deb."""
    try:
        archive = ArFile(str(path))
        names = [m.name for m in archive.getmembers()]
        _check_shape(path, names, [m.size for m in archive.getmembers()])
        with _tarball(archive.getmember(names[1]), names[1]) as tar:
            control = {m.name.removeprefix("./"): _text(tar, m) for m in tar if m.isfile()}
        signatures = tuple(archive.getmember(name).read() for name in names[3:])
        config = set(control.get("conffiles", "").splitlines())
        members: list[Entry] = []
        md5: dict[str, str] = {}
        with _tarball(archive.getmember(names[2]), names[2]) as tar:
            for member in tar:
                entry, digest = _member(tar, member, config)
                members.append(entry)
                if digest:
                    md5[entry.path] = digest
    except (ArError, tarfile.TarError, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError) as error:
        raise ArtefactError(f"can't be read as a .deb: {error}", where=str(path)) from error
    return DebArchive(
        control,
        tuple(m for m in members if m.path != "/"),
        md5,
        names[2].removeprefix("data.tar").lstrip(".") or "none",
        signatures,
    )


def read_contents(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the bytes of the files whose absolute path is ``wanted``; raise ArtefactError as :func:`read_deb`."""
    found: dict[str, bytes] = {}
    try:
        archive = ArFile(str(path))
        name = archive.getmembers()[2].name
        with _tarball(archive.getmember(name), name) as tar:
            for member in tar:
                absolute = "/" + member.name.removeprefix("./")
                if member.isfile() and wanted(absolute) and (stream := tar.extractfile(member)):
                    found[absolute] = stream.read()
    except Exception as error:  # arfile, tarfile and what they unpack with raise whatever the bytes lead to
        said = error.strerror if isinstance(error, OSError) and error.strerror else "it is truncated or damaged"
        raise ArtefactError(f"can't be read as a .deb: {said}", where=str(path), remedy="build it again") from error
    return found


def _check_shape(path: Path, names: list[str], sizes: list[int]) -> None:
    if len(names) < 3 or names[0] != "debian-binary" or not names[1].startswith("control.tar"):
        raise ValueError("it does not hold debian-binary, control.tar and data.tar")
    if strange := [name for name in names[3:] if not name.startswith("_gpg")]:
        raise ValueError(f"something follows its data: {strange[0]}")
    # members are padded to even sizes
    if path.stat().st_size != _AR_MAGIC + sum(_AR_HEADER + size + size % 2 for size in sizes):
        raise ValueError("it is truncated, or something follows its end")


@contextmanager
def _tarball(member: object, name: str) -> Iterator[tarfile.TarFile]:
    raw = cast("IO[bytes]", member)
    opened: Any
    if name.endswith(".zst"):
        opened = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    elif name.endswith(".xz"):
        opened = lzma.LZMAFile(raw)  # noqa: SIM115 - closed with the archive
    elif name.endswith(".gz"):
        opened = GzipFile(fileobj=raw)
    else:
        opened = raw
    with tarfile.open(fileobj=opened, mode="r|", bufsize=_CHUNK) as tar:
        yield tar


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = tar.extractfile(member)
    return stream.read().decode() if stream else ""


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


def read_deb_files(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of those members whose absolute path is ``wanted``; ``path`` was read before."""
    archive = ArFile(str(path))
    name = archive.getnames()[2]
    with _tarball(archive.getmember(name), name) as tar:
        for member in tar:
            place = "/" + member.name.removeprefix("./").strip("/")
            if place in wanted and (stream := tar.extractfile(member)):
                yield place, stream.read()
