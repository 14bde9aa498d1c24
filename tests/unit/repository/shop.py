"""A repository of a test: small packages, a key, and the steps that the command line takes."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pkggen.errors import Key, Problem
from pkggen.repository.family import Channel, Repository, Settings
from pkggen.repository.generations import Generation, entries_of, existing
from pkggen.repository.publication import Wish, publish, read_offers
from pkggen.repository.retention import Retention
from pkggen.repository.stores import Listed, Store, Stored
from pkggen.repository.verification import faults
from pkggen.signing.keys import SigningKey, find_key
from pkggen.signing.texts import public_keys
from pkggen.terminal.reporter import Silent
from tests.unit.debsmith import CONTROL, forge

MAIL = "repository@example.invalid"
NOW = 1_790_000_000
SETTINGS = Settings("Example", "https://packages.example.invalid")
KEEP_ALL = Retention()


@contextmanager
def keyring(*mails: str, expires: str = "never") -> Iterator[Path]:
    """Yield a GNUPGHOME with keys of these addresses; its path is short, as an agent's socket wants."""
    with tempfile.TemporaryDirectory(prefix="pkggen-keys-", dir="/tmp") as home:
        environment = {**os.environ, "GNUPGHOME": home}
        for mail in mails:
            words = ("--passphrase", "", "--quick-generate-key", f"Somebody <{mail}>", "ed25519", "sign", expires)
            subprocess.run(["gpg", "-q", "--batch", *words], env=environment, check=True, capture_output=True)
        yield Path(home)
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=True)


def deb(folder: Path, name: str = "app", version: str = "1.0-1", arch: str = "amd64", more: str = "") -> Path:
    """Write a package of few bytes; ``more`` are further lines of its control file."""
    folder.mkdir(exist_ok=True)
    control = CONTROL.replace("Package: x", f"Package: {name}").replace("Version: 1", f"Version: {version}")
    control = control.replace("Architecture: all", f"Architecture: {arch}") + more
    return forge(folder / f"{name}_{version.replace(':', '.')}_{arch}.deb", {"control": control})


@dataclass
class Shop:
    """A repository in a store, with keys; each step is a second later than the one before."""

    store: Store
    keys: tuple[SigningKey, ...]
    scratch: Path
    settings: Settings = SETTINGS
    clock: Iterator[int] = field(default_factory=lambda: itertools.count(NOW))

    @classmethod
    def opened(cls, store: Store, scratch: Path, *mails: str) -> Shop:
        """Open a repository of the current keyring's keys, whose public part is told to clients."""
        keys = tuple(find_key(mail, Key.of("publish", "keys")) for mail in mails or (MAIL,))
        store.write("archive-key.asc", public_keys(keys).encode())
        return cls(store, keys, scratch)

    def channel(self, name: str = "stable") -> Channel:
        return Channel(Repository(self.store, self.keys, self.settings, next(self.clock)), name)

    def publish(
        self, *paths: Path, channel: str = "stable", component: str = "main", retention: Retention = KEEP_ALL
    ) -> Generation:
        offers = read_offers(paths, self.store, None, self.scratch)
        return publish(offers, self.channel(channel), Wish(component, retention), Silent())

    def within(self, store: Store) -> Shop:
        """Return the same shop seen through another store."""
        return replace(self, store=store)

    def held(self, channel: str = "stable") -> list[str]:
        """Return what a channel holds, as name=version."""
        entries = entries_of(self.store, existing(self.store, channel).generation)
        return sorted(f"{entry.name}={entry.record.version}" for entry in entries)

    def faults(self) -> list[Problem]:
        return list(faults(self.store, self.settings, contents=True))

    def text(self, key: str) -> str:
        found = self.store.read(key)
        assert found is not None, key
        return found.data.decode()


class Stopped(BaseException):
    """The publisher was killed: nothing catches it."""


@dataclass
class Watched:
    """A store of which each write is told before it is done; ``before`` may raise, or do something of its own."""

    inner: Store
    before: Callable[[str], None]
    address: str = "watched"

    def read(self, key: str) -> Stored | None:
        return self.inner.read(key)

    def chunks(self, key: str) -> Iterator[bytes] | None:
        return self.inner.chunks(key)

    def status(self, key: str) -> Listed | None:
        return self.inner.status(key)

    def write(self, key: str, data: bytes) -> None:
        self.before(key)
        self.inner.write(key, data)

    def create(self, key: str, data: bytes) -> bool:
        self.before(key)
        return self.inner.create(key, data)

    def replace(self, key: str, data: bytes, tag: str | None) -> bool:
        self.before(key)
        return self.inner.replace(key, data, tag)

    def upload(self, key: str, path: Path) -> None:
        self.before(key)
        self.inner.upload(key, path)

    def copy(self, key: str, target: str) -> None:
        self.before(target)
        self.inner.copy(key, target)

    def delete(self, key: str) -> None:
        self.before(key)
        self.inner.delete(key)

    def listed(self, prefix: str) -> Iterator[Listed]:
        return self.inner.listed(prefix)


def versions(shown: str) -> Sequence[str]:
    """Return the versions that a Packages file tells."""
    return [line.removeprefix("Version: ") for line in shown.splitlines() if line.startswith("Version: ")]
