"""Wheels of projects that were built before: a source tree that did not change is not built again.

Only where nothing but the tree can tell what the wheel is. A version that git describes, a
``setup.py``, a hook, an in-tree back-end or a plugin may read clocks, networks and histories: then
the back-end runs each time. The back-end itself is not pinned by most projects; a newer one is
taken up after a day, as it would be with the answer of an index that was kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.config.load import read_pyproject
from pkggen.model import Wheel
from pkggen.store.cache import Cache, sha256_of

_FORMAT = 1  # of the keys; raise it when the same tree is built otherwise than before
_DAY = 24 * 3600
# Back-ends that read their tree alone when nothing below says otherwise, and what they need to run.
# Not poetry-core: it asks git what is ignored, so the index, .git/info/exclude and the user's own file decide.
_STATIC = {"setuptools", "wheel", "hatchling", "flit-core", "uv-build"}
_OBJECTS = ("setuptools.build_meta", "hatchling.build", "flit_core.buildapi", "uv_build")
_CODE = ("setup.py", "setup.cfg", "hatch.toml")  # they run code, or name commands and attributes of modules
_RUNNING = {"hooks", "cmdclass", "ext-modules", "dynamic", "script"}  # keys of back-ends under which code is named
_OWN_TABLES = ("setuptools", "hatch", "poetry", "flit", "uv")
_FILES = ("readme", "license", "license-files")
_REQUIREMENTS = ("dependencies", "optional-dependencies")
_IGNORES = ((".gitignore", ".git"), (".hgignore", ".hg"))  # and where hatchling's search for them ends


def is_static(root: Path) -> bool:
    """Tell whether the wheel of the project in ``root`` follows from its files alone."""
    if any((root / name).exists() for name in _CODE) or not (root / "pyproject.toml").is_file():
        return False
    pyproject = read_pyproject(root)
    project, system, tool = (_table(pyproject, name) for name in ("project", "build-system", "tool"))
    if not project.get("version") or project.get("dynamic"):
        return False
    if (
        "distutils" in tool
        or "backend-path" in system
        or system.get("build-backend", "setuptools.build_meta") not in _OBJECTS
    ):
        return False
    if any(map(_formatted, map(project.get, _REQUIREMENTS))) or any(_ignored_above(root, *names) for names in _IGNORES):
        return False
    settings = [tool.get(name) for name in _OWN_TABLES] + [project.get(name) for name in _FILES]
    return _known(system.get("requires", ["setuptools"])) and not any(map(_reaches_out, settings))


def _formatted(setting: object) -> bool:
    """Tell whether a requirement has a field in braces: hatchling fills in variables, home and root."""
    if isinstance(setting, dict):
        return any(map(_formatted, setting.values()))
    return any(map(_formatted, setting)) if isinstance(setting, list) else isinstance(setting, str) and "{" in setting


def _ignored_above(root: Path, name: str, boundary: str) -> bool:
    """Tell whether hatchling finds the file ``name``, by which it leaves files out, above ``root``."""
    for directory in (root.absolute(), *root.absolute().parents):
        if (directory / name).is_file():
            return directory != root.absolute()
        if (directory / boundary).exists():
            return False
    return False


def _table(within: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = within.get(name, {})
    return found if isinstance(found, dict) else {}  # what is no table is the back-end's to refuse


def _known(requires: object) -> bool:
    try:
        names = [Requirement(r) for r in requires] if isinstance(requires, list) else []
    except (InvalidRequirement, TypeError):
        return False
    return bool(names) and all(canonicalize_name(r.name) in _STATIC and not r.url for r in names)


def _reaches_out(setting: object) -> bool:
    """Tell whether a setting, or one within it, names code to run or may name a file outside of the tree."""
    if isinstance(setting, dict):
        return any(key in _RUNNING or _reaches_out(key) or _reaches_out(value) for key, value in setting.items())
    if isinstance(setting, list):
        return any(map(_reaches_out, setting))
    return isinstance(setting, str) and (setting.startswith(("/", "~")) or ".." in setting)


def tree_digest(root: Path) -> str | None:
    """Return a digest of names, bytes and modes below ``root``, but for ``.git``; None when a link leads out of it."""
    digest = hashlib.sha256()
    for path, kind in _walk(root):
        name = os.path.relpath(path, root)
        if kind == "link":
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
                return None
            content = os.readlink(path)
        else:
            content = sha256_of(Path(path)) if kind == "file" else ""
        mode = os.lstat(path).st_mode & 0o777 if kind == "file" else 0
        digest.update(json.dumps([name, kind, mode, content]).encode())
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    for directory, names, files in os.walk(root):
        names[:] = sorted(n for n in names if not (n == ".git" and directory == os.fspath(root)))
        for name in sorted([*names, *files]):
            path = os.path.join(directory, name)
            kind = "link" if os.path.islink(path) else "directory" if os.path.isdir(path) else "file"
            yield path, kind


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where such wheels are noted; the bytes are blobs of the cache."""

    cache: Cache

    def key(self, source: Path, *circumstances: object) -> str:
        """Return what the wheel of ``source`` follows from, with ``circumstances``; "" when that can't be told."""
        if not is_static(source):
            return ""
        tree = tree_digest(source)
        return (
            hashlib.sha256(json.dumps([_FORMAT, tree, *map(str, circumstances)]).encode()).hexdigest() if tree else ""
        )

    def find(self, key: str) -> Wheel | None:
        """Return the wheel noted under ``key``, its bytes checked again, or None."""
        try:
            note = self._note(key)
            if not key or not 0 <= time.time() - note.stat().st_mtime < _DAY:
                return None
            data = json.loads(note.read_text(encoding="utf-8"))
            name, version, _, _ = parse_wheel_filename(data["filename"])
            blob = self.cache.blob(data["sha256"])
        except (OSError, ValueError, KeyError, TypeError, InvalidWheelFilename):
            return None
        return Wheel(str(name), str(version), data["filename"], blob, data["sha256"]) if blob else None

    def keep(self, key: str, wheel: Wheel) -> None:
        """Note that ``key`` gave ``wheel``; one with compiled code depends on more than can be told."""
        if not key or not wheel.filename.endswith("-none-any.whl"):
            return
        note = self._note(key)
        note.parent.mkdir(parents=True, exist_ok=True)
        fresh = note.with_name(f".{note.name}.{os.getpid()}")
        fresh.write_text(json.dumps({"filename": wheel.filename, "sha256": wheel.sha256}), encoding="utf-8")
        fresh.replace(note)

    def _note(self, key: str) -> Path:
        return self.cache.root / "built" / f"project-{key}.json"
