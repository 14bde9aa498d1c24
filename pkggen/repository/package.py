"""The record of one package: what every index says of it, and where its file lies. It never changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import quote

from pkggen.errors import ConflictError, Problem, StorageError
from pkggen.repository.stores import Store

# In addresses "+" is a blank to some stores, and ":" or "%" mean something to others.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A package: its identity, its file in the pool, and its ``texts``, which are what indexes are made of.

    ``version`` is whole, with epoch and release. ``origin`` is the digest of the file as it was
    handed in; it differs from ``sha256`` where the package was signed on its way in. ``about`` is for
    people: summary, homepage, licence and what it needs, as far as the package says.
    """

    format: str
    name: str
    version: str
    arch: str
    path: str
    size: int
    sha256: str
    texts: Mapping[str, str]
    origin: str
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return what only one package of a repository may have."""
        return self.format, self.name, self.version, self.arch

    @property
    def label(self) -> str:
        """Return how people are told of it."""
        return f"{self.name} {self.version} ({self.arch}, {self.format})"

    @property
    def key(self) -> str:
        """Return where the record itself lies."""
        return f".pkggen/packages/{self.format}/{self.name}/{quote(self.version, safe='')}_{self.arch}"


def pool_path(name: str, filename: str, sha256: str, *, apart: bool) -> str:
    """Return where the file of a package goes; a name that is no plain word is made one, and kept apart by digest.

    ``apart`` keeps any name so: for bytes that are made only once.
    """
    folder = f"pool/{_plain(name)[0]}/{_plain(name)}"
    plain = _plain(filename)
    return (
        f"{folder}/{plain}"
        if (plain, _plain(name), apart) == (filename, name, False)
        else f"{folder}/{sha256[:12]}/{plain}"
    )


def _plain(text: str) -> str:
    return "-".join(_PLAIN.findall(text))


def known(store: Store, record: Record) -> Record | None:
    """Return the record that the repository has of this package, None where it has none.

    Raises ConflictError when it is of other bytes: whoever has installed that version would never get these.
    """
    found = store.read(record.key)
    if found is None:
        return None
    try:
        older = Record(**json.loads(found.data))
    except (ValueError, TypeError) as error:
        raise StorageError("it is no record of a package", where=f"{store.address}/{record.key}") from error
    if older.origin != record.origin and older.sha256 != record.sha256:
        raise ConflictError(
            Problem(
                f"{record.label} is in the repository with other bytes (SHA-256 {older.sha256})",
                store.address,
                "raise the version or the release; what was published once keeps its bytes",
            )
        )
    return older


def claim(store: Store, record: Record) -> Record:
    """Note the record unless there is one, and return the one that holds; ConflictError as :func:`known`.

    Of two publishers that claim the same version with other bytes, one gets it, whatever happens between them.
    """
    store.create(record.key, json.dumps(asdict(record), sort_keys=True).encode())
    return known(store, record) or record
