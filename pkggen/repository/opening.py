"""Opening a repository as the configuration describes it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pkggen.config.publishing import TABLE
from pkggen.config.tables import PublishTable
from pkggen.errors import ConfigurationError
from pkggen.repository.family import Repository, Settings
from pkggen.repository.keys import show_public, signing_keys
from pkggen.repository.stores import BUCKETS, Store, open_store
from pkggen.repository.stores.trial import ensure_conditional_writes
from pkggen.terminal.reporter import Reporter

_SUFFIXES = {"gz": "gz", "zstd": "zst"}


def store_of(table: PublishTable) -> Store:
    """Return the store that is named; raise ConfigurationError where none is."""
    if not table.to:
        raise ConfigurationError(
            "no repository is named", where=TABLE / "to", remedy="name a directory or a bucket, with --to or here"
        )
    return open_store(table.to)


def settings_of(table: PublishTable) -> Settings:
    """Return what the repository says of itself; clients of a directory reach it by its path, unless told otherwise."""
    bucket = urlsplit(table.to).scheme.lower() in BUCKETS if "://" in table.to else False
    path = table.to.removeprefix("file://")
    address = table.address.rstrip("/") or ("" if bucket else Path(path).absolute().as_uri())
    host = urlsplit(table.address).hostname
    origin = table.origin or host or Path(path).absolute().name or "repository"
    return Settings(origin, address, table.valid_days, _SUFFIXES[table.yum_compression])


def open_repository(table: PublishTable, now: int, reporter: Reporter) -> Repository:
    """Open a repository to write to it, at the time ``now`` (seconds of the epoch).

    Raises ConfigurationError for what is missing or unfit, StorageError for a store without conditional writes.
    """
    keys = signing_keys(table.keys, TABLE / "keys", now, reporter)
    store = store_of(table)
    with reporter.step(f"opening {store.address}"):
        ensure_conditional_writes(store)
        show_public(store, keys)
    return Repository(store, keys, settings_of(table), now)


def check_address(settings: Settings) -> None:
    """Raise ConfigurationError where it is not known how clients reach the repository."""
    if not settings.address:
        raise ConfigurationError(
            "it is not known where clients reach the repository", where=TABLE / "address", remedy="set it here"
        )


def channel_name(table: PublishTable, wanted: str) -> str:
    """Return the channel that is meant, the usual one for ""; raise ConfigurationError for one that there may not be.

    Packages for one release of a distribution have a channel of their own: ``bookworm-stable``.
    """
    usual = table.channels[0] if table.channels else "stable"
    name = wanted or usual
    if table.channels and name not in table.channels:
        raise ConfigurationError(
            f"there may be no channel {name!r}",
            where=TABLE / "channels",
            remedy=f"name one of {', '.join(table.channels)}, or add it here",
        )
    return f"{table.suite}-{name}" if table.suite else name
