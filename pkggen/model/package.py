"""A payload as one format has it, from its description to the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pkggen.model.entry import Entry
from pkggen.model.payload import Payload


@dataclass(frozen=True, slots=True)
class Package:
    """A payload as one format sees it: names, version, relations and scripts, still as data.

    ``relations`` maps a field's name as the format spells it ("Depends", "Requires") to its terms.
    """

    format: str
    name: str
    version: str
    release: str
    arch: str
    filename: str
    payload: Payload
    relations: Mapping[str, tuple[str, ...]]
    compression: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A package's texts by their file name, such as ``control``, ``postinst``, ``app.spec``.

    ``members`` is everything that the package will hold, sorted by path.
    """

    package: Package
    texts: Mapping[str, str]
    members: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """A package file, read back and found to be what was intended."""

    format: str
    path: Path
    size: int
    sha256: str
    unchanged: bool = False
