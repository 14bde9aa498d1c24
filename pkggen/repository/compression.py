"""Compressors whose files can be joined of pieces and cut again, so that only what has changed is compressed."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Protocol

import zstandard

_XZ_HEADER, _XZ_FOOTER = 12, 12  # bytes (the .xz file format, 2.1)
_XZ_DICTIONARY = 1 << 20  # bytes; the preset's own 8 MiB take 90 MB of memory for a piece of some kilobytes


class Compressor(Protocol):
    """A kind of compressed file; a piece is such a file by itself."""

    def pack(self, plain: bytes) -> bytes:
        """Return ``plain`` compressed, as a piece."""
        ...

    def unpack(self, piece: bytes) -> bytes:
        """Return what a piece holds."""
        ...

    def join(self, pieces: Sequence[bytes]) -> bytes:
        """Return one file that unpacks to what the pieces unpack to, one after the other."""
        ...

    def cut(self, data: bytes, lengths: Sequence[int]) -> list[bytes]:
        """Return the pieces, of these lengths, that a file was joined of. Raises ValueError where it was not."""
        ...


class _Chain:
    """Files of which several in a row are a file, too."""

    def pack(self, plain: bytes) -> bytes:
        return plain

    def unpack(self, piece: bytes) -> bytes:
        return piece

    def join(self, pieces: Sequence[bytes]) -> bytes:
        return b"".join(pieces) if pieces else self.pack(b"")

    def cut(self, data: bytes, lengths: Sequence[int]) -> list[bytes]:
        if lengths and sum(lengths) != len(data):
            raise ValueError("it is not made of these pieces")
        return [data[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


class _Gzip(_Chain):
    """RFC 1952, 2.2: members follow each other."""

    def pack(self, plain: bytes) -> bytes:
        machine = zlib.compressobj(9, wbits=31)
        return machine.compress(plain) + machine.flush()

    def unpack(self, piece: bytes) -> bytes:
        return zlib.decompress(piece, wbits=31)


class _Zstd(_Chain):
    """RFC 8878, 3: frames follow each other."""

    def pack(self, plain: bytes) -> bytes:
        return zstandard.ZstdCompressor(level=19).compress(plain)

    def unpack(self, piece: bytes) -> bytes:
        return zstandard.ZstdDecompressor().decompress(piece)


class _Xz:
    """Blocks of one stream: apt reads the first stream of a file alone, so streams can't follow each other."""

    def pack(self, plain: bytes) -> bytes:
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": _XZ_DICTIONARY}]
        return lzma.compress(plain, check=lzma.CHECK_CRC32, filters=filters)

    def unpack(self, piece: bytes) -> bytes:
        return lzma.decompress(piece)

    def join(self, pieces: Sequence[bytes]) -> bytes:
        if not pieces:
            return self.pack(b"")
        blocks, rows = [], list[tuple[int, int]]()
        for piece in pieces:
            own = _xz_rows(piece)
            blocks.append(piece[_XZ_HEADER : _XZ_HEADER + sum(map(_padded, own))])
            rows += own
        return _xz_stream(pieces[0][:_XZ_HEADER], b"".join(blocks), rows)

    def cut(self, data: bytes, lengths: Sequence[int]) -> list[bytes]:  # noqa: ARG002 - a stream says them itself
        found, place = [], _XZ_HEADER
        for row in _xz_rows(data):
            end = place + _padded(row)
            found.append(_xz_stream(data[:_XZ_HEADER], data[place:end], [row]))
            place = end
        return found


def _padded(row: tuple[int, int]) -> int:
    return row[0] + -row[0] % 4


def _xz_rows(data: bytes) -> list[tuple[int, int]]:
    """Return the index of a stream: of each block the size without padding, and the size it unpacks to (4)."""
    if data[:6] != b"\xfd7zXZ\0" or data[-2:] != b"YZ":
        raise ValueError("it is no xz stream")
    size = (struct.unpack("<I", data[-8:-4])[0] + 1) * 4
    index = data[-_XZ_FOOTER - size : -_XZ_FOOTER]
    count, place = _number(index, 1)
    rows = []
    for _ in range(count):
        unpadded, place = _number(index, place)
        plain, place = _number(index, place)
        rows.append((unpadded, plain))
    return rows


def _xz_stream(header: bytes, blocks: bytes, rows: Sequence[tuple[int, int]]) -> bytes:
    index = b"\0" + _spelled(len(rows)) + b"".join(_spelled(n) for row in rows for n in row)
    index += b"\0" * (-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    footer = struct.pack("<I", len(index) // 4 - 1) + header[6:8]
    return header + blocks + index + struct.pack("<I", zlib.crc32(footer)) + footer + b"YZ"


def _number(data: bytes, place: int) -> tuple[int, int]:
    """Return the number at a place, seven bits a byte (1.2), and where the next begins."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, place


def _spelled(number: int) -> bytes:
    spelled = b""
    while number >= 0x80:
        spelled += bytes([number & 0x7F | 0x80])
        number >>= 7
    return spelled + bytes([number])


COMPRESSORS: dict[str, Compressor] = {"gz": _Gzip(), "xz": _Xz(), "zst": _Zstd()}
"""By the suffix of a file's name."""
