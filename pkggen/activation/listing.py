"""The list of releases."""

from __future__ import annotations

import contextlib
import os
import time

from . import systemd
from .answers import Event, Listed, Status
from .events import FAILED, events
from .manifest import RELEASE, Release, load
from .place import Place
from .plan import Plan
from .protocol import Failure


def status(place: Place) -> Status:
    """List the releases."""
    active, complete = place.active(), place.complete()
    try:
        package = Plan(place.root).id
    except Failure as failure:
        place.show(str(failure), error=True)
        package = None
    entries = os.listdir(place.releases) if place.releases.is_dir() else []
    partial = sorted(entry for entry in entries if entry[0] != "." and entry not in complete)
    rows = [listed(place, name, complete=name in complete, current=name == active) for name in complete + partial]
    for row in rows:
        notes = [word for word, true in [("current", row.current), ("of the package", row.id == package)] if true]
        notes += [] if row.complete else ["incomplete"]
        place.show(f"{row.id}  {row.activated or '-'}  {', '.join(notes)}".rstrip())
    if active is None:
        place.show("no release is current")
    failed = last_failure(place)
    if failed:
        place.show(systemd.plain(f"{failed.reason} failed at {failed.time}: {failed.why}"))
    return Status(active, package, tuple(rows), failed)


def last_failure(place: Place) -> Event | None:
    """Return what failed since the last switch that was meant, as far as the journal can be read."""
    if not systemd.runs():
        return None
    for event in events(place):
        if event.event == FAILED:
            return event
        if event.reason != "unhealthy":  # going back is the end of a failure
            return None
    return None


def listed(place: Place, name: str, *, complete: bool, current: bool) -> Listed:
    """Return a release's row in the list."""
    path = place.releases / name / RELEASE
    version = activated = None
    with contextlib.suppress(OSError, Failure):
        version = load(Release, path)[1].version
        activated = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))
    return Listed(name, version, complete, current, activated)
