"""The values that linting yields."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a package: which tool says so, by which tag, where, and what it is."""

    tool: str
    severity: str
    tag: str
    where: str = ""
    what: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.severity}: {self.tag} [{self.tool}]", self.where, self.what)))


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in the package ``path``; ``absent`` are the tools that are not installed here."""

    path: str
    findings: tuple[Finding, ...]
    tools: tuple[str, ...]
    absent: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the same as values that JSON has."""
        return asdict(self)
