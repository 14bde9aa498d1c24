"""Building a project's wheel with its own back-end (PEP 517), in a copy of its tree."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pkggen import __version__
from pkggen.config.load import read_pyproject
from pkggen.errors import ConfigurationError, StorageError, ToolError
from pkggen.model import Wheel
from pkggen.network.frontend import Frontend
from pkggen.project.reuse import Shelf
from pkggen.project.wheel_file import keep_wheel
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

# What building a wheel never needs; leaving it out also keeps a stale build/ from leaking
# modules that the project no longer has.
_LEFT_OUT = {"__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".ruff_cache"}
_LEFT_OUT_AT_TOP = {"build", "dist"}


def declared_python(root: Path) -> SpecifierSet:
    """Return ``requires-python`` of pyproject.toml, or an empty set when it isn't static."""
    project = read_pyproject(root).get("project")
    text = project.get("requires-python", "") if isinstance(project, dict) else ""
    try:
        return SpecifierSet(str(text))
    except InvalidSpecifier as error:
        raise ConfigurationError(str(error), where="pyproject.toml: project.requires-python") from error


def build_wheel(
    root: Path,
    cache: Cache,
    reporter: Reporter,
    *,
    python: str,
    epoch: int,
    offline: bool,
    folders: Sequence[Path] = (),
    index: str = "",
) -> Wheel:
    """Build the wheel of the project in ``root`` with its own back-end, in a copy of its tree.

    ``python`` is the interpreter (path or version) that the back-end runs on; ``epoch`` becomes
    SOURCE_DATE_EPOCH; ``folders`` may hold wheels of the back-end, which
    else comes from ``index`` or the one that is set for uv or pip. Raises ConfigurationError when
    there is no project, ToolError when the back-end fails.
    """
    if not any((root / n).is_file() for n in ("pyproject.toml", "setup.py", "setup.cfg")):
        raise ConfigurationError(
            "no Python project here: pyproject.toml, setup.py and setup.cfg are all missing",
            where=str(root),
            remedy="name the folder that holds pyproject.toml; for sources without one, try `pkggen init`",
        )
    with cache.scratch() as scratch, reporter.step(f"building the wheel of {root.resolve().name}"):
        source, out = scratch / root.resolve().name, scratch / "wheel"
        _copy_source(root, source, cache.root)
        _add_stub(source)
        frontend = Frontend(cache.root / "uv", root, index, tuple(folders), offline)
        shelf = Shelf(cache)
        key = shelf.key(source, __version__, python, sys.version, epoch, frontend.identity())
        known = shelf.find(key)
        if known is not None:
            return known
        try:
            wheels = frontend.build(source, out, python=python, epoch=epoch)
        except ToolError as error:
            raise ToolError(
                f"the project's wheel can't be built: {error}",
                where=str(root),
                remedy="see whether `uv build --wheel` works there; --offline needs the back-end in the cache"
                " or in a folder of wheels: see `pkggen vendor`",
            ) from error
        wheel = keep_wheel(wheels[0], cache)
        shelf.keep(key, wheel)
        return wheel


def _add_stub(source: Path) -> None:
    """Let a project that has setup.cfg alone be built as PEP 517 says of one without pyproject.toml: by setuptools."""
    if not (source / "pyproject.toml").exists() and not (source / "setup.py").exists():
        stub = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
        (source / "pyproject.toml").write_text(stub, encoding="utf-8")


def _copy_source(root: Path, to: Path, cache: Path) -> None:
    """Copy the tree at ``root``; a ``cache`` of ours within it stays out, for ``to`` lies there."""
    top, within = os.fspath(root), os.path.realpath(cache)

    def left_out(directory: str, names: list[str]) -> set[str]:
        drop = _LEFT_OUT.intersection(names)
        if directory == top:
            # a folder that is a package of the project stays whatever its name
            drop |= {n for n in _LEFT_OUT_AT_TOP.intersection(names) if not (root / n / "__init__.py").exists()}
            drop |= {n for n in names if n.endswith(".egg-info")}
        drop |= {n for n in names if os.path.realpath(os.path.join(directory, n)) == within}
        return drop | {n for n in names if os.path.exists(os.path.join(directory, n, "pyvenv.cfg"))}

    def copy(source: str, target: str) -> str:
        if f"{os.sep}.git{os.sep}objects{os.sep}" in source:  # immutable, and can be large
            try:
                os.link(source, target)
            except OSError:
                return str(shutil.copy2(source, target))
            return target
        return str(shutil.copy2(source, target))

    try:
        shutil.copytree(root, to, symlinks=True, ignore=left_out, copy_function=copy)
    except (shutil.Error, OSError) as error:
        raise StorageError(f"the source tree can't be copied: {error}", where=top) from error


def running_python() -> str:
    """Return the interpreter that runs pkggen, out of any venv: metadata is read with it."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)
