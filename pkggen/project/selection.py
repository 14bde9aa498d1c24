"""Which files of a folder that is no package belong to the application, and why the others do not.

A flat application lies beside what is for its developers: tests, Dockerfiles, what tools wrote. What stays out by
itself is known by git, by its name at the top of the sources, or as pkggen's own. Patterns of the configuration's
``exclude`` come last, and one with ``!`` in front brings back: of several that match, the last counts, as in
gitignore(5).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pkggen.project.checkout import find_checkout
from pkggen.project.repository import ignored_by_files

_BYTE_CODE = {"__pycache__"}
_ENDINGS = {
    "byte code": (".pyc", ".pyo"),
    "metadata that a build left": (".egg-info", ".dist-info"),
    "an editor's": (".swp", "~"),
}
_OWN = re.compile(r"pkggen\.(toml|lock)|pylock(\.[^.]+)?\.toml")
_PACKED = (".deb", ".rpm")
# at the top of the sources alone: a package may well have a module of such a name
_FOLDERS = {
    "dist": "packages that were built",
    "build": "what a build left",
    "tests": "tests",
    "test": "tests",
    "docker": "for containers",
}
_FILES = {
    "tests": re.compile(r"conftest\.py|test_.*\.py|.*_test\.py|pytest\.ini|tox\.ini|noxfile\.py"),
    "for containers": re.compile(
        r"(Dockerfile|Containerfile)(\..*)?|.*\.dockerfile|(docker-)?compose.*\.ya?ml", re.IGNORECASE
    ),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of the project in ``root`` that are packed.

    ``own`` are absolute paths of what the configuration uses otherwise: the output, a folder of wheels;
    ``ignored`` and ``tracked`` are what git says, ``tracked`` the names at the top of ``root`` and below "dist".
    """

    root: Path
    exclude: tuple[str, ...]
    own: frozenset[str]
    ignored: frozenset[str]
    tracked: frozenset[str]

    def walk(self, top: Path, left_out: dict[str, str]) -> Iterator[tuple[Path, str]]:
        """Yield the files below ``top`` with their paths from there, sorted, those in linked folders included.

        What is left out is added to ``left_out``: its path from ``root``, and the reason.
        """
        top = Path(os.path.abspath(top))
        for directory, names, files in os.walk(top, followlinks=True):
            above = {os.path.realpath(directory), *(os.path.realpath(p) for p in Path(directory).parents)}
            names[:] = [
                n
                for n in sorted(names)
                if self._belongs(top, os.path.join(directory, n), left_out)
                and os.path.realpath(os.path.join(directory, n)) not in above  # a circle of links
            ]
            for name in sorted(files):
                path = Path(directory, name)
                if self._belongs(top, os.fspath(path), left_out):
                    yield path, path.relative_to(top).as_posix()

    def _belongs(self, top: Path, path: str, left_out: dict[str, str]) -> bool:
        reason = self._reason(top, path)
        if reason:
            left_out[os.path.relpath(path, self.root)] = reason
        return not reason

    def _reason(self, top: Path, path: str) -> str:
        """Return why ``path`` stays out, "" when it does not."""
        reason = next(self._reasons(top, path), "")
        relative = os.path.relpath(path, self.root)
        for pattern in self.exclude:
            if _matches(relative, pattern.removeprefix("!")):
                reason = "" if pattern.startswith("!") else f"exclude has {pattern}"
        return reason

    def _reasons(self, top: Path, path: str) -> Iterator[str]:
        """Yield why ``path`` stays out where nothing in the configuration says otherwise."""
        name, relative = os.path.basename(path), os.path.relpath(path, self.root)
        if name.startswith("."):
            yield "hidden"
        if name in _BYTE_CODE or os.path.exists(os.path.join(path, "pyvenv.cfg")):
            yield "made by Python"
        yield from (reason for reason, endings in _ENDINGS.items() if name.endswith(endings))
        if os.path.abspath(path) in self.own or _is_rendered(path):
            yield "pkggen's own"
        if relative in self.ignored:
            yield "git ignores it"
        if name == "node_modules":
            yield "of npm"
        if name.endswith(_PACKED) and relative not in self.tracked:
            yield "a package that was built"
        if os.path.dirname(path) == os.fspath(top):
            yield "pkggen's own" if _OWN.fullmatch(name) else self._at_top(path, name)

    def _at_top(self, path: str, name: str) -> str:
        if not os.path.isdir(path):
            return next((reason for reason, pattern in _FILES.items() if pattern.fullmatch(name)), "")
        is_package = os.path.exists(os.path.join(path, "__init__.py"))
        is_tracked = name in {"dist", "build"} and os.path.relpath(path, self.root) in self.tracked
        kept = name not in {"tests", "test"} and (is_package or is_tracked)
        return "" if kept else _FOLDERS.get(name, "")


def select(root: Path, exclude: Sequence[str], own: Sequence[Path], cache: Path) -> Selection:
    """Return what of the project in ``root`` is packed; ``cache`` is ours."""
    found = find_checkout(root, cache)
    if found.repository is not None:
        top, real = found.repository.top, Path(os.path.realpath(root))
        ignored = [os.path.relpath(top / name.rstrip("/"), real) for name in found.repository.ignored(real)]
        tracked = [os.path.relpath(top / name, real) for name in found.repository.tracked(real)]
    else:
        with tempfile.TemporaryDirectory() as scratch:
            ignored = [name.rstrip("/") for name in ignored_by_files(root, Path(scratch))]
        tracked = []
    names = {*tracked, *(name.partition("/")[0] for name in tracked)}
    absolute = frozenset(os.path.abspath(path) for path in (*own, cache))
    return Selection(Path(os.path.abspath(root)), tuple(exclude), absolute, frozenset(ignored), frozenset(names))


def _matches(path: str, pattern: str) -> bool:
    """Tell whether a pattern names ``path``, or a folder that it is in; one without a slash names it anywhere."""
    parts = path.split("/")
    wanted = pattern.rstrip("/")
    if "/" not in wanted:
        return any(fnmatchcase(part, wanted) for part in parts)
    wanted = wanted.removeprefix("/")
    return any(fnmatchcase("/".join(parts[: n + 1]), wanted) for n in range(len(parts)))


def _is_rendered(path: str) -> bool:
    """Tell whether it is what ``pkggen render`` wrote."""
    return os.path.isfile(os.path.join(path, "deb/control")) or os.path.isfile(os.path.join(path, "rpm/pre"))
