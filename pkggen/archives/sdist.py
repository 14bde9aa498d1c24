"""Unpacking an sdist: everything in it is looked at before anything is written.

Sources: the source distribution format (one folder, ``name-version/``, with regular files), PEP
706 for tar archives. Zip files are what older tools and forges make.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pkggen.archives.zip_times import EARLIEST, epoch_of_zip
from pkggen.errors import ArtefactError, Problem

_MOST, _LARGEST = 200_000, 4 << 30  # members, bytes
_UNREADABLE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    UnicodeError,
    ValueError,
    NotImplementedError,
)


def unpack_sdist(path: Path, to: Path) -> tuple[Path, int]:
    """Unpack the archive at ``path`` into the directory ``to`` (made here).

    Returns the project's folder and the newest time in the archive, in seconds since the epoch.
    Raises ArtefactError when the archive is damaged, leads out of itself, holds anything but
    files, directories and links within, is a decompression bomb or has more than one folder.
    """
    to.mkdir()
    try:
        epoch = _unpack_zip(path, to) if path.name.endswith(".zip") else _unpack_tar(path, to)
    except OSError as error:
        if error.errno is not None:  # a full disk is no fault of the archive
            raise
        raise _damaged(path, error) from error
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    found = sorted(to.iterdir())
    if len(found) != 1 or not found[0].is_dir() or found[0].is_symlink():
        raise ArtefactError(
            f"it holds {len(found)} files and folders, an sdist holds one folder",
            where=path.name,
            remedy="make it with `python -m build --sdist`",
        )
    return found[0], epoch


def _damaged(path: Path, error: Exception) -> ArtefactError:
    remedy = "it is cut short or damaged: get it again"
    return ArtefactError(f"not a readable sdist: {error or type(error).__name__}", where=path.name, remedy=remedy)


def _unpack_tar(path: Path, to: Path) -> int:
    epoch, count, size = EARLIEST, 0, 0
    members: list[tarfile.TarInfo] = []
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            count, size, epoch = count + 1, size + member.size, max(epoch, int(member.mtime))
            ArtefactError.raise_all(_too_much(path, count, size))
            members.append(member)
        remedy = "it is not what a build tool makes: do not use it"
        ArtefactError.raise_all(Problem(what, path.name, remedy) for what in _tar_problems(members))
        if hasattr(tarfile, "data_filter"):
            archive.extractall(to, members, filter="data")  # each member was checked, and is again
        else:  # Python before 3.10.12 and 3.11.4, Debian 12's among them
            archive.extractall(to, members)  # noqa: S202 - checked above
    return epoch


def _tar_problems(members: Sequence[tarfile.TarInfo]) -> Iterable[str]:
    """Yield what PEP 706's "data" filter refuses; and links behind links, which lead anywhere."""
    links = {os.path.normpath(m.name) for m in members if m.issym()}
    for member in members:
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            yield f"{member.name!r} is neither a file, a directory nor a link"
        elif member.name.startswith("/") or (member.issym() and member.linkname.startswith("/")):
            yield f"{member.name!r} is absolute, or a link to something absolute"
        elif not _stays_inside(member.name, links):
            yield f"{member.name!r} leads outside the archive"
        elif member.issym() or member.islnk():
            start = os.path.dirname(member.name) if member.issym() else ""
            if not _stays_inside(os.path.join(start, member.linkname), links):
                yield f"the link {member.name!r} leads outside the archive"


def _stays_inside(path: str, links: Collection[str]) -> bool:
    """Tell whether ``path``, walked part by part, never leaves its start and passes through no link."""
    place = ""
    parts = path.split("/")
    for number, part in enumerate(parts):
        place = os.path.normpath(os.path.join(place, part))
        if place == ".." or place.startswith(("../", "/")):
            return False
        if place in links and number < len(parts) - 1:
            return False
    return not path.startswith("/")


def _unpack_zip(path: Path, to: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        ArtefactError.raise_all(_too_much(path, len(infos), sum(i.file_size for i in infos)))
        ArtefactError.raise_all(_zip_problems(infos, path.name))
        for info in infos:
            archive.extract(info, to)
            if info.external_attr >> 16 & 0o100 and not info.is_dir():
                (to / info.filename).chmod(0o755)
        return epoch_of_zip(archive)


def _too_much(path: Path, count: int, size: int) -> Iterable[Problem]:
    if count > _MOST:
        yield Problem(f"it has more than {_MOST} members", path.name)
    if size > _LARGEST:
        yield Problem(f"it unpacks to more than {_LARGEST} bytes: a decompression bomb", path.name)


def _zip_problems(infos: Iterable[zipfile.ZipInfo], archive: str) -> Iterable[Problem]:
    for info in infos:
        name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
        if name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
            yield Problem("a path that leaves the archive", f"{archive}: {name!r}")
        elif kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            yield Problem("neither a file nor a directory", f"{archive}: {name!r}")
        elif info.flag_bits & 0x1:
            yield Problem("it is encrypted", f"{archive}: {name!r}")
