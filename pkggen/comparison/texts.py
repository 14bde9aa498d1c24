"""Scripts, units and conffiles, compared line by line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping

from pkggen.comparison.finding import Area, Change, Finding

_MOST_LINES = 5_000  # of one text; difflib's time grows with their square


def compare_texts(area_of: Callable[[str], Area], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what was added, removed or changed among texts by their names; changes have a unified diff."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield Finding(area_of(name), Change.ADDED, name)
        elif name not in new:
            yield Finding(area_of(name), Change.REMOVED, name)
        elif old[name] != new[name]:
            yield Finding(area_of(name), Change.CHANGED, name, diff=unified(old[name], new[name]))


def unified(old: str, new: str) -> tuple[str, ...]:
    """Return a unified diff without file names; one line that says so where the texts are too long for one."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) > _MOST_LINES or len(after) > _MOST_LINES:
        return (f"(more than {_MOST_LINES} lines: not compared line by line)",)
    return tuple(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
