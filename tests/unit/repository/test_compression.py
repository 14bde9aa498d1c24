"""Files that are made of pieces: whoever unpacks one sees no difference, and they come apart again."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pkggen.repository.compression import COMPRESSORS

TEXTS = st.lists(st.binary(min_size=1, max_size=3000), max_size=8)


def unpack(suffix: str, data: bytes) -> bytes:
    """Unpack as clients do: xz as one stream, since apt reads no further."""
    if suffix == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)
    if suffix == "gz":
        return gzip.decompress(data)
    return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


@pytest.mark.parametrize("suffix", COMPRESSORS)
@settings(max_examples=40, deadline=None)
@given(texts=TEXTS)
def test_joined_pieces_unpack_to_the_whole(suffix: str, texts: list[bytes]) -> None:
    """Whatever the pieces hold, none at all included."""
    compressor = COMPRESSORS[suffix]

    assert unpack(suffix, compressor.join([compressor.pack(text) for text in texts])) == b"".join(texts)


@pytest.mark.parametrize("suffix", COMPRESSORS)
@settings(max_examples=40, deadline=None)
@given(texts=TEXTS.filter(bool))
def test_a_file_is_cut_into_its_pieces_again(suffix: str, texts: list[bytes]) -> None:
    """The very bytes, so that those that did not change need not be compressed again."""
    compressor = COMPRESSORS[suffix]
    pieces = [compressor.pack(text) for text in texts]

    cut = compressor.cut(compressor.join(pieces), [len(piece) for piece in pieces])

    assert cut == pieces
    assert [compressor.unpack(piece) for piece in cut] == texts


@pytest.mark.skipif(not shutil.which("xz"), reason="needs dpkg or rpm, and xz")
def test_xz_itself_finds_no_fault(tmp_path: Path) -> None:
    """The program checks the stream's index and every block."""
    compressor = COMPRESSORS["xz"]
    path = tmp_path / "joined.xz"
    path.write_bytes(compressor.join([compressor.pack(bytes([n]) * (n * 999)) for n in range(1, 9)]))

    assert subprocess.run(["xz", "--test", path], capture_output=True).returncode == 0


def test_what_was_not_joined_of_pieces_is_refused() -> None:
    """A file that is shorter than its pieces has been altered."""
    with pytest.raises(ValueError, match="not made of these"):
        COMPRESSORS["gz"].cut(b"123", [2, 2])
    with pytest.raises(ValueError, match="no xz stream"):
        COMPRESSORS["xz"].cut(b"123" * 20, [60])
