"""What happened to the application's releases: an entry with fields of its own in the system's journal for each.

systemd keeps and rotates it, and what collects logs (journald's remote, Vector, Filebeat) finds the fields there.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time

from . import systemd
from .answers import Event, Told
from .place import Place

JOURNAL = "/run/systemd/journal/socket"
KIND = "5d5f3a6e0b7c4c0f9f3c2b1f7a84e6d1"
"""MESSAGE_ID of all of them, systemd.journal-fields(7)."""
SWITCHED, FAILED = "switched", "failed"
LAST = 100  # events that are asked for
_PRIORITY = {SWITCHED: "6", FAILED: "3"}  # syslog(3): info, err


def note(place: Place, event: Event) -> None:
    """Send an event to the journal, where there is one; nothing depends on it, so nothing fails over it."""
    data = b"".join(field(name, value) for name, value in fields(place.app, event).items())
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(data, JOURNAL)


def fields(app: str, event: Event) -> dict[str, str]:
    """Return the fields of an event's entry."""
    way = f"{event.previous or 'no release'} -> {event.release or 'no release'}"
    return {
        "MESSAGE": f"{event.event}: {way} ({event.reason})" + (f": {event.why}" if event.why else ""),
        "MESSAGE_ID": KIND,
        "PRIORITY": _PRIORITY[event.event],
        "SYSLOG_IDENTIFIER": app,
        "PKGGEN_APP": app,
        "PKGGEN_EVENT": event.event,
        "PKGGEN_RELEASE": event.release,
        "PKGGEN_PREVIOUS": event.previous,
        "PKGGEN_REASON": event.reason,
        "PKGGEN_WHY": event.why,
    }


def field(name: str, value: str) -> bytes:
    """Return a field as the journal's native protocol takes it: with its length, so that it may have several lines."""
    data = value.encode("utf-8", "replace")
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def events(place: Place) -> list[Event]:
    """Return what the journal still has of the application's events, the last one first."""
    # everybody may write to the journal; what begins with an underscore it writes itself, systemd.journal-fields(7)
    matches = ("_UID=0", f"MESSAGE_ID={KIND}", f"PKGGEN_APP={place.app}")
    words = ("--quiet", "-o", "json", "-r", "-n", str(LAST), *matches)
    found = []
    for row in systemd.output_of("journalctl", *words).splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(row)
            told = {name: entry.get(f"PKGGEN_{name.upper()}") or "" for name in ("release", "previous", "why")}
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(entry["__REALTIME_TIMESTAMP"]) // 1_000_000))
            found.append(Event(entry["PKGGEN_EVENT"], reason=entry["PKGGEN_REASON"], time=at, **told))
    return found


def history(place: Place) -> Told:
    """List the events: switches, and what failed."""
    told = events(place)
    for event in told:
        place.show(systemd.plain(f"{event.time}  {fields(place.app, event)['MESSAGE']}"))
    if not told:
        place.show("the journal has no switch (it may have been rotated, or is not yours to read)")
    return Told(tuple(told))
