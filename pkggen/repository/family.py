"""What apt's and yum's repositories have in common for those who fill them, and what they are filled with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pkggen.repository.generations import Generation
from pkggen.repository.package import Record
from pkggen.repository.shards import Entries
from pkggen.repository.stores import Store
from pkggen.signing.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Settings:
    """What a repository says of itself. ``valid_days`` is how long apt may use an index, 0 for ever.

    ``address`` is where clients reach it, "" where that is not known; ``yum_suffix`` is "gz" or "zst".
    """

    origin: str
    address: str = ""
    valid_days: int = 0
    yum_suffix: str = "gz"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that is written to: where it lies, who signs it, and the time (seconds of the epoch)."""

    store: Store
    keys: tuple[SigningKey, ...]
    settings: Settings
    now: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a repository, to be changed or shown."""

    repository: Repository
    name: str

    @property
    def store(self) -> Store:
        """Return where it lies."""
        return self.repository.store


class Family(Protocol):
    """How the packages of one format are offered to their package manager."""

    format: str

    def record(self, path: Path, *, apart: bool = False) -> Record:
        """Read a package; raise ArtefactError when it is damaged or holds what no index may say.

        ``apart`` is for a file whose bytes can't be made again: its place in the pool is of its digest.
        """
        ...

    def is_signed(self, path: Path) -> bool:
        """Tell whether clients that check packages themselves find a signature, or need none."""
        ...

    def indexes(self, known: Iterable[str], entries: Entries) -> set[str]:
        """Return the names of the indexes that a channel has: those ``known``, and what ``entries`` need besides."""
        ...

    def text(self, name: str, entries: Entries) -> bytes:
        """Return what an index says of the entries of one shard."""
        ...

    def frame(self, name: str, count: int) -> Mapping[int, bytes]:
        """Return the pieces around those of the shards, by numbers that sort there."""
        ...

    def suffixes(self, settings: Settings) -> tuple[str, ...]:
        """Return the forms in which indexes are stored."""
        ...

    def key(self, channel: str, name: str, suffix: str, digest: str) -> str:
        """Return where an index lies under its digest."""
        ...

    def pointer(self, channel: str) -> str:
        """Return the key of the file that clients begin with, which is written last."""
        ...

    def shown(self, pointer: bytes) -> int:
        """Return the number of the generation that the file they begin with is of; 0 where it does not say."""
        ...

    def signed(self, channel: str) -> tuple[tuple[str, str], ...]:
        """Return the keys of what is signed, each with that of its signature, "" where that is within."""
        ...

    def project(self, channel: Channel, generation: Generation, tag: str | None) -> bool:
        """Write what clients read of a generation, the pointer last, and that only if it still has the tag.

        Return whether it was written.
        """
        ...
