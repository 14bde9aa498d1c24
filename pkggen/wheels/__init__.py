"""The dependencies' wheels: locked, chosen, fetched, verified and unpacked; nothing of how they are packed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ArtefactError, ConfigurationError, PkggenError, raise_gravest
from pkggen.model import Distribution, Interpreter, Origin, Wheel
from pkggen.network.settings import logins
from pkggen.store.build_lock import BuildTables
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter
from pkggen.wheels.conflicts import settle, stdlib_shadows
from pkggen.wheels.fetch import Source, fetch
from pkggen.wheels.lock.demand import Demand, Renewal
from pkggen.wheels.lock.governing import find_lock, is_foreign
from pkggen.wheels.lock.lookup import LockSource
from pkggen.wheels.portability import absolute_rpaths, carried_programs, lines_of_scripts, names_by_case, other_tags
from pkggen.wheels.select import choose, missing, raise_missing
from pkggen.wheels.source_build import SourceBuilder
from pkggen.wheels.startup import startup_warnings
from pkggen.wheels.tags import environment as marker_environment
from pkggen.wheels.toolchain import build_requirements
from pkggen.wheels.unpacking.extraction import unpack

__all__ = [
    "Demand",
    "Renewal",
    "build_requirements",
    "find_lock",
    "is_foreign",
    "marker_environment",
    "renew_lock",
    "resolve_wheels",
    "unpack",
    "unpack_all",
]

_WORKERS = 4  # threads: the work is done in zlib, hashlib and the interpreters that compile


def resolve_wheels(demand: Demand, cache: Cache, reporter: Reporter) -> tuple[Wheel, ...]:
    """Return the verified wheels of all dependencies for the target, sorted by normalised name.

    Raises ConfigurationError, ArtefactError or IntegrityError with all problems; credentials in
    URLs are never shown.
    """
    locked = _locked(demand, cache, reporter)
    builder = SourceBuilder(
        demand.target, demand.interpreter, cache, reporter, locked.places, demand.root, demand.spec.variables,
        BuildTables(demand.root), demand.spec.frozen,
    )  # fmt: skip
    files = (file if file.filename.endswith(".whl") else builder.build(file) for file in locked.files)
    built = (demand.build(origin) for origin in locked.origins if demand.build)
    return tuple(sorted((*files, *built, *demand.spec.local), key=lambda w: w.name))


def locked_files(demand: Demand, cache: Cache, reporter: Reporter) -> tuple[Wheel, ...]:
    """Return the verified files as :func:`resolve_wheels` starts from: source archives are not built yet."""
    return _locked(demand, cache, reporter).files


@dataclass(frozen=True, slots=True)
class _Locked:
    """The files that a lock names for the target, what is built, and where what they need further may come from."""

    files: tuple[Wheel, ...]
    places: Source
    origins: tuple[Origin, ...] = ()


def _locked(demand: Demand, cache: Cache, reporter: Reporter) -> _Locked:
    spec = demand.spec
    if spec.no_deps:
        return _Locked((), Source())
    if spec.directory and not spec.directory.is_dir():
        raise ConfigurationError("there is no such folder", where=f"wheels.dir: {spec.directory}")
    for folder in spec.find_links:
        if not folder.is_dir():
            reporter.warn(f"wheels.find-links: there is no folder {folder}")
    source = LockSource(demand, cache, reporter)
    lock = source.lock()
    choices = choose(
        lock, demand.target, demand.interpreter, spec.extras, demand.project,
        groups=spec.groups, build=spec.build, left=(*spec.exclude, *spec.given),
    )  # fmt: skip
    problems, warnings = missing(source.wanted(), choices, lock)
    raise_missing(problems)
    for name in sorted(source.left - set(spec.given) - source.met - {p.name for p in lock.pylock.packages}):
        warnings.append(f"wheels.exclude: nothing asks for {name}")
    for warning in warnings:
        reporter.warn(warning)
    folders = (*spec.find_links, *([spec.directory] if spec.directory else []))
    local = demand.offline or bool(spec.directory)
    places = Source(folders, spec.index, offline=local, logins=(*source.logins, *logins(demand.root, os.environ)))
    files = [choice for choice in choices if choice.origin is None]
    origins = tuple(choice.origin for choice in choices if choice.origin)
    return _Locked(fetch(files, cache, reporter, places), places, origins)


def renew_lock(demand: Demand, renewal: Renewal, cache: Cache, reporter: Reporter) -> Path | None:
    """Make or refresh the project's ``pylock.toml``; return its path, or None when nothing needs a lock.

    What it already holds stays, but for what ``renewal`` lets rise. With ``spec.frozen`` nothing
    is written, and a lock that does not hold is an IntegrityError. Raises ConfigurationError
    when another tool's lock is the one that a build reads.
    """
    path = LockSource(demand, cache, reporter).renew(renewal)
    return path if path.is_file() else None


def unpack_all(
    wheels: Sequence[Wheel], interpreter: Interpreter, cache: Cache, reporter: Reporter, overwrite: str = "stray"
) -> tuple[Distribution, ...]:
    """Return ``wheels``, the project's own first, unpacked and in their order.

    ``overwrite`` says what one wheel may take from another (:func:`settle`). Raises ArtefactError
    or IntegrityError with the problems of all wheels, conflicts between them included. Start-up
    hooks, names that hide behind the standard library or differ by case only, and fixed library
    paths are warned of.
    """
    failures: list[PkggenError] = []
    with reporter.step("Unpacking wheels", len(wheels)) as advance, ThreadPoolExecutor(_WORKERS) as pool:

        def one(wheel: Wheel) -> Distribution | None:
            try:
                return unpack(wheel, interpreter, cache)
            except PkggenError as error:
                failures.append(error)
                return None
            finally:
                advance(1)

        distributions = tuple(d for d in pool.map(one, wheels) if d is not None)
    _raise(failures)
    settled = settle(distributions, overwrite)
    ArtefactError.raise_all(settled.problems)
    distributions = settled.distributions
    warnings = [*settled.warnings]
    warnings += [
        w
        for d in distributions
        for w in (*startup_warnings(d, interpreter), *absolute_rpaths(d), *carried_programs(d), *lines_of_scripts(d))
    ]
    for note in (n for d in distributions for n in other_tags(d)):
        reporter.note(note)
    for warning in [*warnings, *stdlib_shadows(distributions, interpreter), *names_by_case(distributions)]:
        reporter.warn(warning)
    return distributions


def _raise(failures: Sequence[PkggenError]) -> None:
    found = sorted(((type(f), p) for f in failures for p in f.problems), key=lambda pair: pair[1].where)
    raise_gravest(found)
