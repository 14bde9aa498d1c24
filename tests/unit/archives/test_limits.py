"""Reading a package is bounded: what it claims of sizes is not believed, and says so with the package's name."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pytest
import zstandard
from debsmith import CONTROL, forge, member, tar
from payloads import payload

from pkggen.archives import deb, rpm, streams
from pkggen.errors import ArtefactError
from pkggen.formats import FORMATS
from pkggen.inventory.inspection import inspect
from pkggen.templating.templates import Templates

PACKERS = {
    "gz": lambda data: gzip.compress(data, 1, mtime=0),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": zstandard.ZstdCompressor(level=1).compress,
}


def sized(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the header of a member that says that it has ``size`` bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def headers(depth: int) -> bytes:
    """Return extended headers, one after the other, without a member."""
    return (sized("././@LongLink", 9, tarfile.GNUTYPE_LONGNAME) + b"x" * 9 + bytes(503)) * depth


ZEROS = bytes(64 << 20)
CONTROLS = {
    "a huge control file": (sized("./control", 6 << 30) + ZEROS, "more than"),
    "a huge list": (sized("./md5sums", 40 << 20) + ZEROS, "more than"),
    "many small ones": (tar({f"./f{n}": b"" for n in range(200)}), "more than 100 control files"),
    "a huge extended header": (sized("././@LongLink", 1 << 40, tarfile.GNUTYPE_LONGNAME) + ZEROS, "extended header"),
    "a huge pax header": (sized("./PaxHeaders", 1 << 33, tarfile.XHDTYPE) + ZEROS, "extended header"),
    "a global header": (sized("./PaxHeaders", 512, tarfile.XGLTYPE) + bytes(512), "of a kind"),
    "a sparse file": (sized("./control", 512, tarfile.GNUTYPE_SPARSE) + bytes(512), "of a kind"),
    "headers without end": (headers(3000), "too deep"),
    "a size below zero": (sized("./control", 1).replace(b"00000000001\0", b"\xff" * 11 + b"\0"), "can't be read"),
    "not UTF-8": (tar({"./control": b"Package: caf\xe9\n"}), "utf-8"),
}


@pytest.mark.parametrize("case", CONTROLS)
def test_control_files(case: str, tmp_path: Path) -> None:
    """What is held in memory of a .deb has limits, and each is told with the file's name and status 3."""
    data, words = CONTROLS[case]
    path = forge(tmp_path / "x.deb", data)

    with pytest.raises(ArtefactError, match=words) as caught:
        inspect(path)

    assert caught.value.problems[0].where == str(path)


