"""A folder that is no package: sources that are put on the path and scripts that become commands.

A wheel is made of them, so that everything after it is the same as for any project. It holds
the sources as purelib and the scripts as ``.data/scripts`` with ``#!python`` as their first
line, which activation replaces (binary distribution format).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet

from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model import Interpreter, Wheel
from pkggen.project.core_metadata import Metadata, read_metadata
from pkggen.project.declaration import check_locks_of_scripts, declare
from pkggen.project.epoch import source_epoch
from pkggen.project.location import Location
from pkggen.project.scripts import dropped_arguments, read_commands
from pkggen.project.selection import Selection, select
from pkggen.project.wheel_file import keep_wheel
from pkggen.project.wheel_writer import Member, write_wheel
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_LEFT_OUT_ENDINGS = (".pyc", ".pyo", ".swp", "~")


class SourceFolder:
    """Sources and scripts as ``source`` and ``scripts`` of the configuration name them."""

    def __init__(
        self, location: Location, config: Config, cache: Cache, reporter: Reporter, output: Path = Path("dist")
    ) -> None:
        """Take the folder, and where packages are written to; nothing is read yet."""
        self.root = location.path
        self.script = location.script
        self.config = config
        self.cache = cache
        self.reporter = reporter
        self.output = output

    def metadata(self) -> Metadata:
        """Return what the configuration says."""
        return read_metadata(self._wheel)

    def requires_python(self) -> SpecifierSet:
        """Return what ``[project]`` and the scripts ask for."""
        return self.metadata().requires_python

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
        scripts = _scripts(self.root, self.config.scripts.commands)
        check_locks_of_scripts(self.root, scripts)
        heading = declare(self.root, self.config, scripts, self.epoch(), self.reporter, alone=bool(self.script))
        selection = select(self.root, self.config.exclude, [*self._own()], self.cache.root)
        left_out: dict[str, str] = {}
        members = [
            *_sources(self.root, self.config.source, selection, left_out),
            *self._commands(scripts, f"{heading.stem}.data/scripts"),
        ]
        if left_out:
            told = ", ".join(f"{path} ({reason})" for path, reason in sorted(left_out.items()))
            self.reporter.note(f"left out of the package: {told}")
        if not members:
            raise ConfigurationError("there is no program in it", where=Key.of("scripts"))
        with self.cache.scratch() as scratch:
            return keep_wheel(write_wheel(scratch, heading, members, self.epoch()), self.cache)

    def _own(self) -> Iterator[Path]:
        """Yield what the configuration uses for something else than the sources."""
        config = self.config
        yield self.output.absolute()
        named = (config.wheels.dir, *config.wheels.find_links, config.templates, *config.extends_package)
        yield from (self.root / name for name in (*named, config.python.source) if name)

    def _commands(self, paths: list[Path], directory: str) -> Iterator[Member]:
        commands, left_out = read_commands(paths)
        for path in left_out:
            self.reporter.warn(f"{path.name} in {path.parent.name} is left out: it is no program (no #! line, not .py)")
        for warning in dropped_arguments(paths):
            self.reporter.warn(warning)
        yield from (Member(f"{directory}/{c.name}", c.content, executable=True) for c in commands)


def _sources(root: Path, folders: Sequence[str], selection: Selection, left_out: dict[str, str]) -> Iterator[Member]:
    """Yield the files below ``folders`` at the paths they have there; raise ConfigurationError for clashes."""
    seen: dict[str, str] = {}
    problems = _missing(root, folders, Key.of("source"), files=False)
    for folder in folders:
        for path, name in selection.walk(root / folder, left_out):
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


def _scripts(root: Path, given: Sequence[str]) -> list[Path]:
    """Return the files that ``given`` names, and those directly in folders that it names."""
    ConfigurationError.raise_all(_missing(root, given, Key.of("scripts"), files=True))
    found: list[Path] = []
    for name in given:
        path = root / name
        found += [p for p in path.iterdir() if p.is_file() and _is_script(p.name)] if path.is_dir() else [path]
    return sorted(found)


def _is_script(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(_LEFT_OUT_ENDINGS)


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
