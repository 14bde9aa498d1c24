"""Libraries of this machine that modules opened by name while they were imported: no file says that they are needed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pkggen.errors import ArtefactError
from pkggen.model import Payload
from pkggen.run import run
from pkggen.targets.elf import ElfObject, is_glibc, read_elf

_BY_GLIBC = re.compile(r"libnss_.*|libgcc_s\..*|linux-vdso.*")  # what it opens itself


def untold_libraries(mapped: Iterable[str], payload: Payload) -> tuple[str, ...]:
    """Return warnings for those of the ``mapped`` files of the system that the package does not depend on.

    A dependency that names the library, in whatever spelling, is taken to bring it.
    """
    found = dict(_libraries(mapped))
    told = _reached({*payload.needs.sonames}, found)
    fresh = {soname: obj for soname, obj in found.items() if soname not in told}
    roots = set(fresh) - _reached({n for obj in fresh.values() for n in obj.needed}, found)
    named = " ".join(relation for o in payload.options.values() for relation in (*o.depends, *o.recommends))
    return tuple(
        f"{soname} of this machine was opened when the package was tried, and the package does not depend on it; where "
        f"the target has none, the same may fail: {_way_out(soname, found[soname].path)}"
        for soname in sorted(roots)
        if _stem(soname) not in named
    )


def _way_out(soname: str, path: Path) -> str:
    """Return the settings that bring it; Debian's package is the one that owns the file here, if one does."""
    owner = ""
    if shutil.which("dpkg-query"):
        said = run(["dpkg-query", "--search", path.resolve()], check=False).stdout
        owner = said.partition(":")[0] if ": /" in said else ""
    return f'deb.depends = ["{owner or "the package with " + soname}"], rpm.depends = ["{soname}()(64bit)"]'


def _libraries(mapped: Iterable[str]) -> Iterable[tuple[str, ElfObject]]:
    for path in mapped:
        try:
            read = read_elf(Path(path))
        except (OSError, ArtefactError):
            continue
        soname = (read.soname if read else "") or Path(path).name
        if read and not is_glibc(soname) and not _BY_GLIBC.fullmatch(soname):
            yield soname, read


def _reached(start: set[str], found: Mapping[str, ElfObject]) -> set[str]:
    """Return the libraries that ``start`` needs, itself included."""
    known, left = set[str](), set(start)
    while left:
        known |= left
        left = {name for soname in left if soname in found for name in found[soname].needed} - known
    return known


def _stem(soname: str) -> str:
    """Return "magic" of "libmagic.so.1"."""
    return soname.removeprefix("lib").partition(".so")[0].rstrip("-.0123456789")
