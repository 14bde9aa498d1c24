"""What the cache holds, and making it smaller: by age of last use, by size, or altogether.

Nothing is removed while a build uses the cache: each holds a shared lock on it for its life.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pkggen.errors import ConflictError
from pkggen.store.cache import LOCK, Cache


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be removed by itself: ``used`` is the time of its last use."""

    path: Path
    kind: str
    size: int
    used: float


def items(cache: Cache) -> tuple[Item, ...]:
    """Return what the cache holds, longest unused first; uv's own cache is one item.

    What vanishes meanwhile, since a build is at work, is left out.
    """
    root = cache.root
    found = [_item(path, "downloads") for path in _below(root / "blobs", 2)]
    found += [_item(p, f"unpacked {p.parent.name}", p / "index.json") for p in _below(root / "trees", 2)]
    found += [_item(path, "notes of what was built") for path in _below(root / "built", 1)]
    found += [_item(path, "notes of what was packed") for path in _below(root / "packages", 1)]
    found += [_item(path, "left over from builds", path / "index.json") for path in _below(root / "scratch", 1)]
    found += [_item(path, "left over from builds", path) for path in _below(root / "places", 1)]
    found += [_item(path, "git repositories") for path in _below(root / "git", 1)]
    uv = _item(root / "uv", "uv")
    found += [uv and replace(uv, used=_newest(uv.path))]
    return tuple(sorted((item for item in found if item), key=lambda item: (item.used, item.path)))


def _item(path: Path, kind: str, used: Path | None = None) -> Item | None:
    """Return ``path`` as an item; the time of its use is that of ``used``, 0 when that is not there."""
    status = _status(path)
    if status is None:
        return None
    noted = _status(used) if used else status
    size = _size(path) if stat.S_ISDIR(status.st_mode) else status.st_size
    return Item(path, kind, size, noted.st_mtime if noted else 0.0)


def summary(cache: Cache) -> dict[str, tuple[int, int]]:
    """Return number and bytes of the items by kind."""
    totals: dict[str, tuple[int, int]] = {}
    for item in items(cache):
        count, size = totals.get(item.kind, (0, 0))
        totals[item.kind] = count + 1, size + item.size
    return dict(sorted(totals.items()))


def prune(cache: Cache, *, unused_for: float | None = None, largest: int | None = None) -> tuple[Item, ...]:
    """Remove what was not used for ``unused_for`` seconds, then the longest unused until ``largest`` bytes are left.

    What killed builds left is removed in any case. Returns what is gone. Raises ConflictError while
    a build uses the cache.
    """
    with _alone(cache):
        now, kept, gone = time.time(), list[Item](), list[Item]()
        for item in items(cache):
            old = unused_for is not None and now - item.used >= unused_for
            (gone if old or item.kind == "left over from builds" else kept).append(item)
        total = sum(item.size for item in kept)
        while kept and largest is not None and total > largest:
            item = kept.pop(0)
            total -= item.size
            gone.append(item)
        for item in gone:
            _remove(item.path)
        return tuple(gone)


def clear(cache: Cache) -> tuple[Item, ...]:
    """Remove everything; raises ConflictError while a build uses the cache."""
    with _alone(cache):
        gone = items(cache)
        for item in gone:
            _remove(item.path)
        return gone


@contextmanager
def _alone(cache: Cache) -> Iterator[None]:
    cache.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                "a build is using the cache", where=str(cache.root), remedy="try again when it has ended"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _below(root: Path, depth: int) -> list[Path]:
    """Return what lies ``depth`` levels below ``root``."""
    found = [root]
    for _ in range(depth):
        found = [path for folder in found for path in _listed(folder)]
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(Path(folder, name) for name in os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        index = path / "index.json"
        index.unlink(missing_ok=True)  # first: what is half removed must not pass for whole
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(root: Path) -> int:
    files = (_status(Path(folder, name)) for folder, _, names in os.walk(root) for name in names)
    return sum(status.st_size for status in files if status)


def _newest(root: Path) -> float:
    """Return the time of the latest change of a directory near the top: uv notes no uses."""
    near = (_status(path) for path in (root, *_below(root, 1), *_below(root, 2)))
    return max((status.st_mtime for status in near if status), default=0.0)
