"""Applications under an old and a new name, which share a prefix, a service, a user, a state directory, or all."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.e2e.fault_application import Tiny

FIRST, SECOND, THIRD = "1.0", "2.0", "3.0"
SERVE = """
import os, sys, time
with open(os.environ["STATE_DIRECTORY"] + "/starts", "a") as file:
    file.write("{name} {version}\\n")
while True:
    time.sleep(3600)
"""


@dataclass(frozen=True)
class Part:
    """A service of one name of an application, and what it runs with."""

    service: str
    user: str
    state: str


@dataclass(frozen=True)
class Renaming:
    """An application of two names; ``shares`` are "prefix", "service", "user" and "state"."""

    name: str
    shares: tuple[str, ...]

    @property
    def old(self) -> str:
        """Return the first name."""
        return f"old{self.name}"

    @property
    def new(self) -> str:
        """Return the second name."""
        return f"new{self.name}"

    def prefix(self, name: str) -> str:
        """Return where the application of that name lies."""
        return f"/opt/{self.name}" if "prefix" in self.shares else f"/opt/{name}"

    def parts(self, name: str) -> tuple[Part, ...]:
        """Return the services: one for each thing that is shared, alone, or one that shares them all."""
        things = [t for t in ("service", "user", "state") if t in self.shares]
        if len(self.shares) == 4 or not things:
            return (self._part(name, things, ""),)
        return tuple(self._part(name, [thing], f"-{thing}") for thing in things)

    def _part(self, name: str, shared: list[str], mark: str) -> Part:
        return Part(*(f"{self.name if t in shared else name}{mark}" for t in ("service", "user", "state")))

    def project(self, name: str, relation: str = "") -> Tiny:
        """Return the application under a name; ``relation`` is "obsoletes" or "replaces", of the other one."""
        other = self.new if name == self.old else self.old
        keys = f'prefix = "{self.prefix(name)}"\n' + (f'{relation} = ["{other}"]\n' if relation else "")
        tables = "".join(
            f'\n[[tool.pkggen.services]]\nname = "{part.service}"\ncommand = "python -m {name}.serve"\n'
            f'user = "{part.user}"\nstate-directory = {json.dumps([part.state])}\n'
            for part in self.parts(name)
        )
        return Tiny(name=name, modules=(("serve.py", SERVE.replace("{name}", name)),), keys=keys, tables=tables)


RENAMINGS = (
    Renaming("parts", ("service", "user", "state")),
    Renaming("place", ("prefix",)),
    Renaming("whole", ("prefix", "service", "user", "state")),
)
