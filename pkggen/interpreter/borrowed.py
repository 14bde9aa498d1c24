"""The shared libraries that a local interpreter borrows from its system (ld.so(8) tells where)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pkggen.errors import ArtefactError, Problem
from pkggen.run import run
from pkggen.targets.elf import ElfObject, is_elf, is_glibc, read_elf

_CACHE_LINE = re.compile(r"^\t(?P<soname>\S+) \(libc6[^)]*\) => (?P<path>/.*)$", re.MULTILINE)
_DIRECTORIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")


def borrowed_libraries(objects: Iterable[ElfObject], where: str) -> Mapping[str, Path]:
    """Return every library that ``objects`` load, theirs included, by soname; glibc's are left out.

    Raises ArtefactError that names all libraries that are nowhere to be found.
    """
    found: dict[str, Path] = {}
    problems: dict[str, Problem] = {}
    todo = list(objects)
    while todo:
        wanting = todo.pop(0)
        for soname in wanting.needed:
            if is_glibc(soname) or soname in found or soname in problems:
                continue
            library = _find(soname, wanting)
            if library is None:
                problems[soname] = Problem(
                    f"{wanting.path.name} needs {soname}, which this machine lacks", where, "install that library"
                )
            else:
                found[soname] = library.path
                todo.append(library)
    ArtefactError.raise_all(problems.values())
    return dict(sorted(found.items()))


def _find(soname: str, wanting: ElfObject) -> ElfObject | None:
    origin = os.path.dirname(os.path.realpath(wanting.path))
    own = [p.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for p in wanting.runpath]
    cached = _linker_cache().get(soname, ())
    for path in (*(f"{d}/{soname}" for d in own), *cached, *(f"{d}/{soname}" for d in _DIRECTORIES)):
        real = Path(os.path.realpath(path))
        library = read_elf(real) if real.is_file() and is_elf(real) else None
        if library is not None and library.machine == wanting.machine:
            return library
    return None


@lru_cache(maxsize=1)
def _linker_cache() -> Mapping[str, tuple[str, ...]]:
    tool = next((t for t in ("/sbin/ldconfig", "/usr/sbin/ldconfig") if os.access(t, os.X_OK)), None)
    listing = run([tool, "-p"], check=False).stdout if tool else ""
    paths: dict[str, tuple[str, ...]] = {}
    for match in _CACHE_LINE.finditer(listing):
        paths[match["soname"]] = (*paths.get(match["soname"], ()), match["path"])
    return paths
