"""Where a repository lies: a directory, or a bucket of an object store, both with the same few operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pkggen.errors import ConfigurationError
from pkggen.network.address import local_path, redacted

BUCKETS = ("s3", "gs", "az")
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was read: its bytes, and the tag that it has as long as nobody writes it."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object without its bytes: key, size in bytes, and when it was written."""

    key: str
    size: int
    changed: datetime


class Store(Protocol):
    """Objects by key, such as ``pool/a/app/app_1.0-1_all.deb``; each write is whole or not there.

    Every method raises StorageError where the store fails or refuses.
    """

    address: str

    def read(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        ...

    def chunks(self, key: str) -> Iterator[bytes] | None:
        """Return an object piece by piece, None where there is none."""
        ...

    def status(self, key: str) -> Listed | None:
        """Return size and age of an object, None where there is none."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one; return whether it was written."""
        ...

    def replace(self, key: str, data: bytes, tag: str | None) -> bool:
        """Write an object if it still has the tag, or, with None, still is not there; return whether it was written."""
        ...

    def upload(self, key: str, path: Path) -> None:
        """Write a file as an object, whatever was there, without holding it in memory."""
        ...

    def copy(self, key: str, target: str) -> None:
        """Write an object once more under another key."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def listed(self, prefix: str) -> Iterator[Listed]:
        """Yield the objects below a prefix such as ``pool/``. Only verifying and collecting garbage list anything."""
        ...


def open_store(url: str) -> Store:
    """Return the store at a URL: a path, ``file://``, ``s3://bucket/prefix``, ``gs://`` or ``az://``.

    Credentials, region and endpoint of a bucket come from the environment, by the settings of
    obstore. Raises ConfigurationError for any other address, and for one that holds credentials.
    """
    # imported here: a directory needs no library for buckets, and the import takes its time
    scheme = urlsplit(url).scheme.lower() if "://" in url else ""
    if scheme in BUCKETS:
        if "@" in urlsplit(url).netloc or urlsplit(url).query:
            raise ConfigurationError(
                f"{redacted(url)} holds credentials or settings",
                remedy="leave them to the environment, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT",
            )
        from pkggen.repository.stores.bucket import Bucket  # noqa: PLC0415

        return Bucket.at(url)
    path = local_path(url, Path.cwd())
    if path is None or not url:
        raise ConfigurationError(
            f"{redacted(url)!r} is no address of a repository",
            remedy=f"name a directory, or {', '.join(f'{name}://' for name in BUCKETS)}",
        )
    from pkggen.repository.stores.directory import Directory  # noqa: PLC0415

    return Directory(path.absolute())


def write_changed(store: Store, key: str, data: bytes) -> bool:
    """Write an object unless it is there with these bytes; return whether it was written."""
    found = store.read(key)
    if found and found.data == data:
        return False
    store.write(key, data)
    return True


def lasting(key: str) -> bool:
    """Tell whether what has this key never changes: caches may then keep it for ever."""
    folders = key.split("/")
    hashed = folders[-2:-1] == ["repodata"] and not folders[-1].startswith("repomd.")
    return folders[0] == "pool" or "by-hash" in folders or hashed or key.startswith(".pkggen/objects/")
