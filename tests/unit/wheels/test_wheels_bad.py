"""The catalogue of bad wheels: each is really made, refused by name, and leaves nothing behind."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError, IntegrityError
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels import unpack_all
from pkggen.wheels.unpacking.extraction import unpack
from tests.unit.wheelsmith import Smith, digest, interpreter, special, symlink

INFO = "demo-1.0.dist-info"
DATA = "demo-1.0.data"
GOOD = {"demo/__init__.py": b"x = 1\n"}


def with_file(name: str, content: bytes = b"") -> Smith:
    return Smith(files={**GOOD, name: content})


def points(text: str) -> Smith:
    return Smith(entry_points=f"[console_scripts]\n{text}\n")


def swap(old: bytes, new: bytes):
    """Return a change of a forged archive's bytes; it fails when there is nothing to change."""

    def alter(content: bytes) -> bytes:
        assert len(old) == len(new)
        assert old in content
        return content.replace(old, new)

    return alter


def rows_without(name: str):
    return lambda rows: [r for r in rows if r[0] != name]


def rows_changed(hashed: str):
    return lambda rows: [[r[0], hashed, r[2]] if r[0] == "demo/__init__.py" else r for r in rows]


STRUCTURE = {
    "parent": (with_file("../x.py"), "'../x.py'"),
    "inner parent": (with_file("a/../../x.py"), "'a/../../x.py'"),
    "absolute": (with_file("/etc/x"), "'/etc/x'"),
    "backslash": (with_file("..\\x.py"), "backslash"),
    "newline": (Smith(raw=[("demo/a\nb.py", b"")]), "control character"),
    "escape": (Smith(raw=[("demo/a\x1bb.py", b"")]), "control character"),
    "long name": (with_file("demo/" + "x" * 256), "more than 255 bytes"),
    "dot component": (with_file("demo/./x.py"), "'demo/./x.py'"),
    "empty component": (with_file(f"{DATA}/data//etc/x"), "'demo-1.0.data/data//etc/x'"),
    "empty name": (Smith(raw=[(special("", 0o100644), b"")]), "no name"),
    "symlink": (Smith(raw=[(symlink("demo/link"), b"/etc/passwd")]), "'demo/link': a symbolic link"),
    "device": (Smith(raw=[(special("demo/null", 0o020666), b"")]), "'demo/null': neither a file"),
    "fifo": (Smith(raw=[(special("demo/pipe", 0o010666), b"")]), "'demo/pipe': neither a file"),
    "file and directory": (with_file("demo/__init__.py/x", b""), "demo/__init__.py: it is both a file and a directory"),
    "two schemes, one path": (with_file(f"{DATA}/purelib/demo/__init__.py"), "demo/__init__.py: it is there more than"),
    "bomb": (with_file("demo/zeros", bytes(80 << 20)), "decompression bomb"),
    "huge METADATA": (Smith(metadata="Summary: x\n\n" + "xy z\n" * 900_000), f"{INFO}/METADATA: it has 45"),
    "huge entry points": (points("# " + "x" * (4 << 20)), f"{INFO}/entry_points.txt: it has 41"),
    "no WHEEL": (Smith(without=["WHEEL"]), f"{INFO}/WHEEL: WHEEL is missing"),
    "no METADATA": (Smith(without=["METADATA"]), f"{INFO}/METADATA: METADATA is missing"),
    "no RECORD": (Smith(without=["RECORD"]), f"{INFO}/RECORD: RECORD is missing"),
    "two dist-infos": (with_file("other-1.0.dist-info/METADATA"), "exactly one .dist-info"),
    "foreign dist-info": (Smith(info="other-1.0.dist-info"), "other-1.0.dist-info"),
    "other version in dist-info": (Smith(info="demo-2.0.dist-info"), "demo-2.0.dist-info: its version"),
    "wheel 2": (Smith(wheel_version="2.0"), "Wheel-Version 2.0 is not supported"),
    "too old a Python": (Smith(metadata="Requires-Python: >=3.14\n"), "requires Python >=3.14"),
    "unknown scheme": (with_file(f"{DATA}/etc/x"), "unknown scheme 'etc'"),
    "other's data": (with_file("other-1.0.data/scripts/x"), "another distribution"),
    "script python3": (with_file(f"{DATA}/scripts/python3"), "script 'python3'"),
    "data bin python": (with_file(f"{DATA}/data/bin/python"), "script 'python'"),
    "pyvenv.cfg": (with_file(f"{DATA}/data/pyvenv.cfg"), "pyvenv.cfg"),
    "entry points not UTF-8": (
        with_file(f"{INFO}/entry_points.txt", b"\xff\xfe"),
        f"{INFO}/entry_points.txt: can't be read",
    ),
}

