"""A copy of a project's folder with all that its back-end may look at around it.

The wheel is built in the copy, so that nothing which a back-end writes reaches the project. It holds

- every file of the project's folder, whether git ignores it or not: what of it belongs into the wheel is
  the back-end's to say. Only what earlier builds left is not there (:mod:`.droppings`), and what can't be
  copied: sockets, pipes, devices;
- every file around it that the repository tracks, and the repository (:mod:`.repository`);
- links to whatever else lies in the folders above, so that ``../VERSION`` leads where it led.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pkggen.errors import StorageError
from pkggen.project.droppings import droppings
from pkggen.project.repository import GIT, Repository, repository_at
from pkggen.store.cache import sha256_of
from pkggen.terminal.reporter import Reporter

_LEVELS = 4  # folders above the repository whose entries are linked
_MOST = 5000  # of one of these folders
_IGNORES = (".gitignore", ".hgignore")  # hatchling looks for them upwards


@dataclass(frozen=True)
class Checkout:
    """A project's folder ``root`` in the folder ``top`` of its ``repository``; ``cache`` is ours, and stays out.

    Without a repository that git can be asked about, ``top`` is copied as a whole. Paths are absolute
    and lead through no link.
    """

    root: Path
    top: Path
    cache: Path
    repository: Repository | None = None

    def copy(self, to: Path, reporter: Reporter) -> Path:
        """Fill the new folder ``to``; return where the project lies in it.

        What can't be read is warned of. Raises StorageError when the copy can't be made.
        """
        base = to / self.top.relative_to("/")
        base.parent.mkdir(parents=True)
        try:
            base.mkdir()
            for path, kind in self._entries():
                if kind == "unreadable":
                    reporter.warn(f"{os.path.relpath(path, self.root)} can't be read: the build goes on without it")
                else:
                    _copy(path, kind, base / os.path.relpath(path, self.top))
            links = self._links()
            for link in links:
                target = to / link.relative_to("/")
                if not os.path.lexists(target) and target.parent.is_dir():
                    target.symlink_to(link)
            self._copy_repositories(base, links)
        except OSError as error:
            what = f"the copy to build from can't be made: {error.strerror}"
            raise StorageError(what, where=str(error.filename or self.root)) from error
        return base / self.root.relative_to(self.top)

    def digest(self) -> str | None:
        """Return a digest of names, kinds, modes and bytes of the project's files, and of the repository's answers.

        What the repository tracks around the project counts as it is in the index. None when a link of the
        project leads elsewhere: what is there can change unseen.
        """
        digest = hashlib.sha256(self._index.encode())
        start = self.root if self.repository else self.top
        for path, kind in self._walk(os.fspath(start), droppings(self.root, self._tracked.__contains__)):
            if kind == "link" and not self._holds(os.path.realpath(path)):
                return None
            content = _content(path, kind)
            mode = os.lstat(path).st_mode & 0o777 if kind == "file" else 0
            digest.update(json.dumps([os.path.relpath(path, self.root), kind, mode, content]).encode())
        for name in _IGNORES:
            for above in self.root.parents:
                if (above / name).is_file():
                    digest.update(sha256_of(above / name).encode())
        if self.repository:
            digest.update(self.repository.digest(self.root).encode())
        return digest.hexdigest()

    def _holds(self, path: str) -> bool:
        return path in self._tracked or Path(path).is_relative_to(self.root if self.repository else self.top)

    @cached_property
    def _index(self) -> str:
        return self.repository.index() if self.repository else ""

    @cached_property
    def _tracked(self) -> frozenset[str]:
        """Return what the repository tracks and the folders of that, absolute."""
        if self.repository is None:
            return frozenset()
        lines = filter(None, self._index.split("\0"))
        found = {os.path.join(self.top, line.partition("\t")[2].rstrip("/")) for line in lines}
        above: set[str] = set()
        for path in found:
            directory = os.path.dirname(path)
            while directory not in above and len(directory) > len(os.fspath(self.top)):
                above.add(directory)
                directory = os.path.dirname(directory)
        return frozenset(found | above)

    def _entries(self) -> Iterator[tuple[str, str]]:
        """Yield (absolute path, kind) of what is copied, folders before what is in them."""
        is_dropping = droppings(self.root, self._tracked.__contains__)
        if self.repository is None:
            yield from self._walk(os.fspath(self.top), is_dropping)
            return
        within = os.fspath(self.root) + os.sep
        chain = {os.fspath(p) for p in (self.root, *self.root.parents) if p != self.top and p.is_relative_to(self.top)}
        for path in sorted(self._tracked | chain):
            if not path.startswith(within) and (kind := _kind(path)):
                yield path, kind
                if kind == "directory" and path not in chain and os.path.lexists(os.path.join(path, GIT)):
                    yield from self._walk(path, is_dropping)  # a submodule
        yield from self._walk(os.fspath(self.root), is_dropping)

    def _walk(self, top: str, is_dropping: Callable[[str, str], bool]) -> Iterator[tuple[str, str]]:
        """Yield what is below ``top``; repositories in it are left to :meth:`_copy_repositories`."""
        try:
            names = sorted(os.listdir(top))
        except FileNotFoundError:
            return
        except OSError:
            yield top, "unreadable"
            return
        for name in names:
            path = os.path.join(top, name)
            kind = _kind(path)
            if kind is None or is_dropping(path, name) or path == os.fspath(self.cache):
                continue
            if name == GIT and repository_at(Path(top)) is not None:
                continue
            yield path, kind
            if kind == "directory":
                yield from self._walk(path, is_dropping)

    def _copy_repositories(self, base: Path, links: list[Path]) -> None:
        for directory, names, _ in os.walk(base):
            original = self.top / os.path.relpath(directory, base)
            found = repository_at(original) if os.path.lexists(original / GIT) else None
            if found is not None and not os.path.lexists(os.path.join(directory, GIT)):
                found.copy(Path(directory))
            names[:] = [n for n in names if n != GIT]
        if self.repository and links:
            # a link is no folder, so a pattern like "dist/" would not match it
            excludes = base / GIT / "info/exclude"
            excludes.parent.mkdir(exist_ok=True)
            within = [os.path.relpath(p, self.top) for p in links if p.is_relative_to(self.top)]
            ignored = {name.rstrip("/") for name in self.repository.ignored(self.top)}
            with excludes.open("a", encoding="utf-8") as stream:
                stream.writelines(f"/{name}\n" for name in within if name in ignored)

    def _links(self) -> list[Path]:
        """Return what is not copied and has to be found at its place beside what is."""
        found: list[Path] = []
        if self.repository is not None and self.root != self.top:
            for name in self.repository.others():
                path = self.top / name.rstrip("/")
                if self.root.is_relative_to(path):
                    found += _beside(self.root, path)
                elif not path.is_relative_to(self.root):
                    found.append(path)
        above = Path(*self.top.parts[: max(1, len(self.top.parts) - _LEVELS)])
        return [*found, *_beside(self.top, above)]


def find_checkout(root: Path, cache: Path) -> Checkout:
    """Return the project in ``root`` with the repository around it, git's or Mercurial's, if it is in one."""
    root = Path(os.path.realpath(root))
    cache = Path(os.path.realpath(cache))
    for top in (root, *root.parents):
        if os.path.lexists(top / GIT):
            repository = repository_at(top)
            return Checkout(root, top, cache, repository)
        if (top / ".hg").is_dir():
            return Checkout(root, top, cache)
    return Checkout(root, root, cache)


def _beside(path: Path, above: Path) -> Iterator[Path]:
    """Yield what lies beside ``path`` and beside each folder over it, up to the folder ``above``."""
    while path not in {above, path.parent}:
        try:
            names = os.listdir(path.parent)
        except OSError:
            names = []
        yield from (path.parent / n for n in sorted(names)[:_MOST] if n != path.name)
        path = path.parent


def _kind(path: str) -> str | None:
    """Return what is at ``path``; None for nothing, and for what only its maker has a use for."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISREG(mode):
        return "file" if os.access(path, os.R_OK) else "unreadable"
    return "directory" if stat.S_ISDIR(mode) else None


def _content(path: str, kind: str) -> str:
    if kind == "link":
        return os.readlink(path)
    try:
        return sha256_of(Path(path)) if kind == "file" else ""
    except OSError:
        return ""


def _copy(path: str, kind: str, to: Path) -> None:
    """Copy one entry with its mode and times; what vanished in the meantime, as locks do, is passed over."""
    if kind == "directory":
        to.mkdir(exist_ok=True)
    elif kind == "link":
        with suppress(FileNotFoundError):
            to.symlink_to(os.readlink(path))
    else:
        try:
            shutil.copy2(path, to)
        except OSError:
            if os.path.exists(path):
                raise
            to.unlink(missing_ok=True)
