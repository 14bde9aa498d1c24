"""What no channel needs any more, and taking it away; nothing else ever deletes anything.

A publisher writes long before its head names what it wrote, and a client reads long after it has
seen an index: so only what is older than a time of grace goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pkggen.repository.families import FAMILIES
from pkggen.repository.generations import Generation, channels, entries_of, history, read_head
from pkggen.repository.objects import FOLDER, object_key
from pkggen.repository.stores import Listed, Store, lasting
from pkggen.repository.stores.directory import FRESH

GRACE = 7
"""Days."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """What may go, and how many generations of all channels stay, to be gone back to."""

    items: tuple[Listed, ...]
    generations: int


def garbage(store: Store, now: datetime, grace: timedelta, keep: int) -> Garbage:
    """Return what is older than ``grace`` and of no generation that stays: the last ``keep``, and those in grace.

    The records of packages stay for ever, so that no version ever comes back with other bytes.
    """
    before = now - grace
    # listed before heads are read: what is added meanwhile is not in the list, or is young
    found = [item for prefix in ("pool/", "dists/", "yum/", FOLDER) for item in store.listed(prefix)]
    wanted: set[str] = set()
    number = 0
    for channel in channels(store):
        current_until = now.timestamp()  # clients may still read what was current within the time of grace
        for place, (digest, generation) in enumerate(history(store, read_head(store, channel))):
            if place >= max(keep, 1) and current_until < before.timestamp():
                break
            current_until = generation.made
            number += 1
            wanted |= {object_key(digest), *_needs(store, channel, generation)}
    old = (item for item in found if item.changed < before)
    return Garbage(tuple(item for item in old if _is_ours(item.key) and item.key not in wanted), number)


def _is_ours(key: str) -> bool:
    return lasting(key) or FRESH in key


def _needs(store: Store, channel: str, generation: Generation) -> Iterator[str]:
    for shards in generation.shards.values():
        yield from (object_key(shard.digest) for shard in shards.values())
    for name, indexes in generation.indexes.items():
        for index, found in indexes.items():
            yield from (FAMILIES[name].key(channel, index, suffix, form.sha256) for suffix, form in found.forms.items())
    yield from (entry.record.path for entry in entries_of(store, generation))
