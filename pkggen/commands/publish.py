"""What ``publish`` does: packages in, a new generation of a channel out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pkggen.config.tables import PublishTable
from pkggen.repository.clients import write_client_files
from pkggen.repository.family import Channel, Repository
from pkggen.repository.generations import check_channel, read_head
from pkggen.repository.opening import channel_name
from pkggen.repository.publication import Offer, Wish, publish, read_offers
from pkggen.repository.retention import Retention
from pkggen.signing.keys import SigningKey
from pkggen.terminal.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it: the channel, its generation, and of each package where it lies and whether it is new."""

    channel: str
    generation: int
    packages: tuple[Offer, ...]
    stale: tuple[str, ...]
    """Addresses that a cache before the store may hold an older answer of."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON wants it."""
        rows = [
            {k: v for k, v in asdict(o.record).items() if k not in ("texts", "origin")} | {"new": o.is_new}
            for o in self.packages
        ]
        return {"channel": self.channel, "generation": self.generation, "packages": rows, "stale": list(self.stale)}


def publish_packages(
    paths: Sequence[Path], repository: Repository, table: PublishTable, wanted: str, reporter: Reporter,
    *, dry_run: bool = False,
) -> Published:  # fmt: skip
    """Publish packages in a channel, ``wanted`` or the usual one; with ``dry_run`` tell what would be done."""
    channel = Channel(repository, channel_name(table, wanted))
    check_channel(channel.name)
    with _scratch() as scratch:
        sign = None if table.unsigned == "refuse" else partial(_sign, repository.keys[0])
        with reporter.step(f"reading {len(paths)} package{'' if len(paths) == 1 else 's'}"):
            offers = read_offers(paths, repository.store, sign, Path(scratch))
        if dry_run:
            number = read_head(repository.store, channel.name).generation.number
            return Published(channel.name, number, offers, ())
        wish = Wish(table.component, Retention(table.keep_last, table.keep_days))
        generation = publish(offers, channel, wish, reporter)
    write_client_files(channel, generation)
    return Published(channel.name, generation.number, offers, stale(channel.name))


def stale(channel: str) -> tuple[str, ...]:
    """Return what a cache before the store has to forget after a change, as patterns of paths."""
    return f"dists/{channel}/*", f"yum/{channel}/repodata/repomd.xml*"


def _scratch() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="pkggen-publish-")


def _sign(key: SigningKey, path: Path) -> None:
    from pkggen.formats import FORMATS  # noqa: PLC0415 - all that makes packages, which publishing them needs here alone

    work = path.parent / "signing"
    work.mkdir()
    FORMATS["rpm"].sign(path, key, work)
    shutil.rmtree(work)
