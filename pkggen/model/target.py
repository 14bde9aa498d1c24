"""The systems that a package is made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that the package is for; ``libc`` is "musl" where that was declared."""

    arch: str = "x86_64"
    glibc: tuple[int, int] = (2, 17)
    distros: tuple[str, ...] = ()
    libc: str = "glibc"
