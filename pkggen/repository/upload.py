"""A ``.changes`` file, with which a .deb is handed to dput, reprepro, aptly or dak.

Source: deb-changes(5); Debian Policy 5.5. There is no source package, so that it is one of binaries
alone, a file for each package: those of a split have versions of their own.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

from debian.changelog import Changelog, ChangelogParseError
from debian.deb822 import Deb822

from pkggen.archives.deb import read_contents, read_control
from pkggen.errors import ConfigurationError
from pkggen.signing.keys import SigningKey
from pkggen.signing.texts import clear_signed
from pkggen.store.writing import write_file

_DIGESTS = {"Checksums-Sha1": "sha1", "Checksums-Sha256": "sha256"}
_CHUNK = 1 << 20


def check_distribution(name: str) -> None:
    """Raise ConfigurationError for what can't be a distribution's name in a ``.changes`` file."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", name):
        raise ConfigurationError(f"{name!r} is no distribution", where="--changes", remedy="name one, such as stable")


def write_changes(deb: Path, distribution: str, key: SigningKey, now: int) -> Path:
    """Write the signed ``.changes`` of a .deb beside it and return its path.

    Raises ArtefactError for a damaged package, ToolError when the key's agent refuses, StorageError.
    """
    path = deb.with_suffix(".changes")
    write_file(path, clear_signed("".join(_lines(deb, distribution, now)), [key]))
    return path


def _lines(deb: Path, distribution: str, now: int) -> Iterator[str]:
    control = Deb822(read_control(deb))
    name, version, maintainer = control["Package"], control["Version"], control["Maintainer"]
    summary = control.get("Description", "").split("\n")[0]
    yield "Format: 1.8\n"
    yield f"Date: {formatdate(now)}\n"
    yield f"Source: {name}\nBinary: {name}\nArchitecture: {control['Architecture']}\nVersion: {version}\n"
    yield f"Distribution: {distribution}\nUrgency: medium\nMaintainer: {maintainer}\nChanged-By: {maintainer}\n"
    yield f"Description:\n {name} - {summary}\n"
    yield f"Changes:\n {name} ({version}) {distribution}; urgency=medium\n .\n"
    for change in _news(deb, name, version):
        yield f"   {change}\n" if change.strip() else " .\n"
    size, digests = deb.stat().st_size, _digests(deb)
    for field, algorithm in _DIGESTS.items():
        yield f"{field}:\n {digests[algorithm]} {size} {deb.name}\n"
    section, priority = control.get("Section", "misc"), control.get("Priority", "optional")
    yield f"Files:\n {digests['md5']} {size} {section} {priority} {deb.name}\n"


def _news(deb: Path, name: str, version: str) -> list[str]:
    """Return what the package's own changelog says of this version, in lines that begin with a star or a blank."""
    place = f"/usr/share/doc/{name}/changelog"
    found = read_contents(deb, lambda path: path in (f"{place}.gz", f"{place}.Debian.gz"))
    for data in found.values():
        try:
            news = Changelog(zlib.decompress(data, wbits=31).decode("utf-8", "replace"), max_blocks=1)[0]
        except (ChangelogParseError, zlib.error, IndexError):
            continue
        if str(news.version) == version:
            return [line.strip() for line in news.changes() if line.strip()]
    return [f"* Release {version}."]


def _digests(path: Path) -> dict[str, str]:
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in ("md5", *_DIGESTS.values())}
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for digest in sums.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in sums.items()}
