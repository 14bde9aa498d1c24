"""The values that flow down the pipeline: frozen, comparable, free of IO.

Paths *on the target* are POSIX strings; paths on the build host are :class:`pathlib.Path`.
Sizes are bytes, times are seconds since the epoch (UTC), modes are permission bits only.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from pkggen.services import Account, Roster, Service, accounts


class Kind(str, Enum):
    """What an entry of a package is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"


class ConfigKind(str, Enum):
    """How the package manager treats an edited file (dpkg: conffile; rpm: %config)."""

    NONE = ""
    CONFIG = "config"
    NOREPLACE = "noreplace"


class Role(str, Enum):
    """What a file is to the package manager besides a file.

    Documents may be left out by an administrator (rpm's ``%doc``, ``%license``). A ghost is made
    by the application: it is in no package, and goes when the package goes for good.
    """

    NONE = ""
    DOC = "doc"
    LICENCE = "licence"
    GHOST = "ghost"


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a layer (``path`` relative to it) or of a package (``path`` absolute).

    A file's bytes are either in ``source`` (a file of the build host) or in ``content``.
    """

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    size: int = 0
    sha256: str = ""
    mtime: int = 0
    link: str = ""
    source: Path | None = None
    content: bytes | None = None
    owner: str = "root"
    group: str = "root"
    config: ConfigKind = ConfigKind.NONE
    role: Role = Role.NONE

    def below(self, prefix: str) -> Entry:
        """Return the same entry with its path moved under ``prefix``."""
        return self._changed(posixpath.join(prefix, self.path), self.mtime)

    def at_latest(self, epoch: int) -> Entry:
        """Return the same entry with its time no later than ``epoch``."""
        return self if self.mtime <= epoch else self._changed(self.path, epoch)

    def _changed(self, path: str, mtime: int) -> Entry:
        # by hand: a package has 20,000 entries, and dataclasses.replace() takes three times as long
        return Entry(
            path, self.kind, self.mode, self.size, self.sha256, mtime, self.link, self.source, self.content,
            self.owner, self.group, self.config, self.role,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needs:
    """What ELF files ask of the system: the answer to "what does this run on?".

    ``glibc`` is the highest ``GLIBC_x.y`` symbol version, or () when nothing is ELF.
    ``glibc_by`` names the file that raised it. ``sonames`` maps each library that is not
    among the files themselves to one file that needs it; ``versions`` are the symbol
    versions asked of libraries outside, as (soname, version): ("libstdc++.so.6", "GLIBCXX_3.4.21").
    ``provides`` are the sonames of the files themselves. ``machine`` is "x86_64", "aarch64" or "".
    ``plugins`` are files that can't be loaded with what is here, such as those for a framework
    that isn't installed; what they need counts only where that is present.
    ``cpu`` is the level that a file declares, 2 for x86-64-v2 and so on, else 0; ``cpu_by`` names it.
    ``python`` is the system's Python that is asked for ("3.11"), empty where the package has its own.
    """

    machine: str = ""
    glibc: tuple[int, ...] = ()
    glibc_by: str = ""
    sonames: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[tuple[str, str], ...] = ()
    provides: tuple[str, ...] = ()
    plugins: tuple[Needs, ...] = ()
    cpu: int = 0
    cpu_by: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory of the build host whose members are known: relative, sorted by path.

    Every file's ``source`` is set, its mode and mtime on disk are the ones listed, and its
    directories are not listed (they are implied).
    """

    root: Path
    entries: tuple[Entry, ...]
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that the package is for; ``libc`` is "musl" where that was declared."""

    arch: str = "x86_64"
    glibc: tuple[int, int] = (2, 17)
    distros: tuple[str, ...] = ()
    libc: str = "glibc"


@dataclass(frozen=True, slots=True)
class PythonSpec:
    """Which interpreter the user asked for.

    ``source`` is "host", "host:/path/to/python3.12", a version ("3.12", "3.12.4", ">=3.11,<3.13"),
    or a path or URL of a directory or archive in the install_only layout. ``mirror`` replaces the
    base URL of standalone builds. ``keep`` names trim profiles whose files stay. With ``frozen`` a
    version stands for what it stood for before, or is an error. "system" is the target's own python3, of
    ``version`` ("3.11"; that of the targets when empty), with the distribution's modules or without.
    """

    source: str = "host"
    sha256: str = ""
    mirror: str = ""
    keep: tuple[str, ...] = ()
    frozen: bool = False
    version: str = ""
    site_packages: bool = False


@dataclass(frozen=True, slots=True)
class WheelSpec:
    """Where the dependencies' wheels come from; ``lock`` is None when nothing is locked yet.

    ``directory`` holds all wheels: then nothing is fetched. ``groups`` are dependency groups,
    ``exclude`` names what the target brings itself, ``build`` what may be built from its source
    archive. With ``frozen`` nothing is resolved, with ``no_deps`` nothing is wanted at all.
    ``given`` are names of what the application has that this is a plugin of.
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