POINTS = {
    "parent": "../../x = demo:main",
    "dot": ". = demo:main",
    "dots": ".. = demo:main",
    "option": "-rf = demo:main",
    "shell": "$(id);x y = demo:main",
    "slash": "sub/x = demo:main",
    "space": "a b = demo:main",
    "python3": "python3 = demo:main",
    "python3.13": "python3.13 = demo:main",
    "pip": "pip = demo:main",
    "pip3": "pip3 = demo:main",
    "activate": "activate = demo:main",
    "Activate.ps1": "Activate.ps1 = demo:main",
    "code": "x = demo:__import__('os').system('id')",
    "code with newline": "x = demo:main\n  import os",
    "no attribute": "x = demo",
    "keyword": "x = demo:import",
    "twice": "x = demo:a\nx = demo:b",
}

RECORDS = {
    "unlisted": (Smith(record=rows_without("demo/__init__.py")), "demo/__init__.py: it is not listed"),
    "phantom": (Smith(record=lambda r: [*r, ["demo/ghost.py", "sha256=AA", "1"]]), "demo/ghost.py: RECORD lists it"),
    "phantom outside": (Smith(record=lambda r: [*r, ["../../etc/passwd", "sha256=AA", "1"]]), "../../etc/passwd"),
    "wrong hash": (Smith(record=rows_changed("sha256=" + digest(b"y"))), "demo/__init__.py: its sha256 is not"),
    "no hash": (Smith(record=rows_changed("")), "demo/__init__.py: RECORD has no hash"),
    "md5": (
        Smith(record=rows_changed("md5=" + digest(b"x = 1\n", "md5"))),
        "demo/__init__.py: RECORD has only its md5",
    ),
    "unknown hash": (Smith(record=rows_changed("sha0=abc")), "demo/__init__.py: its RECORD row is invalid"),
    "two fields": (Smith(record=lambda r: [*r, ["a", "b"]]), f"{INFO}/RECORD: can't be read"),
    "two hashes": (
        Smith(record=lambda r: [*r, ["demo/__init__.py", "sha256=" + digest(b"y"), "6"]]),
        "demo/__init__.py: RECORD lists it twice",
    ),
    "rows without end": (Smith(record=lambda r: r + [[f"x{n}", "", ""] for n in range(2000)]), "far more rows"),
    "wrong size": (
        Smith(record=lambda rows: [[*r[:2], "7"] if r[0] == "demo/__init__.py" else r for r in rows]),
        "demo/__init__.py: it has 6 bytes, RECORD says 7",
    ),
}

STORED = Smith(method=0)


def zip64(content: bytes, *, count: int = 0, shift: int = 0) -> bytes:
    """Return an archive that ends as large ones do, whose zip64 record is not true."""
    body, end = content[:-22], struct.unpack("<4s4H2LH", content[-22:])
    number, length, offset = count or end[3], end[5], end[6] + shift
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, number, number, length, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    return body + record + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, length, end[6], 0)


