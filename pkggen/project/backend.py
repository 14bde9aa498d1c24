"""Building a project's wheel with its own back-end (PEP 517), in a copy of its checkout."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pkggen import __version__
from pkggen.config.load import read_pyproject
from pkggen.errors import ConfigurationError, ToolError
from pkggen.model import Wheel
from pkggen.network.frontend import PROJECT, Frontend
from pkggen.project.checkout import Checkout, find_checkout
from pkggen.project.neighbours import cut_neighbours
from pkggen.project.reuse import WheelNotes, tree_digest, wheel_key
from pkggen.project.wheel_file import keep_wheel
from pkggen.store.cache import Cache
from pkggen.store.writing import only_looks
from pkggen.terminal.reporter import Reporter


def declared_python(root: Path) -> SpecifierSet:
    """Return ``requires-python`` of pyproject.toml, or an empty set when it isn't static."""
    project = read_pyproject(root).get("project")
    text = project.get("requires-python", "") if isinstance(project, dict) else ""
    try:
        return SpecifierSet(str(text))
    except InvalidSpecifier as error:
        raise ConfigurationError(str(error), where="pyproject.toml: project.requires-python") from error


def declared_back_end(root: Path) -> list[str]:
    """Return ``build-system.requires`` of pyproject.toml; where it says nothing, it is setuptools (PEP 518)."""
    system = read_pyproject(root).get("build-system")
    requires = system.get("requires") if isinstance(system, dict) else None
    return [str(text) for text in requires] if isinstance(requires, list) else ["setuptools"]


def build_wheel(
    root: Path, frontend: Frontend, cache: Cache, reporter: Reporter, *, python: str, epoch: int, build: str = PROJECT
) -> Wheel:
    """Build the wheel of the project in ``root`` with its own back-end, in a copy of its tree and what is around it.

    ``python`` is the interpreter (path or version) that the back-end runs on; ``epoch`` becomes
    SOURCE_DATE_EPOCH; ``build`` names what is locked for it. Raises ConfigurationError when there is no
    project, ToolError when the back-end fails.
    """
    if not any((root / n).is_file() for n in ("pyproject.toml", "setup.py", "setup.cfg")):
        raise ConfigurationError(
            "no Python project here: pyproject.toml, setup.py and setup.cfg are all missing",
            where=str(root),
            remedy="name the folder that holds pyproject.toml; for sources without one, try `pkggen init`",
        )
    checkout = find_checkout(root, cache.root)
    notes = WheelNotes(cache)
    with reporter.step(f"building the wheel of {checkout.root.name}"):
        tree = tree_digest(checkout)

        def key() -> str:
            return wheel_key(tree, __version__, python, sys.version, epoch, frontend.identity(python, build))

        # who only looked has kept a wheel, and no lock
        fresh = frontend.has_to_lock(checkout.root, python, build) and not only_looks()
        known = None if fresh else notes.find(key())
        if known is None:
            known = _build(checkout, frontend, cache, reporter, python=python, epoch=epoch, build=build)
            notes.keep(key(), known)  # once more: what the back-end was may have been locked meanwhile
        return known


def _build(
    checkout: Checkout, frontend: Frontend, cache: Cache, reporter: Reporter, *, python: str, epoch: int, build: str
) -> Wheel:
    with cache.place(f"{checkout.root} {python}") as scratch:
        source, out = checkout.copy(scratch / "copy", reporter), scratch / "wheel"
        _add_stub(source)
        try:
            wheels = frontend.build(source, out, python=python, epoch=epoch, build=build)
        except ToolError as error:
            raise ToolError(
                f"the project's wheel can't be built: {error}",
                where=str(checkout.root),
                remedy=_remedy(checkout.root),
            ) from error
        beside = cut_neighbours(wheels[0], scratch / "copy", checkout.root)
        return replace(keep_wheel(wheels[0], cache), beside=beside)


def _remedy(root: Path) -> str:
    flat = not (root / "setup.py").exists() and "build-system" not in read_pyproject(root)
    loose = (
        'it has no [build-system]; files that lie loose are packed as they are with source = "."; else ' if flat else ""
    )
    return (
        f"{loose}see whether `uv build --wheel` works there; --offline needs the back-end in the cache or in a folder"
        " of wheels: see `pkggen vendor`; `pkggen lock -U` takes a newer back-end"
    )


def _add_stub(source: Path) -> None:
    """Let a project that has setup.cfg alone be built as PEP 517 says of one without pyproject.toml: by setuptools."""
    if not (source / "pyproject.toml").exists() and not (source / "setup.py").exists():
        stub = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
        (source / "pyproject.toml").write_text(stub, encoding="utf-8")


def running_python() -> str:
    """Return the interpreter that runs pkggen, out of any venv: metadata is read with it."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)
