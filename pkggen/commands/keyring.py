"""A package of the repository's key and of the files that set up a host, published in the repository itself.

Its files are those that the set-up lines copy, at the same places: dpkg and rpm take them for
configuration that nobody has changed, so that an upgrade brings the next key to every host.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pkggen.commands.publish import Published, publish_packages
from pkggen.config.options import Options
from pkggen.config.tables import PublishTable
from pkggen.pipeline import build
from pkggen.repository.clients import repo, short_name, sources
from pkggen.repository.family import Repository
from pkggen.repository.generations import Generation, existing
from pkggen.repository.keys import PUBLIC
from pkggen.repository.opening import channel_name, check_address
from pkggen.signing.texts import public_keys
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter


def publish_keyring(
    repository: Repository, table: PublishTable, version: str, cache: Cache, reporter: Reporter, *, wanted: str
) -> Published:
    """Build ``ORIGIN-archive-keyring`` for the formats that a channel has, and publish it there.

    Raises ConfigurationError where there is no such channel, or no address that the files could name.
    """
    channel = channel_name(table, wanted)
    generation = existing(repository.store, channel).generation
    check_address(repository.settings)
    with tempfile.TemporaryDirectory(prefix="pkggen-keyring-") as scratch:
        home = Path(scratch)
        rows = [_row(home, *file) for file in _files(repository, channel, generation)]
        (home / "pkggen.toml").write_text(_project(repository, version) + "".join(rows), encoding="utf-8")
        formats = tuple(name for name in ("deb", "rpm") if name in generation.indexes)
        options = Options(home, formats=formats, output=home / "dist", targets=_OLDEST)
        built = build(options, cache, reporter)
        return publish_packages([package.path for package in built], repository, table, wanted, reporter)


_OLDEST = ("debian:11",)  # whatever a host is, it can unpack this


def _project(repository: Repository, version: str) -> str:
    settings = repository.settings
    lines = {
        "name": f"{short_name(settings)}-archive-keyring",
        "version": version,
        "summary": f"key and addresses of the packages of {settings.origin}",
    }
    return "meta = true\n" + "".join(f"{key} = {json.dumps(text)}\n" for key, text in lines.items())


def _files(repository: Repository, channel: str, generation: Generation) -> Iterator[tuple[str, str, str]]:
    """Yield format, path on the host and text of each file."""
    settings, key = repository.settings, public_keys(repository.keys)
    name = short_name(settings)
    if "deb" in generation.indexes:
        yield "deb", f"/etc/apt/keyrings/{name}.asc", key
        yield "deb", f"/etc/apt/sources.list.d/{name}.sources", sources(settings, channel, generation)
    if "rpm" in generation.indexes:
        yield "rpm", f"/etc/pki/rpm-gpg/{name}-{PUBLIC}", key
        yield "rpm", f"/etc/yum.repos.d/{name}-{channel}.repo", repo(settings, channel)


def _row(home: Path, family: str, path: str, text: str) -> str:
    source = home / f"{family}-{path.rsplit('/', 1)[-1]}"
    source.write_text(text, encoding="utf-8")
    return f'[[files]]\nsrc = "{source.name}"\ndst = "{path}"\nformat = "{family}"\n'
