"""The content-addressed cache: downloads by digest, unpacked trees by key.

Everything enters by rename, so a killed build leaves at most a scratch directory, and two
builds may share one cache. A tree's files carry normalised modes and mtimes and are
hard-linked into builds; nobody may ever write to them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pkggen.errors import ConfigurationError, IntegrityError, StorageError
from pkggen.model import Entry, Kind, Needs, Tree
from pkggen.store.writing import write_file

_FORMAT = 3  # of the index; a change makes old trees invisible
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
LOCK = "in-use.lock"  # held shared by whoever uses the cache


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Cache:
    """A directory that may be deleted at any time at no cost but time."""

    def __init__(self, root: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """Use ``root``; it is made when something is first stored. ``warn`` is told of damage that was mended."""
        self.root = root
        self._warn = warn
        self._given: dict[Path, Tree] = {}  # by its home, what this process works with

    def hold(self) -> None:
        """Keep others from pruning for as long as this process lives; wait for who prunes now.

        A cache that can't be written to can't be pruned either, so nothing is held there.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # given back by the end of the process

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a private directory on the cache's own file system; it is gone afterwards."""
        parent = self.root / "scratch"
        parent.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(dir=parent))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """Yield a private directory as :meth:`scratch` does, whose path is the same each time for the same ``name``.

        Compilers write the path into what they make. Who wants the same place meanwhile, waits.
        """
        path = self.root / "places" / hashlib.sha256(name.encode()).hexdigest()[:16]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(path, ignore_errors=True)  # of a killed build
            path.mkdir(mode=0o700)
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def packing(self) -> Iterator[None]:
        """Wait until no other build links or packs files of this cache, and keep others waiting meanwhile.

        A new link changes an inode's ctime, and tar takes a file whose ctime changes under its
        eyes for one that is being written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "packing.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def blob_path(self, sha256: str) -> Path:
        """Return where the blob of that digest is or would be.

        Raises ConfigurationError for what is no digest: it becomes part of a path.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ConfigurationError(f"{sha256!r} is no sha256", remedy="give 64 hexadecimal digits, in small letters")
        return self.root / "blobs" / sha256[:2] / sha256

    def blob(self, sha256: str) -> Path | None:
        """Return the stored blob, checked again, or None; a damaged one is dropped."""
        path = self.blob_path(sha256)
        if not path.is_file():
            return None
        if sha256_of(path) != sha256:
            path.unlink(missing_ok=True)
            return None
        _touch(path)
        return path

    def store_blob(self, source: Path, sha256: str, what: str) -> Path:
        """Move ``source`` into the cache; raise IntegrityError when its digest is another."""
        actual = sha256_of(source)
        if actual != sha256:
            raise IntegrityError(
                f"{what}: sha256 is {actual}, expected {sha256}",
                remedy="the file was altered or the lock is stale: check where it comes from, then lock again",
            )
        path = self.blob_path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, path)
        return path

    def note(self, kind: str, key: str, younger_than: float | None = None) -> Any:
        """Return what was noted under ``kind`` and ``key``, as :mod:`json` reads it; None where there is nothing.

        A note older than ``younger_than`` seconds, or with a time to come, is none.
        """
        path = self.root / kind / f"{key}.json"
        try:
            if younger_than is not None and not 0 <= time.time() - path.stat().st_mtime < younger_than:
                return None
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def keep_note(self, kind: str, key: str, value: object) -> None:
        """Note ``value``, which JSON can hold; a cache that can't be written to keeps nothing."""
        path = self.root / kind / f"{key}.json"
        with suppress(OSError, StorageError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(value))

    def tree(self, kind: str, key: str, make: Callable[[Path], Needs | None]) -> Tree:
        """Return the tree stored under ``kind`` and ``key``, calling ``make`` when there is none.

        ``make`` fills an empty directory and returns what its ELF files need (or None). It has
        set every file's mtime; modes are normalised here to 0644 or 0755.

        Programs run from these trees, so each is looked at before it is handed out: every file there
        has the size and mtime that it was stored with, or the same digest, and there is no other. One
        that was damaged is made anew, and ``warn`` is told.
        """
        home = self.root / "trees" / kind / f"{_FORMAT}-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        tree = _read_index(home)
        if tree is None:
            self._drop(home)
            with self.scratch() as scratch:
                content = scratch / "tree"
                content.mkdir()
                needs = make(content) or Needs()
                entries = tuple(scan(content))
                _write_index(scratch / "index.json", entries, needs)
                _publish(scratch, home)
            tree = _read_index(home)
        if tree is None:
            raise StorageError(f"{home} can't be read back", remedy="run `pkggen cache clear`")
        _touch(home / "index.json")
        self._given[home] = tree
        return tree

    def mend(self) -> bool:
        """Read every byte of the trees handed out and drop those that are damaged; tell whether there was one.

        For a build that failed: a bit that flipped by itself leaves size and mtime as they were.
        """
        damaged = [home for home, tree in self._given.items() if not _is_whole(tree, every_byte=True)]
        for home in damaged:
            self._drop(home)
            del self._given[home]
        return bool(damaged)

    def _drop(self, home: Path) -> None:
        """Take what lies there out of the way at once: another build may look."""
        if not home.exists():
            return
        self._warn(f"{home} in the cache was damaged: it is made anew")
        with self.scratch() as scratch, suppress(OSError):  # another build was first
            home.rename(scratch / "damaged")


