"""Package formats: each folds the same payload into a file of its own kind, and none knows another."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pkggen.errors import Key
from pkggen.formats.deb.format import Deb
from pkggen.formats.rpm.format import Rpm
from pkggen.model import Entry, Package, Payload, Rendered
from pkggen.signing.keys import SigningKey
from pkggen.templating.templates import Templates


class Format(Protocol):
    """What a format can do; each step takes what the step before gave."""

    name: str
    installer: str
    """What an administrator types before a package's path."""

    def check_tools(self) -> None:
        """Raise ToolError, with a remedy, when a program that :meth:`assemble` runs is missing."""
        ...

    def signing_key(self, wanted: str, where: Key) -> SigningKey:
        """Return the key that ``wanted`` names, which :meth:`sign` can use here.

        Raises ConfigurationError, which names ``where``, and ToolError.
        """
        ...

    def packer(self) -> str:
        """Return the program that :meth:`assemble` runs, with its version: the bytes depend on it."""
        ...

    def describe(self, payload: Payload) -> Package:
        """Return the payload as this format names it. Raises ConfigurationError and ArtefactError."""
        ...

    def render(self, package: Package, templates: Templates) -> Rendered:
        """Return every text of the package; those whose names are absolute paths are its files."""
        ...

    def entries(self, rendered: Rendered) -> tuple[Entry, ...]:
        """Return everything that the package will hold, sorted by path."""
        ...

    def assemble(self, rendered: Rendered, directory: Path) -> Path:
        """Pack within ``directory``, ours alone, and return the file. Raises ToolError and StorageError."""
        ...

    def verify(self, path: Path, rendered: Rendered) -> None:
        """Read ``path`` back; raise IntegrityError that lists every difference from what was rendered."""
        ...

    def sign(self, path: Path, key: SigningKey, directory: Path) -> None:
        """Add a signature to ``path`` and nothing else, working within ``directory``, ours alone.

        Raises ToolError when the key's agent refuses, IntegrityError when the signature does not hold.
        """
        ...


FORMATS: dict[str, Format] = {"deb": Deb(), "rpm": Rpm()}
