"""The dependencies' wheels: locked, chosen for the target, fetched, verified and unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pkggen.cache import Cache
from pkggen.errors import ArtefactError, IntegrityError, PkggenError, Problem
from pkggen.model import Distribution, Interpreter, Target, Wheel, WheelSpec
from pkggen.reporter import Reporter
from pkggen.wheels.conflicts import conflicts, stdlib_shadows
from pkggen.wheels.fetch import Source, fetch
from pkggen.wheels.select import choose, missing, raise_missing
from pkggen.wheels.select import environment as marker_environment
from pkggen.wheels.source import LockSource, find_lock
from pkggen.wheels.startup import startup_warnings
from pkggen.wheels.unpack import unpack

__all__ = ["conflicts", "find_lock", "marker_environment", "resolve_wheels", "unpack", "unpack_all"]

_WORKERS = 4  # threads: the work is done in zlib, hashlib and the interpreters that compile


def resolve_wheels(
    spec: WheelSpec,
    target: Target,
    interpreter: Interpreter,
    cache: Cache,
    reporter: Reporter,
    *,
    root: Path,
    offline: bool,
    exclude_project: str,
) -> tuple[Wheel, ...]:
    """Return the verified wheels of all dependencies for ``target``, sorted by normalised name.

    ``root`` is the project's directory, where locks are looked for and, when there is none,
    ``pylock.toml`` is written; ``exclude_project`` is the project's own name, which a lock may
    list. With ``offline`` no network is touched. Raises ConfigurationError, ArtefactError or
    IntegrityError with all problems; credentials in URLs are never shown.
    """
    source = LockSource(
        spec, target, interpreter, cache, reporter, root=root, offline=offline, project=exclude_project
    )  # fmt: skip
    lock = source.lock()
    choices = choose(lock, target, interpreter, spec.extras, exclude_project)
    problems, warnings = missing(source.wanted(), choices, lock)
    raise_missing(problems)
    for warning in warnings:
        reporter.warn(warning)
    return fetch(choices, cache, reporter, Source(spec.find_links, spec.index, offline))


def unpack_all(
    wheels: Sequence[Wheel], interpreter: Interpreter, cache: Cache, reporter: Reporter
) -> tuple[Distribution, ...]:
    """Return ``wheels`` unpacked, in their order.

    Raises ArtefactError or IntegrityError with the problems of all wheels, conflicts between
    them included. Start-up hooks and names that hide behind the standard library are warned of.
    """
    failures: list[PkggenError] = []
    with reporter.step("Unpacking wheels", len(wheels)) as advance, ThreadPoolExecutor(_WORKERS) as pool:

        def one(wheel: Wheel) -> Distribution | None:
            try:
                return unpack(wheel, interpreter, cache)
            except (ArtefactError, IntegrityError) as error:
                failures.append(error)
                return None
            finally:
                advance(1)

        distributions = tuple(d for d in pool.map(one, wheels) if d is not None)
    _raise(failures)
    ArtefactError.raise_all(conflicts(distributions))
    warnings = [w for d in distributions for w in startup_warnings(d, interpreter)]
    for warning in [*warnings, *stdlib_shadows(distributions, interpreter)]:
        reporter.warn(warning)
    return distributions


def _raise(failures: Sequence[PkggenError]) -> None:
    problems: list[Problem] = sorted((p for f in failures for p in f.problems), key=lambda p: p.where)
    if any(isinstance(f, IntegrityError) for f in failures):
        raise IntegrityError(*problems)
    ArtefactError.raise_all(problems)
