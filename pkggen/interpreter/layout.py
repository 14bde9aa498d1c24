"""What is where in an interpreter's tree, found without running it."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ArtefactError

_PROGRAM = re.compile(r"python(3\.\d+)$")


@dataclass(frozen=True, slots=True)
class Layout:
    """``executable`` and ``stdlib`` are relative to ``root`` ("bin/python3.13", "lib/python3.13")."""

    root: Path
    minor: str
    version: str

    @property
    def executable(self) -> str:
        """Return the interpreter's path within the tree."""
        return f"bin/python{self.minor}"

    @property
    def stdlib(self) -> str:
        """Return the standard library's path within the tree."""
        return f"lib/python{self.minor}"


def find_layout(root: Path, where: str) -> Layout:
    """Find the interpreter below ``root``; raise ArtefactError, naming ``where``, if there is none."""
    programs = [p for p in sorted((root / "bin").glob("python3.*")) if _PROGRAM.match(p.name) and p.is_file()]
    if len(programs) != 1:
        names = ", ".join(p.name for p in programs) or "nothing of the kind"
        raise ArtefactError(f"bin/ must hold one python3.X, and holds {names}", where=where)
    minor = programs[0].name.removeprefix("python")
    if not (root / f"lib/python{minor}" / "os.py").is_file():
        raise ArtefactError(f"there is no lib/python{minor}/os.py", where=where)
    carriers = [*programs, *sorted((root / "lib").glob(f"libpython{minor}*.so.*"))]
    version = next((v for v in (_version_in(p, minor) for p in carriers) if v), "")
    if not version:
        raise ArtefactError(f"bin/python{minor} does not tell its version", where=where)
    return Layout(root, minor, version)


def _version_in(program: Path, minor: str) -> str:
    # PY_VERSION is a string in the program or in libpython, for whatever machine it is: one of its
    # own, or what the linker took for the tail of a longer one ("…/versions/3.11.7")
    # the pattern starts with a literal, which searches megabytes in no time
    pattern = re.compile(rb"%s\.\d+(?:(?:a|b|rc)\d+)?(?=\+?\0)" % re.escape(minor.encode()))
    with program.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = {(content[m.start() - 1 : m.start()] != b"\0", m[0].decode()) for m in pattern.finditer(content)}
    return min(found)[1] if found else ""
