"""A project as it lies there, read once for all that follows: where it is, and what the user wants of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pkggen.config.load import read_config
from pkggen.config.options import Options, effective_config
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key
from pkggen.project.location import Location, Shape, find_project
from pkggen.project.members import check_is_project, member_folder
from pkggen.templating.overrides import check_overrides
from pkggen.templating.templates import Templates


@dataclass(frozen=True, slots=True)
class Opened:
    """A project with its configuration, the command line's wishes applied."""

    options: Options
    location: Location
    config: Config

    @property
    def root(self) -> Path:
        """Return the directory of the configuration, from which its paths start."""
        return self.location.root

    @property
    def is_source_folder(self) -> bool:
        """Tell whether the project is a folder that is no package."""
        return self.location.shape is Shape.FOLDER and bool(self.config.source or self.config.scripts.commands)

    def templates(self) -> Templates:
        """Return the templates, the project's own first, checked without rendering them.

        Raises ConfigurationError with the place of each mistake.
        """
        if not self.config.templates:
            return Templates()
        path = self.root / self.config.templates
        if not path.is_dir():
            raise ConfigurationError(f"{path} is not a directory", where=Key.of("templates"))
        check_overrides(path)
        return Templates(path)


@contextmanager
def opened(options: Options, scratch: Path) -> Iterator[Opened]:
    """Find the project that the options name and read its configuration; errors as both have.

    An sdist is unpacked below ``scratch``, which has to stay while the project is in use. Keys in errors
    from within are given the file and line where they stand.
    """
    location = find_project(member_folder(options.root, options.package), scratch)
    config, provenance = read_config(location.root)
    with replace(provenance, options=dict(options.outranked())).placing():
        config = _of_script(config, location.script) if location.script else config
        project = Opened(options, location, effective_config(config, options))
        if location.shape is Shape.FOLDER and not project.is_source_folder and not config.meta:
            check_is_project(location.path)
        yield project


def _of_script(config: Config, script: str) -> Config:
    """Return the configuration of the one script that is meant: it is the program, and gives the name."""
    scripts = config.scripts.model_copy(update={"commands": (script,)})
    return config.model_copy(update={"source": (), "scripts": scripts, "name": config.name or Path(script).stem})
