"""Which of several packages is the newest: what came last into the channel, and of what came together, by version."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pkggen.repository.shards import Entry

_PARTS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_MARKS = {"~": 0, "^": 2}  # before the end of a version, and after it
_END, _LETTERS, _NUMBER = 1, 3, 4

Key = tuple[tuple[int, int, str], ...]


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries in one order, whatever order they came in."""
    ordered = sorted(entries, key=lambda entry: entry.record.identity)
    return sorted(ordered, key=lambda entry: (entry.added, version_key(entry.record.version)), reverse=True)


def version_key(version: str) -> tuple[int, Key, Key]:
    """Return what sorts as dpkg and rpm sort versions of usual kinds (rpm-version(7), deb-version(7))."""
    epoch, _, rest = version.rpartition(":")
    upstream, _, release = rest.rpartition("-")
    return int(epoch) if epoch.isdigit() else 0, _key(upstream or release), _key(release if upstream else "")


def _key(text: str) -> Key:
    return (*map(_part, _PARTS.findall(text)), (_END, 0, ""))


def _part(part: str) -> tuple[int, int, str]:
    if part in _MARKS:
        return _MARKS[part], 0, ""
    return (_NUMBER, int(part), "") if part.isdigit() else (_LETTERS, 0, part)
