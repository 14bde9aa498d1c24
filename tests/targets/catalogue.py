"""The targets that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import host
from .box import Box
from .cache import Recipe, RootCache
from .debian import BASE, LIBRARIES, TIDY, DebianRecipe
from .foreign import ForeignDebianRecipe
from .machine import Machine
from .rpm.recipe import RpmRecipe


@dataclass(frozen=True)
class Target:
    """A system that packages are installed in.

    ``family`` is ``deb`` or ``rpm``; ``release`` the distribution's (``12``) or, for rpm
    targets, rpm's own (``4.18``); ``glibc`` the version of the C library, empty where it moves.
    """

    name: str
    family: str
    release: str
    glibc: str
    recipe: Recipe = field(repr=False)

    def tree(self) -> Path:
        """Return the root, made when it is missing; raises ``TargetError``. Do not write to it."""
        host.require()
        return RootCache(host.cache_directory()).tree(self.recipe)

    def box(self, *, shares: Mapping[str, Path] | None = None, tmpfs: Mapping[str, str] | None = None) -> Box:
        """Describe a box without systemd, as in an image build: commands run straight in the root."""
        return Box(self.tree(), self.family, shares or {}, tmpfs or {})

    def boot(self, *, shares: Mapping[str, Path] | None = None, tmpfs: Mapping[str, str] | None = None) -> Machine:
        """Describe a box in which systemd boots."""
        return Machine(self.tree(), self.family, shares or {}, tmpfs or {})


def _debian(release: str, suite: str, glibc: str, seconds: int, aside: tuple[str, ...] = ()) -> Target:
    name = f"debian:{release}"
    hooks = (DOWNLOAD.format(" ".join(aside)), *TIDY) if aside else TIDY
    return Target(name, "deb", release, glibc, DebianRecipe(name, suite, (*BASE, *LIBRARIES), seconds, hooks=hooks))


def _rpm(release: str, suite: str, glibc: str, seconds: int, dnf: str = "dnf") -> Target:
    name = f"rpm:{release}"
    base = DebianRecipe(f"{name} base", suite, (*BASE, *LIBRARIES, "rpm", dnf), 0, EXCLUDED_FILES)
    return Target(name, "rpm", release, glibc, RpmRecipe(name, base, seconds))


ASIDE = "/var/local/aside"
"""Where a root has packages that a test installs for itself: what they bring would change all the others."""

DOWNLOAD = (
    f'mkdir -p "$1{ASIDE}/partial" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get install -qq --download-only'
    f' --no-install-recommends -o Dir::Cache::Archives="$1{ASIDE}" {{}} >/dev/null'
)

EXCLUDED_FILES = tuple(f"path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale", "info"))
"""What a converted root has no use for, dpkg.cfg(5)."""

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        _debian("11", "bullseye", "2.31", 40),
        _debian("12", "bookworm", "2.36", 30, ("fapolicyd", "ostree", "rpm", "zstd")),
        _debian("13", "trixie", "2.41", 30),
        _rpm("4.18", "bookworm", "2.36", 70),
        _rpm("4.16", "bullseye", "2.31", 70),
        _rpm("4.20", "trixie", "2.41", 70),
        _rpm("6", "sid", "", 90, "dnf5"),
    )
}

FOREIGN: Mapping[str, Target] = {
    # without systemd: what boots takes minutes under emulation
    "debian:12-arm64": Target(
        "debian:12-arm64", "deb", "12", "2.36", ForeignDebianRecipe("debian:12-arm64", "bookworm", ("passwd",), 100)
    ),
}
"""Targets of other architectures, which need :func:`tests.targets.foreign.emulation_obstacle` to be None."""
