"""What a lock of ours was made from, so that a change is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pkggen.network.address import without_credentials


@dataclass(frozen=True, slots=True)
class Inputs:
    """Requirements (sorted, for the target, markers resolved), constraints and options, Python and platform.

    ``build`` names what may come as a source archive.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[str, ...]
    python: str
    platform: str
    overrides: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 that a lock made from these records."""
        parts: list[object] = [self.requirements, self.constraints, self.options, self.python, self.platform]
        if self.overrides or self.build:
            parts += [self.overrides, self.build]
        return hashlib.sha256(without_credentials(json.dumps(parts)).encode()).hexdigest()

    def table(self) -> str:
        """Return the ``[tool.pkggen]`` table; JSON strings and lists of strings are TOML too."""
        plain = [without_credentials(r) for r in self.requirements]
        return (
            "\n# Written by pkggen. It is made again when the requirements change; delete it for newer versions.\n"
            "[tool.pkggen]\n"
            f"inputs = {json.dumps(self.digest)}\n"
            f"requirements = {json.dumps(plain, ensure_ascii=False)}\n"
            f"python = {json.dumps(self.python)}\n"
            f"platform = {json.dumps(self.platform)}\n"
        )

    def changes(self, noted: Mapping[str, Any]) -> str:
        """Say in words how ``noted``, the table of an existing lock, differs from these."""
        before = noted.get("requirements")
        old = set(map(str, before)) if isinstance(before, list) else set[str]()
        new = {without_credentials(r) for r in self.requirements}
        words = [f"{r} is new" for r in sorted(new - old)] + [f"{r} is gone" for r in sorted(old - new)]
        for key, now in (("python", self.python), ("platform", self.platform)):
            if noted.get(key) != now:
                words.append(f"{key} is {now}, was {noted.get(key)}")
        return ", ".join(words) or "constraints, or where packages come from, have changed"
