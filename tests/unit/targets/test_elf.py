from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.model import Needs
from pkggen.targets.elf import examine, is_glibc, merge, read_elf
from tests.unit.fakes.interpreter_archives import other_machine

TRUE = Path(shutil.which("true") or "/bin/true")


def test_finds_what_a_program_needs(tmp_path: Path) -> None:
    """A program of this system tells its machine and the glibc it was linked with."""
    shutil.copy(TRUE, tmp_path / "true")

    needs = examine(tmp_path)

    assert needs.machine == os.uname().machine
    assert (2, 2) < needs.glibc < (3,)
    assert needs.glibc_by == "true"
    assert dict(needs.sonames) == {}


def test_a_library_without_section_headers_is_read_as_well(tmp_path: Path) -> None:
    """What the loader reads is what counts: removing section headers hides nothing."""
    content = bytearray(TRUE.read_bytes())
    content[0x28:0x30] = bytes(8)  # e_shoff
    content[0x3A:0x40] = bytes(6)  # e_shentsize, e_shnum, e_shstrndx
    (tmp_path / "bare").write_bytes(content)
    shutil.copy(TRUE, tmp_path / "whole")

    bare, whole = read_elf(tmp_path / "bare"), read_elf(tmp_path / "whole")

    assert bare is not None
    assert whole is not None
    assert (bare.needed, bare.versions) == (whole.needed, whole.versions)
    assert bare.versions


def test_links_and_other_files_are_passed_over(tmp_path: Path) -> None:
    """Scripts, links, empty files and FIFOs are not opened as ELF."""
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(TRUE)
    os.mkfifo(tmp_path / "pipe")

    assert examine(tmp_path) == Needs()


@pytest.mark.parametrize("keep", [5, 40, 200, 4000])
def test_a_damaged_file_is_named(keep: int, tmp_path: Path) -> None:
    """A truncated ELF file is an error that names it, never a traceback of the parser's."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/cut.so").write_bytes(TRUE.read_bytes()[:keep])

    with pytest.raises(ArtefactError, match=r"lib/cut\.so: not a readable ELF file"):
        examine(tmp_path)


def test_two_machines_in_one_tree_are_refused(tmp_path: Path) -> None:
    """Files for different machines are an error that names one of each."""
    shutil.copy(TRUE, tmp_path / "mine")
    (tmp_path / "other").write_bytes(other_machine())

    with pytest.raises(ArtefactError) as caught:
        examine(tmp_path)

    assert "mine: is for" in str(caught.value)
    assert "other: is for" in str(caught.value)


def test_what_a_part_provides_the_others_no_longer_need() -> None:
    """Merging drops the sonames and symbol versions that another part brings along."""
    wheel = Needs(
        "x86_64", (2, 17), "a.so", {"libz.so.1": "a.so", "libstdc++.so.6": "a.so"},
        (("libstdc++.so.6", "GLIBCXX_3.4.21"), ("libz.so.1", "ZLIB_1.2.9")), ("a.so",),
    )  # fmt: skip
    python = Needs("x86_64", (2, 36), "bin/python3", {}, (), ("libz.so.1",))

    assert merge([wheel, python]) == Needs(
        "x86_64", (2, 36), "bin/python3", {"libstdc++.so.6": "a.so"}, (("libstdc++.so.6", "GLIBCXX_3.4.21"),),
        ("a.so", "libz.so.1"),
    )  # fmt: skip


def test_a_plugin_counts_when_its_framework_is_there() -> None:
    """A file for a framework of another wheel raises no need until some part brings that framework."""
    plugin = Needs("x86_64", (2, 38), "pg.so", {"libtorch.so": "pg.so", "libmlx5.so.1": "pg.so"}, provides=("pg.so",))
    rest = Needs("x86_64", (2, 17), "engine.so", {"libz.so.1": "engine.so"})
    without = merge([merge([plugin]), rest])
    torch = Needs("x86_64", (2, 28), "libtorch.so", provides=("libtorch.so",))

    assert (without.glibc, dict(without.sonames), without.plugins) == ((2, 17), {"libz.so.1": "engine.so"}, (plugin,))
    assert merge([without, torch]).glibc == (2, 38)
    assert merge([without, torch]).plugins == ()


def test_merging_nothing_needs_nothing() -> None:
    """No part, no needs."""
    assert merge([]) == Needs()


@pytest.mark.parametrize(
    ("soname", "expected"),
    [("libc.so.6", True), ("ld-linux-x86-64.so.2", True), ("ld-linux-aarch64.so.1", True), ("libpthread.so.0", True),
     ("libcrypt.so.1", False), ("libnsl.so.1", False), ("libcurl.so.4", False), ("libm-1a2b.so", False)],
)  # fmt: skip
def test_knows_glibc_from_its_neighbours(soname: str, expected: bool) -> None:
    """Libraries that distributions ship apart from glibc are not covered by its version."""
    assert is_glibc(soname) is expected


def test_versions_that_are_no_numbers_are_passed_over(tmp_path: Path) -> None:
    """Only GLIBC_ and a number raises the glibc that is needed."""
    content = TRUE.read_bytes()
    highest = b"GLIBC_" + b".".join(str(n).encode() for n in examine_one(tmp_path, content).glibc) + b"\0"

    without = examine_one(tmp_path, content.replace(highest, b"GLIBC_PRIVATE"[: len(highest) - 1] + b"\0"))

    assert () < without.glibc < examine_one(tmp_path, content).glibc


def examine_one(directory: Path, content: bytes) -> Needs:
    (directory / "program").write_bytes(content)
    return examine(directory)


def test_pythons_own_program_is_readable() -> None:
    """The interpreter that runs the tests has a loader and a machine."""
    found = read_elf(Path(sys.executable).resolve())

    assert found is not None
    assert "ld-linux" in found.loader


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs an x86_64 build host: only x86-64 has levels")
@pytest.mark.parametrize(("bits", "level"), [(0b1, 0), (0b11, 2), (0b111, 3), (0b1111, 4), (0b110001, 0)])
def test_a_cpu_level_is_read_from_the_note(bits: int, level: int, tmp_path: Path) -> None:
    """A file compiled for newer processors says so in its property note; unknown bits are passed over."""
    (tmp_path / "program").write_bytes(with_isa_note(TRUE.read_bytes(), bits))

    needs = examine(tmp_path)

    assert (needs.cpu, needs.cpu_by) == (level, "program" if level else "")


def with_isa_note(content: bytes, bits: int) -> bytes:
    """Return an ELF program whose first PT_NOTE segment is one x86 ISA property (x86-64 psABI)."""
    words = struct.pack("<IIIII", 0xC0008002, 4, bits, 0, 0)[:16]
    note = struct.pack("<III4s", 4, len(words), 5, b"GNU\0") + words
    offset, size, count = struct.unpack_from("<Q", content, 32)[0], *struct.unpack_from("<HH", content, 54)
    changed = bytearray(content + note)
    kinds = [struct.unpack_from("<I", content, offset + i * size)[0] for i in range(count)]
    at = offset + kinds.index(4) * size
    struct.pack_into("<QQQQQ", changed, at + 8, len(content), 0, 0, len(note), len(note))
    return bytes(changed)


def test_the_highest_cpu_level_counts() -> None:
    """Merged, the part for the newest processors is named."""
    parts = [Needs("x86_64", (2, 17), "a.so"), Needs("x86_64", (2, 17), "b.so", cpu=3, cpu_by="b.so")]

    assert (merge(parts).cpu, merge(parts).cpu_by) == (3, "b.so")
