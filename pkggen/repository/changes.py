"""Changing what a channel holds: a new generation is written beside the old one, then the head is switched.

Several may do that at once. Whoever comes second sees that the head has moved, and applies the
same change to what the first has made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from pkggen.errors import ConflictError
from pkggen.repository.families import FAMILIES
from pkggen.repository.family import Channel
from pkggen.repository.generations import Generation, Head, read_head, switch
from pkggen.repository.index import Index, is_whole
from pkggen.repository.indexing import Contents, files_of, indexed
from pkggen.repository.projection import attempts, project
from pkggen.repository.shards import Entries, Entry, Shard, ordered, read_shard, shard_of, write_shard

Step = Callable[[Channel, Head], "Generation | None"]
"""From the head of a channel to its next generation; None where nothing is to be changed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to the packages of these ``names``: ``apply`` takes them, with some others, and returns all of them.

    It has to be one that can be applied again, to what another publisher has made meanwhile.
    """

    note: str
    names: frozenset[str]
    apply: Callable[[Entries], Entries]


def change(channel: Channel, edit: Edit) -> Generation:
    """Apply an edit to a channel, show clients what came of it, and return the generation that is current then."""
    return advance(channel, partial(_edited, edit=edit))


def advance(channel: Channel, step: Step) -> Generation:
    """Take a step from whatever the head is, until it succeeds; then show clients what the channel holds.

    Raises ConflictError when others are always faster, StorageError.
    """
    for _ in attempts():
        head = read_head(channel.store, channel.name)
        generation = step(channel, head)
        if generation is None or switch(channel.store, channel.name, head, generation):
            return project(channel)
    raise ConflictError(f"others keep changing the channel {channel.name}", remedy="try again when they have ended")


Place = tuple[str, int]
"""A shard: its format and number."""


def _edited(channel: Channel, head: Head, edit: Edit) -> Generation | None:
    old = head.generation
    numbers = {shard_of(name) for name in edit.names}
    before = {
        (family, number): read_shard(channel.store, old.shards.get(family, {}).get(number))
        for family in FAMILIES
        for number in sorted(numbers)
    }
    entries = ordered(edit.apply(tuple(chain.from_iterable(before.values()))))
    grouped: dict[Place, list[Entry]] = {place: [] for place in before}
    for entry in entries:
        grouped[entry.record.format, shard_of(entry.name)].append(entry)
    after = {place: tuple(found) for place, found in grouped.items()}
    moved = {place for place in before if after[place] != before[place]}
    if not moved:
        return None
    shards, indexes = dict(old.shards), dict(old.indexes)
    for name in {family for family, _ in moved}:
        family, own = FAMILIES[name], {number for place, number in moved if place == name}
        shards[name] = _written(channel, shards.get(name, {}), {n: after[name, n] for n in own})
        known = indexes.get(name, {})
        wanted = family.indexes(known, tuple(chain.from_iterable(after[name, n] for n in own)))
        contents = Contents(shards[name], {n: (before[name, n], after[name, n]) for n in own})
        indexes[name] = {i: indexed(channel, family, i, known.get(i), contents) for i in sorted(wanted)}
    number = old.number + 1
    return Generation(number, head.digest, channel.repository.now, edit.note, number, shards, indexes)


def _written(channel: Channel, shards: Mapping[int, Shard], changed: Mapping[int, Entries]) -> Mapping[int, Shard]:
    found = {number: write_shard(channel.store, entries) for number, entries in changed.items()}
    return {number: shard for number, shard in {**shards, **found}.items() if shard}


def restored(channel: Channel, head: Head, target: Generation, note: str) -> Generation:
    """Return the generation after the head's that holds what ``target`` held.

    An index that came later stays, with what there was for it then: mostly nothing.
    """
    indexes = dict(target.indexes)
    for name, known in head.generation.indexes.items():
        there, contents = target.indexes.get(name, {}), Contents(target.shards.get(name, {}))
        made = {i: indexed(channel, FAMILIES[name], i, None, contents) for i in known if i not in there}
        indexes[name] = {**there, **made}
    number = head.generation.number + 1
    return replace(target, number=number, previous=head.digest, made=channel.repository.now, note=note, indexes=indexes)


def mended(channel: Channel, head: Head) -> Generation | None:
    """Write index files of the head's generation that are missing or damaged once more; return None as a rule.

    It is a generation where they come out with other digests, since another version compresses otherwise.
    """
    old = head.generation
    indexes = {
        family: {name: _whole(channel, family, name, index, old) for name, index in known.items()}
        for family, known in old.indexes.items()
    }
    if indexes == old.indexes:
        return None
    now, number = channel.repository.now, old.number + 1
    return replace(old, number=number, previous=head.digest, made=now, note="refresh", indexes=indexes)


def _whole(channel: Channel, family: str, name: str, index: Index, generation: Generation) -> Index:
    if is_whole(index, files_of(channel, FAMILIES[family], name)):
        return index
    return indexed(channel, FAMILIES[family], name, None, Contents(generation.shards.get(family, {})))
