"""Notes of what ELF files say hold for as long as the files do not change."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pkggen.interpreter import elf_notes
from pkggen.interpreter.elf_notes import ElfNotes
from pkggen.store.cache import Cache
from pkggen.targets.elf import read_elf

PROGRAM = Path(os.path.realpath(sys.executable))


def test_a_note_says_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is read, and the answer is the same."""
    cache = Cache(tmp_path / "cache")
    first = ElfNotes.of(PROGRAM, cache)
    found = first.read(PROGRAM)
    assert found == read_elf(PROGRAM)
    first.save()
    monkeypatch.setattr(elf_notes, "read_elf", lambda path: pytest.fail(f"{path} was read again"))
    assert ElfNotes.of(PROGRAM, cache).read(PROGRAM) == found


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Also when size and time were put back."""
    cache, copy = Cache(tmp_path / "cache"), Path(shutil.copy2(PROGRAM, tmp_path / "program"))
    notes = ElfNotes.of(copy, cache)
    assert notes.read(copy) is not None
    notes.save()
    status = copy.stat()
    data = bytearray(copy.read_bytes())
    data[16] = 1  # e_type: ET_REL, no program any more
    copy.write_bytes(data)
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert ElfNotes.of(copy, cache).read(copy) is None


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{}"])
def test_damaged_notes_are_none(tmp_path: Path, text: str) -> None:
    """They are made again."""
    cache = Cache(tmp_path / "cache")
    notes = ElfNotes.of(PROGRAM, cache)
    notes.read(PROGRAM)
    notes.save()
    assert notes.path is not None
    notes.path.write_text(text)
    again = ElfNotes.of(PROGRAM, cache)
    assert again.read(PROGRAM) == read_elf(PROGRAM)
    again.save()
    assert ElfNotes.of(PROGRAM, cache).known
