"""The versions of what building takes, with hashes: resolved once, kept, installed as they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ASKED = "build_requires"  # no name of a distribution: those have no underscore once normalised
_BETWEEN = " | "
_HASH = re.compile(r"\s*--hash=(\S+)")


class BuildLock(Protocol):
    """Where pins are kept: a table of text for each build."""

    def read(self, build: str) -> Mapping[str, str]:
        """Return the table of ``build``, empty where there is none."""
        ...

    def write(self, build: str, table: Mapping[str, str]) -> None:
        """Keep a table."""
        ...


class Unlocked:
    """Keeps nothing: for wheels that are no project's to lock."""

    def read(self, build: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def write(self, build: str, table: Mapping[str, str]) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Pins:
    """``asked`` requirements and what they came to, each distribution with its version and digests."""

    asked: tuple[str, ...]
    chosen: Mapping[str, str]  # "==1.27.0 sha256:… sha256:…", or "@ ADDRESS"

    def lines(self) -> list[str]:
        """Return a requirements file's lines."""
        rows = ((name, *text.split()) for name, text in self.chosen.items())
        return [_line(name, words) for name, *words in rows]

    def table(self) -> dict[str, str]:
        """Return the table that is kept."""
        return {ASKED: _BETWEEN.join(self.asked), **dict(sorted(self.chosen.items()))}


def _line(name: str, words: Sequence[str]) -> str:
    hashes = [word for word in words if word.startswith("sha256:")]
    rest = [word for word in words if word not in hashes]
    where = " ".join(("", *rest)) if rest[0] == "@" else rest[0]
    return f"{name}{where}" + "".join(f" --hash={word}" for word in hashes)


def kept_pins(table: Mapping[str, str]) -> Pins | None:
    """Return the pins of a table that was kept, None where there is none."""
    if ASKED not in table:
        return None
    asked = tuple(filter(None, table[ASKED].split(_BETWEEN)))
    return Pins(asked, {name: text for name, text in table.items() if name != ASKED and text.strip()})


def parsed_pins(asked: Sequence[str], compiled: str) -> Pins:
    """Return the pins of uv's answer, a requirements file with hashes."""
    chosen: dict[str, str] = {}
    for row in compiled.replace("\\\n", " ").splitlines():
        if not row.strip() or row.startswith(("#", "-")):
            continue
        hashes = _HASH.findall(row)
        requirement = Requirement(_HASH.sub("", row).partition(" ;")[0].strip())
        where = f"@ {requirement.url}" if requirement.url else str(requirement.specifier)
        chosen[canonicalize_name(requirement.name)] = " ".join((where, *sorted(hashes)))
    return Pins(tuple(sorted(asked)), chosen)
