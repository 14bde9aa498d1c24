"""Whether the headers of an rpm may be read into memory, looked at before anything believes their counts.

Source: rpm's lib/header.c, which refuses data that overlap and counts that do not fit.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import IO

from pkggen.archives.streams import LimitError

_LEAD = 96  # bytes before the signature header
_INTRO, _ENTRY = struct.Struct(">4s4xII"), struct.Struct(">IIII")
_TAGS = 0xFFFF
_STORE = 32 << 20  # bytes of the values
_VALUES = 3_000_000  # in all arrays: some 15 for each file
_WIDTHS = {0: 0, 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}  # of types with a fixed size: bytes of one value
_TEXTS = {6, 8, 9}
_BINARY = 7


def check_headers(stream: IO[bytes]) -> None:
    """Raise LimitError when a header is too large, ValueError when its values lie outside it or overlap."""
    end = _check(stream, _LEAD, "signature header")
    _check(stream, end + -end % 8, "header")


def _check(stream: IO[bytes], start: int, what: str) -> int:
    """Check the header at ``start`` and return where it ends."""
    stream.seek(start)
    magic: bytes
    count: int
    size: int
    magic, count, size = _INTRO.unpack(stream.read(_INTRO.size))
    if magic != b"\x8e\xad\xe8\x01":
        raise ValueError(f"it has no {what}")
    if count > _TAGS or size > _STORE:
        raise LimitError(f"its {what} has {count} tags and {size} bytes, more than {_TAGS} and {_STORE}")
    rows = [_ENTRY.unpack(stream.read(_ENTRY.size)) for _ in range(count)]
    store = stream.read(size)
    if len(store) != size:
        raise ValueError(f"its {what} is truncated")
    starts = sorted({offset for _, _, offset, _ in rows} | {size})
    values = held = 0
    for _, kind, offset, number in rows:
        if offset > size or (kind not in _WIDTHS and kind not in _TEXTS):
            raise ValueError(f"a value of its {what} lies outside of it, or is of an unknown type")
        following = starts[min(bisect_right(starts, offset), len(starts) - 1)]
        fits = (
            store.count(b"\0", offset, following) >= number
            if kind in _TEXTS
            else number * _WIDTHS[kind] <= size - offset
        )
        if not fits:
            raise ValueError(f"the values of its {what} are not as many as it says")
        values += number if kind != _BINARY else 0
        held += number * _WIDTHS[kind] if kind == _BINARY else 0
    if values > _VALUES or held > 2 * _STORE:
        raise LimitError(f"its {what} has {values} values, more than {_VALUES}")
    return start + _INTRO.size + _ENTRY.size * count + size
