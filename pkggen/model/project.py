"""The project: what it says of itself, its changes, and whose work is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """One release in a changelog: its version (PEP 440), time and what changed; 0 where no time is known."""

    version: str
    time: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a package that has a maker and a licence: the project, a dependency or the interpreter.

    ``licence`` is an SPDX expression, ``paths`` are patterns relative to the prefix (``("*",)``: the
    project, which is all that is nobody else's), ``holders`` say whose the copyright is, ``texts``
    are licence files by their names, ``layer`` is the one that holds it.
    """

    name: str
    version: str
    licence: str
    paths: tuple[str, ...]
    holders: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    homepage: str = ""
    layer: str = ""

    @property
    def own(self) -> bool:
        """Tell whether it is the project itself."""
        return self.paths == ("*",)


@dataclass(frozen=True, slots=True)
class Project:
    """What the user wrote and what the project's wheel says, merged; text is single-line but for ``description``."""

    name: str
    version: str
    summary: str
    description: str
    licence: str
    homepage: str
    maintainer: str
    commands: tuple[str, ...]
    root: Path
    changes: tuple[Change, ...] = ()
