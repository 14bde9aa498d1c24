"""Locks: found, read and normalised to PEP 751.

Which one counts, when several exist (``WheelSpec.lock`` names one explicitly and wins):

1. ``pylock.toml`` that somebody else than pkggen wrote: it is never rewritten;
2. ``uv.lock``, through ``uv export``;
3. ``poetry.lock``, ``pdm.lock`` and ``Pipfile.lock``: the hashes in them restrict which files are allowed;
4. ``requirements.txt`` with hashes, in the same way;
5. else ``requirements.txt`` without hashes and the project's own dependencies are resolved
   together and recorded in ``pylock.toml``, so that the next build is the same. That file
   says in ``[tool.pkggen]`` (PEP 751 reserves ``tool`` for this) what it was made from; when
   that changes it is made again, keeping what versions it can, and a warning tells so.

A ``uv.lock``, ``poetry.lock`` or ``pdm.lock`` above the project counts where it names the project.
``pylock.<name>.toml`` is used only when named. A file that people made comes before one that
pkggen made, since only the former states an intention.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from packaging.pylock import Package, PackageDirectory, PackageVcs, Pylock, PylockValidationError
from packaging.utils import canonicalize_name
from packaging.version import Version

from pkggen.errors import ConfigurationError, IntegrityError, Problem
from pkggen.model import Origin
from pkggen.reading import parse_toml, read_text

if sys.version_info >= (3, 11):
    pass
else:
    pass

_TABLE = re.compile(r"^\s*\[\[\s*packages\s*\]\]")
_NAME = re.compile(r'^name = "([^"]+)"', re.MULTILINE)
_LINE = re.compile(r"line (\d+)")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Lock:
    """A validated lock; ``path`` is the user's file, from whose directory relative paths start.

    ``lines`` maps a package's name to the line that it starts on, when the file has such; ``respelled``
    are names that were not normalised.
    """

    pylock: Pylock
    path: Path
    lines: Mapping[str, int] = field(default_factory=dict)
    respelled: tuple[str, ...] = ()

    def where(self, name: str) -> str:
        """Return "file:line: package" as far as it is known."""
        line = self.lines.get(name)
        return f"{self.path.name}:{line}: {name}" if line else f"{self.path.name}: {name}"

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Return what pkggen noted when it wrote this lock; empty for anybody else's."""
        ours = (self.pylock.tool or {}).get("pkggen")
        return ours if isinstance(ours, Mapping) else {}


def read_pylock(path: Path) -> Lock:
    """Read a ``pylock.toml``.

    Raises StorageError (can't be read), ConfigurationError (not TOML, not PEP 751; file and
    line) or IntegrityError (a file without a sha256), each with all problems.
    """
    return parse_pylock(read_text(path, path.name), path, numbered=True)


@lru_cache(maxsize=4)  # a build reads one and the same lock for several questions
def parse_pylock(text: str, path: Path, *, numbered: bool = False) -> Lock:
    """Validate the text of a lock that stems from ``path``; ``numbered``: its lines are the file's own."""
    try:
        data = parse_toml(text)
    except ValueError as error:
        found = _LINE.search(str(error))
        line = found[1] if found else len(text.splitlines())  # "at end of document"
        raise ConfigurationError(f"it is not valid TOML: {error}", where=f"{path.name}:{line}") from error
    starts = [n for n, line in enumerate(text.splitlines(), 1) if _TABLE.match(line)] if numbered else []
    packages = data.get("packages")
    respelled = _normalised(packages)
    lines = _lines(packages, starts)
    if isinstance(packages, list):
        _check_hashes(packages, path, lines)
    try:
        pylock = Pylock.from_dict(data)
    except PylockValidationError as error:
        if isinstance(packages, list):
            _check_packages(data, packages, path, starts)
        raise ConfigurationError(f"it is not a valid lock: {error}", where=path.name) from error
    return Lock(pylock, path, lines, respelled)


