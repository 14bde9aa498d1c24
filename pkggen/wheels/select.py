"""Which locked wheel the target gets: by the target's markers and tags, never the build host's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
)
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError, Problem
from pkggen.model import Interpreter, Origin, Target
from pkggen.network.address import filename_of, local_path, redacted
from pkggen.wheels.lock.pylock import Lock
from pkggen.wheels.lock.reasons import building
from pkggen.wheels.tags import described, environment, tags, would_fit

_SHOWN = 8  # tags of a wheel that does not fit worth naming


@dataclass(frozen=True, slots=True)
class Choice:
    """A wheel that the target needs: its file's digest, and where to get it.

    Either ``path`` (of the build host) or ``url`` (http or https) is set; ``size`` is bytes or
    None when the lock does not say. With ``source`` it is a source archive, to be built. What has an
    ``origin`` is built from that, and has no digest.
    """

    name: str
    version: str
    filename: str
    sha256: str
    url: str = ""
    path: Path | None = None
    size: int | None = None
    source: bool = False
    origin: Origin | None = None


def applies(requirement: Requirement, there: Environment, extras: Sequence[str]) -> bool:
    """Tell whether ``requirement`` holds in environment ``there`` with any of ``extras`` (or none)."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate(_with_extra(there, extra)) for extra in ("", *extras))


def _with_extra(there: Environment, extra: str) -> dict[str, str]:
    return {**{key: str(value) for key, value in there.items()}, "extra": canonicalize_name(extra)}


def choose(
    lock: Lock,
    target: Target,
    interpreter: Interpreter,
    extras: Sequence[str] = (),
    exclude: str = "",
    *,
    groups: Sequence[str] = (),
    build: Sequence[str] = (),
    left: Collection[str] = (),
) -> tuple[Choice, ...]:
    """Return the wheel of each locked package that applies to the target, sorted by name.

    The project ``exclude`` itself is left out, and what is ``left`` to the target. ``build`` names
    what may come as a source archive where no wheel fits. Raises ConfigurationError (an unknown extra, the
    lock is for other Pythons or platforms) or ArtefactError (no wheel fits: only an sdist,
    a VCS or directory source, tags of other platforms), which names every such package.
    """
    place = _Place(
        target, interpreter, environment(target, interpreter), tags(target, interpreter), tuple(extras),
        tuple(canonicalize_name(g) for g in groups), frozenset(canonicalize_name(name) for name in build),
    )  # fmt: skip
    without = {canonicalize_name(name) for name in (exclude, *left)}
    _check_scope(lock, place)
    problems: list[Problem] = []
    sources: list[str] = []
    chosen: dict[str, Choice] = {}
    for package in lock.pylock.packages:
        if package.name in without or (package.directory and package.directory.path in {".", "./"}):
            continue
        picked = _pick(lock, package, place)
        if isinstance(picked, Problem):
            problems.append(picked)
            sources += [package.name] if package.sdist else []
        elif picked and picked.name in chosen:
            what = f"{picked.name} is locked twice for this target: {chosen[picked.name].version} and {picked.version}"
            problems.append(Problem(what, lock.where(package.name), "give the entries markers that exclude each other"))
        elif picked:
            chosen[picked.name] = picked
    if len(sources) > 1:  # the line that is ready to be copied
        what = f"{len(sources)} of these can be built from their source archives"
        problems.append(Problem(what, lock.path.name, building(sources)))
    ArtefactError.raise_all(problems)
    return tuple(chosen[name] for name in sorted(chosen))


def missing(
    requirements: Sequence[Requirement], choices: Sequence[Choice], lock: Lock
) -> tuple[list[Problem], list[str]]:
    """Compare the project's ``requirements`` with what was chosen.

    Returns (problems: required, but not locked; warnings: locked in a version that the
    project's metadata does not allow, as an override may intend).
    """
    locked = {choice.name: choice for choice in choices}
    problems, warnings = list[Problem](), list[str]()
    for requirement in requirements:
        choice = locked.get(canonicalize_name(requirement.name))
        if choice is None:
            what = f"{requirement.name} is required by the project but not locked"
            problems.append(Problem(what, lock.path.name, "lock again: the lock is older than the dependencies"))
        elif choice.version and not requirement.specifier.contains(choice.version, prereleases=True):
            warnings.append(
                f"{lock.path.name}: {choice.name} is locked at {choice.version}, "
                f"but the project asks for {requirement.specifier}"
            )
    return problems, warnings


def raise_missing(problems: Sequence[Problem]) -> None:
    """Raise IntegrityError when there are ``problems``: the lock does not cover the project."""
    IntegrityError.raise_all(problems)


