"""A folder that is no package: sources that are put on the path and scripts that become commands.

A wheel is made of them, so that everything after it is the same as for any project. It holds
the sources as purelib and the scripts as ``.data/scripts`` with ``#!python`` as their first
line, which activation replaces (binary distribution format).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from pkggen.config.load import read_pyproject
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model import Interpreter, Wheel
from pkggen.project.core_metadata import Metadata, read_metadata
from pkggen.project.epoch import source_epoch
from pkggen.project.scripts import dropped_arguments, read_commands
from pkggen.project.wheel_file import keep_wheel
from pkggen.project.wheel_writer import Heading, Member, write_wheel
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_LEFT_OUT = {"__pycache__", "node_modules"}  # and all that is hidden
_LEFT_OUT_ENDINGS = (".pyc", ".pyo", ".egg-info", ".dist-info", ".swp", "~")


class SourceFolder:
    """Sources and scripts as ``source`` and ``scripts`` of the configuration name them."""

    def __init__(self, root: Path, config: Config, cache: Cache, reporter: Reporter) -> None:
        """Take the folder; nothing is read yet."""
        self.root = root
        self.config = config
        self.cache = cache
        self.reporter = reporter

    def metadata(self) -> Metadata:
        """Return what the configuration says."""
        return read_metadata(self._wheel)

    def requires_python(self) -> SpecifierSet:
        """Return no condition: nobody wrote one down."""
        return SpecifierSet()

    def wheel(self, interpreter: Interpreter) -> Wheel:  # noqa: ARG002
        """Return the wheel made of sources and scripts.

        Raises ConfigurationError for what is missing or can't be a module or a command.
        """
        return self._wheel

    def epoch(self) -> int:
        """Return the last commit's time."""
        return source_epoch(self.root)

    @cached_property
    def _wheel(self) -> Wheel:
        heading = _heading(self.root, self.config)
        members = [*_sources(self.root, self.config.source), *self._commands(f"{heading.stem}.data/scripts")]
        if not members:
            raise ConfigurationError("there is no program in it", where=Key.of("scripts"))
        with self.cache.scratch() as scratch:
            return keep_wheel(write_wheel(scratch, heading, members, self.epoch()), self.cache)

    def _commands(self, directory: str) -> Iterator[Member]:
        paths = _scripts(self.root, self.config.scripts.commands)
        commands, left_out = read_commands(paths)
        for path in left_out:
            self.reporter.warn(f"{path.name} in {path.parent.name} is left out: it is no program (no #! line, not .py)")
        for warning in dropped_arguments(paths):
            self.reporter.warn(warning)
        yield from (Member(f"{directory}/{c.name}", c.content, executable=True) for c in commands)


def _heading(root: Path, config: Config) -> Heading:
    problems = []
    version = ""
    if isinstance(read_pyproject(root).get("project"), dict):
        what = "the folder is a package already: pyproject.toml has [project]"
        problems.append(Problem(what, Key.of("source"), "remove source and scripts, or [project]"))
    if not config.version:
        what = "a folder that is no package has no version of its own"
        problems.append(Problem(what, Key.of("version"), 'set version = "1.0", and raise it with each release'))
    try:
        version = str(Version(config.version or "0"))
    except InvalidVersion:
        problems.append(Problem(f"{config.version!r} is not a version (PEP 440)", Key.of("version")))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", config.name or root.resolve().name).strip("-._")
    if not name:
        problems.append(Problem("no name can be made of the folder's", Key.of("name"), 'set name = "myapp"'))
    ConfigurationError.raise_all(problems)
    made_of = " and ".join((*config.source, *config.scripts.commands))
    return Heading(name, version, config.summary or f"{name}, made of {made_of}")


def _sources(root: Path, folders: Sequence[str]) -> Iterator[Member]:
    """Yield the files below ``folders`` at the paths they have there; raise ConfigurationError for clashes."""
    seen: dict[str, str] = {}
    problems = _missing(root, folders, Key.of("source"), files=False)
    for folder in folders:
        for path, name in _walk(root / folder):
            if name in seen:
                problems.append(Problem(f"{name} is in {seen[name]} and in {folder}", Key.of("source")))
            elif not path.resolve().is_relative_to(root.resolve()):
                what = f"{folder}/{name} leads out of the project"
                problems.append(Problem(what, Key.of("source"), "copy the file into the project"))
            elif path.is_file():
                seen[name] = folder
                if not problems:
                    yield Member(name, path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))
    if folders and not seen and not problems:
        problems.append(Problem("there is no file in it", Key.of("source")))
    ConfigurationError.raise_all(problems)


def _walk(top: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is below ``top`` with its relative path, linked folders included, sorted."""
    for directory, names, files in os.walk(top, followlinks=True):
        names[:] = sorted(
            n for n in names if _is_wanted(n) and not os.path.exists(os.path.join(directory, n, "pyvenv.cfg"))
        )
        above = {os.path.realpath(directory), *(os.path.realpath(p) for p in Path(directory).parents)}
        names[:] = [n for n in names if os.path.realpath(os.path.join(directory, n)) not in above]  # a circle of links
        for name in sorted(filter(_is_wanted, files)):
            path = Path(directory, name)
            yield path, path.relative_to(top).as_posix()


def _is_wanted(name: str) -> bool:
    return not name.startswith(".") and name not in _LEFT_OUT and not name.endswith(_LEFT_OUT_ENDINGS)


def _scripts(root: Path, given: Sequence[str]) -> list[Path]:
    """Return the files that ``given`` names, and those directly in folders that it names."""
    ConfigurationError.raise_all(_missing(root, given, Key.of("scripts"), files=True))
    found: list[Path] = []
    for name in given:
        path = root / name
        found += [p for p in path.iterdir() if p.is_file() and _is_wanted(p.name)] if path.is_dir() else [path]
    return found


def _missing(root: Path, given: Sequence[str], where: Key, *, files: bool) -> list[Problem]:
    problems = []
    for name in given:
        path = root / name
        if not path.exists():
            problems.append(Problem(f"{name} does not exist in {root.resolve()}", where))
        elif not path.resolve().is_relative_to(root.resolve()):
            problems.append(Problem(f"{name} leads out of the project", where, "copy it into the project"))
        elif not files and not path.is_dir():
            problems.append(Problem(f"{name} is not a folder", where))
    return problems