def _normalised(packages: object) -> tuple[str, ...]:
    """Normalise the names in place, as PEP 751 wants them; return those that were spelled otherwise."""
    found = []
    for package in packages if isinstance(packages, list) else []:
        name = package.get("name") if isinstance(package, dict) else None
        if isinstance(name, str) and name != canonicalize_name(name):
            found.append(name)
            package["name"] = str(canonicalize_name(name))
    return tuple(found)


def with_origins(lock: Lock, origins: Sequence[Origin]) -> Lock:
    """Return ``lock`` with what is built from ``origins`` besides."""
    more = []
    for origin in origins:
        directory = PackageDirectory(path=str(origin.path)) if origin.path else None
        vcs = None
        if directory is None:
            below = origin.subdirectory or None
            vcs = PackageVcs(type="git", url=origin.url, commit_id=origin.commit, subdirectory=below)
        more.append(Package(name=canonicalize_name(origin.name), directory=directory, vcs=vcs))
    packages = [*lock.pylock.packages, *more]
    pylock = Pylock(lock_version=Version("1.0"), created_by="pkggen", packages=packages)
    return replace(lock, pylock=pylock) if more else lock


def without_packages(text: str, names: Collection[str]) -> str:
    """Return the text of a lock that uv wrote without the tables of the packages ``names``."""
    head, *tables = text.split("\n[[packages]]\n")
    kept = [t for t in tables if (m := _NAME.search(t)) is None or canonicalize_name(m[1]) not in names]
    if names and not kept:
        head += "\npackages = []\n"
    return "\n[[packages]]\n".join([head, *kept])


def _lines(packages: object, starts: list[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    if isinstance(packages, list) and len(packages) == len(starts):
        for package, line in zip(packages, starts, strict=True):
            if isinstance(package, dict):
                found.setdefault(str(package.get("name", "")), line)
    return found


def _check_hashes(packages: list[Any], path: Path, lines: Mapping[str, int]) -> None:
    problems = []
    for package in packages:
        if not isinstance(package, dict):
            continue
        name = str(package.get("name", "?"))
        where = f"{path.name}:{lines[name]}: {name}" if name in lines else f"{path.name}: {name}"
        wheels = package.get("wheels")
        files = [*(wheels if isinstance(wheels, list) else []), package.get("archive"), package.get("sdist")]
        problems += _hash_problems([f for f in files if isinstance(f, dict)], package.get("sdist"), where)
    IntegrityError.raise_all(problems)


def _hash_problems(files: list[dict[str, Any]], sdist: object, where: str) -> list[Problem]:
    remedy = "lock again with a tool that records sha256"
    kinds: set[str] = set()
    for file in files:
        hashes = file.get("hashes")
        sha256 = str(hashes.get("sha256", "")) if isinstance(hashes, dict) else ""
        if not isinstance(hashes, dict) or not hashes:
            kinds.add("a file is locked without a hash")
        elif not sha256 and file is not sdist:
            kinds.add(f"a file is locked with {', '.join(sorted(map(str, hashes)))} only, not sha256")
        elif sha256 and not _SHA256.fullmatch(sha256):
            kinds.add(f"{sha256!r} is not a sha256")
    return [Problem(kind, where, remedy) for kind in sorted(kinds)]


def _check_packages(data: dict[str, Any], packages: list[Any], path: Path, starts: list[int]) -> None:
    """Validate each package by itself, so that all that is wrong is told at once."""
    problems = []
    for index, package in enumerate(packages):
        try:
            Pylock.from_dict({**data, "packages": [package]})
        except PylockValidationError as error:
            if not (error.context or "").startswith("packages"):
                break  # the fault is in the lock's head, and would be told once a package
            line = f":{starts[index]}" if len(starts) == len(packages) else ""
            what = str(error).replace("packages[0]", f"packages[{index}]")
            problems.append(Problem(f"it is not a valid lock: {what}", f"{path.name}{line}"))
    ConfigurationError.raise_all(problems)
