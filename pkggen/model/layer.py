"""The parts of a release, and where an application lies on the target."""

from __future__ import annotations

from dataclasses import dataclass

from pkggen.model.entry import Entry
from pkggen.model.wheel import Script


@dataclass(frozen=True, slots=True)
class Archive:
    """What pip will make on the target of a layer that holds wheels as files.

    ``programs`` are the scripts that the wheels bring as files (``bin/…``), ``rewrite`` those of them
    whose first line asks for the venv's Python; ``space`` is bytes and files, byte code included.
    """

    programs: tuple[str, ...] = ()
    rewrite: tuple[str, ...] = ()
    space: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one part of the release holds; ``entries`` are relative to the layer's directory.

    ``home`` is the directory on the target that holds the layer ``<name>/`` and its ``<name>.json``.
    With ``archive`` the entries are wheels, else what wheels hold.
    """

    name: str
    entries: tuple[Entry, ...]
    scripts: tuple[Script, ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()
    home: str = ""
    archive: Archive | None = None

    @property
    def size(self) -> int:
        """Return the sum of all file sizes, in bytes."""
        return sum(e.size for e in self.entries)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an application lies on the target: the one place that knows.

    In mode "activated" the interpreter and the venv are those of the release that ``current`` names;
    in mode "packaged" they lie below the prefix themselves, owned by the package.
    """

    prefix: str
    mode: str = "activated"

    @property
    def activated(self) -> bool:
        """Tell whether the target makes releases out of layers."""
        return self.mode == "activated"

    @property
    def home(self) -> str:
        """Return the directory that holds ``python/`` and ``venv/``."""
        return f"{self.prefix}/current" if self.activated else self.prefix

    @property
    def bin(self) -> str:
        """Return the directory of the venv's commands, ``python`` among them."""
        return f"{self.home}/venv/bin"

    @property
    def trees(self) -> tuple[str, ...]:
        """Return the packaged directories that hold interpreter and wheels, and nothing else."""
        names = ("layers",) if self.activated else ("python", "venv")
        return tuple(f"{self.prefix}/{name}" for name in names)
