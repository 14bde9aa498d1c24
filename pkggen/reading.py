"""The door to files that a user or a tool wrote: regular files only, UTF-8, TOML and JSON of a sensible depth.

Opening a named pipe waits for ever, and a parser that calls itself for each bracket ends where Python's
stack does. Both are told here as what they are.
"""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pkggen.errors import ConfigurationError, StorageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST = 64 << 20
"""Bytes of a text that is read into memory: a lock, a configuration, a changelog."""
_DEEPEST = 64
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


def oddity(path: Path) -> str:
    """Return why ``path`` is no file that can be read, links followed ("is a named pipe, …"), or ""."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "is a link that leads nowhere" if path.is_symlink() else f"does not exist ({error.strerror})"
    except ValueError:  # a zero byte
        return "does not exist"
    return next((f"is {kind}, not a regular file" for test, kind in _KINDS if test(mode)), "")


def is_there(path: Path) -> bool:
    """Return whether there is a file that nobody has to have.

    Raises ConfigurationError for what bears its name and is no file: left out in silence, it would be missed.
    """
    if not path.exists() and not path.is_symlink():
        return False
    if why := oddity(path):
        raise ConfigurationError(why, where=str(path), remedy="put a regular file there, or remove it")
    return True


def read_text(path: Path, where: str = "") -> str:
    """Return the text of a file, without a byte-order mark.

    Raises ConfigurationError for what is not UTF-8, else errors as :func:`read_bytes`.
    """
    try:
        return read_bytes(path, where).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"it is not UTF-8: {error}", where=where or str(path)) from error


def read_bytes(path: Path, where: str = "") -> bytes:
    """Return what a file holds.

    Raises ConfigurationError (no regular file, too large) or StorageError, at ``where`` or the path.
    """
    if why := oddity(path):
        raise ConfigurationError(why, where=where or str(path))
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise ConfigurationError(f"it has {size} bytes, more than {LARGEST}", where=where or str(path))
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"can't be read: {error.strerror}", where=where or str(path)) from error


def parse_toml(text: str) -> dict[str, Any]:
    """Return TOML as a dict; raise ValueError that says what is wrong with it, and where."""
    data: dict[str, Any] = _shallow(tomllib.loads, text)
    return data


def parse_json(text: str) -> Any:
    """Return JSON; raise ValueError that says what is wrong with it, and where."""
    return _shallow(json.loads, text)


def table_in(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the table that ``keys`` lead to, one within the other; {} where there is none, or something else."""
    for key in keys:
        found = data.get(key)
        data = found if isinstance(found, Mapping) else {}
    return data


def texts_in(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the items of a list as text; () where there is none, or something else."""
    found = data.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _shallow(parse: Callable[[str], Any], text: str) -> Any:
    try:
        data = parse(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels") from None
    level = [data]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _within(value)]
        if not level:
            return data
    raise ValueError(f"it is nested deeper than {_DEEPEST} levels")


def _within(value: object) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [v for v in inner if isinstance(v, (dict, list))]
