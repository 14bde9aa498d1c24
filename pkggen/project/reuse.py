"""Wheels of projects that were built before: what did not change is not built again.

A wheel follows from all that its back-end can see: the project and its repository (:mod:`.checkout`), the
Python, the build's time, the variables that it is given, and the back-end itself. All of that is in the
key. What no key can hold is what code of the project's own may read: clocks, networks, other files. So
where a ``setup.py``, a hook, an in-tree back-end, or a plugin that we have not read takes part, the
back-end runs each time, as it does for compiled wheels. What the back-end is follows from pkggen.lock;
where that says nothing, a newer one is taken up after a day.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.config.load import read_pyproject
from pkggen.model import Wheel
from pkggen.project.checkout import Checkout
from pkggen.reading import table_in
from pkggen.store.cache import Cache

_FORMAT = 2  # of the keys; raise it when the same tree is built otherwise than before
_DAY = 24 * 3600
# Back-ends that read what the key holds and nothing else, when nothing below says otherwise
_READ = {"setuptools", "wheel", "hatchling", "flit-core", "uv-build", "poetry-core"}
_OBJECTS = (
    "setuptools.build_meta", "hatchling.build", "flit_core.buildapi", "uv_build", "poetry.core.masonry.api",
)  # fmt: skip
_CODE = ("setup.py", "setup.cfg", "hatch.toml")  # they run code, or name commands and attributes of modules
_RUNNING = {"hooks", "cmdclass", "ext-modules", "dynamic", "script"}  # keys of back-ends under which code is named
_OWN_TABLES = ("setuptools", "hatch", "poetry", "flit", "uv")
_FILES = ("readme", "license", "license-files")
_REQUIREMENTS = ("dependencies", "optional-dependencies")


def is_static(root: Path) -> bool:
    """Tell whether no code of the project in ``root`` takes part when its wheel is built, nor any file elsewhere."""
    if any((root / name).exists() for name in _CODE) or not (root / "pyproject.toml").is_file():
        return False
    pyproject = read_pyproject(root)
    project, system, tool = (table_in(pyproject, name) for name in ("project", "build-system", "tool"))
    version = project.get("version") or table_in(tool, "poetry").get("version")
    if not version or project.get("dynamic"):
        return False
    if (
        "distutils" in tool
        or "build" in table_in(tool, "poetry")
        or "backend-path" in system
        or system.get("build-backend", "setuptools.build_meta") not in _OBJECTS
    ):
        return False
    if any(map(_formatted, map(project.get, _REQUIREMENTS))):
        return False
    settings = [tool.get(name) for name in _OWN_TABLES] + [project.get(name) for name in _FILES]
    return _known(system.get("requires", ["setuptools"])) and not any(map(_reaches_out, settings))


def _formatted(setting: object) -> bool:
    """Tell whether a requirement has a field in braces: hatchling fills in variables, home and root."""
    if isinstance(setting, dict):
        return any(map(_formatted, setting.values()))
    return any(map(_formatted, setting)) if isinstance(setting, list) else isinstance(setting, str) and "{" in setting


def _known(requires: object) -> bool:
    try:
        names = [Requirement(r) for r in requires] if isinstance(requires, list) else []
    except (InvalidRequirement, TypeError):
        return False
    return bool(names) and all(canonicalize_name(r.name) in _READ and not r.url for r in names)


def _reaches_out(setting: object) -> bool:
    """Tell whether a setting, or one within it, names code to run or may name a file outside of the tree."""
    if isinstance(setting, dict):
        return any(key in _RUNNING or _reaches_out(key) or _reaches_out(value) for key, value in setting.items())
    if isinstance(setting, list):
        return any(map(_reaches_out, setting))
    return isinstance(setting, str) and (setting.startswith(("/", "~")) or ".." in setting)


def tree_digest(checkout: Checkout) -> str:
    """Return a digest of all that the wheel of ``checkout`` follows from in its files; "" when that can't be told."""
    return (checkout.digest() or "") if is_static(checkout.root) else ""


def wheel_key(tree: str, *circumstances: object) -> str:
    """Return what a wheel follows from: its :func:`tree_digest`, and ``circumstances``; "" where the first is."""
    return hashlib.sha256(json.dumps([_FORMAT, tree, *map(str, circumstances)]).encode()).hexdigest() if tree else ""


@dataclass(frozen=True, slots=True)
class WheelNotes:
    """Where such wheels are noted; the bytes are blobs of the cache."""

    cache: Cache

    def find(self, key: str) -> Wheel | None:
        """Return the wheel noted under ``key``, its bytes checked again, or None."""
        if not key:
            return None
        try:
            data = self.cache.note("built", f"project-{key}", younger_than=_DAY)
            name, version, _, _ = parse_wheel_filename(data["filename"])
            blob = self.cache.blob(data["sha256"])
            beside = tuple((str(n), str(p)) for n, p in data["beside"])
        except (OSError, ValueError, KeyError, TypeError, InvalidWheelFilename):
            return None
        return Wheel(str(name), str(version), data["filename"], blob, data["sha256"], beside) if blob else None

    def keep(self, key: str, wheel: Wheel) -> None:
        """Note that ``key`` gave ``wheel``; one with compiled code depends on more than can be told."""
        if not key or not wheel.filename.endswith("-none-any.whl"):
            return
        data = {"filename": wheel.filename, "sha256": wheel.sha256, "beside": wheel.beside}
        self.cache.keep_note("built", f"project-{key}", data)
