"""Making a wheel of a distribution that comes from a folder, a file or a repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.archives.sdist import unpack_sdist
from pkggen.config.tables import Config
from pkggen.errors import ArtefactError, PkggenError
from pkggen.model import Interpreter, Origin, Wheel
from pkggen.network.frontend import Frontend
from pkggen.network.steering import steering
from pkggen.project.location import Location
from pkggen.project.origins.git import GitSource
from pkggen.project.shapes import SourceTree, WheelFile
from pkggen.store.build_lock import BuildTables
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Made:
    """A wheel, and the folder of the project that it was made of; None for one that was given."""

    wheel: Wheel
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Workbench:
    """With what wheels of neighbours are made: each once, for ``interpreter``."""

    frontend: Frontend
    interpreter: Interpreter
    cache: Cache
    reporter: Reporter
    git: GitSource
    made: dict[Origin, Made] = field(default_factory=dict)

    def wheel(self, origin: Origin) -> Wheel:
        """Return the wheel of ``origin``; errors as for a project, and ArtefactError when it has another name."""
        return self.make(origin).wheel

    def make(self, origin: Origin) -> Made:
        """Return the same with the folder it was made of."""
        if origin not in self.made:
            try:
                self.made[origin] = self._make(origin)
            except PkggenError as error:
                named = (
                    replace(p, where=f"{origin.name}: {p.where}" if p.where else origin.name) for p in error.problems
                )
                raise type(error)(*named) from error
        return self.made[origin]

    def _make(self, origin: Origin) -> Made:
        folder, epoch, name = origin.path, 0, canonicalize_name(origin.name)
        if folder is None:
            folder, _ = self.git.folder(origin)
        if folder.name.endswith(".whl"):
            made = Made(WheelFile(folder, self.cache).wheel(self.interpreter), None)
        elif folder.is_file():
            with self.cache.scratch() as scratch:
                tree, epoch = unpack_sdist(folder, scratch / "sdist")
                source = SourceTree(tree, self.frontend, self.cache, self.reporter, epoch, build=name)
                made = Made(source.wheel(self.interpreter), None)
        else:
            source = SourceTree(folder, self.frontend, self.cache, self.reporter, build=name)
            made = Made(source.wheel(self.interpreter), folder)
        if made.wheel.name != name:
            raise ArtefactError(f"the project there is called {made.wheel.name}", where=str(folder))
        return made


def open_workbench(
    location: Location, config: Config, cache: Cache, reporter: Reporter, *, interpreter: Interpreter, offline: bool
) -> Workbench:
    """Return the bench for the neighbours of the project at ``location``: what one version states is not for them."""
    folders = tuple(location.root / name for name in (*config.wheels.find_links, config.wheels.dir) if name)
    variables = steering(os.environ, config.build.environment, project=False)
    frontend = Frontend(
        cache.root / "uv", location.path, config.wheels.index, folders, offline, variables,
        config.wheels.frozen, BuildTables(location.locks), reporter,
    )  # fmt: skip
    git = GitSource(cache, reporter, location.locks, offline=offline, frozen=config.wheels.frozen)
    return Workbench(frontend, interpreter, cache, reporter, git)


def direct_origins(beside: Mapping[str, str]) -> dict[str, Origin]:
    """Return the origins of what a wheel wanted from paths of the build host."""
    return {name: Origin(name, path=Path(path)) for name, path in beside.items()}
