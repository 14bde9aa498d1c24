"""A repository in a directory: written aside, then renamed; compared and replaced under a lock.

What is replaced, a head or what clients begin with, is what makes other files count: before it is
written, all of them are brought to the disk, at once, since each by itself would take much longer.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from pkggen.activation.members import sync
from pkggen.errors import StorageError
from pkggen.repository.stores import CHUNK, Listed, Stored

_LOCK = ".pkggen/lock"
FRESH = ".pkggen-new-"  # of files that are being written; a killed run leaves them, gc removes them


class Directory:
    """The files below ``root``; a web server may show them as they are."""

    def __init__(self, root: Path) -> None:
        """Take the directory, which need not be there yet."""
        self.root = root
        self.address = str(root)

    def read(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        try:
            data = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._refused(key, error) from error
        return Stored(data, hashlib.sha256(data).hexdigest())

    def chunks(self, key: str) -> Iterator[bytes] | None:
        """Return an object piece by piece, None where there is none."""
        try:
            stream = self._path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        return _pieces(stream)

    def status(self, key: str) -> Listed | None:
        """Return size and age of an object, None where there is none."""
        try:
            found = self._path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Listed(key, found.st_size, datetime.fromtimestamp(found.st_mtime, timezone.utc))

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whatever was there."""
        with self._fresh(key) as fresh:
            fresh.write_bytes(data)

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one; return whether it was written."""
        try:
            # a link is refused where there is a file, which a rename would replace
            with self._fresh(key, os.link) as fresh:
                fresh.write_bytes(data)
        except FileExistsError:
            return False
        return True

    def replace(self, key: str, data: bytes, tag: str | None) -> bool:
        """Write an object if it still has the tag, or, with None, still is not there; return whether it was written."""
        with self._alone():
            found = self.read(key)
            if (found.tag if found else None) != tag:
                return False
            sync(self.root, filesystem=True)
            self.write(key, data)
            sync(self.root, filesystem=True)
            return True

    def upload(self, key: str, path: Path) -> None:
        """Write a file as an object, whatever was there, without holding it in memory."""
        with self._fresh(key) as fresh:
            shutil.copyfile(path, fresh)

    def copy(self, key: str, target: str) -> None:
        """Write an object once more under another key: a link, since no file is ever written in place."""
        with self._fresh(target) as fresh:
            fresh.unlink()
            os.link(self._path(key), fresh)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(key, error) from error

    def listed(self, prefix: str) -> Iterator[Listed]:
        """Yield the objects below a prefix such as ``pool/``."""
        for folder, _, names in os.walk(self.root / prefix):
            for name in sorted(names):
                key = Path(folder, name).relative_to(self.root).as_posix()
                if found := self.status(key):  # it may have been renamed meanwhile
                    yield found

    def _path(self, key: str) -> Path:
        return self.root / key

    @contextmanager
    def _fresh(self, key: str, place: Callable[[Path, Path], None] = os.replace) -> Iterator[Path]:
        """Yield a file to be filled, which is then placed; raise StorageError, FileExistsError as it is."""
        path = self._path(key)
        fresh = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=FRESH, dir=path.parent)
            os.close(handle)
            fresh = Path(name)
            yield fresh
            fresh.chmod(0o644)
            place(fresh, path)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._refused(key, error) from error
        finally:
            if fresh is not None:
                fresh.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the directory's lock, for the moment in which a head is compared and replaced."""
        path = self._path(_LOCK)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._refused(_LOCK, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _refused(self, key: str, error: OSError) -> StorageError:
        return StorageError(f"{error.strerror or error}", where=str(self._path(key)))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk
