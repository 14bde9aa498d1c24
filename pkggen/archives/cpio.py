"""The payload of an rpm: a cpio archive in the new ASCII format (cpio(5)), read once and not held."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pkggen.archives.streams import HELD, Bounded, LimitError, Tally

_MAGICS = {b"070701", b"070702"}
_HEADER = 110  # bytes: the magic and 13 numbers of 8 hexadecimal digits
_SIZE, _NAME_SIZE = slice(54, 62), slice(94, 102)
_LONGEST = 1 << 16  # bytes of a name
_CHUNK = 1 << 18
_END = "TRAILER!!!"


def cpio_files(stream: Bounded, wanted: Callable[[str], bool], limit: int = HELD) -> Iterator[tuple[str, bytes]]:
    """Yield the absolute paths that are ``wanted`` with their bytes, at most ``limit`` of each.

    Raises ValueError for what is no such archive, EOFError where it is cut short, LimitError.
    """
    tally = Tally()
    while True:
        header = _exactly(stream, _HEADER)
        if header[:6] not in _MAGICS:
            raise ValueError("its payload is no cpio archive of the usual format")
        size, length = int(header[_SIZE], 16), int(header[_NAME_SIZE], 16)
        if length > _LONGEST:
            raise LimitError(f"a name has {length} bytes, more than {_LONGEST}")
        name = _exactly(stream, length + -(_HEADER + length) % 4)[: length - 1].decode("utf-8", "surrogateescape")
        if name == _END:
            return
        tally.add(name)
        path = "/" + name.removeprefix(".").lstrip("/")
        if wanted(path):
            if size > limit:
                raise LimitError(f"{path} has {size} bytes, more than {limit}")
            yield path, _exactly(stream, size)
        else:
            _skip(stream, size)
        _skip(stream, -size % 4)


def _exactly(stream: Bounded, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = stream.read(size - len(data))
        if not chunk:
            raise EOFError("it is truncated")
        data += chunk
    return bytes(data)


def _skip(stream: Bounded, size: int) -> None:
    while size:
        chunk = stream.read(min(size, _CHUNK))
        if not chunk:
            raise EOFError("it is truncated")
        size -= len(chunk)
