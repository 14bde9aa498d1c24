"""Wheels, interpreter and libraries, compared by their versions, and by their files where these are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from packaging.version import InvalidVersion, Version

from pkggen.comparison.finding import Area, Change, Finding
from pkggen.inventory.held_wheel import HeldWheel
from pkggen.inventory.libraries import Library


def versioned(area: Area, subject: str, old: str, new: str) -> Iterator[Finding]:
    """Yield how a version changed; nothing when it did not."""
    if old == new:
        return
    if not old or not new:
        yield Finding(area, Change.ADDED if new else Change.REMOVED, subject, old, new)
        return
    try:
        change = Change.UPGRADED if Version(new) > Version(old) else Change.DOWNGRADED
    except InvalidVersion:  # such as "1:2.0~rc1-1", or several versions
        change = Change.CHANGED
    yield Finding(area, change, subject, old, new)


def compare_wheels(old: Sequence[HeldWheel], new: Sequence[HeldWheel]) -> Iterator[Finding]:
    """Yield wheels that came, went or changed, and what that means for licences."""
    before, after = ({w.name: w for w in wheels} for wheels in (old, new))
    versions = [{n: ", ".join(w.version for w in ws if w.name == n) for n in {w.name for w in ws}} for ws in (old, new)]
    for name in sorted(before.keys() | after.keys()):
        told = after.get(name) or before[name]
        for finding in versioned(Area.WHEELS, name, versions[0].get(name, ""), versions[1].get(name, "")):
            yield replace(finding, address=told.changelog or told.homepage)
        if name in before and name in after:
            yield from _same(before[name], after[name])
    known = {w.licence for w in old}
    for licence in sorted({w.licence for w in new} - known - {""}):
        holders = sorted(w.name for w in new if w.licence == licence and w.name not in before)
        if holders:
            yield Finding(Area.LICENCE, Change.ADDED, licence, new=", ".join(holders))


def _same(old: HeldWheel, new: HeldWheel) -> Iterator[Finding]:
    if old.licence != new.licence:
        yield Finding(Area.LICENCE, Change.CHANGED, new.name, old.licence or "none", new.licence or "none")
    if old.version == new.version:
        count = len(_digests(old) ^ _digests(new))
        names = sorted({path for path, _ in _digests(old) ^ _digests(new)})
        if count:
            yield Finding(Area.WHEELS, Change.CHANGED, new.name, old.version, f"other bytes: {_few(names)}")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _digests(wheel: HeldWheel) -> set[tuple[str, str]]:
    """Return paths below site-packages with their digests, without byte code, which follows the interpreter."""
    return {
        (entry.path.removeprefix(f"{wheel.site}/"), entry.sha256)
        for entry in wheel.files
        if not entry.path.endswith((".pyc", ".dist-info/RECORD"))
    }


def compare_libraries(old: Iterable[Library], new: Iterable[Library]) -> Iterator[Finding]:
    """Yield the C libraries of interpreter and wheels that came, went or changed."""
    before, after = (_by_holder(found) for found in (old, new))
    for holder, name in sorted(before.keys() | after.keys()):
        subject = f"{holder}: {name}" if holder else name
        yield from versioned(Area.LIBRARIES, subject, before.get((holder, name), ""), after.get((holder, name), ""))


def _by_holder(found: Iterable[Library]) -> dict[tuple[str, str], str]:
    versions: dict[tuple[str, str], list[str]] = {}
    for library in found:
        versions.setdefault((library.holder, library.name), []).append(library.version or "unknown version")
    return {key: ", ".join(sorted(told)) for key, told in versions.items()}
