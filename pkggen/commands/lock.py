"""Locking a project's dependencies, and filling a folder from which it builds without a network."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pkggen.config.load import read_pyproject
from pkggen.config.options import Options
from pkggen.errors import ConfigurationError, ConflictError, Problem
from pkggen.gather import Prepared, prepare
from pkggen.model import Wheel
from pkggen.network.build_pins import kept_pins
from pkggen.network.frontend import PROJECT, build_key
from pkggen.project import Opened, Shape, is_pure, opened
from pkggen.store.build_lock import BuildTables, forget_builds
from pkggen.store.cache import Cache, sha256_of
from pkggen.store.writing import written_aside
from pkggen.terminal.reporter import Reporter
from pkggen.wheels import Renewal, build_requirements, locked_files, renew_lock


@dataclass(frozen=True, slots=True)
class Vendored:
    """The files put into a folder, and what a build without a network needs besides, in words."""

    files: tuple[Path, ...]
    further: tuple[str, ...]


def lock(options: Options, renewal: Renewal, cache: Cache, reporter: Reporter) -> Path | None:
    """Make or refresh ``pylock.toml`` of the project and return its path; None when it needs none.

    With ``options.frozen`` only check it. Raises ConfigurationError when another tool's lock is
    the one that a build reads.
    """
    with cache.scratch() as scratch, opened(options, scratch) as project:
        if renewal.everything and not project.config.wheels.frozen:
            forget_builds(project.location.locks)
        ready = prepare(project, cache, reporter)
        if ready.spec.no_deps:
            return None
        return renew_lock(ready.demand(project.location.locks, offline=options.offline), renewal, cache, reporter)


def vendor(options: Options, directory: Path, cache: Cache, reporter: Reporter) -> Vendored:
    """Copy every locked file of the project into ``directory``; lock first when there is no lock.

    The wheels of the project's build back-end go there, too, in the versions that pkggen.lock has.
    A file that is there with the same bytes stays. Raises ConflictError, before anything is
    copied, when one is there with others.
    """
    with cache.scratch() as scratch, opened(options, scratch) as project:
        ready = prepare(project, cache, reporter)
        spec = ready.spec
        links = tuple(link for link in spec.find_links if link.is_dir())
        filling = spec.directory is not None and spec.directory.resolve() == directory.resolve()
        spec = replace(spec, find_links=links, directory=None if filling else spec.directory)
        demand = replace(ready.demand(project.location.locks, offline=options.offline), spec=spec)
        files = locked_files(demand, cache, reporter)
        tools = _tools(project, ready, cache, reporter)
        return Vendored(_filled(directory, (*files, *tools)), tuple(_further(project, ready, directory, files)))


def _tools(project: Opened, ready: Prepared, cache: Cache, reporter: Reporter) -> tuple[Wheel, ...]:
    """Return the wheels of the project's build back-end, where the project is a source tree."""
    location = project.location
    built = location.shape in {Shape.FOLDER, Shape.SDIST} and not project.is_source_folder
    table = read_pyproject(location.path).get("build-system") if built else {"requires": []}
    requires = [str(r) for r in table.get("requires", ())] if isinstance(table, dict) else ["setuptools"]
    if not requires:
        return ()
    requires += _pinned(location.locks)
    pythons = {platform.python_version()}
    if ready.wheel and not is_pure(ready.wheel):
        pythons.add(ready.interpreter.version)
    found = {
        wheel.filename: wheel
        for python in sorted(pythons)
        for wheel in build_requirements(
            requires, python, ready.spec, cache, reporter, root=project.root, offline=project.options.offline
        )
    }
    return tuple(found[name] for name in sorted(found))


def _pinned(locks: Path) -> list[str]:
    """Return what pkggen.lock has chosen for the project's build, as requirements."""
    pins = kept_pins(BuildTables(locks).read(build_key(PROJECT, "")))
    return [f"{name}{text.split()[0]}" for name, text in pins.chosen.items() if text.startswith("==")] if pins else []


def _filled(directory: Path, files: tuple[Wheel, ...]) -> tuple[Path, ...]:
    if directory.exists() and not directory.is_dir():
        raise ConfigurationError("it is not a folder", where=str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    there = {f: directory / f.filename for f in files if (directory / f.filename).exists()}
    ConflictError.raise_all(
        Problem("it is there with other bytes than the lock says", str(path), "remove it, or name another folder")
        for f, path in there.items()
        if not path.is_file() or sha256_of(path) != f.sha256
    )
    for file in files:
        if file not in there:
            with written_aside(directory / file.filename) as fresh:
                shutil.copyfile(file.path, fresh)
    return tuple(directory / f.filename for f in files)


def _further(project: Opened, ready: Prepared, directory: Path, files: tuple[Wheel, ...]) -> Iterator[str]:
    """Yield what else an offline build needs, each with the way to give it."""
    root, config = project.root.resolve(), project.config
    given = {(root / link).resolve() for link in (*config.wheels.find_links, config.wheels.dir) if link}
    if directory.resolve() not in given:
        yield f'in the configuration: wheels.find-links = ["{os.path.relpath(directory.resolve(), root)}"]'
    source = config.python.source
    if not source.startswith("host") and not (root / source).exists():
        origin = ready.interpreter.origin
        yield f"the interpreter: keep the archive of {origin} and name that file in python.source, with python.sha256"
    archives = [f.filename for f in files if not f.filename.endswith(".whl")]
    if archives:
        yield f"the back-ends that build these, in the same folder: {', '.join(archives)}"
