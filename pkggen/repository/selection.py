"""Packages as people name them, ``app=1.2.0``, and edits of what a channel holds of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pkggen.errors import ConfigurationError, Problem
from pkggen.repository.changes import Edit
from pkggen.repository.generations import Generation
from pkggen.repository.retention import Retention
from pkggen.repository.shards import Entries, Entry, read_shard, shard_of
from pkggen.repository.stores import Store

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._+-]*)=(?P<version>[A-Za-z0-9][A-Za-z0-9.+~:^_-]*)")
EVERYONE = 100  # per cent


@dataclass(frozen=True, slots=True)
class Named:
    """A version of a package, on all architectures and in both formats."""

    name: str
    version: str

    @classmethod
    def of(cls, text: str) -> Named:
        """Read ``app=1.2.0`` or ``app=1.2.0-1``; raise ConfigurationError."""
        match = _NAMED.fullmatch(text)
        if not match:
            raise ConfigurationError(f"{text!r} is no package with its version", remedy="write it as app=1.2.0")
        return cls(match["name"], match["version"])

    def __str__(self) -> str:
        return f"{self.name}={self.version}"

    def means(self, entry: Entry) -> bool:
        """Tell whether an entry is of this version: as it is whole, or without epoch and release."""
        whole = entry.record.version
        plain = whole.partition(":")[2] or whole
        return self.name == entry.name and self.version in (whole, plain, plain.rpartition("-")[0])


def chosen(store: Store, generation: Generation, names: Sequence[Named], channel: str) -> Entries:
    """Return what a generation holds of the packages; raise ConfigurationError for those of which it has none."""
    found = []
    problems = []
    for named in names:
        numbered = [shards.get(shard_of(named.name)) for shards in generation.shards.values()]
        own = [entry for shard in numbered for entry in read_shard(store, shard) if entry.name == named.name]
        wanted = [entry for entry in own if named.means(entry)]
        versions = ", ".join(sorted({entry.record.version for entry in own})) or "none"
        if not wanted:
            problems.append(Problem(f"{channel} has no {named}", store.address, f"of {named.name} it has: {versions}"))
        found += wanted
    ConfigurationError.raise_all(problems)
    return tuple({entry.record.identity: entry for entry in found}.values())


def promotion(entries: Entries, source: str, percentage: int, retention: Retention, now: int) -> Edit:
    """Return the edit that adds what another channel has, offered to so many of a hundred hosts."""
    names = frozenset(entry.name for entry in entries)

    def apply(there: Entries) -> Entries:
        present = {entry.record.identity for entry in there}
        new = (_phased(replace(e, added=now, pinned=False), percentage) for e in entries)
        return retention.kept((*there, *(e for e in new if e.record.identity not in present)), names, now)

    return Edit(f"promote {_told(entries)} from {source}", names, apply)


def phasing(entries: Entries, percentage: int) -> Edit:
    """Return the edit that offers packages to so many of a hundred hosts."""
    return _changing(f"phase {_told(entries)} {percentage}%", entries, lambda entry: _phased(entry, percentage))


def _phased(entry: Entry, percentage: int) -> Entry:
    """Return the entry for so many of a hundred hosts; dnf knows of no such thing."""
    held_back = percentage < EVERYONE and entry.record.format == "deb"
    return replace(entry, phase=percentage if held_back else None)


def pinning(entries: Entries, *, pinned: bool) -> Edit:
    """Return the edit after which retention leaves packages alone, or no longer."""
    word = "pin" if pinned else "unpin"
    return _changing(f"{word} {_told(entries)}", entries, lambda e: replace(e, pinned=pinned))


def removal(entries: Entries) -> Edit:
    """Return the edit that takes packages out of a channel; their files stay as long as anything names them."""
    gone = {entry.record.identity for entry in entries}
    return Edit(
        f"remove {_told(entries)}",
        frozenset(entry.name for entry in entries),
        lambda there: tuple(entry for entry in there if entry.record.identity not in gone),
    )


def _changing(note: str, entries: Entries, changed: Callable[[Entry], Entry]) -> Edit:
    meant = {entry.record.identity for entry in entries}
    return Edit(
        note,
        frozenset(entry.name for entry in entries),
        lambda there: tuple(changed(e) if e.record.identity in meant else e for e in there),
    )


def _told(entries: Entries) -> str:
    return ", ".join(sorted({f"{entry.name} {entry.record.version}" for entry in entries}))
