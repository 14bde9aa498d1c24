"""What is where in an interpreter's tree, found without running it."""

from __future__ import annotations

import filecmp
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ArtefactError

_PROGRAM = re.compile(r"python(3\.\d+)([a-z]*)$")
_ABIFLAGS = re.compile(r"['\"]ABIFLAGS['\"]: ['\"]([a-z]*)['\"]")
_EXTENSION = re.compile(r"\.cpython-3\d+([a-z]*)[-.]")


@dataclass(frozen=True, slots=True)
class TreeLayout:
    """``executable`` and ``stdlib`` are relative to ``root`` ("bin/python3.13", "lib/python3.13").

    ``flags`` are the letters of the ABI: "t" without the global lock, "d" for debugging.
    """

    root: Path
    minor: str
    version: str
    executable: str
    stdlib: str
    flags: str = ""


def find_layout(root: Path, where: str) -> TreeLayout:
    """Find the interpreter below ``root``; raise ArtefactError, naming ``where``, if there is none."""
    programs = _distinct([p for p in sorted((root / "bin").glob("python3.*")) if _is_program(p)])
    if len(programs) != 1:
        names = ", ".join(p.name for p in programs) or "nothing of the kind"
        raise ArtefactError(f"bin/ must hold one python3.X, and holds {names}", where=where)
    match = _PROGRAM.match(programs[0].name)
    assert match  # noqa: S101 - it was chosen by this
    minor = match[1]
    # without the global lock the library lies in a directory of its own (sysconfig, "posix_prefix")
    libraries = [d for d in (f"lib/python{minor}t", f"lib/python{minor}") if (root / d / "os.py").is_file()]
    if not libraries:
        raise ArtefactError(f"there is no lib/python{minor}/os.py", where=where)
    flags = flags_of(root / libraries[0], match[2])
    carriers = [*programs, *sorted((root / "lib").glob(f"libpython{minor}*.so.*"))]
    version = next((v for v in (_version_in(p, minor) for p in carriers) if v), "")
    if not version:
        raise ArtefactError(f"bin/{programs[0].name} does not tell its version", where=where)
    return TreeLayout(root, minor, version, f"bin/{programs[0].name}", libraries[0], flags)


def flags_of(stdlib: Path, named: str = "") -> str:
    """Return the ABI's letters, as the build wrote them down for sysconfig, else as its extensions are called.

    ``named`` are those of the program's name; they decide where a distribution keeps two builds' notes together.
    """
    notes = sorted(stdlib.glob("_sysconfigdata_*.py"))
    found = {m[1] for path in notes if (m := _ABIFLAGS.search(path.read_text(encoding="utf-8", errors="replace")))}
    if not found:
        found = {m[1] for path in stdlib.glob("lib-dynload/*.so") if (m := _EXTENSION.search(path.name))}
    return named if named in found else min(found, default=named)


def _is_program(path: Path) -> bool:
    return _PROGRAM.match(path.name) is not None and path.is_file()


def _distinct(programs: Sequence[Path]) -> list[Path]:
    """Return the programs without those that are another one again, as link or copy; the longest name stays."""
    kept: list[Path] = []
    for path in sorted(programs, key=lambda p: (-len(p.name), p.name)):
        if not any(path.samefile(other) or filecmp.cmp(path, other, shallow=False) for other in kept):
            kept.append(path)
    return sorted(kept)


def _version_in(program: Path, minor: str) -> str:
    # PY_VERSION is a string in the program or in libpython, for whatever machine it is: one of its
    # own, or what the linker took for the tail of a longer one ("…/versions/3.11.7")
    # the pattern starts with a literal, which searches megabytes in no time
    pattern = re.compile(rb"%s\.\d+(?:(?:a|b|rc)\d+)?(?=\+?\0)" % re.escape(minor.encode()))
    with program.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = {(content[m.start() - 1 : m.start()] != b"\0", m[0].decode()) for m in pattern.finditer(content)}
    return min(found)[1] if found else ""
