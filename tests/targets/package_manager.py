"""The package managers of the targets, as an administrator types them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .process import Result

Run = Callable[..., Result]
"""``Box.run``."""

TIMEOUT = 300


class PackageManager(Protocol):
    """What one does with packages; paths are paths in the box.

    Every method raises ``CommandFailedError`` when the command fails, unless ``check`` is false.
    """

    def install(self, *paths: str, check: bool = True) -> Result:
        """Install package files, with their dependencies as far as the box has them."""

    def upgrade(self, *paths: str, check: bool = True) -> Result:
        """Replace installed packages by those in newer package files."""

    def remove(self, *names: str, check: bool = True) -> Result:
        """Remove packages; configuration may stay."""

    def purge(self, *names: str, check: bool = True) -> Result:
        """Remove packages and their configuration (rpm knows no difference)."""

    def verify(self, name: str) -> Result:
        """Compare the files on disk with the package; the output is empty when all is well."""

    def version(self, name: str) -> str | None:
        """Return the installed version with its release or revision; None when not installed."""


@dataclass(frozen=True)
class Apt:
    """apt-get and dpkg."""

    run: Run

    def install(self, *paths: str, check: bool = True) -> Result:
        return self.run(["apt-get", "install", "-y", *paths], check=check, timeout=TIMEOUT)

    def upgrade(self, *paths: str, check: bool = True) -> Result:
        return self.install(*paths, check=check)

    def remove(self, *names: str, check: bool = True) -> Result:
        return self.run(["apt-get", "remove", "-y", *names], check=check, timeout=TIMEOUT)

    def purge(self, *names: str, check: bool = True) -> Result:
        return self.run(["apt-get", "purge", "-y", *names], check=check, timeout=TIMEOUT)

    def verify(self, name: str) -> Result:
        return self.run(["dpkg", "--verify", name], timeout=TIMEOUT)

    def version(self, name: str) -> str | None:
        query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name]
        state, _, version = self.run(query).stdout.partition(" ")
        return version if state == "installed" else None


@dataclass(frozen=True)
class Dnf:
    """dnf and rpm."""

    run: Run

    def install(self, *paths: str, check: bool = True) -> Result:
        return self.run(["dnf", "install", "-y", *paths], check=check, timeout=TIMEOUT)

    def upgrade(self, *paths: str, check: bool = True) -> Result:
        return self.run(["dnf", "upgrade", "-y", *paths], check=check, timeout=TIMEOUT)

    def remove(self, *names: str, check: bool = True) -> Result:
        return self.run(["dnf", "remove", "-y", *names], check=check, timeout=TIMEOUT)

    def purge(self, *names: str, check: bool = True) -> Result:
        return self.remove(*names, check=check)

    def verify(self, name: str) -> Result:
        return self.run(["rpm", "--verify", name], timeout=TIMEOUT)

    def version(self, name: str) -> str | None:
        found = self.run(["rpm", "-q", "--qf", "%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}", name])
        return found.stdout if found.returncode == 0 else None


FAMILIES: Mapping[str, Callable[[Run], PackageManager]] = {"deb": Apt, "rpm": Dnf}


def package_manager(family: str, run: Run) -> PackageManager:
    """Return the package manager of a target of ``family`` whose commands ``run`` runs."""
    return FAMILIES[family](run)
