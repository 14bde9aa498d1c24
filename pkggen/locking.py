"""Locking a project's dependencies, and filling a folder from which it builds without a network."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pkggen.cache import Cache, sha256_of
from pkggen.config import read_pyproject
from pkggen.errors import ConfigurationError, ConflictError, Problem
from pkggen.model import Wheel
from pkggen.pipeline import Options, Prepared, effective_config, prepare
from pkggen.project import Location, Shape, find_project
from pkggen.reporter import Reporter
from pkggen.schema import Config
from pkggen.wheels import Renewal, locked_files, renew_lock


@dataclass(frozen=True, slots=True)
class Vendored:
    """The files put into a folder, and what a build without a network needs besides, in words."""

    files: tuple[Path, ...]
    further: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A project with all that is known before its wheels are looked for."""

    options: Options
    config: Config
    location: Location
    ready: Prepared


@contextmanager
def _asked(options: Options, cache: Cache, reporter: Reporter) -> Iterator[_Asked]:
    with cache.scratch() as workshop:
        location = find_project(options.root, workshop)
        options = replace(options, root=location.root)
        config = effective_config(options)
        yield _Asked(options, config, location, prepare(options, config, cache, reporter, location))


def lock(options: Options, renewal: Renewal, cache: Cache, reporter: Reporter) -> Path | None:
    """Make or refresh ``pylock.toml`` of the project and return its path; None when it needs none.

    With ``options.frozen`` only check it. Raises ConfigurationError when another tool's lock is
    the one that a build reads.
    """
    with _asked(options, cache, reporter) as asked:
        ready = asked.ready
        if ready.spec.no_deps:
            return None
        return renew_lock(
            ready.spec, ready.target, ready.interpreter, cache, reporter,
            root=asked.location.locks, offline=options.offline,
            exclude_project=ready.metadata.name, renewal=renewal,
        )  # fmt: skip


def vendor(options: Options, directory: Path, cache: Cache, reporter: Reporter) -> Vendored:
    """Copy every locked file of the project into ``directory``; lock first when there is no lock.

    A file that is there with the same bytes stays. Raises ConflictError, before anything is
    copied, when one is there with others.
    """
    with _asked(options, cache, reporter) as asked:
        ready, spec = asked.ready, asked.ready.spec
        links = tuple(link for link in spec.find_links if link.is_dir())
        filling = spec.directory is not None and spec.directory.resolve() == directory.resolve()
        spec = replace(spec, find_links=links, directory=None if filling else spec.directory)
        files = locked_files(
            spec, ready.target, ready.interpreter, cache, reporter,
            root=asked.location.locks, offline=options.offline, exclude_project=ready.metadata.name,
        )  # fmt: skip
        return Vendored(_filled(directory, files), tuple(_further(asked, directory, files)))


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
            _copy(file.path, directory / file.filename)
    return tuple(directory / f.filename for f in files)


def _copy(source: Path, target: Path) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _further(asked: _Asked, directory: Path, files: tuple[Wheel, ...]) -> Iterator[str]:
    """Yield what else an offline build needs, each with the way to give it."""
    root, config = asked.options.root.resolve(), asked.config
    given = {(root / link).resolve() for link in (*config.wheels.find_links, config.wheels.dir) if link}
    if files and directory.resolve() not in given:
        yield f'in the configuration: wheels.find-links = ["{os.path.relpath(directory.resolve(), root)}"]'
    source = config.python.source
    if not source.startswith("host") and not (root / source).exists():
        origin = asked.ready.interpreter.origin
        yield f"the interpreter: keep the archive of {origin} and name that file in python.source, with python.sha256"
    if asked.location.shape in {Shape.FOLDER, Shape.SDIST} and asked.ready.wheel:
        table = read_pyproject(asked.location.path).get("build-system")
        requires = table.get("requires", ()) if isinstance(table, dict) else ("setuptools",)
        if requires:
            names = ", ".join(map(str, requires))
            yield f"the project's build back-end, in uv's cache or in a folder that UV_FIND_LINKS names: {names}"
    archives = [f.filename for f in files if not f.filename.endswith(".whl")]
    if archives:
        yield f"what building these takes, in the same way: {', '.join(archives)}"
