"""Moving finished packages into the output directory: all of them or none, by rename."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pkggen.errors import ConflictError, StorageError
from pkggen.model import BuiltPackage
from pkggen.store.cache import sha256_of


@contextmanager
def claimed(directory: Path) -> Iterator[Path]:
    """Hold ``directory`` (made when missing) for this build alone.

    The lock is on the directory itself, so that no file of ours stays in it. Raises
    ConflictError when another build holds it, StorageError when it can't be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageError(f"{directory}: {error.strerror}", remedy="choose another --output") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.access(directory, os.W_OK):
            raise StorageError(f"{directory} is not writable", remedy="choose another --output")
        yield directory
    except BlockingIOError as error:
        raise ConflictError(
            f"another build is writing to {directory}", remedy="wait for it, or choose another --output"
        ) from error
    finally:
        os.close(handle)


def publish_output(built: Sequence[BuiltPackage], directory: Path) -> tuple[BuiltPackage, ...]:
    """Copy ``built`` beside their destination, flush, then rename; return them at their new place.

    A file of the same name is replaced as a whole (a symlink of that name too: never written
    through); one that is ``unchanged`` lies there already. Raises StorageError and leaves the
    directory as it was when a copy fails.
    """
    scratch = Path(tempfile.mkdtemp(prefix=".pkggen-", dir=directory))
    try:
        fresh = [package for package in built if not package.unchanged]
        for package in fresh:
            _copy(package.path, scratch / package.path.name)
            if sha256_of(scratch / package.path.name) != package.sha256:
                raise StorageError(f"{directory}: {package.path.name} reads back with other bytes")
        for package in fresh:
            os.replace(scratch / package.path.name, directory / package.path.name)
        _flush(directory)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"{directory}: {error.strerror}", remedy="free some space, or choose another --output" if full else ""
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tuple(replace(p, path=directory / p.path.name) for p in built)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o644)
    _flush(target)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
