"""``pkggen.lock``: what a build decided and the next one has to repeat, as TOML tables of text.

``python.<machine>`` says which interpreter ``python.source`` stood for, ``git.<name>`` which commit a
branch, ``deps.<machine>`` counts the dependencies of a split package, ``build.<name>`` has the versions and digests
of what building a wheel takes. Tables that another part wrote are kept.
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
# built at, the number of a split package's dependencies, and what building wheels takes. Commit this file.
# For a newer interpreter, commit or back-end delete its table.
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


def read_table(path: Path, kind: str, name: str) -> dict[str, str]:
    """Return the table ``kind.<name>`` with whatever keys it has, {} where there is none; errors as read_tables."""
    try:
        return {str(key): str(value) for key, value in _read(path).get(kind, {}).get(name, {}).items()}
    except AttributeError as error:
        raise ConfigurationError(
            f"is not a lock of pkggen's ({error})", where=path.name, remedy="restore it, or delete it to make a new one"
        ) from error


def remove_tables(path: Path, kind: str) -> None:
    """Drop all tables of a kind, by rename; raise StorageError where that can't be done."""
    kinds = _read(path)
    if kinds.pop(kind, None) is not None:
        write_lock(path, _spelled(kinds))


def write_table(path: Path, kind: str, name: str, table: Mapping[str, str]) -> None:
    """Put ``table`` at ``kind.<name>``, by rename; raise StorageError where that can't be done."""
    kinds = _read(path)
    kinds[kind] = {**kinds.get(kind, {}), name: dict(table)}
    write_lock(path, _spelled(kinds))


def _spelled(kinds: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    text = _TEXT
    for section, tables in sorted(kinds.items(), reverse=True):  # python before deps
        for one, values in sorted(tables.items()):
            # a JSON string without surrogates is a TOML basic string
            rows = (f"{key} = {json.dumps(str(value), ensure_ascii=False)}\n" for key, value in values.items())
            text += f"\n[{section}.{one}]\n{''.join(rows)}"
    return text


def _read(path: Path) -> dict[str, Any]:
    if not is_there(path):
        return {}
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=FILE, remedy="remove it: it is made anew") from error
