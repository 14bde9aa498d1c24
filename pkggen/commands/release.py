"""What ``build --publish`` and ``build --changes`` do: packages of a project built, then handed on."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pkggen.commands.publish import Published, publish_packages
from pkggen.config.options import Options
from pkggen.config.publishing import TABLE
from pkggen.errors import ConfigurationError
from pkggen.model import BuiltPackage
from pkggen.pipeline import build_opened
from pkggen.project import Opened, opened
from pkggen.repository.opening import channel_name, open_repository
from pkggen.repository.upload import check_distribution, write_changes
from pkggen.signing.keys import SigningKey, find_key
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with the packages.

    ``channel`` is where they are published, "" for the usual one; ``changes`` is the distribution that
    files for an upload name, "" for no such files.
    """

    publish: bool
    channel: str
    changes: str


@dataclass(frozen=True, slots=True)
class Released:
    """The packages, what became of them in the repository, and the ``.changes`` files."""

    built: tuple[BuiltPackage, ...]
    published: Published | None
    changes: tuple[Path, ...]


def release(options: Options, cache: Cache, reporter: Reporter, wanted: Wanted) -> Released:
    """Build the packages and hand them on; keys and repository are seen to before anything is built."""
    now = int(time.time())
    with tempfile.TemporaryDirectory(prefix="pkggen-release-") as scratch, opened(options, Path(scratch)) as project:
        table = project.config.publish
        repository = None
        if wanted.publish:
            channel_name(table, wanted.channel)
            repository = open_repository(table, now, reporter)
        key = _key(project, wanted.changes) if wanted.changes else None
        built = build_opened(project, cache, reporter)
        debs = [package.path for package in built if package.format == "deb"] if key else []
        changes = tuple(write_changes(deb, wanted.changes, key, now) for deb in debs if key)
        published = None
        if repository:
            paths = [package.path for package in built]
            published = publish_packages(paths, repository, table, wanted.channel, reporter)
        return Released(built, published, changes)


def _key(project: Opened, distribution: str) -> SigningKey:
    """Return the key that signs the .debs, or the first of the repository."""
    check_distribution(distribution)
    found = [name for name in (project.config.deb.sign, *project.config.publish.keys) if name]
    if not found:
        raise ConfigurationError(
            "no key is named: upload queues want a signed .changes",
            where=TABLE / "keys",
            remedy="name a key of the gpg keyring, with --sign or here",
        )
    return find_key(found[0], TABLE / "keys")
