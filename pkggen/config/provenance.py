"""Where a setting stands: the file that was read, the table in it, the line; or an option of the command line."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pkggen.errors import Key, PkggenError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FORMATS = ("deb", "rpm")
_TOP = Key()


@dataclass(frozen=True, slots=True)
class Provenance:
    """A configuration's file: its name, the ``table`` in it that is ours, and its text, empty where there is none.

    ``options`` are settings that the command line outranks, with the option's name.
    """

    file: str
    table: Key = _TOP
    text: str = ""
    options: Mapping[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> tuple[str, int]:
        """Return how the user finds a setting, ``pkggen.toml: venv.keep``, and its line, 0 where it isn't written."""
        if key in self.options:
            return self.options[key], 0
        whole = Key((*self.table, *key))
        line = self._line(whole)
        if not line and key[:1] and key[0] in _FORMATS:  # what may be written for both formats at once
            both = Key((*self.table, *key[1:]))
            if line := self._line(both):
                whole = both
        return f"{self.file}: {whole}" if whole else self.file, line

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Say of the keys in errors from within where they stand."""
        try:
            yield
        except PkggenError as error:
            error.locate(self.place)
            raise

    def _line(self, key: Key) -> int:
        """Return the line at which the parser gets to know ``key``, or what is around it; 0 where it is not there."""
        lines = self.text.split("\n")
        while len(key) > len(self.table):
            end = bisect_left(range(len(lines) + 1), True, key=lambda n: _holds(_read(lines, n)[0], key))
            if end <= len(lines):
                return _read(lines, end - 1)[1] + 1
            key = Key(key[:-1])
        return 0


def _read(lines: Sequence[str], most: int) -> tuple[object, int]:
    """Return what the longest beginning of at most so many lines says that is TOML by itself, and its length."""
    for length in range(most, 0, -1):
        try:
            return tomllib.loads("\n".join(lines[:length])), length
        except tomllib.TOMLDecodeError:
            continue
    return {}, 0


def _holds(data: object, key: Key) -> bool:
    for step in key:
        if isinstance(step, int):
            if not isinstance(data, list) or step >= len(data):
                return False
            data = data[step]
        else:
            if not isinstance(data, dict) or step not in data:
                return False
            data = data[step]
    return True
