"""What a project's wheel is had from, one class for each shape, all with the same two questions."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pkggen.errors import ArtefactError, ConfigurationError, Key, Problem
from pkggen.model import Interpreter, Wheel
from pkggen.network.frontend import PROJECT, Frontend
from pkggen.network.steering import steering
from pkggen.project.backend import build_wheel, declared_back_end, declared_python, running_python
from pkggen.project.core_metadata import UNKNOWN, Metadata, read_metadata
from pkggen.project.epoch import given_epoch, source_epoch
from pkggen.project.folder import SourceFolder
from pkggen.project.location import Shape
from pkggen.project.opened import Opened
from pkggen.project.wheel_file import copy_wheel, epoch_of_wheel, is_pure, python_of_tags
from pkggen.project.wheel_folder import holds
from pkggen.store.build_lock import BuildTables
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


class ProjectSource(Protocol):
    """Where the project's wheel comes from."""

    def metadata(self) -> Metadata:
        """Return what the project says of itself, as far as that is known before an interpreter is."""
        ...

    def requires_python(self) -> SpecifierSet:
        """Return which Python versions the project runs on."""
        ...

    def wheel(self, interpreter: Interpreter) -> Wheel | None:
        """Return the project's wheel for ``interpreter``; None: it comes with the dependencies' wheels."""
        ...

    def epoch(self) -> int | None:
        """Return the build's time, in seconds since the epoch (SOURCE_DATE_EPOCH outranks all); None: not known yet."""
        ...


class SourceTree:
    """A folder that a build back-end makes a wheel of; errors as :func:`build_wheel`."""

    def __init__(
        self, root: Path, frontend: Frontend, cache: Cache, reporter: Reporter, epoch: int = 0, *, build: str = PROJECT
    ) -> None:
        """Take the folder; ``epoch`` is known when it comes from an archive, ``build`` names what is locked for it."""
        self.root = root
        self.frontend = frontend
        self.cache = cache
        self.reporter = reporter
        self._epoch = epoch
        self._name = build

    def metadata(self) -> Metadata:
        """Return what the back-end wrote."""
        return read_metadata(self._built)

    def requires_python(self) -> SpecifierSet:
        """Return what pyproject.toml and the built metadata ask for."""
        return declared_python(self.root) & self.metadata().requires_python

    def wheel(self, interpreter: Interpreter) -> Wheel:
        """Return the wheel, built once more when it was compiled for the interpreter that ran the back-end.

        Raises ArtefactError when that can't be done here.
        """
        if is_pure(self._built):
            return self._built
        if not interpreter.runs_here:
            machine = interpreter.tree.needs.machine
            raise ArtefactError(
                f"the project is compiled, which can't be done here for {machine}",
                where=self._built.filename,
                remedy=f"build the package on {machine}, or build a wheel there and give that as PATH",
            )
        return self._build(interpreter.spelled)

    def epoch(self) -> int:
        """Return the last commit's time, or the archive's."""
        return self._time

    @cached_property
    def _time(self) -> int:
        given = given_epoch()
        if given is not None:
            return given
        return self._epoch or source_epoch(self.root)

    @cached_property
    def _built(self) -> Wheel:
        return self._build(running_python())

    def _build(self, python: str) -> Wheel:
        return build_wheel(
            self.root, self.frontend, self.cache, self.reporter, python=python, epoch=self._time, build=self._name
        )


class WheelFile:
    """A wheel that somebody built."""

    def __init__(self, path: Path, cache: Cache) -> None:
        """Take the wheel's path."""
        self.path = path
        self.cache = cache

    def metadata(self) -> Metadata:
        """Return what is in the wheel."""
        return read_metadata(self._wheel)

    def requires_python(self) -> SpecifierSet:
        """Return what the metadata and the tags allow."""
        return self.metadata().requires_python & python_of_tags(self._wheel)

    def wheel(self, interpreter: Interpreter) -> Wheel:  # noqa: ARG002
        """Return it as it is."""
        return self._wheel

    def epoch(self) -> int:
        """Return the newest time in the wheel."""
        given = given_epoch()
        return epoch_of_wheel(self._wheel) if given is None else given

    @cached_property
    def _wheel(self) -> Wheel:
        return copy_wheel(self.path, self.cache)


class IndexProject:
    """A project of the package index: its wheel is locked and fetched like those of its dependencies."""

    def __init__(self, requirement: Requirement) -> None:
        """Take what the index is asked for."""
        self.requirement = requirement

    def metadata(self) -> Metadata:
        """Return the name, and the version when one is asked for; nobody has read more."""
        pinned = [s.version for s in self.requirement.specifier if s.operator == "=="]
        return replace(UNKNOWN, name=self.requirement.name, version=pinned[0] if pinned else "")

    def requires_python(self) -> SpecifierSet:
        """Return no condition: the version chosen is one that runs on the interpreter."""
        return SpecifierSet()

    def wheel(self, interpreter: Interpreter) -> None:
        """Return nothing."""

    def epoch(self) -> int | None:
        """Return SOURCE_DATE_EPOCH, or None: the wheel tells once it is there."""
        return given_epoch()


def source_of(project: Opened, cache: Cache, reporter: Reporter, *, offline: bool) -> ProjectSource:
    """Return what the project's wheel is had from.

    Raises ConfigurationError when the configuration describes another shape.
    """
    location, config = project.location, project.config
    if project.is_source_folder:
        return SourceFolder(location, config, cache, reporter, project.options.output)
    given = [key for key, value in (("source", config.source), ("scripts", config.scripts.commands)) if value]
    given += ["version"] if config.version else []
    ConfigurationError.raise_all(
        Problem("it is for a folder that is no package", Key.of(key), "remove it: the project tells itself")
        for key in given
    )
    if location.shape is Shape.WHEEL:
        return WheelFile(location.path, cache)
    if location.requirement is not None:
        return IndexProject(location.requirement)
    folders = tuple(location.root / name for name in (*config.wheels.find_links, config.wheels.dir) if name)
    variables = steering(os.environ, config.build.environment)
    # a folder that holds all wheels may hold the back-end's: then nothing is fetched for it either
    near = bool(config.wheels.dir) and holds(location.root / config.wheels.dir, declared_back_end(location.path))
    pins = BuildTables(location.locks)
    frontend = Frontend(
        cache.root / "uv", location.path, config.wheels.index, folders, offline or near, variables,
        config.wheels.frozen, pins, reporter,
    )  # fmt: skip
    return SourceTree(location.path, frontend, cache, reporter, location.epoch)
