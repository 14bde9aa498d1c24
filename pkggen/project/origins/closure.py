"""All that a project takes from folders and repositories, directly or through each other, and what else they need.

Each is built from its own sources, and what it requires is required by the project. So the index is only
asked for what nobody in the repository has: a name of one's own must never be looked up in public.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packaging.markers import Environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pkggen.config.sources import Sources, declared_sources
from pkggen.model import Origin, Wheel
from pkggen.project.core_metadata import read_metadata, requirements
from pkggen.project.origins.workbench import Workbench, direct_origins


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Wheels of the project's own, sorted by name; requirements that are left for an index.

    ``pinned`` are (name, name of the index, its URL) of those that one index alone is asked for.
    ``sources`` are the project's own.
    """

    wheels: tuple[Wheel, ...]
    requirements: tuple[str, ...]
    pinned: tuple[tuple[str, str, str], ...]
    sources: Sources


def find_neighbours(
    root: Path, project: Wheel, asked: Iterable[str], there: Environment, bench: Workbench
) -> Neighbours:
    """Return what the project in ``root`` with the wheel ``project`` needs, where ``asked`` are its requirements.

    ``there`` is the target. Raises what building a wheel does, with the name of the neighbour.
    """
    search = _Search(there, bench, project.name)
    sources = search.visit(root, dict(project.beside), asked)
    return Neighbours(
        tuple(search.wheels[name] for name in sorted(search.wheels)),
        tuple(sorted(search.others)),
        tuple(sorted(search.pinned)),
        sources,
    )


@dataclass
class _Search:
    there: Environment
    bench: Workbench
    project: str
    wheels: dict[str, Wheel] = field(default_factory=dict)
    extras: dict[str, set[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    pinned: set[tuple[str, str, str]] = field(default_factory=set)

    def visit(self, owner: Path | None, beside: dict[str, str], asked: Iterable[str]) -> Sources:
        """Look at what ``owner`` asks for, and at what its neighbours ask for in turn; return its sources."""
        sources = declared_sources(owner, self.there) if owner else Sources()
        origins = {**sources.origins, **direct_origins(beside)}
        for requirement in map(Requirement, asked):
            name = canonicalize_name(requirement.name)
            origin = _direct(requirement) or origins.get(name)
            if origin is None or name == self.project or not self._applies(requirement):
                self.others.add(str(requirement))
                if index := sources.index_of(name):
                    self.pinned.add((name, index, sources.urls.get(index, "")))
            else:
                self._add(name, origin, set(requirement.extras))
        return sources

    def _add(self, name: str, origin: Origin, extras: set[str]) -> None:
        known = self.extras.get(name)
        if known is not None and extras <= known:
            return
        made = self.bench.make(origin)
        self.wheels.setdefault(name, made.wheel)
        self.extras[name] = extras | (known or set())
        metadata = read_metadata(made.wheel)
        asked = requirements(metadata, tuple(sorted(self.extras[name])), self.there)
        self.visit(made.folder, dict(made.wheel.beside), asked)

    def _applies(self, requirement: Requirement) -> bool:
        marker = requirement.marker
        return marker is None or marker.evaluate({k: str(v) for k, v in self.there.items()} | {"extra": ""})


def _direct(requirement: Requirement) -> Origin | None:
    """Return the repository that ``name @ git+URL@REVISION#subdirectory=PATH`` names (PEP 440, direct references)."""
    url = requirement.url or ""
    if not url.startswith("git+"):
        return None
    address, _, fragment = url.removeprefix("git+").partition("#")
    parameters = dict(part.partition("=")[::2] for part in fragment.split("&"))
    head, at, revision = address.rpartition("@")
    if not at or urlsplit(head).path in {"", "/"}:  # that one stands before the host
        head, revision = address, ""
    name = canonicalize_name(requirement.name)
    return Origin(name, url=head, revision=revision, subdirectory=parameters.get("subdirectory", ""))
