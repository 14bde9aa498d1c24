"""What a local interpreter's ELF files said when they were read last: to read eighty of them takes a third of a second.

A note counts for a file of the same path, device, inode, size and times; the time of the last
change (ctime) can't be set back by those who write to a file.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pkggen.store.cache import Cache
from pkggen.targets.elf import ElfObject, read_elf

_FORMAT = 1  # of the notes; raise it when an ELF file is read otherwise than before


@dataclass
class ElfNotes:
    """Notes in ``path``; without one they are forgotten at the end."""

    path: Path | None = None
    known: dict[str, Any] = field(default_factory=dict)
    used: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, executable: Path, cache: Cache) -> ElfNotes:
        """Return the notes of one interpreter; those that can't be read are none."""
        name = hashlib.sha256(f"{_FORMAT} {executable}".encode(errors="surrogateescape")).hexdigest()
        notes = cls(cache.root / "built" / f"elf-{name[:32]}.json")
        with suppress(OSError, ValueError, AttributeError):
            notes.known = dict(json.loads(notes.path.read_text(encoding="utf-8")).items()) if notes.path else {}
        return notes

    def read(self, path: Path) -> ElfObject | None:
        """Return what :func:`read_elf` does; raise ArtefactError as that does."""
        status = path.stat()
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        key = f"{path} {' '.join(map(str, identity))}"
        found = _object(self.known[key], path) if key in self.known else read_elf(path)
        self.used[key] = None if found is None else {**asdict(found), "path": os.fspath(path)}
        return found

    def save(self) -> None:
        """Write down what was asked for, if that is not known; a cache that can't be written to keeps nothing."""
        if self.path is None or self.used.keys() == self.known.keys():
            return
        with suppress(OSError, ValueError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            fresh.write_text(json.dumps(self.used), encoding="utf-8")
            fresh.replace(self.path)


def _object(note: Any, path: Path) -> ElfObject | None:
    """Return the object that was noted; read the file again when the note is not what we write."""
    if note is None:
        return None
    try:
        return ElfObject(
            path, str(note["machine"]), str(note["soname"]), tuple(note["needed"]),
            tuple((soname, version) for soname, version in note["versions"]), tuple(note["runpath"]),
            str(note["loader"]), int(note["cpu"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return read_elf(path)
