"""Writing aside, then renaming: a file is the old one or the new one, whenever a build is killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pkggen.errors import StorageError


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
