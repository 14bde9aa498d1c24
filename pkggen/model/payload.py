"""Everything that a package will hold, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from pkggen.model.entry import Entry, Kind, Needs
from pkggen.model.layer import Layer, Layout
from pkggen.model.project import Component, Project
from pkggen.model.relations import Relations
from pkggen.model.service import Account, Roster, Service, accounts
from pkggen.model.target import Target


@dataclass(frozen=True, slots=True)
class Hook:
    """A program of the project that runs with the package's scripts: ``kind`` is "sh" or "py"; no user means root."""

    name: str
    content: bytes
    kind: str
    user: str = ""

    @property
    def file(self) -> str:
        """Return its path below the prefix."""
        return f"lib/hooks/{self.name}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A command, split into words, that runs when other packages change files below ``paths``."""

    paths: tuple[str, ...]
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormatOptions(Relations):
    """What the user says of one format ("deb" or "rpm").

    ``libraries`` maps a soname to the package that holds it (deb only), ``ignore_libraries``
    are sonames that the target may lack. An empty ``compression`` means the format's default.
    ``entries`` are absolute entries that only this format's package holds besides the payload's.
    """

    libraries: Mapping[str, str] = field(default_factory=dict)
    ignore_libraries: tuple[str, ...] = ()
    compression: str = ""
    section: str = ""
    priority: str = ""
    removed_conffiles: tuple[str, ...] = ()
    group: str = ""
    vendor: str = ""
    entries: tuple[Entry, ...] = ()


class Purpose(str, Enum):
    """What a package is for: an application, a layer added to one, or layers that applications are made of."""

    APPLICATION = "application"
    PLUGIN = "plugin"
    LAYERS = "layers"


@dataclass(frozen=True, slots=True)
class Payload:
    """Everything the package will hold, as data. Both formats fold over it.

    ``entries`` are absolute, sorted, free of duplicates, and include the layers' files;
    ``own_directories`` are the directories that the package owns (``/opt/<app>`` and below).
    ``mode`` is that of its layout; importing the modules of ``smoke`` proves that it works.
    ``interests`` are directories of other packages: when something in them is installed or removed,
    the application makes its release anew. ``admission`` describes the package to what is installed
    already, as JSON. ``python`` is the absolute path of an application's interpreter on the target;
    ``kin`` are the paths below its prefix that are layers of another package. ``together`` is what all
    packages of a split need; None where this is the only one. ``shared`` is what all applications
    make alike: no template of the user's touches it.
    """

    project: Project
    target: Target
    prefix: str
    release: str
    layers: tuple[Layer, ...]
    entries: tuple[Entry, ...]
    services: tuple[Service, ...]
    needs: Needs
    epoch: int
    options: Mapping[str, FormatOptions] = field(default_factory=dict)
    hooks: tuple[Hook, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    mode: str = "activated"
    smoke: tuple[str, ...] = ()
    purpose: Purpose = Purpose.APPLICATION
    interests: tuple[str, ...] = ()
    admission: str = ""
    python: str = ""
    kin: tuple[str, ...] = ()
    together: Needs | None = None
    shared: bool = False
    components: tuple[Component, ...] = ()

    @property
    def vendored(self) -> tuple[Component, ...]:
        """Return what the package holds of others' making."""
        return tuple(c for c in self.components if not c.own)

    @property
    def layout(self) -> Layout:
        """Return where it lies on the target."""
        return Layout(self.prefix, self.mode)

    @property
    def whole_needs(self) -> Needs:
        """Return what the system has to bring for the application as a whole."""
        return self.together or self.needs

    @property
    def installed_size(self) -> int:
        """Return the sum of all file sizes, in bytes."""
        return sum(e.size for e in self.entries)

    @property
    def watched(self) -> bool:
        """Tell whether a switch of releases has more to it than the switch: hooks, or health checks."""
        return bool(self.hooks) or any(s.healthcheck for s in self.services)

    @property
    def is_meta(self) -> bool:
        """Tell whether the package holds no program: no interpreter, no release, any machine."""
        return not self.layers

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Return the users and groups that the services want."""
        return accounts(self.services)

    @property
    def roster(self) -> Roster:
        """Return what scripts do with which units."""
        return Roster(self.services)

    def files(self) -> Iterator[Entry]:
        """Yield regular files only."""
        return (e for e in self.entries if e.kind is Kind.FILE)
