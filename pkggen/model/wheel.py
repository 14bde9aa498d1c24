"""Wheels, as they are asked for, found and unpacked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pkggen.model.entry import Tree
from pkggen.model.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class WheelSpec:
    """Where the dependencies' wheels come from; ``lock`` is None when nothing is locked yet.

    ``directory`` holds all wheels: then nothing is fetched. ``groups`` are dependency groups,
    ``exclude`` names what the target brings itself, ``build`` what may be built from its source
    archive. With ``frozen`` nothing is resolved, with ``no_deps`` nothing is wanted at all.
    ``given`` are names of what the application has that this is a plugin of. ``variables`` are for the
    back-ends of source archives. ``local`` are wheels of neighbours, whose names no index is asked for;
    ``pinned`` are (name, index, its URL) of what one index alone has; ``searched`` are further indexes, and
    ``default_index`` stands in for PyPI: None is PyPI, "" nothing.
    """

    lock: Path | None = None
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    index: str = ""
    find_links: tuple[Path, ...] = ()
    directory: Path | None = None
    groups: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    no_deps: bool = False
    frozen: bool = False
    given: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    local: tuple[Wheel, ...] = ()
    pinned: tuple[tuple[str, str, str], ...] = ()
    searched: tuple[str, ...] = ()
    default_index: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A console or GUI script that activation writes into the venv: ``name = module:attr``."""

    name: str
    module: str
    attr: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution is built from that no index is asked for.

    Either ``path`` of the build host, a project's folder or a file, or ``url`` of a git repository:
    ``commit`` of it once that is known, else what ``revision`` names, "" for the default branch;
    ``subdirectory`` of it has the project.
    """

    name: str
    path: Path | None = None
    url: str = ""
    revision: str = ""
    commit: str = ""
    subdirectory: str = ""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file on the build host whose digest was checked.

    ``beside`` are the folders and files of the build host (absolute paths) that it wants
    distributions from, by their names: one that was built here from a project with path dependencies.
    """

    name: str
    version: str
    filename: str
    path: Path
    sha256: str
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel unpacked as the venv wants it: paths relative to the venv's prefix.

    (``lib/python3.13/site-packages/…``, ``bin/…`` for ``.data/scripts`` whose ``#!python``
    line activation rewrites, ``share/…`` and so on for ``.data/data``.) ``tree`` includes
    the byte code. ``top_level`` are importable names.
    """

    wheel: Wheel
    tree: Tree
    scripts: tuple[Script, ...] = ()
    top_level: tuple[str, ...] = ()
    summary: str = ""
    licence: str = ""
    homepage: str = ""

    @property
    def is_bundle(self) -> bool:
        """Tell whether the wheel holds no file of its own and only names what it wants together."""
        return all(".dist-info/" in e.path for e in self.tree.entries)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a payload is made of, each found and checked by an earlier step."""

    interpreter: Interpreter
    app: Distribution
    dependencies: tuple[Distribution, ...]

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Return all wheels, the project's own first."""
        return (self.app, *self.dependencies)
