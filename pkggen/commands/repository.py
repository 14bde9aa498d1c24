"""What ``repository`` does with channels that are there: promote, phase, go back, remove, pin, refresh, collect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from pkggen.config.tables import PublishTable
from pkggen.errors import ConfigurationError, Problem
from pkggen.repository.changes import advance, change, mended, restored
from pkggen.repository.clients import lines, write_client_files
from pkggen.repository.family import Channel, Repository
from pkggen.repository.garbage import Garbage, garbage
from pkggen.repository.generations import Generation, Head, channels, check_channel, existing, history
from pkggen.repository.opening import check_address, settings_of, store_of
from pkggen.repository.projection import project
from pkggen.repository.retention import Retention
from pkggen.repository.selection import Named, chosen, phasing, pinning, promotion, removal
from pkggen.repository.shards import Entries
from pkggen.repository.site import write_site
from pkggen.repository.verification import faults
from pkggen.templating.templates import Templates
from pkggen.terminal.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Past:
    """A generation as history shows it."""

    generation: Generation
    current: bool


def promote(
    repository: Repository, table: PublishTable, names: Sequence[str], source: str, into: str, *, percentage: int
) -> Generation:
    """Add packages of one channel to another, which need not be there yet, offered to so many of a hundred hosts."""
    check_channel(into)
    entries = _found(repository, names, source)
    channel, retention = Channel(repository, into), Retention(table.keep_last, table.keep_days)
    generation = change(channel, promotion(entries, source, percentage, retention, repository.now))
    write_client_files(channel, generation)
    return generation


def phase(
    repository: Repository, names: Sequence[str], channel: str, percentage: int, reporter: Reporter
) -> Generation:
    """Offer packages to so many of a hundred hosts. Raises ConfigurationError where dnf would be to do that."""
    entries = _found(repository, names, channel)
    phased = tuple(entry for entry in entries if entry.record.format == "deb")
    if not phased:
        raise ConfigurationError(
            f"{', '.join(names)} is an rpm, and dnf offers every host the same",
            remedy="let some hosts follow a channel of their own, and promote from it: docs/rollouts.md",
        )
    if len(phased) < len(entries):
        reporter.warn("dnf offers every host the same: the rpms are not held back")
    return change(Channel(repository, channel), phasing(phased, percentage))


def pin(repository: Repository, names: Sequence[str], channel: str, *, pinned: bool) -> Generation:
    """Keep retention away from packages, or let it have them."""
    return change(Channel(repository, channel), pinning(_found(repository, names, channel), pinned=pinned))


def remove(repository: Repository, names: Sequence[str], channel: str) -> Generation:
    """Take packages out of a channel."""
    return change(Channel(repository, channel), removal(_found(repository, names, channel)))


def _found(repository: Repository, names: Sequence[str], channel: str) -> Entries:
    named = [Named.of(text) for text in names]
    return chosen(repository.store, existing(repository.store, channel).generation, named, channel)


def rollback(repository: Repository, channel: str, wanted: int | None) -> Generation:
    """Make a channel hold what it held before, or what it held in a generation; this is a generation of its own."""
    store = repository.store
    target = _earlier(channel, tuple(g for _, g in history(store, existing(store, channel))), wanted)
    note = f"go back to generation {target.number}"
    return advance(Channel(repository, channel), partial(restored, target=target, note=note))


def _earlier(channel: str, past: Sequence[Generation], wanted: int | None) -> Generation:
    if wanted is None:
        found = next((g for g in past if g.number < past[0].content), None)
        said = "nothing earlier is kept"
    else:
        found = next((g for g in past if g.number == wanted), None)
        said = f"there is no generation {wanted}"
    if found is None:
        kept = ", ".join(str(g.number) for g in past)
        raise ConfigurationError(f"{said} of {channel}", remedy=f"generations that are kept: {kept}")
    return found


def refresh(repository: Repository, names: Sequence[str]) -> dict[str, Generation]:
    """Write and sign the indexes of channels anew, all by default: new dates, new keys, and what is missing."""
    done = {}
    for name in names or channels(repository.store):
        existing(repository.store, name)
        channel = Channel(repository, name)
        advance(channel, mended)
        done[name] = project(channel, again=True)
        write_client_files(channel, done[name])
    return done


def set_up(table: PublishTable, channel: str) -> dict[str, list[str]]:
    """Return, by package manager, the lines that have a host use a channel; ConfigurationError without an address."""
    store, settings = store_of(table), settings_of(table)
    check_address(settings)
    return lines(settings, channel, existing(store, channel).generation)


def site(table: PublishTable) -> list[str]:
    """Write the pages for people; return the keys of those that have changed."""
    return write_site(store_of(table), settings_of(table), Templates())


def past(table: PublishTable, channel: str) -> list[Past]:
    """Return the generations of a channel that are kept, the current first."""
    store = store_of(table)
    head: Head = existing(store, channel)
    return [Past(generation, digest == head.digest) for digest, generation in history(store, head)]


def problems(table: PublishTable, *, contents: bool) -> list[Problem]:
    """Return all that is wrong with a repository."""
    return list(faults(store_of(table), settings_of(table), contents=contents))


def collect(table: PublishTable, grace: int, keep: int, *, dry_run: bool) -> Garbage:
    """Delete what no generation needs that stays, and what has been there longer than ``grace`` days."""
    store = store_of(table)
    found = garbage(store, datetime.now(timezone.utc), timedelta(days=grace), keep)
    for item in () if dry_run else found.items:
        store.delete(item.key)
    return found