@pytest.mark.parametrize("case", ["names", "members", "bytes"])
def test_contents(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So have the number of a package's files, all their names together, and the bytes that it unpacks to."""
    monkeypatch.setattr(streams, "NAMES", 1000)
    monkeypatch.setattr(streams, "MEMBERS", 50)
    monkeypatch.setattr(streams, "_PLENTY", 1 << 20)
    data = {
        "names": {f"./{'x' * 90}{n}": b"" for n in range(20)},
        "members": {f"./{n}": b"" for n in range(60)},
        "bytes": {"./zeros": bytes(3 << 20)},
    }[case]

    with pytest.raises(ArtefactError, match="more than"):
        inspect(forge(tmp_path / "x.deb", {"control": CONTROL}, data))


@pytest.mark.parametrize("method", PACKERS)
def test_what_is_within_the_limits(method: str, tmp_path: Path) -> None:
    """Packages of each compressor are read as before, a file by its name as well."""
    pack = PACKERS[method]
    parts = {
        "debian-binary": b"2.0\n",
        f"control.tar.{method}": pack(tar({"./control": CONTROL.encode()})),
        f"data.tar.{method}": pack(tar({"./opt/x": b"hello", "./opt/y": bytes(3 << 20)})),
    }
    path = tmp_path / "x.deb"
    path.write_bytes(b"!<arch>\n" + b"".join(member(name, content) for name, content in parts.items()))

    assert [(e.path, e.size) for e in inspect(path).files] == [("/opt/x", 5), ("/opt/y", 3 << 20)]
    assert deb.read_contents(path, "/opt/x".__eq__) == {"/opt/x": b"hello"}


def test_xz_is_given_no_more_memory_than_it_needs() -> None:
    """A stream that asks for a dictionary of a gigabyte is refused; several streams in a row are one."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    greedy = bytearray(lzma.compress(tar({}), filters=[filters[0] | {"dict_size": 1 << 20}]))
    twice = lzma.compress(b"one") + lzma.compress(b"two")
    stream = streams.unpacked(io.BytesIO(twice), "xz", len(twice), "it")

    assert stream.read(3) + stream.read(3) + stream.read(3) == b"onetwo"
    # the dictionary's size is a byte of the block header, which a checksum of its own protects
    at = greedy.index(b"\x21\x01", 12) + 2
    greedy[at] = 36  # 1 GiB
    length = (greedy[12] + 1) * 4
    greedy[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(greedy[12 : 12 + length - 4]))
    with pytest.raises(lzma.LZMAError, match=r"[Mm]emory"):
        streams.unpacked(io.BytesIO(bytes(greedy)), "xz", 100, "it").read(10)


@pytest.mark.parametrize("size", [b"-60", b"-1", b"9999999999", b"", b"1e3"])
def test_sizes_of_ar_members(size: bytes, tmp_path: Path) -> None:
    """A member's size that is below zero, beyond the end or no number is refused, not followed in a circle."""
    path = forge(tmp_path / "x.deb", {"control": CONTROL})
    data = bytearray(path.read_bytes())
    data[8 + 48 : 8 + 58] = size.ljust(10)
    path.write_bytes(data)

    with pytest.raises(ArtefactError, match=r"can't be read as a \.deb"):
        inspect(path)


@pytest.fixture(scope="module")
def real_rpm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if not shutil.which("rpmbuild"):
        pytest.skip("needs rpmbuild")
    kind = FORMATS["rpm"]
    return kind.assemble(
        kind.render(kind.describe(payload()), Templates()), tmp_path_factory.mktemp("rpm")
    ).read_bytes()


def test_a_real_rpm_is_read(real_rpm: bytes, tmp_path: Path) -> None:
    """What rpmbuild writes is within the limits, and its files are read by their names as they are listed."""
    path = tmp_path / "x.rpm"
    path.write_bytes(real_rpm)
    files = {e.path: e.size for e in rpm.read_rpm(path).members if e.sha256}

    read = rpm.read_contents(path, lambda place: place in files)

    assert {place: len(data) for place, data in read.items()} == files


LIES = [(4, 0xFFFFFFFF), (4, 0x7FFFFFFF), (8, 0xFFFFFFFF), (8, 0x10000000), (8, 3), (4, 70000)]


@pytest.mark.parametrize("main", [False, True], ids=["signature", "header"])
@pytest.mark.parametrize(("place", "number"), LIES)
def test_headers_that_lie(real_rpm: bytes, main: bool, place: int, number: int, tmp_path: Path) -> None:
    """Counts and sizes of an rpm's headers that can't be true are refused before anything is read by them."""
    data = bytearray(real_rpm)
    start = 96 if not main else data.index(b"\x8e\xad\xe8\x01", 100)
    data[start + 4 + place : start + 8 + place] = struct.pack(">I", number)
    path = tmp_path / "x.rpm"
    path.write_bytes(data)

    with pytest.raises(ArtefactError, match="can't be read as an rpm"):
        inspect(path)


def test_values_that_share_their_bytes(real_rpm: bytes, tmp_path: Path) -> None:
    """A value that says it has a million more than are there is refused: 60,000 such would fill any memory."""
    data = bytearray(real_rpm)
    start = data.index(b"\x8e\xad\xe8\x01", 100)
    for row in range(struct.unpack(">I", data[start + 8 : start + 12])[0]):
        at = start + 16 + 16 * row
        if struct.unpack(">I", data[at + 4 : at + 8])[0] == 8:
            data[at + 12 : at + 16] = struct.pack(">I", 1_000_000)
    path = tmp_path / "x.rpm"
    path.write_bytes(data)

    with pytest.raises(ArtefactError, match="not as many as it says"):
        inspect(path)


def test_fuzzed_packages(real_rpm: bytes, tmp_path: Path) -> None:
    """Of 400 packages with some bytes changed or cut off, each is shown or refused by name: never another error."""
    chance = random.Random(13)
    sound = forge(tmp_path / "x.deb", {"control": CONTROL, "postinst": "#!/bin/sh\n"}, {"./opt/x": b"x" * 999})
    kinds = {"deb": sound.read_bytes(), "rpm": real_rpm}
    refused: list[bool] = []
    for number in range(400):
        kind = "deb" if number % 2 else "rpm"
        data = bytearray(kinds[kind])
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(min(len(data), 6000))
            data[at] = chance.choice([0, 0xFF, 0x7F, 0x80, 0x2D, data[at] ^ 1 << chance.randrange(8)])
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        path = tmp_path / f"fuzzed.{kind}"
        path.write_bytes(data)
        try:
            inspect(path)
        except ArtefactError as error:
            refused.append(error.problems[0].where == str(path))
    assert len(refused) > 100
    assert all(refused)


def test_memory_of_one_look(tmp_path: Path) -> None:
    """A .deb that unpacks to 400 MB of control file, and one with as much data, cost less than 300 MB to look at."""
    zeros = gzip.compress(bytes(1 << 20)) * 400
    size = 400 << 20
    bomb = forge(tmp_path / "bomb.deb", gzip.compress(sized("./control", size)) + zeros)
    large = forge(tmp_path / "large.deb", {"control": CONTROL}, gzip.compress(sized("./opt/zeros", size)) + zeros * 2)
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom pkggen.cli import main\n"
        "done = CliRunner().invoke(main, ['inspect', sys.argv[1]])\n"
        "peak = next(r.split()[1] for r in open('/proc/self/status') if r.startswith('VmHWM'))\n"
        "print(done.exit_code, peak)"
    )
    for path, code in ((bomb, 3), (large, 0)):
        done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
        found, peak = map(int, done.stdout.split())
        assert (found, peak < 300_000) == (code, True), done.stdout