def method(content: bytes, number: int) -> bytes:
    """Return an archive whose members claim a compression that nobody knows."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        start = content.find(signature)
        while start >= 0:
            changed[start + offset : start + offset + 2] = number.to_bytes(2, "little")
            start = content.find(signature, start + 4)
    return bytes(changed)


BYTES = {
    "truncated": (lambda c: c[:-40], "not a readable wheel"),
    "cut in half": (lambda c: c[: len(c) // 2], "not a readable wheel"),
    "empty": (lambda c: b"", "not a readable wheel"),
    "not a zip": (lambda c: b"<html>404</html>" * 10, "not a readable wheel"),
    "trailing data": (lambda c: c + b"trailing", "data after the end"),
    "second archive behind": (lambda c: c + STORED.bytes(), "data before, between or after"),
    "data in front": (lambda c: b"#!/bin/sh\n" + c, "data before, between or after"),
    "comment": (lambda c: c[:-2] + struct.pack("<H", 22) + b"PK\x05\x06" + bytes(18), "data "),
    "count lies": (lambda c: c[:-14] + struct.pack("<HH", 2, 2) + c[-10:], "lies about the number"),
    "zip64 lies": (lambda c: zip64(c, count=7), "lies about the number"),
    "zip64 offset lies": (lambda c: zip64(c, shift=1), "data before, between or after"),
    "odd compression": (lambda c: method(c, 99), "unknown compression method 99"),
    "bad CRC": (swap(b"x = 1\n", b"x = 2\n"), "demo/__init__.py: can't be unpacked: Bad CRC-32"),
    "encrypted": (lambda c: flagged(c, 0x1), "it is encrypted"),
    "bad UTF-8": (lambda c: flagged(c, 0x800).replace(b"demo/__init__", b"demo/\xff_init__"), "UTF-8"),
    "NUL": (swap(b"demo/__init__.py", b"demo/__in\x00t__.py"), "control character"),
    "local header unlike": (lambda c: c.replace(b"demo/__init__.py", b"demo/__evil__.py", 1), "demo/__init__.py"),
}


def flagged(content: bytes, bit: int) -> bytes:
    """Set a flag bit in every central directory entry and local header."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.find(signature)
        while start >= 0:
            changed[start + offset] |= bit & 0xFF
            changed[start + offset + 1] |= bit >> 8
            start = content.find(signature, start + 4)
    return bytes(changed)


