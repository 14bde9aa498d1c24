"""An interpreter, as it is asked for and as it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pkggen.model.entry import Tree


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
