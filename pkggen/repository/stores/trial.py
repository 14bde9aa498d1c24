"""Whether a store keeps the promises that publishing rests on, tried before anything is published there."""

from __future__ import annotations

import secrets

from pkggen.errors import StorageError
from pkggen.repository.stores import Store

_MARK = ".pkggen/tried"


def ensure_conditional_writes(store: Store) -> None:
    """Raise StorageError unless the store refuses to create what exists and to replace what has changed.

    Without that, two publishers at once lose packages of each other. Tried once, noted in the store.
    """
    if store.status(_MARK) is not None:
        return
    key = f".pkggen/trial/{secrets.token_hex(8)}"
    try:
        broken = _broken_promise(store, key)
    finally:
        store.delete(key)
        store.delete(f"{key}-missing")
    if broken:
        raise StorageError(
            f"the store {broken}",
            where=store.address,
            remedy="use a store with conditional writes (If-None-Match and If-Match), or a directory",
        )
    store.create(_MARK, b"conditional writes hold\n")


def _broken_promise(store: Store, key: str) -> str:
    """Return what the store does that it must not, "" where all promises hold; a step builds on the one before."""
    if not store.create(key, b"one"):
        return "refuses to create an object"
    if store.create(key, b"two"):
        return "creates an object that exists"
    tag = found.tag if (found := store.read(key)) else ""
    steps = (
        ("refuses to replace an object that has not changed", store.replace(key, b"two", tag)),
        ("replaces an object that has changed", not store.replace(key, b"three", tag)),
        ("replaces an object that was said to be missing", not store.replace(key, b"four", None)),
        ("replaces an object that is not there", not store.replace(f"{key}-missing", b"five", tag)),
    )
    return next((said for said, kept in steps if not kept), "")
