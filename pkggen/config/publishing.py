"""What the command line says of a repository, which outranks the ``publish`` table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pkggen.config.provenance import Provenance
from pkggen.config.tables import PublishTable
from pkggen.config.values import CHANNEL, COMPONENT
from pkggen.errors import ConfigurationError, Key, Problem

TABLE = Key.of("publish")


@dataclass(frozen=True, slots=True)
class Wishes:
    """The command line's options, "" and () where they were not given."""

    to: str = ""
    suite: str = ""
    component: str = ""
    keys: tuple[str, ...] = ()

    def given(self) -> dict[str, Sequence[str]]:
        """Return those that were given, by the keys of the table."""
        every = {"to": self.to, "suite": self.suite, "component": self.component, "keys": self.keys}
        return {key: value for key, value in every.items() if value}

    def applied(self, table: PublishTable) -> PublishTable:
        """Return the table with the wishes applied; raise ConfigurationError for what no table may hold."""
        ConfigurationError.raise_all(
            Problem(f"{value!r} is not allowed", f"--{name}", "use a-z and 0-9")
            for name, rule, value in (("suite", CHANNEL, self.suite), ("component", COMPONENT, self.component))
            if value and not re.fullmatch(rule, value)
        )
        return table.model_copy(update=self.given())

    def placed(self, provenance: Provenance) -> Provenance:
        """Return where settings stand: the command line, for those that were given there."""
        options = {TABLE / key: "--key" if key == "keys" else f"--{key}" for key in self.given()}
        return replace(provenance, options={**provenance.options, **options})
