"""Where ``pkggen.lock`` keeps what builds of wheels take: ``build.<name>``, the name with the Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pkggen.store.pkggen_lock import FILE, read_table, remove_tables, write_table

_KIND = "build"


@dataclass(frozen=True, slots=True)
class BuildTables:
    """The tables in the lock of the folder ``locks``."""

    locks: Path

    def read(self, build: str) -> Mapping[str, str]:
        """Return the table of ``build``, empty where there is none; raise ConfigurationError for another file."""
        return read_table(self.locks / FILE, _KIND, build)

    def write(self, build: str, table: Mapping[str, str]) -> None:
        """Keep a table; raise StorageError where that can't be done."""
        write_table(self.locks / FILE, _KIND, build, table)


def forget_builds(locks: Path) -> None:
    """Drop what was kept: the next build takes newer versions."""
    remove_tables(locks / FILE, _KIND)
