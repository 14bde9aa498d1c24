"""A package's entries as a real directory, for the programs that pack one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pkggen.errors import StorageError
from pkggen.model import Entry, Kind

# No links across file systems, or none at all, or too many to one file.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES}


def write_buildroot(entries: Iterable[Entry], root: Path, epoch: int) -> None:
    """Lay ``entries`` (absolute paths, sorted) out below ``root``, which is made.

    Files of the build host are hard-linked where that is possible: nobody may write to them.
    Modes and mtimes are those of the entries, whatever the umask; owners are the packer's affair.
    Raises StorageError.
    """
    directories: dict[Path, Entry | None] = {}
    linked: set[tuple[int, int]] = set()
    try:
        _make_directory(root, directories)
        for entry in entries:
            path = root / entry.path[1:]
            _make_directory(path if entry.kind is Kind.DIRECTORY else path.parent, directories)
            if entry.kind is Kind.DIRECTORY:
                directories[path] = entry
            elif entry.kind is Kind.SYMLINK:
                os.symlink(entry.link, path)
                os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)
            else:
                _write_file(entry, path, linked)
        for path, given in sorted(directories.items(), key=lambda item: len(item[0].parts), reverse=True):
            os.chmod(path, given.mode if given else 0o755)
            os.utime(path, (epoch, epoch))
    except OSError as error:
        raise StorageError(f"{error.filename or root}: {error.strerror}", where="laying out the package") from error


def _make_directory(path: Path, known: dict[Path, Entry | None]) -> None:
    if path not in known:
        if known:
            _make_directory(path.parent, known)
        path.mkdir()
        known[path] = None


def _write_file(entry: Entry, path: Path, linked: set[tuple[int, int]]) -> None:
    if entry.source is None:
        path.write_bytes(entry.content or b"")
    elif _link(entry, path, linked):
        return
    else:
        shutil.copyfile(entry.source, path)
    os.chmod(path, entry.mode)
    os.utime(path, (entry.mtime, entry.mtime))


def _link(entry: Entry, path: Path, linked: set[tuple[int, int]]) -> bool:
    """Link to the entry's source when it is on disk what the entry says; return whether it is done.

    A file linked twice would be a hard link within the package, so each inode is used once.
    """
    assert entry.source is not None  # noqa: S101 - the caller asked
    status = entry.source.stat()
    # a later mtime is clamped by the packer
    identity = (status.st_dev, status.st_ino)
    if identity in linked or status.st_mode & 0o7777 != entry.mode or int(status.st_mtime) < entry.mtime:
        return False
    try:
        os.link(entry.source, path)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return False
    linked.add(identity)
    return True
