"""Why is this here: each wheel of a package with who asked for it, its size and what it needs of the system."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from packaging.markers import Environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pkggen.config.options import Options
from pkggen.gather import Gathered, gather
from pkggen.model import Distribution, Needs, Parts
from pkggen.project import Metadata, opened, read_metadata
from pkggen.store.cache import Cache
from pkggen.store.writing import looking
from pkggen.targets.distro_packages import DistroPackage, distro_packages
from pkggen.terminal.reporter import Reporter
from pkggen.wheels import marker_environment
from pkggen.wheels.select import applies

CONFIGURATION = "(configuration)"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One wheel: sizes are bytes, ``unpacked`` with byte code.

    ``asked_by`` are the normalised names of the distributions that require it, with their extras
    in effect; CONFIGURATION where only that does; empty for the project, and for what only a
    lock lists. ``libraries`` are the sonames
    that the system has to provide. ``glibc`` is "2.28", "" without compiled code; ``raises_floor``:
    nothing else in the package asks for so new a one. ``distro_package`` is the distribution's own
    package that holds the same; ``distro_package_fits``: its version is one that all ``asked_by`` allow,
    None when it isn't known.
    """

    name: str
    version: str
    filename: str
    asked_by: tuple[str, ...]
    packed: int
    unpacked: int
    licence: str
    compiled: bool
    libraries: tuple[str, ...]
    glibc: str
    raises_floor: bool
    distro_package: DistroPackage | None = None
    distro_package_fits: bool | None = None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The wheels of a package, the project's own first, the others by name; ``python`` is the interpreter."""

    python: str
    python_unpacked: int
    python_glibc: str
    wheels: tuple[Dependency, ...]

    @property
    def glibc(self) -> str:
        """Return the glibc that the package needs, "" when nothing is compiled."""
        return max((self.python_glibc, *(w.glibc for w in self.wheels)), key=_number)

    @property
    def raised_by(self) -> tuple[str, ...]:
        """Return who asks for that: the interpreter, or the file names of the wheels that ask for more than it."""
        if self.python_glibc == self.glibc:
            return (f"Python {self.python}",) if self.glibc else ()
        return tuple(w.filename for w in self.wheels if w.raises_floor)

    def tree(self) -> Iterator[tuple[int, Dependency]]:
        """Yield each wheel once, with its depth, below the first that asked for it; the unasked ones last."""
        seen: set[str] = set()
        project = self.wheels[0]
        yield from self._below(project, 0, seen)
        for wheel in self.wheels:
            if wheel.name not in seen:
                yield from self._below(wheel, 1, seen)

    def _below(self, wheel: Dependency, depth: int, seen: set[str]) -> Iterator[tuple[int, Dependency]]:
        """Walk in breadth first order of who is asked directly, so that what the project names stays at its top."""
        seen.add(wheel.name)
        yield depth, wheel
        children = [w for w in self.wheels if wheel.name in w.asked_by and w.name not in seen]
        direct = {w.name for w in children}
        seen |= direct
        for child in children:
            yield from self._below(child, depth + 1, seen)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON wants it."""
        return {
            "python": {"version": self.python, "unpacked": self.python_unpacked, "glibc": self.python_glibc},
            "wheels": [{key.replace("_", "-"): value for key, value in asdict(w).items()} for w in self.wheels],
            "glibc": self.glibc,
            "raised-by": list(self.raised_by),
        }


def dependencies(options: Options, cache: Cache, reporter: Reporter) -> Dependencies:
    """Return what a package of the project would hold and why; errors as for a build."""
    with looking(), cache.scratch() as scratch, opened(options, scratch) as project:
        return describe(gather(project, cache, reporter))


def describe(found: Gathered) -> Dependencies:
    """Return the same of what was gathered already."""
    parts = found.parts
    askers, bounds = _askers(found)
    provided = {s for needs in _all_needs(parts) for s in needs.provides}
    own = parts.interpreter.tree.needs.glibc
    floor = max((own, *(d.tree.needs.glibc for d in parts.distributions)))
    app, *others = parts.distributions
    there = distro_packages(others, found.target)
    return Dependencies(
        python=parts.interpreter.version,
        python_unpacked=sum(e.size for e in parts.interpreter.tree.entries),
        python_glibc=_dotted(own),
        wheels=tuple(
            _with_package(
                _dependency(d, askers.get(d.wheel.name, set()), provided, raises=own < floor == d.tree.needs.glibc),
                there.get(d.wheel.name),
                bounds.get(d.wheel.name, SpecifierSet()),
            )
            for d in (app, *sorted(others, key=lambda d: d.wheel.name))
        ),
    )


def _dependency(distribution: Distribution, asked_by: set[str], provided: set[str], *, raises: bool) -> Dependency:
    wheel, needs = distribution.wheel, distribution.tree.needs
    return Dependency(
        name=wheel.name,
        version=wheel.version,
        filename=wheel.filename,
        asked_by=tuple(sorted(asked_by)),
        packed=wheel.path.stat().st_size,
        unpacked=sum(e.size for e in distribution.tree.entries),
        licence=distribution.licence,
        compiled=bool(needs.machine or needs.plugins),
        libraries=tuple(sorted(set(needs.sonames) - provided)),
        glibc=_dotted(needs.glibc),
        raises_floor=raises,
    )


def _with_package(wheel: Dependency, package: DistroPackage | None, bounds: SpecifierSet) -> Dependency:
    known = package is not None and package.known
    fits = bounds.contains(package.version, prereleases=True) if package and known else None
    return replace(wheel, distro_package=package, distro_package_fits=fits)


def _all_needs(parts: Parts) -> Iterator[Needs]:
    for tree in (parts.interpreter.tree, *(d.tree for d in parts.distributions)):
        yield tree.needs
        yield from tree.needs.plugins


def _askers(found: Gathered) -> tuple[dict[str, set[str]], dict[str, SpecifierSet]]:
    """Return who requires each distribution, and in which versions; extras are followed until no new one comes up."""
    there = marker_environment(found.target, found.parts.interpreter)
    described = {d.wheel.name: read_metadata(d.wheel) for d in found.parts.distributions}
    project = found.parts.app.wheel.name
    extras: dict[str, set[str]] = {name: set() for name in described}
    extras[project] |= set(found.config.extras)
    asked = [Requirement(text) for text in found.asked]
    extras[project] |= {e for r in asked if canonicalize_name(r.name) == project for e in r.extras}
    for requirement in asked:
        extras.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    askers: dict[str, set[str]] = {}
    bounds: dict[str, SpecifierSet] = {}
    for requirement in asked:
        bounds[canonicalize_name(requirement.name)] = requirement.specifier
    fresh = set(described)
    while fresh:
        name = fresh.pop()
        for requirement in _required(described[name], extras[name], there):
            wanted = canonicalize_name(requirement.name)
            if wanted not in described:
                continue
            if wanted != name:
                askers.setdefault(wanted, set()).add(name)
                bounds[wanted] = bounds.get(wanted, SpecifierSet()) & requirement.specifier
            if not requirement.extras <= extras[wanted]:
                extras[wanted] |= requirement.extras
                fresh.add(wanted)
    return askers | _asked_beside(asked, askers.keys() | {project}, described, there), bounds


def _asked_beside(
    asked: Iterable[Requirement], known: Collection[str], described: Collection[str], there: Environment
) -> dict[str, set[str]]:
    """Return what the configuration or a folder of wheels asks for, and no wheel does."""
    names = {str(canonicalize_name(r.name)) for r in asked if applies(r, there, ())}
    return {name: {CONFIGURATION} for name in names if name in described and name not in known}


def _required(metadata: Metadata, extras: set[str], there: Environment) -> Iterator[Requirement]:
    return (r for r in metadata.requires if applies(r, there, tuple(extras)))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.split(".")) if version else ()
