"""Packages that were made before: what would be packed again to the same bytes is not packed again.

A package's bytes follow from what was rendered, from its entries and from the program that packs
them. The digest of all that is the key; ``packages/<key>.json`` in the cache says which bytes it
gave. Packages of layers, which seldom change, are kept there as well.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pkggen.model import BuiltPackage, Entry, Purpose, Rendered
from pkggen.store.cache import Cache, sha256_of

NOTES = "packages"
_FORMAT = 2  # of the keys; raise it when packing gives other bytes than before


def package_key(rendered: Rendered, entries: Iterable[Entry], packer: str) -> str:
    """Return what the bytes of a package follow from, as one digest; ``packer`` names program and version."""
    package = rendered.package
    head = [_FORMAT, package.format, package.filename, package.compression, package.payload.epoch, packer]
    digest = hashlib.sha256(json.dumps(head).encode())
    for name, text in sorted(rendered.texts.items()):
        digest.update(f"{name}\0{len(text)}\0{text}\0".encode())
    for e in entries:
        kinds = (e.kind.value, e.config.value, e.role.value)
        row = (e.path, *kinds, e.mode, e.size, e.sha256, e.mtime, e.link, e.owner, e.group)
        digest.update(repr(row).encode())
    return digest.hexdigest()


class EarlierPackages:
    """What the cache and the output directory hold of earlier builds."""

    def __init__(self, cache: Cache, output: Path) -> None:
        """Take the cache, and the directory that finished packages are moved to."""
        self.cache = cache
        self.output = output

    def find(self, rendered: Rendered, key: str, directory: Path) -> BuiltPackage | None:
        """Return the package of ``key``: the file in the output directory, or a copy in ``directory``; else None."""
        package = rendered.package
        try:
            record = self.cache.note(NOTES, key)
            sha256, size = str(record["sha256"]), int(record["size"])
            there = self.output / package.filename
            if there.is_file() and not there.is_symlink() and sha256_of(there) == sha256:
                return BuiltPackage(package.format, there, size, sha256, unchanged=True)
            blob = self.cache.blob(sha256) if package.payload.purpose is Purpose.LAYERS else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if blob is None:
            return None
        directory.mkdir(parents=True)
        return BuiltPackage(package.format, shutil.copyfile(blob, directory / package.filename), size, sha256)

    def keep(self, built: BuiltPackage, key: str, purpose: Purpose) -> None:
        """Remember what ``key`` gave; a cache that can't be written to remembers nothing."""
        with suppress(OSError):
            if purpose is Purpose.LAYERS:
                with self.cache.scratch() as scratch:
                    copy = shutil.copyfile(built.path, scratch / "package")
                    self.cache.store_blob(copy, built.sha256, built.path.name)
            self.cache.keep_note(NOTES, key, {"sha256": built.sha256, "size": built.size})
