"""A repository in a bucket, through obstore: S3 and what speaks its protocol, Google Cloud Storage, Azure.

Credentials, region and endpoint are read from the environment by obstore itself
(https://developmentseed.org/obstore/latest/authentication/), and are never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkggen.errors import ConfigurationError, StorageError, ToolError
from pkggen.repository.stores import CHUNK, Listed, Stored, lasting

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
    ".xml": "application/xml", ".asc": "text/plain; charset=utf-8", ".repo": "text/plain; charset=utf-8",
    ".sources": "text/plain; charset=utf-8", ".deb": "application/vnd.debian.binary-package",
    ".rpm": "application/x-rpm",
}  # fmt: skip
_TEXTS = ("InRelease", "Release", "Packages")


class Bucket:
    """The objects of a bucket, below a prefix where the URL has one."""

    def __init__(self, store: ObjectStore, address: str) -> None:
        """Take a store of obstore's and the address that messages name."""
        self.address = address
        self._store = store

    @classmethod
    def at(cls, url: str) -> Bucket:
        """Open the bucket of a URL; raise ConfigurationError, ToolError where obstore is not installed."""
        try:
            from obstore.exceptions import BaseError  # noqa: PLC0415
            from obstore.store import from_url  # noqa: PLC0415
        except ImportError as error:
            raise ToolError("obstore is not installed", remedy='install "pkggen[publish]"') from error
        try:
            return cls(from_url(url), url)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(f"{url} can't be opened: {_said(error)}") from error

    def read(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        import obstore  # noqa: PLC0415

        with self._answering(key):
            try:
                found = obstore.get(self._store, key)
                return Stored(found.bytes().to_bytes(), found.meta["e_tag"] or "")
            except FileNotFoundError:
                return None

    def chunks(self, key: str) -> Iterator[bytes] | None:
        """Return an object piece by piece, None where there is none."""
        import obstore  # noqa: PLC0415

        with self._answering(key):
            try:
                found = obstore.get(self._store, key)
            except FileNotFoundError:
                return None
            return map(bytes, found.stream(min_chunk_size=CHUNK))

    def status(self, key: str) -> Listed | None:
        """Return size and age of an object, None where there is none."""
        import obstore  # noqa: PLC0415

        with self._answering(key):
            try:
                return _listed(obstore.head(self._store, key))
            except FileNotFoundError:
                return None

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whatever was there."""
        self._put(key, data)

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one; return whether it was written."""
        return self._put(key, data, mode="create")

    def replace(self, key: str, data: bytes, tag: str | None) -> bool:
        """Write an object if it still has the tag, or, with None, still is not there; return whether it was written."""
        return self._put(key, data, mode="create" if tag is None else {"e_tag": tag})

    def upload(self, key: str, path: Path) -> None:
        """Write a file as an object, in parts where it is large."""
        self._put(key, path)

    def copy(self, key: str, target: str) -> None:
        """Write an object once more under another key: within the store where nothing has to be said of it."""
        import obstore  # noqa: PLC0415

        if lasting(key) == lasting(target):
            with self._answering(key):
                obstore.copy(self._store, key, target)
        else:  # a copy keeps what caches are told, and a name that is written again must not last
            found = self.read(key)
            if found is None:
                raise StorageError("it is not there", where=f"{self.address}/{key}")
            self.write(target, found.data)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        import obstore  # noqa: PLC0415

        with self._answering(key):
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    def listed(self, prefix: str) -> Iterator[Listed]:
        """Yield the objects below a prefix such as ``pool/``."""
        import obstore  # noqa: PLC0415

        with self._answering(prefix):
            for page in obstore.list(self._store, prefix):
                for found in page:
                    yield _listed(found)

    def _put(self, key: str, data: bytes | Path, mode: Any = "overwrite") -> bool:
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError, NotModifiedError, PreconditionError  # noqa: PLC0415

        with self._answering(key):
            try:
                obstore.put(self._store, key, data, mode=mode, attributes=_attributes(key))
            # dialects: 412, 409 while another write of the key is under way, 304; 404 for If-Match on what is not there
            except (AlreadyExistsError, PreconditionError, NotModifiedError):
                return False
            except FileNotFoundError:
                if mode == "overwrite":
                    raise
                return False
            return True

    @contextmanager
    def _answering(self, key: str) -> Iterator[None]:
        from obstore.exceptions import BaseError  # noqa: PLC0415

        try:
            yield
        except (BaseError, OSError) as error:
            raise StorageError(_said(error), where=f"{self.address}/{key}") from error


def _listed(found: ObjectMeta) -> Listed:
    return Listed(found["path"], int(found["size"]), found["last_modified"])


def _attributes(key: str) -> dict[str, str]:
    """Return what caches and browsers are told of an object."""
    name = key.rsplit("/", 1)[-1]
    kind = "text/plain; charset=utf-8" if name in _TEXTS else _TYPES.get(f".{name.rpartition('.')[2]}", "")
    keep = "public, max-age=31536000, immutable" if lasting(key) else "no-cache"
    return {"Cache-Control": keep, "Content-Type": kind or "application/octet-stream"}


def _said(error: Exception) -> str:
    """Return the first line of an error; obstore appends all that it knows, headers included."""
    return next(iter(str(error).splitlines()), type(error).__name__)
