"""The indexes of a channel, made of its shards: those that have changed, or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from pkggen.repository.family import Channel, Family
from pkggen.repository.index import Files, Index, renewed
from pkggen.repository.shards import Entries, Shard, read_shard


@dataclass(frozen=True, slots=True)
class Contents:
    """The shards of a family by number; of those in ``changed``, the entries before and after."""

    shards: Mapping[int, Shard]
    changed: Mapping[int, tuple[Entries, Entries]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Return how many packages there are."""
        return sum(shard.count for shard in self.shards.values())


def indexed(channel: Channel, family: Family, name: str, index: Index | None, contents: Contents) -> Index:
    """Return the index ``name`` of the contents, made of the one before, or of all shards where there is none."""
    texts = {
        n: (family.text(name, before), family.text(name, after)) for n, (before, after) in contents.changed.items()
    }
    moved = {number: after for number, (before, after) in texts.items() if before != after}
    if index and not moved:
        return index
    frame = family.frame(name, contents.count)
    every = partial(_every, channel, family, name, contents)
    return renewed(index, {**moved, **frame}, every, files_of(channel, family, name))


def files_of(channel: Channel, family: Family, name: str) -> Files:
    """Return where the files of an index lie."""
    return Files(channel.store, family.suffixes(channel.repository.settings), partial(family.key, channel.name, name))


def _every(channel: Channel, family: Family, name: str, contents: Contents) -> Mapping[int, bytes]:
    texts = {n: family.text(name, read_shard(channel.store, shard)) for n, shard in contents.shards.items()}
    return {**texts, **family.frame(name, contents.count)}
