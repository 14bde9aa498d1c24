"""What works here but may not be meant: told, not refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from packaging.utils import parse_wheel_filename

from pkggen.errors import StorageError
from pkggen.model import Distribution, Kind, Tree
from pkggen.model.shebang import HEAD, arguments_of, starts_python
from pkggen.store.writing import write_file
from pkggen.targets.elf import is_elf, read_elf
from pkggen.wheels.unpacking.dist_info import declared_tags


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


def carried_programs(distribution: Distribution) -> Iterator[str]:
    """Yield a sentence when ELF files of a wheel are only carried, since nothing here can run them."""
    carried = distribution.tree.needs.carried
    if carried:
        names = ", ".join(path.partition("site-packages/")[2] or path for path in carried[:3])
        more = f" and {len(carried) - 3} more" if len(carried) > 3 else ""
        yield f"{distribution.wheel.filename}: {names}{more} can't run on the target, and are packed as data"


def other_tags(distribution: Distribution) -> Iterator[str]:
    """Yield a sentence when the WHEEL file has other tags than the file name: by that installers go, and so do we."""
    path = next((e for e in distribution.tree.entries if e.path.endswith(".dist-info/WHEEL")), None)
    if path is None or path.source is None:
        return
    declared = declared_tags(path.source.read_text(encoding="utf-8"))
    if declared.isdisjoint(map(str, parse_wheel_filename(distribution.wheel.filename)[3])):
        listed = ", ".join(sorted(declared)) or "nothing"
        yield f"{distribution.wheel.filename}: its WHEEL file says {listed}; the file name counts, as for pip"


def lines_of_scripts(distribution: Distribution) -> Iterator[str]:
    """Yield a sentence for each script whose first line means more than the venv's Python, or a Python elsewhere."""
    name = distribution.wheel.filename
    scripts = [e for e in distribution.tree.entries if e.path.startswith("bin/") and e.source is not None]
    for entry in scripts:
        if entry.source is not None and starts_python(_head(entry.source)):
            yield f"{name}: {entry.path} starts a Python of the target's, not the packaged one"
    if scripts:
        with zipfile.ZipFile(distribution.wheel.path) as archive:
            for member in (m for m in archive.namelist() if ".data/scripts/" in m):
                with archive.open(member) as source:
                    arguments = arguments_of(source.read(HEAD))
                if arguments:
                    yield f"{name}: {arguments} of the first line of {member.rpartition('/')[2]} is dropped"


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD)


def absolute_rpaths(distribution: Distribution) -> Iterator[str]:
    """Yield a sentence for each file that looks for libraries at a fixed place of its builder's system.

    On the target that place may not exist, or be anybody's. Source: ld.so(8), DT_RPATH and
    DT_RUNPATH; ``$ORIGIN`` stands for the file's own directory.
    """
    if not distribution.tree.needs.machine:  # nothing of it is ELF
        return
    for path, fixed in _rpaths(distribution.tree).items():
        yield f"{distribution.wheel.filename}: {path} looks for libraries in {', '.join(fixed)}"


def _rpaths(tree: Tree) -> dict[str, list[str]]:
    """Return the fixed places by file; noted beside the cached tree, since reading ELF files takes its time."""
    note = tree.root.parent / "rpaths.json"
    with suppress(OSError, ValueError):
        noted: dict[str, list[str]] = json.loads(note.read_text(encoding="utf-8"))
        return noted
    found: dict[str, list[str]] = {}
    for entry in tree.entries:
        if entry.path in tree.needs.carried:
            continue
        if entry.kind is Kind.FILE and entry.source is not None and is_elf(entry.source):
            elf = read_elf(entry.source, entry.path)
            fixed = [p for p in elf.runpath if not p.startswith(("$ORIGIN", "${ORIGIN}"))] if elf else []
            if fixed:
                found[entry.path] = fixed
    with suppress(StorageError):
        write_file(note, json.dumps(found))
    return found
