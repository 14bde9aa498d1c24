"""The record of a switch whose end is open, ``releases/.pending.json``."""

from __future__ import annotations

import contextlib
import json
import os

from .manifest import Pending
from .members import write_safely
from .place import Place
from .records import members, read, text


def read_pending(place: Place) -> Pending | None:
    """Return the record; None when there is none, or none that can be read."""
    try:
        return read(Pending, json.loads(place.pending.read_text("utf-8")))
    except (OSError, ValueError):
        return None


def write_pending(place: Place, record: Pending) -> None:
    """Put the record in its place by one rename, flushed to the disk."""
    write_safely(f"{place.releases}/.new-pending-{os.getpid()}", text(members(record)), place.pending)


def forget(place: Place) -> None:
    """Remove the record: the switch has come to its end."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place.pending)


def forget_other(place: Place, release: str | None) -> None:
    """Remove the record of a switch that has not come to pass: of one to another release than ``release``."""
    record = read_pending(place)
    if record and record.release != release:
        with contextlib.suppress(OSError):
            forget(place)
