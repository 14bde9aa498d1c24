"""Generations of a channel, which never change, and the channel's head, which names the current one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from pkggen.config.values import CHANNEL
from pkggen.errors import ConfigurationError, StorageError
from pkggen.repository.index import Form, Index
from pkggen.repository.objects import load, object_key, save
from pkggen.repository.shards import Entry, Shard, read_shard
from pkggen.repository.stores import Store

HEADS = ".pkggen/heads/"


@dataclass(frozen=True, slots=True)
class Generation:
    """What a channel holds at one time, and the indexes that were made of it.

    ``previous`` is the digest of the generation before, "" for the first; ``made`` is in seconds of
    the epoch; ``content`` is the number of the generation whose packages these are: its own, or,
    after going back, an earlier one's. Shards are by format and number.
    """

    number: int = 0
    previous: str = ""
    made: int = 0
    note: str = ""
    content: int = 0
    shards: Mapping[str, Mapping[int, Shard]] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Index]] = field(default_factory=dict)

    def count(self, family: str) -> int:
        """Return how many packages of a format it has."""
        return sum(shard.count for shard in self.shards.get(family, {}).values())


@dataclass(frozen=True, slots=True)
class Head:
    """The current generation of a channel: its digest, and the head's tag, None where there is no channel yet."""

    digest: str
    tag: str | None
    generation: Generation


def read_head(store: Store, channel: str) -> Head:
    """Return the head of a channel; one of generation 0, which holds nothing, where there is none."""
    found = store.read(HEADS + channel)
    if found is None:
        return Head("", None, Generation())
    try:
        digest = str(json.loads(found.data)["generation"])
    except (ValueError, LookupError, TypeError) as error:
        raise StorageError("it is no head of a channel", where=f"{store.address}/{HEADS}{channel}") from error
    return Head(digest, found.tag, read_generation(store, digest))


def existing(store: Store, channel: str) -> Head:
    """Return the head of a channel that has to be there; raise ConfigurationError."""
    check_channel(channel)
    head = read_head(store, channel)
    if head.tag is None:
        named = ", ".join(channels(store)) or "none yet"
        raise ConfigurationError(
            f"there is no channel {channel!r}", where=store.address, remedy=f"channels are: {named}"
        )
    return head


def check_channel(channel: str) -> None:
    """Raise ConfigurationError for what can't be a channel's name."""
    if not re.fullmatch(CHANNEL, channel):
        raise ConfigurationError(
            f"{channel!r} is no name of a channel", remedy="use a-z, 0-9, and . _ - between them, such as stable"
        )


def switch(store: Store, channel: str, head: Head, generation: Generation) -> bool:
    """Make ``generation`` the current one, if ``head`` still is the head; return whether it was."""
    digest = save(store, _spelled(generation))
    head_text = json.dumps({"generation": digest, "number": generation.number}).encode()
    return store.replace(HEADS + channel, head_text, head.tag)


def channels(store: Store) -> list[str]:
    """Return the channels that there are."""
    names = (found.key.removeprefix(HEADS) for found in store.listed(HEADS))
    return sorted(name for name in names if re.fullmatch(CHANNEL, name))


def read_generation(store: Store, digest: str) -> Generation:
    """Return a generation by its digest; raise StorageError where it is gone or damaged."""
    data = json.loads(load(store, digest))
    shards = {f: {int(n): Shard(**row) for n, row in rows.items()} for f, rows in data["shards"].items()}
    indexes = {f: {name: _index(row) for name, row in rows.items()} for f, rows in data["indexes"].items()}
    return Generation(**{**data, "shards": shards, "indexes": indexes})


def history(store: Store, head: Head) -> Iterator[tuple[str, Generation]]:
    """Yield the generations of a channel with their digests, the current first, as far back as they are kept."""
    digest, generation = head.digest, head.generation
    while digest:
        yield digest, generation
        digest = generation.previous
        if digest and store.status(object_key(digest)) is None:  # collected
            return
        if digest:
            generation = read_generation(store, digest)


def entries_of(store: Store, generation: Generation) -> Iterator[Entry]:
    """Yield every package that a generation holds."""
    for family in sorted(generation.shards):
        for _, shard in sorted(generation.shards[family].items()):
            yield from read_shard(store, shard)


def _spelled(generation: Generation) -> bytes:
    return json.dumps(asdict(generation), sort_keys=True).encode()


def _index(row: Mapping[str, object]) -> Index:
    forms, pieces = row["forms"], row["pieces"]
    assert isinstance(forms, dict) and isinstance(pieces, list)  # noqa: PT018, S101 - the digest was right, so we wrote it
    return Index(tuple(pieces), {s: Form(f["sha256"], f["size"], tuple(f["lengths"])) for s, f in forms.items()})