def refused(tmp_path: Path, smith: Smith, error: type[Exception], alter=lambda c: c) -> str:
    cache = Cache(tmp_path / "cache")
    wheel = smith.forge(tmp_path, alter)
    outside = sorted(p for p in tmp_path.parent.iterdir())
    with pytest.raises(error) as caught:
        unpack(wheel, interpreter(tmp_path), cache)

    assert not list((tmp_path / "cache").rglob("*.py"))
    assert sorted(p for p in tmp_path.parent.iterdir()) == outside
    assert not (tmp_path / "cache" / "trees").exists()
    assert os.listdir(tmp_path / "cache" / "scratch") == []
    assert all(p.where.startswith(wheel.filename) for p in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize("case", STRUCTURE)
def test_bad_structure_is_refused(tmp_path, case):
    """A wheel whose members or metadata are unfit is an ArtefactError that names wheel and member."""
    smith, words = STRUCTURE[case]

    assert words in refused(tmp_path, smith, ArtefactError)


@pytest.mark.parametrize("case", POINTS)
def test_bad_entry_points_are_refused(tmp_path, case):
    """An entry point that is no plain command of a plain object is refused by name."""
    assert f"{INFO}/entry_points.txt" in refused(tmp_path, points(POINTS[case]), ArtefactError)


@pytest.mark.parametrize("case", RECORDS)
def test_bad_records_are_refused(tmp_path, case):
    """A RECORD that does not describe the wheel is an IntegrityError that names the member."""
    smith, words = RECORDS[case]

    assert words in refused(tmp_path, smith, IntegrityError)


@pytest.mark.parametrize("case", BYTES)
def test_bad_archives_are_refused(tmp_path, case):
    """A damaged or ambiguous archive is refused, whatever a lenient reader would make of it."""
    alter, words = BYTES[case]

    assert words in refused(tmp_path, STORED, (ArtefactError, IntegrityError), alter)


def test_duplicate_members_are_refused(tmp_path):
    """A member that is there twice is refused by name."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        text = refused(tmp_path, Smith(raw=[("demo/__init__.py", b"evil")]), ArtefactError)

    assert "demo/__init__.py: it is there more than once" in text


def test_a_file_name_unlike_the_metadata_is_refused(tmp_path):
    """Name and version in METADATA must be those of the file name."""
    wheel = Smith(info="demo-1.0.dist-info").forge(tmp_path)
    path = wheel.path.rename(tmp_path / "demo-1.1-py3-none-any.whl")
    renamed = replace(wheel, path=path, filename=path.name)
    with pytest.raises(ArtefactError, match=r"Version '1.0' is unlike the file name's 1.1"):
        unpack(renamed, interpreter(tmp_path), Cache(tmp_path / "cache"))


def test_a_wheel_swapped_after_verification_is_refused(tmp_path):
    """The digest is checked again right before the wheel is opened."""
    wheel = Smith().forge(tmp_path)
    wheel.path.write_bytes(wheel.path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match=r"changed after they were verified"):
        unpack(wheel, interpreter(tmp_path), Cache(tmp_path / "cache"))


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    """One error lists the problems of members, WHEEL, METADATA, entry points and RECORD together."""
    smith = Smith(
        files={**GOOD, "../x": b"", f"{DATA}/odd/x": b""},
        wheel_version="2.0",
        metadata="Requires-Python: <3\n",
        entry_points="[console_scripts]\n-rf = demo:main\n",
        record=rows_without("demo/__init__.py"),
    )
    text = refused(tmp_path, smith, ArtefactError)

    for words in ("'../x'", "scheme 'odd'", "Wheel-Version", "requires Python", "'-rf'", "not listed in RECORD"):
        assert words in text


@pytest.mark.parametrize(
    "name", ["activate-global-python-argcomplete", "python-argcomplete-tool", "pypy", "_x", "a.b+c"]
)
def test_harmless_command_names_work(tmp_path, name):
    """Only the environment's own commands are reserved, not names that begin alike."""
    distribution = unpack(points(f"{name} = demo:main").forge(tmp_path), interpreter(tmp_path), Cache(tmp_path / "c"))

    assert [name] == [s.name for s in distribution.scripts]


def test_pip_may_have_its_own_commands(tmp_path):
    """The distribution pip is a dependency like any other."""
    smith = Smith(name="pip", files={"pip/__init__.py": b""}, entry_points="[console_scripts]\npip3 = pip:main\n")

    assert unpack(smith.forge(tmp_path), interpreter(tmp_path), Cache(tmp_path / "c")).scripts[0].name == "pip3"


def both(tmp_path: Path, one: Smith, two: Smith) -> None:
    wheels = [one.forge(tmp_path), two.forge(tmp_path)]
    unpack_all(wheels, interpreter(tmp_path), Cache(tmp_path / "cache"), Silent())


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ({"shared.py": b"1"}, {"shared.py": b"2"}, "shared.py is also in two-1.0"),
        ({"a/x.so": b"1"}, {"a/x.so": b"2"}, "x.so is also in two-1.0"),
        ({"tests.py": b"1"}, {"tests.py": b"2"}, "tests.py is also in two-1.0"),
        ({"x": b"1"}, {"x/y.py": b"2"}, "site-packages/x is a file, but a directory in two-1.0"),
    ],
)
def test_two_wheels_with_one_path_are_refused(tmp_path, one, two, words):
    """The error names both wheels and the path."""
    with pytest.raises(ArtefactError) as caught:
        both(tmp_path, Smith(name="one", files=one), Smith(name="two", files=two))

    assert words in str(caught.value)
    assert {"one", "two"} == {w for w in ("one", "two") if f"{w}-1.0" in str(caught.value)}


