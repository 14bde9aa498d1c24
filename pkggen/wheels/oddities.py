"""What works here but may not be meant: told, not refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pkggen.elf import is_elf, read_elf
from pkggen.model import Distribution, Kind


def names_by_case(distributions: Sequence[Distribution]) -> Iterator[str]:
    """Yield a sentence for each pair of paths that differ by case only: one of them was not meant to be.

    Both are kept, since the target's file system tells them apart.
    """
    first: dict[str, tuple[str, str]] = {}
    for distribution in distributions:
        for entry in distribution.tree.entries:
            path, owner = first.setdefault(entry.path.lower(), (entry.path, distribution.wheel.filename))
            if path != entry.path and not entry.path.endswith(".pyc"):
                yield f"{distribution.wheel.filename}: {entry.path} differs by case only from {path} of {owner}"


def absolute_rpaths(distribution: Distribution) -> Iterator[str]:
    """Yield a sentence for each file that looks for libraries at a fixed place of its builder's system.

    On the target that place may not exist, or be anybody's. Source: ld.so(8), DT_RPATH and
    DT_RUNPATH; ``$ORIGIN`` stands for the file's own directory.
    """
    if not distribution.tree.needs.machine:  # nothing of it is ELF
        return
    for entry in distribution.tree.entries:
        if entry.kind is not Kind.FILE or entry.source is None or not is_elf(entry.source):
            continue
        found = read_elf(entry.source, entry.path)
        fixed = [path for path in found.runpath if not path.startswith(("$ORIGIN", "${ORIGIN}"))] if found else []
        if fixed:
            yield f"{distribution.wheel.filename}: {entry.path} looks for libraries in {', '.join(fixed)}"