@dataclass(frozen=True, slots=True)
class _Place:
    """The target with what follows from it, worked out once for all packages."""

    target: Target
    interpreter: Interpreter
    environment: Environment
    tags: tuple[Tag, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    build: frozenset[str]


def _check_scope(lock: Lock, place: _Place) -> None:
    problems = []
    if lock.pylock.extras:  # a lock that declares none had its extras applied when it was made
        known = {str(e) for e in lock.pylock.extras}
        unknown = [e for e in place.extras if canonicalize_name(e) not in known]
        problems += [Problem(f"extra {e!r} is not in the lock", lock.path.name, "lock it too") for e in unknown]
    if lock.pylock.dependency_groups:
        locked = {canonicalize_name(g) for g in lock.pylock.dependency_groups}
        absent = [g for g in place.groups if g not in locked]
        problems += [Problem(f"group {g!r} is not in the lock", lock.path.name, "lock it too") for g in absent]
    empty = Pylock(
        lock_version=lock.pylock.lock_version,
        environments=lock.pylock.environments,
        requires_python=lock.pylock.requires_python,
        created_by=lock.pylock.created_by,
        packages=[],
    )
    try:
        list(empty.select(environment=place.environment, tags=[]))
    except PylockSelectError as error:
        problems.append(Problem(str(error), lock.path.name, "lock for the Python and platform of the target"))
    ConfigurationError.raise_all(problems)


def _pick(lock: Lock, package: Package, place: _Place) -> Choice | Problem | None:
    names = [canonicalize_name(e) for e in place.extras]
    groups = [*(lock.pylock.default_groups or ()), *place.groups]
    alone = Pylock(
        lock_version=lock.pylock.lock_version,
        # packaging 26.4 refuses to select what is not declared; whether the user's lock does, _check_scope has asked
        extras=names,
        dependency_groups=groups,
        default_groups=lock.pylock.default_groups,
        created_by=lock.pylock.created_by,
        packages=[package],
    )
    where = lock.where(package.name)
    try:
        found = alone.select(environment=place.environment, tags=place.tags, extras=names, dependency_groups=groups)
        selected = next(iter(found), None)
    except PylockSelectError as error:
        if package.wheels and "No wheel found" in str(error):
            return _nothing_fits(package, place, where)
        return Problem(str(error).replace(" at packages[0]", ""), where)
    return _sourced(lock, package, selected[1], place, where) if selected else None


def _sourced(lock: Lock, package: Package, source: object, place: _Place, where: str) -> Choice | Problem:
    if isinstance(source, PackageWheel):
        return _choice(lock, package, source, source.filename)
    if isinstance(source, PackageSdist) and package.name in place.build:
        return _source_archive(lock, package, source, where)
    if isinstance(source, PackageDirectory):
        path = (lock.path.parent / source.path / (source.subdirectory or "")).resolve()
        return _built(package, Origin(package.name, path=path))
    if isinstance(source, PackageVcs) and source.type == "git":
        url = source.url or str((lock.path.parent / (source.path or "")).resolve())
        commit, below = source.commit_id, source.subdirectory or ""
        return _built(package, Origin(package.name, url=url, commit=commit, subdirectory=below))
    if isinstance(source, PackageArchive):
        name = filename_of(source.url or source.path or "")
        if name.endswith(".whl"):
            return _archived_wheel(lock, package, source, name, place.tags)
    return _nothing_fits(package, place, where)


def _built(package: Package, origin: Origin) -> Choice:
    return Choice(package.name, str(package.version or ""), "", "", origin=origin)


def _archived_wheel(
    lock: Lock, package: Package, source: PackageArchive, name: str, fitting: Sequence[Tag]
) -> Choice | Problem:
    try:
        actual, _, _, offered = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        return Problem(str(error), lock.where(package.name))
    if actual != package.name:
        return Problem(f"{name} is not a wheel of {package.name}", lock.where(package.name))
    if offered.isdisjoint(fitting):
        return Problem(f"{name} does not fit the target", lock.where(package.name))
    return _choice(lock, package, source, name)


def _source_archive(lock: Lock, package: Package, source: PackageSdist, where: str) -> Choice | Problem:
    if "sha256" not in source.hashes:
        return Problem(f"the source archive of {package.name} is locked without a sha256", where, "lock again")
    address = source.path or source.url or ""
    path = local_path(address, lock.path.parent)
    digest, url = source.hashes["sha256"].lower(), "" if path else address
    return Choice(
        package.name, str(package.version or ""), source.filename, digest, url, path, source.size, source=True
    )


def _choice(lock: Lock, package: Package, source: PackageWheel | PackageArchive, filename: str) -> Choice:
    version = str(parse_wheel_filename(filename)[1])
    address = source.path or source.url or ""
    path = local_path(address, lock.path.parent)
    url = "" if path else address
    return Choice(package.name, version, filename, source.hashes["sha256"].lower(), url, path, source.size)


def _nothing_fits(package: Package, place: _Place, where: str) -> Problem:
    target, interpreter = place.target, place.interpreter
    label = f"{package.name} {package.version}" if package.version else package.name
    wanted, fitting = described(target, interpreter), would_fit(target, interpreter)
    remedy = f"choose a version that has a wheel ({fitting}py3-none-any), or build one into a directory for find-links"
    if package.sdist:
        remedy += f"; or {building([package.name])}"
    if package.vcs:
        return Problem(
            f"{label} comes from a VCS ({redacted(package.vcs.url or package.vcs.path or '')})", where, remedy
        )
    if not package.wheels:
        return Problem(f"{label} has only a source archive, no wheel for {wanted}", where, remedy)
    offered = sorted({name.removesuffix(".whl").split("-", 2)[-1] for name in (w.filename for w in package.wheels)})
    more = f" and {len(offered) - _SHOWN} more" if len(offered) > _SHOWN else ""
    return Problem(f"{label} has no wheel for {wanted}; there are {', '.join(offered[:_SHOWN])}{more}", where, remedy)
