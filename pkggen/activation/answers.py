"""What the verbs answer, for ``--json``; protocol.py says what the members mean."""

from __future__ import annotations

from .records import Record


class Done(Record):
    """Nothing but that it is done."""


class Switched(Record):
    """Which release is current, and which one was."""

    release: str
    previous: str | None
    changed: bool
    services: dict[str, str] | None = None


class Configured(Record):
    """A switch to the package's release, and what it took."""

    release: str | None
    previous: str | None
    changed: bool
    files: int
    copied: int
    seconds: float


class Examined(Record):
    """The services that were looked at: unit to what is wrong with it, or nothing."""

    services: dict[str, str]


class Listed(Record):
    """A release in the list."""

    id: str
    version: str | None
    complete: bool
    current: bool
    activated: str | None


class Event(Record):
    """A switch, or what failed: ``event`` is "switched" or "failed", ``why`` a sentence, ``time`` UTC, ISO 8601."""

    event: str
    release: str
    previous: str
    reason: str
    why: str = ""
    time: str = ""


class Told(Record):
    """What happened, the last first."""

    events: tuple[Event, ...]


class Status(Record):
    """All releases, the one activated last first; what failed since then."""

    current: str | None
    package: str | None
    releases: tuple[Listed, ...]
    failed: Event | None = None


class Verified(Record):
    """How a release differs from what was installed."""

    release: str
    differences: tuple[str, ...]


class Left(Record):
    """What stays below the prefix."""

    left: tuple[str, ...]


class Admitted(Record):
    """The package that fits."""

    admitted: str
