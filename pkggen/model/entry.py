"""Members of packages and layers, and what their files ask of the system."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


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
    ``carried`` are ELF files that nothing here can run, such as those for other machines: they are data.
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
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory of the build host whose members are known: relative, sorted by path.

    Every file's ``source`` is set, its mode and mtime on disk are the ones listed, and its
    directories are not listed (they are implied).
    """

    root: Path
    entries: tuple[Entry, ...]
    needs: Needs = field(default_factory=Needs)


def generated_entry(path: str, content: bytes, mtime: int, mode: int = 0o644) -> Entry:
    """Return a file that is made here, with the size and digest of what it holds."""
    digest = hashlib.sha256(content).hexdigest()
    return Entry(path, mode=mode, size=len(content), sha256=digest, mtime=mtime, content=content)
