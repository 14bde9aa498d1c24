"""Roots, made once and shared by all test runs of a user.

<cache>/<name>-<digest>.tar     the root as it was made
<cache>/<name>-<digest>.tree/   the same, unpacked: the read-only lower layer of every box
<cache>/<name>-<digest>.log     what making it said
<cache>/<name>-<digest>.lock    held while it is made
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import CommandTimedOutError
from .process import execute

LOCK_SECONDS = 1800
KEPT_SECONDS = 7 * 24 * 3600
"""A root whose recipe has changed goes when no run has used it for a week: other branches may."""

TAR_ATTRIBUTES = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
"""File capabilities (ping's) are extended attributes outside tar's default set."""


class Recipe(Protocol):
    """How one root is made."""

    @property
    def name(self) -> str:
        """The root's name, such as ``debian:12``."""

    @property
    def digest(self) -> str:
        """A digest that changes whenever the recipe would make another root."""

    @property
    def seconds(self) -> int:
        """About how long making it takes."""

    def make(self, tarball: Path, log: Path, cache: RootCache) -> None:
        """Write the root to ``tarball`` and what was said on the way to ``log``."""


@dataclass(frozen=True)
class RootCache:
    """The roots in one directory."""

    directory: Path

    def tree(self, recipe: Recipe) -> Path:
        """Return the unpacked root of ``recipe``, made when it is missing.

        Never write to it: boxes in other test runs stand on it.
        """
        stem = f"{recipe.name.replace(':', '-')}-{recipe.digest}"
        tree = self.directory / f"{stem}.tree"
        lock = self.directory / f"{stem}.lock"
        lock.touch()
        if tree.is_dir():
            return tree
        tarball = self.directory / f"{stem}.tar"
        with locked(lock, recipe.name):
            self._forget_unused()
            if not tarball.exists():
                self._make(recipe, tarball)
            if not tree.is_dir():
                with self.scratch() as scratch:
                    fresh = Path(scratch, "tree")
                    unpack(tarball, fresh)
                    os.replace(fresh, tree)
        return tree

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Make a temporary directory on the cache's own file system, so that rename(2) works."""
        return tempfile.TemporaryDirectory(prefix=".making-", dir=self.directory)

    def _forget_unused(self) -> None:
        """Delete roots nobody has asked for lately and what interrupted runs left half made."""
        long_ago = time.time() - KEPT_SECONDS
        unused = [lock for lock in self.directory.glob("*.lock") if lock.stat().st_mtime < long_ago]
        for lock in unused:
            for suffix in (".tar", ".log", ".lock"):
                lock.with_suffix(suffix).unlink(missing_ok=True)
            shutil.rmtree(lock.with_suffix(".tree"), ignore_errors=True)
        for scratch in self.directory.glob(".making-*"):
            if scratch.stat().st_mtime < long_ago:
                shutil.rmtree(scratch, ignore_errors=True)

    def _make(self, recipe: Recipe, tarball: Path) -> None:
        tell(f"making {recipe.name} root (about {recipe.seconds} s, cached)")
        started = time.monotonic()
        with self.scratch() as scratch:
            fresh = Path(scratch, "root.tar")
            recipe.make(fresh, tarball.with_suffix(".log"), self)
            os.replace(fresh, tarball)
        tell(f"made {recipe.name} root in {time.monotonic() - started:.0f} s")


def unpack(tarball: Path, tree: Path) -> None:
    """Unpack a root into the new directory ``tree``."""
    tree.mkdir()
    execute(["tar", "-C", str(tree), *TAR_ATTRIBUTES, "-xpf", str(tarball)], timeout=300)
    tree.chmod(0o755)


@contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold the lock file ``path``; raises ``CommandTimedOutError`` after half an hour of waiting."""
    with path.open("a") as handle:
        deadline = time.monotonic() + LOCK_SECONDS
        waiting = False
        while not try_lock(handle.fileno()):
            if not waiting:
                tell(f"waiting for another run that is making {name}")
            waiting = True
            if time.monotonic() > deadline:
                raise CommandTimedOutError(f"{path} was still locked after {LOCK_SECONDS} s")
            time.sleep(0.3)
        yield


def try_lock(descriptor: int) -> bool:
    """Take an exclusive flock(2) unless somebody else holds it; the kernel drops it at exit."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tell(message: str) -> None:
    """Say on standard error, past pytest's capture, what the user is waiting for."""
    print(f"pkggen tests: {message}", file=sys.__stderr__, flush=True)
