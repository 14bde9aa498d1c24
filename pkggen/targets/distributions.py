"""What a target system is: which glibc and libstdc++ it has and what its package manager can read.

A package built for several targets has to fit the oldest. Of glibc, checked against published
tables or our own test systems: Debian, Ubuntu up to 24.04, RHEL, SLES 15. From memory alone: the
newest Ubuntu and Fedoras, Amazon Linux, SLES 16. Of libstdc++, checked: Debian; the others from
memory. Service packs raise no floor but SLES 15's: its figures are those of SP3.
"""

from __future__ import annotations

import difflib
import os
import platform
from collections.abc import Mapping, Sequence

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
    "sles:16": (2, 40),
}
"""Release → glibc; within a distribution from old to new."""

GLIBCXX: Mapping[str, int] = {
    "debian:11": 28,
    "debian:12": 30,
    "debian:13": 33,
    "ubuntu:20.04": 28,
    "ubuntu:22.04": 30,
    "ubuntu:24.04": 33,
    "ubuntu:26.04": 34,
    "el:8": 25,
    "el:9": 29,
    "el:10": 33,
    "amazonlinux:2023": 29,
    "fedora:42": 34,
    "fedora:43": 34,
    "sles:15": 28,
    "sles:16": 33,
}
"""Release → N of the newest GLIBCXX_3.4.N in its libstdc++, by the gcc that it is of (libstdc++ manual, "ABI")."""

PYTHON: Mapping[str, str] = {
    "debian:11": "3.9.2",
    "debian:12": "3.11.2",
    "debian:13": "3.13.5",
    "ubuntu:20.04": "3.8.2",
    "ubuntu:22.04": "3.10.4",
    "ubuntu:24.04": "3.12.3",
    "ubuntu:26.04": "3.14",
    "el:8": "3.6",
    "el:9": "3.9",
    "el:10": "3.12",
    "amazonlinux:2023": "3.9",
    "fedora:42": "3.13",
    "fedora:43": "3.14",
    "sles:15": "3.6",
    "sles:16": "3.13",
}
"""Release → the version of its python3, as it was first released; the patch is left out where it isn't known.

Checked: Debian; the others from memory.
"""

DISTRIBUTIONS: Mapping[str, tuple[str, str]] = {
    "debian": ("Debian", "deb"),
    "ubuntu": ("Ubuntu", "deb"),
    "el": ("RHEL", "rpm"),
    "amazonlinux": ("Amazon Linux", "rpm"),
    "fedora": ("Fedora", "rpm"),
    "sles": ("SLES", "rpm"),
}
"""Distribution → its name and the format of its packages."""

WITHOUT_ZSTD = frozenset({"debian:11"})
"""Releases whose package manager can't read packages that are compressed with zstd."""

ARCHITECTURES = ("x86_64", "aarch64")
# What people call them: Debian's names, Python's, rebuilds of RHEL.
_ARCHITECTURE_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}
_SAME = {"rhel": "el", "centos": "el", "rocky": "el", "almalinux": "el", "amzn": "amazonlinux"}


MUSL = "musl:1.2"
"""What stands among targets for a system whose C library is musl, or that has it installed beside glibc."""


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


def resolve_target(distros: Sequence[str], arch: str = "", where: str = "targets") -> Target:
    """Return the target that fits every one of ``distros``, or the build host when there is none.

    ``arch`` is a machine's name, the build host's when empty ("amd64" and "arm64" will do).
    Rebuilds of RHEL count as ``el``. Raises ConfigurationError naming all unknown ones and
    listing the known.
    """
    named = tuple(dict.fromkeys(_canonical(d) for d in distros))
    problems = [
        Problem(f"unknown target {given!r}", where, _remedy(name))
        for given, name in zip(distros, map(_canonical, distros), strict=True)
        if name not in GLIBC and name != MUSL
    ]
    machine = _ARCHITECTURE_NAMES.get(arch, arch) or platform.machine()
    if machine not in ARCHITECTURES:
        what = f"packages for {machine} are not supported"
        remedy = f"use {' or '.join(ARCHITECTURES)}" if arch else "set arch, or build on x86_64 or aarch64"
        problems.append(Problem(what, "arch" if arch else "", remedy))
    ConfigurationError.raise_all(problems)
    libc = "musl" if MUSL in named else "glibc"
    named = tuple(d for d in named if d != MUSL)
    glibc = min((GLIBC[d] for d in named), default=host_glibc())
    return Target(arch=machine, glibc=glibc, distros=named, libc=libc)


def _canonical(distro: str) -> str:
    name, _, release = distro.partition(":")
    return f"{_SAME.get(name, name)}:{release}"


def _remedy(name: str) -> str:
    distribution = name.partition(":")[0]
    own = [r for r in GLIBC if r.startswith(f"{distribution}:")]
    near = [] if own else difflib.get_close_matches(name, GLIBC, 1, 0.8)
    return f"did you mean {near[0]}? There are {', '.join(GLIBC)}" if near else f"use one of {', '.join(own or GLIBC)}"