def told(tmp_path, overwrite, *smiths):
    tmp_path.mkdir(exist_ok=True)
    wheels, reporter = [smith.forge(tmp_path) for smith in smiths], Silent()
    found = unpack_all(wheels, interpreter(tmp_path), Cache(tmp_path / "cache"), reporter, overwrite)
    return {d.wheel.name: d for d in found}, reporter.warnings


@pytest.mark.parametrize("path", ["LICENSE", "pkg/data.txt", "tests/__init__.py", "docs/conf.py", "../../../share/x"])
def test_stray_files_of_two_wheels(tmp_path, path):
    """What is no module of a package is taken from the wheel that pip installs last, and that is told."""
    member = path.replace("../../../", "{}-1.0.data/data/")
    smiths = [Smith(name=n, files={f"{n}.py": b"", member.format(n): n.encode()}) for n in ("own", "one", "two")]
    found, warnings = told(tmp_path, "stray", *smiths)

    holders = [
        n for n, d in found.items() if any(e.path.endswith(path.removeprefix("../../../")) for e in d.tree.entries)
    ]
    assert holders == ["own"]
    assert [w.split(" of ")[1].split("-")[0] for w in warnings] == ["one", "two"]
    with pytest.raises(ArtefactError, match=r"wheels.overwrite"):
        told(tmp_path, "nothing", *smiths)


def test_whoever_requires_the_other_one_wins(tmp_path):
    """A command goes to the wheel that requires the other, since pip installs that first."""
    own = Smith(name="own", files={"own.py": b""})
    one = Smith(name="one", files={"one.py": b""}, entry_points="[console_scripts]\nrun = one:main\n")
    two = replace(one, name="two", files={"two.py": b""}, entry_points="[console_scripts]\nrun = two:main\n")

    assert not told(tmp_path / "1", "stray", own, one, two)[0]["one"].scripts
    found, warnings = told(tmp_path / "2", "stray", own, replace(one, metadata="Requires-Dist: two\n"), two)
    assert (found["one"].scripts[0].module, found["two"].scripts) == ("one", ())
    assert warnings == ["command run of two-1.0-py3-none-any.whl gives way to that of one-1.0-py3-none-any.whl"]


def test_anything_may_be_overwritten_when_it_is_said(tmp_path):
    """A module is then the later wheel's; nothing is left of the other's, not even its byte code."""
    one, two = (Smith(name=n, files={"pkg/__init__.py": n.encode(), f"pkg/{n}.py": b""}) for n in ("one", "two"))
    found, _ = told(tmp_path, "anything", one, two)

    site = "lib/python3.13/site-packages/pkg/"
    assert {e.path.removeprefix(site) for e in found["two"].tree.entries if e.path.startswith(site)} == {"two.py"}


def test_two_wheels_with_one_command_are_refused(tmp_path):
    """Two wheels may not mean different things by one command where nothing may be overwritten."""
    one = Smith(name="one", files={"one.py": b""}, entry_points="[console_scripts]\nrun = one:main\n")
    two = Smith(name="two", files={"two.py": b""}, entry_points="[console_scripts]\nrun = two:main\n")
    with pytest.raises(ArtefactError, match=r"one-1.0-py3-none-any.whl: command run is also in two-1.0"):
        told(tmp_path, "nothing", one, two)


def test_two_wheels_may_share_the_same_bytes(tmp_path):
    """A namespace package's __init__.py that is equal in both is no conflict."""
    both(tmp_path, *(Smith(name=n, files={"space/__init__.py": b"x", f"space/{n}.py": b""}) for n in ("one", "two")))
