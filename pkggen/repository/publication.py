"""Publishing packages: read, claimed, put into the pool, then added to a channel, all of them at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pkggen.config.values import COMPONENT
from pkggen.errors import (
    ArtefactError,
    ConfigurationError,
    ConflictError,
    PkggenError,
    Problem,
    StorageError,
    raise_gravest,
)
from pkggen.reading import oddity
from pkggen.repository.changes import Edit, change
from pkggen.repository.families import FAMILIES
from pkggen.repository.family import Channel
from pkggen.repository.generations import Generation
from pkggen.repository.package import Record, claim, known
from pkggen.repository.retention import Retention
from pkggen.repository.shards import Entries, Entry
from pkggen.repository.stores import Store
from pkggen.terminal.reporter import Reporter

_FRESH = timedelta(days=1)

Sign = Callable[[Path], None]
"""Signs an rpm in place."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A package to be published: its file, which may be a signed copy, and its record."""

    path: Path
    record: Record
    is_new: bool
    """Whether the repository has had no such package before."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with packages: where they go, and how many of each stay there."""

    component: str
    retention: Retention


def read_offers(paths: Sequence[Path], store: Store, sign: Sign | None, scratch: Path) -> tuple[Offer, ...]:
    """Read packages and look up what the repository knows of them; ``sign`` is for rpms without a signature.

    Raises, with every problem found, ArtefactError for what can't be read, ConfigurationError for
    an unsigned rpm where ``sign`` is None, ConflictError for a version that is there with other bytes.
    """
    found: list[Offer] = []
    problems: list[tuple[type[PkggenError], Problem]] = []
    for number, path in enumerate(paths):
        try:
            found.append(_offer(path, store, sign, scratch / str(number)))
        except (ArtefactError, ConfigurationError, ConflictError) as error:
            problems += [(type(error), problem) for problem in error.problems]
    problems += [(ConflictError, problem) for problem in _twice(found)]
    raise_gravest(problems)
    return tuple({offer.record.identity: offer for offer in found}.values())


def _offer(path: Path, store: Store, sign: Sign | None, scratch: Path) -> Offer:
    family = FAMILIES.get(path.suffix.removeprefix("."))
    if family is None:
        raise ArtefactError("it is neither a .deb nor a .rpm", where=str(path))
    if why := oddity(path):
        raise ArtefactError(why, where=str(path))
    record = family.record(path)
    if older := known(store, record):
        return Offer(path, older, is_new=False)
    if family.is_signed(path):
        return Offer(path, record, is_new=True)
    if sign is None:
        raise ConfigurationError(
            "it is not signed, and dnf checks the signature of each package",
            where=str(path),
            remedy='build it with --sign KEY, or let unsigned = "sign" in the publish table have it signed here',
        )
    scratch.mkdir(parents=True)
    copy = Path(shutil.copyfile(path, scratch / "package.rpm"))
    sign(copy)
    return Offer(copy, replace(family.record(copy, apart=True), origin=record.sha256), is_new=True)


def _twice(offers: Iterable[Offer]) -> Iterable[Problem]:
    seen: dict[tuple[str, str, str, str], str] = {}
    for offer in offers:
        if seen.setdefault(offer.record.identity, offer.record.origin) != offer.record.origin:
            yield Problem(f"{offer.record.label} is named twice, with other bytes", remedy="publish one of them")


def publish(offers: Sequence[Offer], channel: Channel, wish: Wish, reporter: Reporter) -> Generation:
    """Put the packages into the pool and add them to a channel; return the generation that is current then.

    A package that was added before stays as it is. Raises ConflictError, StorageError, ToolError.
    """
    if not re.fullmatch(COMPONENT, wish.component):
        raise ConfigurationError(f"{wish.component!r} is no name of a component", remedy="use a-z, 0-9 and -")
    with reporter.step(f"uploading {_packages(len(offers))}", total=len(offers)) as advance:
        records = []
        for offer in offers:
            records.append(_uploaded(offer, channel.store))
            advance(1)
    names = frozenset(record.name for record in records)

    def apply(entries: Entries) -> Entries:
        now = channel.repository.now
        return wish.retention.kept(_added(entries, records, wish.component, now), names, now)

    note = f"publish {', '.join(f'{r.name} {r.version}' for r in records[:3])}{' …' if len(records) > 3 else ''}"
    with reporter.step(f"adding them to {channel.name}"):
        return change(channel, Edit(note, names, apply))


def _added(entries: Entries, records: Iterable[Record], component: str, now: int) -> Entries:
    there = {entry.record.identity for entry in entries}
    return (*entries, *(Entry(r, component, now) for r in records if r.identity not in there))


def _uploaded(offer: Offer, store: Store) -> Record:
    """Claim the package and see to it that its file is in the pool, young enough to be left alone by gc.

    What was signed here has a place of its own, so it is uploaded before the claim: nobody could sign the
    same bytes again. Any other has the place of its version, which only the claim's winner may write.
    """
    if offer.record.origin != offer.record.sha256:
        if offer.is_new:
            store.upload(offer.record.path, offer.path)
        elif not _is_fresh(offer.record, store):
            _write_again(offer.record, store)
        return claim(store, offer.record)
    record = claim(store, offer.record)
    if record.sha256 == offer.record.sha256 and not _is_fresh(record, store):
        store.upload(record.path, offer.path)
    return record


def _is_fresh(record: Record, store: Store) -> bool:
    there = store.status(record.path)
    return there is not None and there.size == record.size and datetime.now(timezone.utc) - there.changed < _FRESH


def _write_again(record: Record, store: Store) -> None:
    found = store.read(record.path)
    if found is None:
        raise StorageError("it is missing from the pool", where=f"{store.address}/{record.path}")
    store.write(record.path, found.data)


def _packages(number: int) -> str:
    return f"{number} package{'' if number == 1 else 's'}"