@dataclass(frozen=True, slots=True)
class Compiler:
    """What makes byte code: a Python of the build host, and what else the bytes depend on."""

    program: Path
    identity: str = ""


@dataclass(frozen=True, slots=True)
class SystemPython:
    """The target's own CPython: its absolute path there, and what a package has to depend on, by format.

    With ``site_packages`` the application sees the modules that the distribution's packages hold.
    """

    executable: str
    depends: Mapping[str, tuple[str, ...]]
    site_packages: bool = False


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A checked, unpacked, relocatable CPython: ``tree`` holds ``bin/`` and ``lib/``.

    ``runs_here`` says whether the build host can run its programs. Where it can't, ``stand_in`` is one
    whose byte code it understands, or None. With ``system`` it is the target's own, and ``tree`` is empty.
    ``program`` is its name in ``bin/``, "python3.13" when empty. ``flags`` are the ABI's letters: "t" is
    free-threaded, "d" a debug build. ``libc`` is "glibc", "musl" or "static", which loads no compiled modules.
    """

    version: str
    tree: Tree
    origin: str
    digest: str
    runs_here: bool = True
    stand_in: Compiler | None = None
    system: SystemPython | None = None
    program: str = ""
    flags: str = ""
    libc: str = "glibc"

    @property
    def compiler(self) -> Compiler | None:
        """Return what makes byte code for it here; None leaves that to the target."""
        if self.system or not self.runs_here:
            return self.stand_in
        return Compiler(self.tree.root / self.executable)

    @property
    def minor(self) -> str:
        """Return "3.13" of "3.13.5"."""
        return ".".join(self.version.split(".")[:2])

    @property
    def executable(self) -> str:
        """Return the interpreter's path within its tree, or on the target."""
        return self.system.executable if self.system else f"bin/{self.program or f'python{self.minor}'}"

    @property
    def spelled(self) -> str:
        """Return minor version and ABI as people and uv spell them: "3.13", "3.13t"."""
        return f"{self.minor}{self.flags}"

    @property
    def library(self) -> str:
        """Return where modules lie below a prefix: "lib/python3.13", free-threaded "lib/python3.13t"."""
        return f"lib/python{self.minor}{'t' if 't' in self.flags else ''}"


@dataclass(frozen=True, slots=True)
class Script:
    """A console or GUI script that activation writes into the venv: ``name = module:attr``."""

    name: str
    module: str
    attr: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file on the build host whose digest was checked."""

    name: str
    version: str
    filename: str
    path: Path
    sha256: str


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
        """Tell whether the wheel holds nothing of its own and only names what it wants together."""
        return not self.scripts and all(".dist-info/" in e.path for e in self.tree.entries)


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


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What the user says of one format ("deb" or "rpm"); relations read ``name`` or ``name >= 1.2``.

    ``libraries`` maps a soname to the package that holds it (deb only), ``ignore_libraries``
    are sonames that the target may lack. An empty ``compression`` means the format's default.
    ``entries`` are absolute entries that only this format's package holds besides the payload's.
    """

    depends: tuple[str, ...] = ()
    pre_depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    enhances: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
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
    already, as JSON. ``together`` is what all packages of a split need; None
    where this is the only one. ``shared`` is what all applications make alike: no template of the user's touches it.
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
    def reach(self) -> Needs:
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
