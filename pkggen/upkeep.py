"""What the cache holds, and making it smaller: by age of last use, by size, or altogether.

Nothing is removed while a build uses the cache: each holds a shared lock on it for its life.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pkggen.cache import LOCK, Cache
from pkggen.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be removed by itself: ``used`` is the time of its last use."""

    path: Path
    kind: str
    size: int
    used: float


def items(cache: Cache) -> tuple[Item, ...]:
    """Return what the cache holds, longest unused first; uv's own cache is one item."""
    found = [Item(p, "downloads", p.stat().st_size, p.stat().st_mtime) for p in _each(cache, "blobs/*/*")]
    for home in _each(cache, "trees/*/*"):
        index = home / "index.json"
        used = index.stat().st_mtime if index.is_file() else 0.0
        found.append(Item(home, f"unpacked {home.parent.name}", _size(home), used))
    found += [Item(p, "notes of what was built", p.stat().st_size, p.stat().st_mtime) for p in _each(cache, "built/*")]
    found += [Item(p, "left over from builds", _size(p), 0.0) for p in _each(cache, "scratch/*")]
    found += [Item(p, "uv", _size(p), _newest(p)) for p in _each(cache, "uv")]
    return tuple(sorted(found, key=lambda item: (item.used, item.path)))


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


def _each(cache: Cache, pattern: str) -> list[Path]:
    return sorted(cache.root.glob(pattern))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        index = path / "index.json"
        index.unlink(missing_ok=True)  # first: what is half removed must not pass for whole
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(root: Path) -> int:
    return sum(os.lstat(os.path.join(d, f)).st_size for d, _, files in os.walk(root) for f in files)


def _newest(root: Path) -> float:
    """Return the time of the latest change of a directory near the top: uv notes no uses."""
    return max((p.stat().st_mtime for p in (root, *root.glob("*"), *root.glob("*/*"))), default=0.0)
