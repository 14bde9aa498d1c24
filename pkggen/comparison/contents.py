"""Files that belong to no wheel and no interpreter, and the rights of all files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pkggen.comparison.finding import Area, Change, Finding
from pkggen.inventory.held_wheel import layer_of
from pkggen.inventory.package_inventory import Inventory
from pkggen.model import Entry, Kind

_SPECIAL = 0o6000  # setuid and setgid
# Made of what else is in the package: they change with every version, and say nothing of their own.
_DERIVED = re.compile(r"/.*/(manifest\.json|layers/[^/]+\.json|lib/activate\.pyz)|.*/__pycache__/.*\.pyc")
# What one format wants and the other does not have.
_OF_FORMAT = re.compile(
    r"/usr/share/doc/[^/]+/(copyright|changelog.*)|/usr/share/(lintian|licenses)/.*|/usr/lib/\.build-id/.*"
    r"|(/usr)?/lib/systemd/system-preset/.*"
)


def is_of_format(path: str) -> bool:
    """Tell whether a file is there for one format's sake."""
    return _OF_FORMAT.fullmatch(path) is not None


def compare_files(old: Inventory, new: Inventory) -> Iterator[Finding]:
    """Yield files that came, went or changed, and changed modes, owners and setuid bits of all."""
    alike = old.format == new.format
    before, after = ({e.path: e for e in s.files if alike or not is_of_format(e.path)} for s in (old, new))
    yield from _interpreter(old, new, before, after)
    covered = {e.path for s in (old, new) for w in s.wheels for e in w.files} | old.texts.keys() | new.texts.keys()
    for path in sorted(before.keys() | after.keys()):
        here, there = before.get(path), after.get(path)
        if here and there:
            yield from _rights(here, there)
        elif there and there.mode & _SPECIAL and there.kind is Kind.FILE:
            yield Finding(Area.SETUID, Change.ADDED, path, new=f"{there.mode:04o}")
        elif here and here.mode & _SPECIAL and here.kind is Kind.FILE:
            yield Finding(Area.SETUID, Change.REMOVED, path, f"{here.mode:04o}")
        if path not in covered and layer_of(path) != "python" and not _DERIVED.fullmatch(path):
            yield from _content(path, here, there)


def _content(path: str, here: Entry | None, there: Entry | None) -> Iterator[Finding]:
    if here is None or there is None:
        entry = here or there
        if entry and entry.kind is not Kind.DIRECTORY:  # directories follow from what is in them
            yield Finding(Area.FILES, Change.REMOVED if here else Change.ADDED, path)
    elif here.kind is not there.kind:
        yield Finding(Area.FILES, Change.CHANGED, path, here.kind.value, there.kind.value)
    elif here.link != there.link:
        yield Finding(Area.FILES, Change.CHANGED, path, f"-> {here.link}", f"-> {there.link}")
    elif _differ(here, there):
        sizes = (f"{here.size} B", f"{there.size} B") if here.size != there.size else ("", "other bytes")
        yield Finding(Area.FILES, Change.CHANGED, path, *sizes)


def _differ(here: Entry, there: Entry) -> bool:
    """Compare by digest, where both have the same kind of one; old rpms have MD5."""
    return here.size != there.size or (len(here.sha256) == len(there.sha256) and here.sha256 != there.sha256)


def _rights(here: Entry, there: Entry) -> Iterator[Finding]:
    if here.kind is not there.kind:
        return
    path, modes = here.path, (f"{here.mode:04o}", f"{there.mode:04o}")
    if here.mode != there.mode and here.kind is not Kind.SYMLINK:
        yield Finding(Area.MODES, Change.CHANGED, path, *modes)
        if (here.mode ^ there.mode) & _SPECIAL and here.kind is Kind.FILE:
            gained = there.mode & ~here.mode & _SPECIAL
            yield Finding(Area.SETUID, Change.ADDED if gained else Change.REMOVED, path, *modes)
    owners = f"{here.owner}:{here.group}", f"{there.owner}:{there.group}"
    if owners[0] != owners[1]:
        yield Finding(Area.OWNERS, Change.CHANGED, path, *owners)


def _interpreter(
    old: Inventory, new: Inventory, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> Iterator[Finding]:
    """Yield one finding for an interpreter of the same version that has other files."""
    if old.interpreter != new.interpreter:
        return
    names = {p for p in before.keys() | after.keys() if layer_of(p) == "python" and not p.endswith(".pyc")}
    files = {p for p in names if Kind.DIRECTORY not in {e.kind for e in (before.get(p), after.get(p)) if e}}
    changed = [p for p in sorted(files) if p not in before or p not in after or _differ(before[p], after[p])]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        yield Finding(Area.INTERPRETER, Change.CHANGED, "python", old.interpreter, f"other bytes: {changed[0]}{more}")
