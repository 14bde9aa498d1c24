"""Which locks lie where a project's could be: in its folder, above it, and in formats that we do not read.

A lock above the project governs it when it says so: uv's workspace names its members, Poetry's and PDM's
locks name the folders that they were made with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packaging.pylock import is_valid_pylock_path

from pkggen.config.workspace import find_workspace
from pkggen.errors import PkggenError
from pkggen.reading import is_there, parse_toml, read_text
from pkggen.wheels.lock.pylock import read_pylock
from pkggen.wheels.lock.requirements import read_requirements

_FOREIGN = ("conda-lock.yml", "*.conda-lock.yml", "environment.yml", "environment.yaml", "pixi.lock", "pylock.*.toml")
_FOREIGN_ALONE = ("requirements.lock", "Pipfile")  # where there is nothing else
_NAMED = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")
_ORDER = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt")


def find_lock(root: Path, named: Path | None = None) -> Path | None:
    """Return the lock that a build of the project in ``root`` reads: ``named``, or the first by order, or None."""
    pylock = root / "pylock.toml"
    if named is not None:
        return named
    found = [pylock] if is_there(pylock) and not read_pylock(pylock).inputs else []
    for name in _ORDER:
        found += [p for p in (root / name, lock_above(root, name)) if p is not None and is_there(p)]
    found += [pylock] if is_there(pylock) else []
    return found[0] if found else None


def is_foreign(path: Path | None) -> bool:
    """Tell whether the lock at ``path`` is complete as it is: another tool's, not one that we make or resolve."""
    if path is None or not path.is_file():
        return False
    if path.suffix == ".txt":
        return read_requirements(path).hashed
    return not (is_valid_pylock_path(path) and read_pylock(path).inputs)


def lock_above(root: Path, name: str) -> Path | None:
    """Return the lock called ``name`` above the folder ``root`` that governs the project there, or None."""
    root = root.resolve()
    if name == "uv.lock":
        workspace = find_workspace(root)
        path = workspace.root / name if workspace and workspace.root != root else None
        return path if path and path.is_file() else None
    if name in {"poetry.lock", "pdm.lock"}:
        return next((p / name for p in _above(root) if (p / name).is_file() and root in _folders(p / name)), None)
    return None


def ungoverning(root: Path) -> tuple[Path, ...]:
    """Return the locks above the project in its repository that do not say that they govern it."""
    found = [p / name for p in _above(root.resolve()) for name in _NAMED if (p / name).is_file()]
    return tuple(path for path in found if lock_above(root, path.name) != path)


def unread_locks(root: Path) -> tuple[str, ...]:
    """Return the names of files in ``root`` that tell versions, and that pkggen does not read."""
    return tuple(sorted({p.name for pattern in (*_FOREIGN, *_FOREIGN_ALONE) for p in root.glob(pattern)}))


def way_out(name: str) -> str:
    """Return what can be done about an unread lock."""
    if name.startswith("pylock."):
        return f'if it is for the package, name it: wheels.lock = "{name}"'
    if name == "Pipfile":
        return "lock it with: pipenv lock"
    if name == "requirements.lock":
        return "save it as requirements.txt, without its line for the project itself (-e file:.)"
    return (
        "pin its versions in requirements.txt or export it as pylock.toml; or leave it aside: pkggen lock resolves"
        " what pyproject.toml asks for, and the build uses the pylock.toml that it writes"
    )


def _above(root: Path) -> Iterator[Path]:
    """Yield the folders above ``root`` up to the top of its repository; none without one."""
    within = (root, *root.parents)
    top = next((p for p in within if (p / ".git").exists() or (p / ".hg").exists()), root)
    yield from (p for p in root.parents if p.is_relative_to(top))


def _folders(lock: Path) -> set[Path]:
    """Return the folders that a poetry.lock or pdm.lock was made with."""
    try:
        packages = parse_toml(read_text(lock)).get("package", [])
    except (PkggenError, ValueError):
        return set()  # who reads it as a lock complains
    found = set()
    for package in packages:
        source = package.get("source", {})
        path = source.get("url") if source.get("type") == "directory" else package.get("path")
        if isinstance(path, str):
            found.add((lock.parent / path).resolve())
    return found
