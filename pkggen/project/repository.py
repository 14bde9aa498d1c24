"""A git repository around or within a project: what it tracks, and a copy of it for a copy of its files.

Back-ends ask git for a version, for what is ignored and for which files are the project's. So a copy of
the files needs a repository that gives the same answers: HEAD, refs, index, settings and excludes are
copied, objects are borrowed (``objects/info/alternates``). Nothing that is done in the copy reaches the
repository it came from.

Sources: gitrepository-layout(5), git-worktree(1), gitglossary(7) "alternate object database".
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pkggen.run import run

GIT = ".git"
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}  # the index of others is never refreshed
_HOME = ("HOME", "XDG_CONFIG_HOME")  # where the user's own list of what is ignored lies
# objects are borrowed; hooks are not for a copy; modules become repositories of their own, where they are checked out
_LEFT = {"objects", "worktrees", "modules", "hooks", "logs", "lfs", "gitdir", "commondir", GIT}
_PASSING = (".lock", ".pid", ".ipc", "fsmonitor--daemon")
# What would start programs on the copy, tie it to another folder, or trust the original's times
_UNSET = ("core.worktree", "core.fsmonitor", "core.untrackedcache", "core.bare", "core.hookspath")


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout of git's in the folder ``top``.

    ``directory`` has its HEAD and index, ``common`` all that worktrees share.
    """

    top: Path
    directory: Path
    common: Path

    def index(self) -> str:
        """Return what the index holds, a line for each file, ended by NUL; a submodule is its folder."""
        return git(self.top, "ls-files", "-s", "-z")

    def others(self) -> tuple[str, ...]:
        """Return what is not in the index, ignored or not; a folder of nothing else is named once, with a slash."""
        return tuple(self._lines("ls-files", "-z", "--others", "--directory"))

    def ignored(self, below: Path) -> tuple[str, ...]:
        """Return what git ignores below a folder, by the excludes of the repository and of the user."""
        words = ("ls-files", "-z", "--others", "--directory", "--ignored", "--exclude-standard", "--", str(below))
        return tuple(self._lines(*words))

    def tracked(self, below: Path) -> tuple[str, ...]:
        """Return what the index has below a folder, from the top of the repository."""
        return tuple(self._lines("ls-files", "-z", "--", str(below)))

    def digest(self, below: Path) -> str:
        """Return what git's answers of a folder follow from, but for the index: HEAD, refs, settings and excludes."""
        digest = hashlib.sha256("\0".join(self.ignored(below)).encode())
        for path in sorted(_own_files(self.common) | _own_files(self.directory)):
            if path.name != "index" and path.is_file():
                digest.update(os.fspath(path).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def copy(self, to: Path) -> None:
        """Give the copied files in ``to`` a repository that answers as this one does for the original's."""
        new = to / GIT
        new.mkdir()
        for base in dict.fromkeys((self.common, self.directory)):
            for path in sorted(_own_files(base)):
                target = new / path.relative_to(base)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                shutil.copyfile(path, target)
        for name in ("refs", "objects/info", "objects/pack"):
            (new / name).mkdir(parents=True, exist_ok=True)
        (new / "objects/info/alternates").write_text("".join(f"{p}\n" for p in _stores(self.common / "objects")))
        for key in _UNSET:  # as a file: git would first go where core.worktree leads
            git(Path("/"), "config", "--file", os.fspath(new / "config"), "--unset-all", key)
        git(to, "update-index", "-q", "--refresh", optional=True)  # the copies have inodes and times of their own

    def _lines(self, *words: str) -> Iterator[str]:
        return filter(None, git(self.top, *words).split("\0"))


def repository_at(top: Path) -> Repository | None:
    """Return the repository whose checkout is the folder ``top``, or None when there is none, or no git to ask."""
    dot = top / GIT
    if not shutil.which("git"):
        return None
    directory = dot
    if dot.is_file():  # a worktree's or a submodule's
        text = dot.read_text(encoding="utf-8", errors="surrogateescape").strip()
        directory = Path(os.path.normpath(top / text.removeprefix("gitdir:").strip()))
    if not (directory / "HEAD").is_file():
        return None
    common = directory / "commondir"
    shared = directory / common.read_text(encoding="utf-8").strip() if common.is_file() else directory
    return Repository(top, directory, Path(os.path.normpath(shared)))


def ignored_by_files(root: Path, scratch: Path) -> tuple[str, ...]:
    """Return what git would ignore in the folder ``root``, which is in no repository; ``scratch`` is an empty one."""
    if not (root / ".gitignore").is_file() or not shutil.which("git"):
        return ()
    git(scratch, "init", "-q")
    words = ("ls-files", "-z", "--others", "--directory", "--ignored", "--exclude-standard")
    said = git(root, f"--git-dir={scratch / GIT}", f"--work-tree={root.absolute()}", *words)
    return tuple(filter(None, said.split("\0")))


def git(top: Path, *words: str, optional: bool = False) -> str:
    """Return what git says in the folder ``top``; nothing where it fails. ``optional``: it may write its index."""
    argv: Sequence[str | Path] = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", top, *words]
    return run(argv, env={} if optional else _QUIET, inherit=_HOME, check=False).stdout


def _own_files(base: Path) -> set[Path]:
    """Return the files of a repository's folder that a copy of it needs."""
    found: set[Path] = set()
    for directory, names, files in os.walk(base):
        left = _LEFT if directory == os.fspath(base) else ()
        names[:] = [n for n in names if n not in left]
        found |= {Path(directory, n) for n in files if n not in left and not n.endswith(_PASSING)}
    return {p for p in found if p.is_file()}


def _stores(objects: Path) -> Iterator[Path]:
    """Yield the folder of objects and those that it borrows from: a relative name would not be followed twice."""
    yield objects.absolute()
    listed = objects / "info/alternates"
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            if line and not line.startswith("#"):
                yield Path(os.path.normpath(objects / line))
