"""An interpreter from an archive or a directory in python-build-standalone's install_only layout.

That is: ``python/bin/python3``, ``python/lib/python3.13`` and so on.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from pkggen.errors import ArtefactError, IntegrityError
from pkggen.interpreter.archive_rules import MAX_BYTES, Member, MemberKind, check_members
from pkggen.interpreter.origin import Source
from pkggen.store.cache import Cache, sha256_of

_CHUNK = 1 << 20
_BLOCK = 512
# where bin/ and lib/ may be: install_only archives, full ones, a plain prefix
_ROOTS = ("python", "python/install", "install", ".")
_DAMAGED = "the archive is damaged or truncated: fetch it again"
_TYPES = {
    tarfile.REGTYPE: MemberKind.FILE, tarfile.AREGTYPE: MemberKind.FILE, tarfile.DIRTYPE: MemberKind.DIRECTORY,
    tarfile.SYMTYPE: MemberKind.SYMLINK, tarfile.LNKTYPE: MemberKind.HARDLINK,
}  # fmt: skip


def archive_source(path: Path, sha256: str, cache: Cache, *, origin: str = "") -> Source:
    """Return the interpreter that the archive at ``path`` holds; nothing is unpacked yet.

    ``sha256`` may be empty when the user trusts the file. Raises IntegrityError when the digest
    is another; what is inside is checked when it is unpacked.
    """
    actual = sha256_of(path)
    if sha256 and actual != sha256.lower():
        raise IntegrityError(
            f"sha256 is {actual}, expected {sha256.lower()}",
            where=origin or os.fspath(path),
            remedy="the file was altered or the digest is of another one: check where both come from",
        )

    def fill(content: Path) -> None:
        with cache.scratch() as scratch:
            unpack(path, scratch / "unpacked", scratch / "plain.tar", path.name)
            _move_root(scratch / "unpacked", content, path.name)

    return Source(origin or f"archive:{path.name}", actual, fill)


def directory_source(path: Path, cache: Cache) -> Source:
    """Return the interpreter in the directory ``path``; it is copied, never changed."""
    members = tuple(_walk(path))
    digest = hashlib.sha256()
    for member in members:
        status = os.lstat(path / member.name)
        stamp = f"{status.st_size}\0{status.st_mtime_ns}\0{status.st_mode & 0o100}"
        digest.update(f"{member.name}\0{member.link}\0{stamp}\n".encode(errors="replace"))

    def fill(content: Path) -> None:
        check_members(members, os.fspath(path))
        with cache.scratch() as scratch:
            shutil.copytree(path, scratch / "copy", symlinks=True)
            _move_root(scratch / "copy", content, os.fspath(path))

    return Source(f"directory:{path.name}", digest.hexdigest(), fill)


def unpack(archive: Path, destination: Path, plain: Path, where: str) -> None:
    """Unpack a tar archive (gzip, xz, zstd or plain) into the new directory ``destination``.

    ``plain`` is where the decompressed archive may stand meanwhile. Files get mode 0644 or 0755
    and the archive's mtimes. Raises ArtefactError for a damaged archive and for members that
    :func:`check_members` refuses; nothing is written before all of them were checked.
    """
    try:
        _decompress(archive, plain)
        with tarfile.open(plain, "r:", errors="surrogateescape") as tar:
            infos = tar.getmembers()
            _check_end(plain, tar.offset)
            check_members([_member(i) for i in infos], where)
            destination.mkdir()
            for info in sorted(infos, key=lambda i: i.islnk()):  # what hard links repeat comes first
                _extract(tar, info, destination)
    except (tarfile.TarError, EOFError, lzma.LZMAError, zstandard.ZstdError, zlib.error, gzip.BadGzipFile) as error:
        raise ArtefactError(f"can't be unpacked: {error}", where=where, remedy=_DAMAGED) from error
    finally:
        plain.unlink(missing_ok=True)


def _decompress(archive: Path, plain: Path) -> None:
    with archive.open("rb") as stream, plain.open("wb") as out:
        magic = stream.read(6)
        stream.seek(0)
        size = 0
        for chunk in _chunks(stream, magic):
            size += len(chunk)
            if size > MAX_BYTES:
                raise tarfile.ReadError(f"more than {MAX_BYTES >> 20} MiB")
            out.write(chunk)


def _chunks(stream: BinaryIO, magic: bytes) -> Iterator[bytes]:
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        yield from _zstd_chunks(stream)
        return
    read: Callable[[int], bytes] = stream.read
    if magic.startswith(b"\x1f\x8b"):
        read = gzip.GzipFile(fileobj=stream).read
    elif magic.startswith(b"\xfd7zXZ"):
        read = lzma.LZMAFile(stream).read  # noqa: SIM115 - it closes nothing: the stream is the caller's
    while chunk := read(_CHUNK):
        yield chunk


def _zstd_chunks(stream: BinaryIO) -> Iterator[bytes]:
    # by hand: the library's reader takes a file that stops in mid-frame for a whole one
    frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
    while data := stream.read(_CHUNK // 8):
        while data:
            if frame.eof:
                frame = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
            yield frame.decompress(data)
            data = frame.unused_data
    if not frame.eof:
        raise EOFError("the compressed file ended before the end of its stream")


def _check_end(plain: Path, offset: int) -> None:
    # tarfile takes a damaged header, or none, for the end of the archive
    with plain.open("rb") as stream:
        stream.seek(offset)
        if stream.read(_BLOCK) != bytes(_BLOCK):
            raise tarfile.ReadError("there is no end-of-archive mark")


def _member(info: tarfile.TarInfo) -> Member:
    kind = _TYPES.get(info.type, MemberKind.OTHER)
    return Member(info.name, kind, info.mode, info.size if kind is MemberKind.FILE else 0, info.linkname)


def _extract(tar: tarfile.TarFile, info: tarfile.TarInfo, destination: Path) -> None:
    path = destination / info.name
    if info.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if info.issym():
        path.symlink_to(info.linkname)
    elif info.islnk():
        shutil.copyfile(destination / info.linkname, path)
    else:
        source = tar.extractfile(info)
        if source is None:
            raise tarfile.ReadError(f"{info.name} has no content")
        with path.open("xb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
    if not info.issym():
        path.chmod(0o755 if info.mode & 0o100 else 0o644)
    mtime = max(0, int(info.mtime))
    os.utime(path, (mtime, mtime), follow_symlinks=False)


def _move_root(unpacked: Path, content: Path, where: str) -> None:
    for name in _ROOTS:
        root = unpacked / name
        if os.path.lexists(root / "bin" / "python3"):
            for child in sorted(root.iterdir()):
                child.rename(content / child.name)
            return
    raise ArtefactError(
        "there is no bin/python3", where=where,
        remedy="give an archive in the install_only layout: python/bin/python3, python/lib/python3.X",
    )  # fmt: skip


def _walk(root: Path) -> Iterator[Member]:
    for directory, names, files in sorted(os.walk(root)):
        for name in sorted(names + files):
            path = Path(directory, name)
            status = path.lstat()
            kind = _kind(status.st_mode)
            link = os.readlink(path) if kind is MemberKind.SYMLINK else ""
            size = status.st_size if kind is MemberKind.FILE else 0
            yield Member(path.relative_to(root).as_posix(), kind, stat.S_IMODE(status.st_mode), size, link)


def _kind(mode: int) -> MemberKind:
    if stat.S_ISDIR(mode):
        return MemberKind.DIRECTORY
    if stat.S_ISLNK(mode):
        return MemberKind.SYMLINK
    return MemberKind.FILE if stat.S_ISREG(mode) else MemberKind.OTHER
