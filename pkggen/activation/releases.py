"""The directory ``releases/`` and ``current``: a release is marked complete, switched to, and taken away."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time

from .builder import Builder
from .manifest import RELEASE, LinkRow, Release, WrittenRow, written
from .members import File, Link, Text, sync, write_safely
from .pending import read_pending
from .place import Place, explain
from .plan import Plan
from .protocol import Failure


def seal(place: Place, plan: Plan, built: Builder) -> None:
    """Mark a release complete, that is prepared: all of it is on the disk."""
    release = place.releases / plan.id
    write_safely(built.scratch, written(record_of(plan, built)), release / RELEASE)
    sync(release)
    sync(place.releases)


def record_of(plan: Plan, built: Builder) -> Release:
    """Return what was made here: what no layer's description can tell ``verify``."""
    rows = []
    for path, member in plan.members.items():
        if isinstance(member, Text):
            rows.append(WrittenRow(path, len(member.data), hashlib.sha256(member.data).hexdigest()))
        elif isinstance(member, File) and path in plan.expanded:
            rows.append(WrittenRow(path, member.size, member.digest))
    return Release(
        id=plan.id,
        version=f"{plan.manifest.version}-{plan.manifest.release}",
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        copied=built.copied,
        written=tuple(rows),
        links=tuple(LinkRow(path, link.target) for path, link in plan.members.items() if isinstance(link, Link)),
    )


def switch(place: Place, name: str) -> None:
    """Point ``current`` at a release: one rename(2), so that every moment sees the old or the new one."""
    if place.current.exists() and not place.current.is_symlink():
        raise Failure(f"{place.current} is not a symbolic link; move it away and try again")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place.fresh)
    os.symlink(f"releases/{name}", place.fresh)
    try:
        os.rename(place.fresh, place.current)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(place.fresh)
        raise
    with contextlib.suppress(OSError):  # done is done: from here on nothing may fail
        sync(place.root)
        newest = max(os.lstat(place.releases / other / RELEASE).st_mtime_ns for other in place.complete())
        stamp = max(time.time_ns(), newest + 1)  # the clock may have been set back
        os.utime(place.releases / name / RELEASE, ns=(stamp, stamp))


def discard(place: Place, name: str) -> None:
    """Remove an entry of ``releases/``: by one rename for the eye, then for good. Links are never followed."""
    path = place.releases / name
    if path.is_symlink() or not path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    if name[0] != ".":
        hidden = place.releases / f".old-{name}-{os.getpid()}"
        try:
            os.rename(path, hidden)
            path = hidden
        except OSError:  # then at least no longer complete, before it goes piece by piece
            with contextlib.suppress(OSError):
                os.unlink(path / RELEASE)
    shutil.rmtree(path)


def undo(place: Place, name: str, known: bool) -> None:
    """Remove what a failed run made: half a release would keep a full disk full."""
    with contextlib.suppress(OSError):
        if place.active() != name and not known and (place.releases / name).exists():
            discard(place, name)
    with contextlib.suppress(OSError):
        sweep(place)


def sweep(place: Place) -> None:
    """Remove what killed runs left: scratch names, and releases that never became complete."""
    good = {*place.complete(), place.active()}
    for name in sorted(os.listdir(place.releases)):
        if name.startswith((".new-", ".old-")) or (name[0] != "." and name not in good):
            try:
                discard(place, name)
            except OSError as error:  # NFS keeps what a process has open; the next run tries again
                place.say(f"could not be removed yet: {explain(error, place.releases / name)}", error=True)
    if place.fresh.is_symlink():
        os.unlink(place.fresh)


def retire(place: Place, keep: int, previous: str | None) -> list[str]:
    """Drop releases beyond ``keep``; return the kept.

    Never the last ``current`` nor any other from which processes still run, nor the one to which the services'
    health check may have to go back. Where any stay, so does the newest of another version: each change of a
    layer (a plugin, a runtime) makes a release, and going back has to lead past it.
    """
    active, pending = place.active(), read_pending(place)
    others, spared = [name for name in place.complete() if name != active], {previous, *in_use(place)}
    if pending:
        spared.add(pending.previous)
    if keep:
        spared.update([name for name in others if version_in(name) != version_in(active or "")][:1])
    kept = [name for index, name in enumerate(others) if index < keep or name in spared]
    for name in set(others) - set(kept):
        try:
            discard(place, name)
        except OSError as error:
            place.say(f"release {name} could not be removed: {explain(error, place.releases)}", error=True)
    return kept


def version_in(release: str) -> str:
    """Return the version, with its release number, that a release's id begins with."""
    return release.rpartition("-")[0]


def in_use(place: Place) -> set[str]:
    """Return the releases whose interpreter a process runs: one that nobody restarts yet imports from there."""
    top, found = f"{place.root}/releases/", set()
    with contextlib.suppress(OSError):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has ended, or is another's
                program = os.readlink(f"/proc/{entry}/exe")
                if program.startswith(top):
                    found.add(program[len(top) :].partition("/")[0])
    return found


def drop_current(place: Place) -> None:
    """Remove ``current``, if it is a link as we make it, and what a killed switch left."""
    for path in (place.fresh, place.current):
        if path.is_symlink():
            os.unlink(path)
    sync(place.root)


def drop_releases(place: Place) -> None:
    """Remove ``releases/``; no link is followed."""
    if place.releases.is_dir() and not place.releases.is_symlink():
        try:
            shutil.rmtree(place.releases)
        except OSError as error:
            if error.errno != errno.EBUSY or os.listdir(place.releases):  # a mount point may stay, empty
                raise
