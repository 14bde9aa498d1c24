"""One difference between two packages, and what people may ask to fail for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum

from pkggen.errors import ConfigurationError


class Area(str, Enum):
    """What a finding is about, in the order in which they are shown; the values are words of ``--fail-on``."""

    PACKAGE = "package"
    WHEELS = "wheels"
    INTERPRETER = "interpreter"
    LIBRARIES = "libraries"
    LICENCE = "licence"
    GLIBC = "glibc"
    SONAMES = "sonames"
    RELATIONS = "relations"
    SCRIPTS = "scripts"
    UNITS = "units"
    CONFFILES = "conffiles"
    FILES = "files"
    MODES = "modes"
    OWNERS = "owners"
    SETUID = "setuid"
    SIZE = "size"


class Change(str, Enum):
    """What happened on the way from the first package to the second."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: ``subject`` went from ``old`` to ``new``, "" where it was or is not there.

    ``address`` leads to more, such as a changelog; ``diff`` are the lines of a unified diff.
    """

    area: Area
    change: Change
    subject: str
    old: str = ""
    new: str = ""
    address: str = ""
    diff: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the values that JSON has; what is empty is left out."""
        told = asdict(self) | {"area": self.area.value, "change": self.change.value, "diff": "\n".join(self.diff)}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Comparison:
    """All findings between two packages in the order of their areas; ``notes`` tell what was not compared.

    ``old_size`` and ``new_size`` are bytes when installed.
    """

    old: str
    new: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    old_size: int
    new_size: int

    def to_dict(self) -> dict[str, object]:
        """Return the values that JSON has."""
        return {
            "old": self.old,
            "new": self.new,
            "installed": {"old": self.old_size, "new": self.new_size},
            "findings": [f.to_dict() for f in self.findings],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition of ``--fail-on``: any finding of an area, or growth beyond ``limit``, in % or in bytes."""

    area: Area
    limit: float | None = None
    percent: bool = False

    def met_by(self, compared: Comparison) -> bool:
        """Tell whether the comparison fails for this."""
        if self.limit is None:
            return any(f.area is self.area and _counts(f) for f in compared.findings)
        grown = compared.new_size - compared.old_size
        return grown > (compared.old_size * self.limit / 100 if self.percent else self.limit)

    def __str__(self) -> str:
        unit = "%" if self.percent else ""
        return self.area.value if self.limit is None else f"{self.area.value}>{self.limit:g}{unit}"


_SIZE = re.compile(r"size>(\d+(?:\.\d+)?)(%|kB|MB|GB)?")
_UNITS = {"": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}


def thresholds(words: Iterable[str]) -> tuple[Threshold, ...]:
    """Return the conditions of ``--fail-on``, each word a list with commas; raise ConfigurationError for others."""
    found: list[Threshold] = []
    for word in (w.strip() for text in words for w in text.split(",")):
        match = _SIZE.fullmatch(word)
        if match:
            percent = match[2] == "%"
            found.append(Threshold(Area.SIZE, float(match[1]) * (1 if percent else _UNITS[match[2] or ""]), percent))
        elif word in {area.value for area in Area}:
            found.append(Threshold(Area(word)))
        else:
            raise ConfigurationError(
                f"{word!r} is nothing to fail on",
                where="--fail-on",
                remedy=f"use size>5%, size>10MB, or some of: {', '.join(a.value for a in Area)}",
            )
    return tuple(found)


def _counts(finding: Finding) -> bool:
    """Tell whether a finding is for the worse: a lower need of glibc and a setuid bit that went are not."""
    if finding.area is Area.GLIBC:
        return finding.change in {Change.ADDED, Change.UPGRADED}
    return finding.area is not Area.SETUID or finding.change is not Change.REMOVED
