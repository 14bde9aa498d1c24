"""Whether a repository is whole: every index against every file, and every signature."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pkggen.errors import Problem, StorageError
from pkggen.repository.families import FAMILIES
from pkggen.repository.family import Family, Settings
from pkggen.repository.generations import Generation, channels, entries_of, read_head
from pkggen.repository.index import Form, Index
from pkggen.repository.keys import PUBLIC
from pkggen.repository.shards import Entry
from pkggen.repository.stores import Store
from pkggen.signing.trust import Trust

_REPAIR = "pkggen repository refresh writes the indexes of a channel anew"


def faults(store: Store, settings: Settings, *, contents: bool) -> Iterator[Problem]:
    """Yield what is wrong: files that an index names and that are missing or altered, indexes, and signatures.

    ``contents`` reads each package to compare its digest, not its size alone. Raises StorageError where
    the store fails.
    """
    public = store.read(PUBLIC)
    if public is None:
        yield Problem("the public key is missing", f"{store.address}/{PUBLIC}", _REPAIR)
        return
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="pkggen-verify-") as scratch:
        trust = Trust(public.data.decode("utf-8", "replace"), Path(scratch))
        for channel in channels(store):
            try:
                generation = read_head(store, channel).generation
                fresh = (entry for entry in entries_of(store, generation) if entry.record.path not in seen)
                for entry in fresh:
                    seen.add(entry.record.path)
                    yield from _package(store, entry, contents=contents)
                for name, indexes in generation.indexes.items():
                    for index, found in indexes.items():
                        yield from _index(store, FAMILIES[name], settings, channel, (index, found))
                    yield from _shown(store, FAMILIES[name], channel, generation, trust)
            except StorageError as error:
                yield from error.problems


def _package(store: Store, entry: Entry, *, contents: bool) -> Iterator[Problem]:
    record = entry.record
    where = f"{store.address}/{record.path}"
    if contents:
        pieces = store.chunks(record.path)
        if pieces is None:
            yield Problem(f"{record.label} is missing from the pool", where, "publish it again")
        elif _digest(pieces) != record.sha256:
            yield Problem(f"{record.label} has other bytes than the indexes say", where, "restore a backup")
        return
    there = store.status(record.path)
    if there is None:
        yield Problem(f"{record.label} is missing from the pool", where, "publish it again")
    elif there.size != record.size:
        yield Problem(f"{record.label} has {there.size} bytes, the indexes say {record.size}", where)


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _index(
    store: Store, family: Family, settings: Settings, channel: str, index: tuple[str, Index]
) -> Iterator[Problem]:
    name, found = index
    for suffix in set(family.suffixes(settings)) & set(found.forms):
        key = family.key(channel, name, suffix, found.forms[suffix].sha256)
        yield from _file(store, key, found.forms[suffix])


def _file(store: Store, key: str, form: Form) -> Iterator[Problem]:
    pieces = store.chunks(key)
    if pieces is None:
        yield Problem("the index is missing", f"{store.address}/{key}", _REPAIR)
    elif _digest(pieces) != form.sha256:
        yield Problem("the index has other bytes than its name says", f"{store.address}/{key}", _REPAIR)


def _shown(store: Store, family: Family, channel: str, generation: Generation, trust: Trust) -> Iterator[Problem]:
    key = family.pointer(channel)
    found = store.read(key)
    where = f"{store.address}/{key}"
    if found is None:
        yield Problem("it is missing", where, _REPAIR)
        return
    if (shown := family.shown(found.data)) != generation.number:
        yield Problem(f"it shows generation {shown}, and {generation.number} is current", where, _REPAIR)
    for signed, signature in family.signed(channel):
        read = partial(_text, store)
        if why := trust.objection(read(signed), read(signature) if signature else None):
            yield Problem(f"its signature does not hold: {why}", f"{store.address}/{signed}", _REPAIR)


def _text(store: Store, key: str) -> bytes:
    found = store.read(key)
    return found.data if found else b""
