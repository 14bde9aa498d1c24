"""Objects that are named by what they hold: written once, the same for ever, compressed."""

from __future__ import annotations

import hashlib

import zstandard

from pkggen.errors import StorageError
from pkggen.repository.stores import Store

FOLDER = ".pkggen/objects/"
_LARGEST = 1 << 30  # bytes that an object of ours may unpack to


def object_key(digest: str) -> str:
    """Return the key of the object with a digest."""
    return f"{FOLDER}{digest[:2]}/{digest}"


def save(store: Store, data: bytes) -> str:
    """Write an object and return its digest; one that is there is written again, since gc looks at its age."""
    packed = zstandard.ZstdCompressor(level=3).compress(data)
    digest = hashlib.sha256(packed).hexdigest()
    store.write(object_key(digest), packed)
    return digest


def load(store: Store, digest: str) -> bytes:
    """Return what an object holds; raise StorageError where it is gone or damaged."""
    found = store.read(object_key(digest))
    where = f"{store.address}/{object_key(digest)}"
    if found is None:
        raise StorageError("it is missing", where=where, remedy="go back to an older generation, or restore a backup")
    if hashlib.sha256(found.data).hexdigest() != digest:
        raise StorageError("it holds other bytes than its name says", where=where, remedy="restore a backup")
    return zstandard.ZstdDecompressor().decompress(found.data, max_output_size=_LARGEST)
