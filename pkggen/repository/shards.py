"""What a channel holds, in shards by name: one more package changes one shard, however many packages there are."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from pkggen.repository.objects import load, save
from pkggen.repository.package import Record
from pkggen.repository.stores import Store

NUMBER = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A package as a channel holds it. ``phase`` is the per cent of hosts that are offered it, None for all.

    ``added`` is when it came into the channel, in seconds of the epoch; a ``pinned`` one is never
    dropped by retention.
    """

    record: Record
    component: str
    added: int
    phase: int | None = None
    pinned: bool = False

    @property
    def name(self) -> str:
        """Return the package's name."""
        return self.record.name


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as a generation names it: the digest of the object that holds its entries, and how many they are."""

    digest: str
    count: int


Entries = tuple[Entry, ...]


def shard_of(name: str) -> int:
    """Return the shard of a name: all versions of a package are together."""
    return zlib.crc32(name.encode()) % NUMBER


def ordered(entries: Iterable[Entry]) -> Entries:
    """Return the entries in the one order that indexes have, whoever added them when."""
    return tuple(sorted(entries, key=lambda entry: entry.record.identity))


def read_shard(store: Store, shard: Shard | None) -> Entries:
    """Return the entries of a shard, none where there is no shard; raise StorageError where it is gone or damaged."""
    if shard is None:
        return ()
    rows = json.loads(load(store, shard.digest))
    return tuple(Entry(**{**row, "record": Record(**row["record"])}) for row in rows)


def write_shard(store: Store, entries: Entries) -> Shard | None:
    """Write entries as an object and return the shard; None for none."""
    if not entries:
        return None
    return Shard(save(store, json.dumps([asdict(e) for e in entries], sort_keys=True).encode()), len(entries))
