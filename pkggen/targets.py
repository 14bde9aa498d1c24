"""What a target system is: which glibc it has and what its package manager can read.

The figures are those of each release's own glibc package; a package built for several targets
has to fit the oldest.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from pkggen.errors import ConfigurationError, Problem
from pkggen.model import Target

GLIBC: dict[str, tuple[int, int]] = {
    "debian:11": (2, 31),
    "debian:12": (2, 36),
    "debian:13": (2, 41),
    "ubuntu:20.04": (2, 31),
    "ubuntu:22.04": (2, 35),
    "ubuntu:24.04": (2, 39),
    "ubuntu:26.04": (2, 43),
    "el:8": (2, 28),
    "el:9": (2, 34),
    "el:10": (2, 39),
    "amazonlinux:2023": (2, 34),
    "fedora:42": (2, 41),
    "fedora:43": (2, 42),
    "sles:15": (2, 31),
}
ARCHITECTURES = ("x86_64", "aarch64")


def host_glibc() -> tuple[int, int]:
    """Return the build host's glibc version, (2, 17) where it can't be told (musl)."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        text = ""
    words = text.split()
    if len(words) != 2:
        return (2, 17)
    major, minor = words[1].split(".")[:2]
    return int(major), int(minor)


def resolve_target(distros: Sequence[str], where: str = "targets") -> Target:
    """Return the target that fits every one of ``distros``, or the build host when there is none.

    Raises ConfigurationError naming all unknown ones and listing the known.
    """
    unknown = [d for d in distros if d not in GLIBC]
    ConfigurationError.raise_all(
        Problem(f"unknown target {d!r}", where, f"use one of {', '.join(GLIBC)}") for d in unknown
    )
    arch = platform.machine()
    if arch not in ARCHITECTURES:
        raise ConfigurationError(f"packages for {arch} are not supported", remedy="build on x86_64 or aarch64")
    glibc = min((GLIBC[d] for d in distros), default=host_glibc())
    return Target(arch=arch, glibc=glibc, distros=tuple(distros))
