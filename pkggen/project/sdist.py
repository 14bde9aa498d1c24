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
from collections.abc import Iterable
from pathlib import Path

from pkggen.errors import ArtefactError, Problem
from pkggen.project.epoch import EARLIEST, epoch_of_zip

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
    safe: list[tarfile.TarInfo] = []
    problems: list[Problem] = []
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            count, size, epoch = count + 1, size + member.size, max(epoch, int(member.mtime))
            ArtefactError.raise_all(_too_much(path, count, size))
            try:
                safe.append(tarfile.data_filter(member, os.fspath(to)))
            except tarfile.FilterError as error:
                problems.append(Problem(str(error), path.name, "it is not what a build tool makes: do not use it"))
        ArtefactError.raise_all(problems)
        archive.extractall(to, safe, filter="data")  # each member was checked, and is again
    return epoch


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