def _touch(path: Path) -> None:
    """Note that ``path`` was used now: pruning goes by it."""
    with suppress(OSError):  # another user's, or read-only: then it is not for us to prune
        os.utime(path)


def scan(root: Path) -> Iterator[Entry]:
    """Normalise modes below ``root`` and yield its files and links, sorted by relative path."""
    found: list[Entry] = []
    for directory, names, files in os.walk(root):
        os.chmod(directory, 0o755)  # noqa: S103 - what a package's directory is
        links = [n for n in names if os.path.islink(os.path.join(directory, n))]
        for name in files + links:
            found.append(_entry(root, Path(directory, name)))
    yield from sorted(found, key=lambda e: e.path)


def _entry(root: Path, path: Path) -> Entry:
    status = path.lstat()
    relative = path.relative_to(root).as_posix()
    if path.is_symlink():
        return Entry(relative, Kind.SYMLINK, 0o777, mtime=int(status.st_mtime), link=os.readlink(path))
    mode = 0o755 if status.st_mode & 0o100 else 0o644
    path.chmod(mode)
    return Entry(relative, Kind.FILE, mode, status.st_size, sha256_of(path), int(status.st_mtime), source=path)


def _publish(scratch: Path, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        scratch.rename(home)
    except OSError:
        if not (home / "index.json").is_file():  # not a concurrent build that came first
            raise


def _write_index(path: Path, entries: tuple[Entry, ...], needs: Needs) -> None:
    rows = [[e.path, e.kind.value, e.mode, e.size, e.sha256, e.mtime, e.link] for e in entries]
    with path.open("w", encoding="utf-8") as stream:
        json.dump({"entries": rows, "needs": asdict(needs)}, stream)
        stream.flush()
        os.fsync(stream.fileno())  # a name must not outlive its contents through a power cut


def _read_index(home: Path) -> Tree | None:
    """Return the tree in ``home``; None when there is none, or what is there was damaged."""
    root = home / "tree"
    try:
        data = json.loads((home / "index.json").read_text(encoding="utf-8"))
        entries = tuple(
            Entry(path, Kind(kind), mode, size, sha256, mtime, link, root / path if kind == "file" else None)
            for path, kind, mode, size, sha256, mtime, link in data["entries"]
        )
        tree = Tree(root, entries, _needs(data["needs"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return tree if _is_whole(tree) else None


def _is_whole(tree: Tree, *, every_byte: bool = False) -> bool:
    """Tell whether a tree is as it was stored; digests are taken where an mtime is another, or of ``every_byte``."""
    known = {entry.path: entry for entry in tree.entries}
    try:
        for path, found in _files(tree.root):
            entry = known.pop(path, None)
            if entry is None or not _is_same(entry, found, every_byte=every_byte):
                return False
    except OSError:
        return False
    return not known


def _files(directory: Path | str, below: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(directory) as listed:
        for found in listed:
            if found.is_dir(follow_symlinks=False):
                yield from _files(found.path, f"{below}{found.name}/")
            else:
                yield below + found.name, found


def _is_same(entry: Entry, found: os.DirEntry[str], *, every_byte: bool) -> bool:
    if found.is_symlink():
        return entry.kind is Kind.SYMLINK and os.readlink(found.path) == entry.link
    status = found.stat(follow_symlinks=False)
    if entry.kind is not Kind.FILE or not found.is_file(follow_symlinks=False) or status.st_size != entry.size:
        return False
    if every_byte or int(status.st_mtime) != entry.mtime:
        if sha256_of(Path(found.path)) != entry.sha256:
            return False
        if int(status.st_mtime) != entry.mtime:  # copied, perhaps; the next look is cheap again
            with suppress(OSError):
                os.utime(found.path, (entry.mtime, entry.mtime))
    return True


def _needs(data: dict[str, Any]) -> Needs:
    return Needs(
        data["machine"],
        tuple(data["glibc"]),
        data["glibc_by"],
        data["sonames"],
        tuple((soname, version) for soname, version in data["versions"]),
        tuple(data["provides"]),
        tuple(_needs(plugin) for plugin in data["plugins"]),
        data["cpu"],
        data["cpu_by"],
        carried=tuple(data.get("carried", ())),
    )
