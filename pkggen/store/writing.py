"""Writing aside, then renaming: a file is the old one or the new one, whenever a build is killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pkggen.errors import StorageError

_LOOKING = ContextVar("looking", default=False)


@contextmanager
def looking() -> Iterator[None]:
    """Keep locks of projects as they are within: who only looks must not change what the next build is made of."""
    before = _LOOKING.set(True)
    try:
        yield
    finally:
        _LOOKING.reset(before)


def only_looks() -> bool:
    """Tell whether locks stay as they are."""
    return _LOOKING.get()


def write_lock(path: Path, content: str) -> None:
    """Replace a lock of a project as :func:`write_file` does; do nothing where one only looks."""
    if not only_looks():
        write_file(path, content)


def write_file(path: Path, content: str | bytes) -> None:
    """Replace ``path`` by ``content`` (text as UTF-8) as a whole, with mode 0644; raise StorageError."""
    with written_aside(path) as fresh, fresh.open("wb") as stream:
        stream.write(content.encode() if isinstance(content, str) else content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield an empty file beside ``path``, to be filled; it takes its place with mode 0644 when all went well.

    Raises StorageError for whatever the system refuses.
    """
    fresh = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        os.close(handle)
        fresh = Path(name)
        yield fresh
        fresh.chmod(0o644)
        fresh.replace(path)
        fresh = None
    except OSError as error:
        raise StorageError(f"can't be written: {error.strerror}", where=str(path)) from error
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)
