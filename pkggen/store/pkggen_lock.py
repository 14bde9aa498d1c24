"""``pkggen.lock``: what a build decided and the next one has to repeat, as TOML tables of text.

``python.<machine>`` says which interpreter ``python.source`` stood for, ``git.<name>`` which commit a
branch, ``deps.<machine>`` counts the dependencies of a split package. Tables that another part wrote are kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pkggen.errors import ConfigurationError
from pkggen.reading import is_there, parse_toml, read_text
from pkggen.store.writing import write_lock

if sys.version_info >= (3, 11):
    pass
else:
    pass

FILE = "pkggen.lock"
_TEXT = """\
# Written by pkggen: which interpreter python.source stood for, which commits dependencies from git are
# built at, and the number of a split package's dependencies. Commit this file.
# For a newer interpreter or commit delete its table.
"""


def read_tables(path: Path, kind: str, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the tables ``kind.<name>`` by name, each with ``keys``; none where there is no file.

    Raises ConfigurationError when the file is not as we write it.
    """
    try:
        tables = _read(path).get(kind, {})
        return {name: {key: str(table[key]) for key in keys} for name, table in tables.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"is not a lock of pkggen's ({error})", where=path.name, remedy="restore it, or delete it to make a new one"
        ) from error


def write_table(path: Path, kind: str, name: str, table: Mapping[str, str]) -> None:
    """Put ``table`` at ``kind.<name>``, by rename; raise StorageError where that can't be done."""
    kinds = _read(path)
    kinds[kind] = {**kinds.get(kind, {}), name: dict(table)}
    text = _TEXT
    for section, tables in sorted(kinds.items(), reverse=True):  # python before deps
        for one, values in sorted(tables.items()):
            # a JSON string without surrogates is a TOML basic string
            rows = (f"{key} = {json.dumps(str(value), ensure_ascii=False)}\n" for key, value in values.items())
            text += f"\n[{section}.{one}]\n{''.join(rows)}"
    write_lock(path, text)


def _read(path: Path) -> dict[str, Any]:
    if not is_there(path):
        return {}
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=FILE, remedy="remove it: it is made anew") from error
