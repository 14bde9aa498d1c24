"""Going back to an earlier release."""

from __future__ import annotations

import contextlib

from . import systemd
from .answers import Event, Switched
from .events import SWITCHED, note
from .health import PLAIN, examine, failed
from .lock import locked, uninterrupted
from .pending import forget
from .place import Place
from .plan import Plan
from .protocol import UNHEALTHY, Failure
from .releases import discard, sweep, switch
from .trial import try_release


def rollback(place: Place, wanted: str | None) -> Switched:
    """Switch, restart the services that ran or had failed, check them; raise Failure."""
    manifest = place.manifest()
    found = systemd.states(manifest) if systemd.runs() else {}
    units = sorted(unit for unit, state in found.items() if state.lasts("failed"))
    answer = switch_back(place, wanted)
    forget(place)
    if not systemd.runs() and manifest.services:
        place.say("systemd does not run here: restart what still runs")
        return answer
    systemd.restart(place, units)
    own = systemd.checks(place.manifest_of(answer.release)) if units else {}
    services = examine(place, {unit: own.get(unit, PLAIN) for unit in units}, {})
    bad = failed(services)
    if bad:
        raise Failure(f"release {answer.release} is current, but not healthy ({', '.join(bad)})", UNHEALTHY)
    return answer.replaced(services=services)


def switch_back(place: Place, wanted: str | None, drop: str | None = None) -> Switched:
    """Switch to the release that was current before, or to ``wanted``; raise Failure.

    ``drop`` names the current release and has it deleted; when another one is current by now, nothing is done.
    """
    with locked(place):
        previous, complete = place.active(), place.complete()
        if drop not in {None, previous}:
            return Switched(previous or "", previous, changed=False)
        names = [name for name in complete if name != previous] if wanted is None else [wanted]
        if not names or names[0] not in complete:
            raise Failure(f"there is no release {wanted or ''} to go back to".replace("  ", " "))
        with contextlib.suppress(OSError):  # a killed run's; going back does not depend on it
            sweep(place)
        if names[0] != previous:
            plan = Plan(place.copies(names[0]))
            try_release(plan, f"{plan.manifest.prefix}/releases/{names[0]}")
            with uninterrupted():
                switch(place, names[0])
                note(place, Event(SWITCHED, names[0], previous or "", "unhealthy" if drop else "rollback"))
                if drop and previous:
                    with contextlib.suppress(OSError):  # the next run sweeps
                        discard(place, previous)
    place.say(f"release {names[0]} is current (before: {previous})")
    return Switched(names[0], previous, changed=names[0] != previous)
