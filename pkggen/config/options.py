"""What the command line says of a build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; it outranks the configuration file."""

    root: Path
    formats: tuple[str, ...] = ("deb", "rpm")
    output: Path = Path("dist")
    python: str = ""
    python_sha256: str = ""
    release: str = ""
    targets: tuple[str, ...] = ()
    arch: str = ""
    offline: bool = False
    frozen: bool = False
    build: tuple[str, ...] = ()  # names that may be built from a source archive, besides those in the file
    sign: str = ""  # a key for every format; "none" leaves all unsigned
