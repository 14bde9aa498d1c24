"""What PATH on the command line names, and where configuration and locks for it are.

A folder brings its own. A wheel, an sdist or a name on the index is built from the current
directory: its configuration counts, its lock is read, a new lock is written there. So the next
run, in the same place, builds the same.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from pkggen.archives.sdist import unpack_sdist
from pkggen.config.load import read_pyproject
from pkggen.errors import ConfigurationError

INDEX = "pypi:"
_SDISTS = (".tar.gz", ".tgz", ".zip")
_FORMS = "give a folder, a wheel (.whl), an sdist (.tar.gz, .zip), a script (.py) or pypi:NAME==VERSION"


class Shape(Enum):
    """What a project comes as."""

    FOLDER = "folder"
    WHEEL = "wheel"
    SDIST = "sdist"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Location:
    """A project's place: ``path`` is the folder, the wheel or the unpacked sdist (the index has none).

    ``root`` holds the configuration and what it refers to; in ``locks`` locks are looked for and
    written. ``requirement`` is what the index is asked for. ``epoch`` is the newest time in an
    archive, 0 where there is none. ``script`` is the one file of the folder that is meant.
    """

    shape: Shape
    path: Path
    root: Path
    locks: Path
    requirement: Requirement | None = None
    epoch: int = 0
    script: str = ""


def find_project(path: Path, scratch: Path) -> Location:
    """Return where the project is that ``path`` names; an sdist is unpacked below ``scratch``, a scratch directory.

    Raises ConfigurationError when ``path`` names nothing that can be built, or when the current
    directory belongs to another project; ArtefactError for an unusable sdist.
    """
    text = os.fspath(path)
    if text.startswith(INDEX):
        return _on_index(text.removeprefix(INDEX))
    if path.is_dir():
        return Location(Shape.FOLDER, path, path, path)
    if not path.exists():
        raise ConfigurationError("no such file or directory", where=text, remedy=_FORMS)
    if path.name.endswith(".whl"):
        return _wheel(path)
    if path.name.endswith(_SDISTS):
        return _sdist(path, scratch)
    if path.suffix == ".py":
        return Location(Shape.FOLDER, path.parent, path.parent, path.parent, script=path.name)
    raise ConfigurationError("this kind of file is not known", where=text, remedy=_FORMS)


def _on_index(text: str) -> Location:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError(str(error).splitlines()[0], where=f"{INDEX}{text}", remedy=_FORMS) from error
    if requirement.url or requirement.marker:
        raise ConfigurationError("a name and a version are all that fits here", where=f"{INDEX}{text}", remedy=_FORMS)
    here = _current_directory(canonicalize_name(requirement.name))
    return Location(Shape.INDEX, here, here, here, requirement)


def _wheel(path: Path) -> Location:
    try:
        name = parse_wheel_filename(path.name)[0]
    except InvalidWheelFilename as error:
        raise ConfigurationError(
            f"its name is not a wheel's: {error}", where=os.fspath(path), remedy="keep the name that its maker gave it"
        ) from error
    here = _current_directory(name)
    return Location(Shape.WHEEL, path, here, here)


def _sdist(path: Path, scratch: Path) -> Location:
    try:
        here = _current_directory(parse_sdist_filename(path.name.replace(".tgz", ".tar.gz"))[0])
    except InvalidSdistFilename:  # an archive that a forge made of a tag: its folder tells the name
        here = _current_directory("")
    tree, epoch = unpack_sdist(path, scratch / "sdist")
    return Location(Shape.SDIST, tree, here if _is_configured(here) else tree, here, epoch=epoch)


def _current_directory(name: str) -> Path:
    """Return it, once sure that it does not belong to another project than ``name``."""
    here = Path.cwd()
    table = read_pyproject(here).get("project")
    other = str(table.get("name", "")) if isinstance(table, dict) else ""
    if name and other and canonicalize_name(other) != name:
        raise ConfigurationError(
            f"the current directory is that of {other}: its configuration and lock are not {name}'s",
            where="pyproject.toml: project.name",
            remedy=f"build in a directory of its own: mkdir {name} && cd {name}",
        )
    return here


def _is_configured(directory: Path) -> bool:
    tools = read_pyproject(directory).get("tool")
    return (directory / "pkggen.toml").is_file() or (isinstance(tools, dict) and "pkggen" in tools)
