"""From the switch to its end: what runs is noted and hooks run before it; afterwards health decides, or brings back."""

from __future__ import annotations

from . import systemd
from .answers import Done, Examined
from .health import examine, failed
from .hooks import Occasion, run_hook
from .manifest import Mark, Pending
from .pending import forget, read_pending, write_pending
from .place import Place
from .protocol import UNHEALTHY, Failure
from .rollback import switch_back


def before(place: Place, reason: str, kind: str, release: str) -> Done:
    """Note what is current and what runs, then run the hook; the caller holds the lock and switches after."""
    earlier, previous, manifest = read_pending(place), place.active(), place.manifest()
    # a killed run's release may be current, never found healthy: the way back leads to the one before it
    unsettled = earlier if earlier and earlier.release in {previous, release} else None
    if unsettled and unsettled.previous not in place.complete():
        unsettled = None
    units = systemd.states(manifest) if systemd.runs() else {}
    ran = {unit for unit, mark in unsettled.units.items() if mark.ran} if unsettled else set()
    record = Pending(
        release, unsettled.previous if unsettled else previous, reason, kind,
        {unit: Mark(state.mark, state.lasts() or unit in ran) for unit, state in units.items()},
    )  # fmt: skip
    write_pending(place, record)
    if reason != "refresh":
        try:
            run_hook(place, f"before-{reason}", place.releases / release, occasion_of(place, record, manifest.version))
        except BaseException:
            if not unsettled:
                forget(place)
            raise
    return Done()


def occasion_of(place: Place, record: Pending, new_version: str) -> Occasion:
    """Return what the hooks of a switch are told."""
    return Occasion(record.reason, record.format, place.version_of(record.previous), new_version)


def settle(place: Place) -> Examined:
    """Check what the scripts have restarted; go back or end the switch; raise Failure."""
    record, release = read_pending(place), place.active()
    if not record or release != record.release:
        forget(place)
        return Examined({})
    manifest, services = place.manifest_of(record.release), {}
    if manifest.health and not systemd.runs():
        place.say("systemd does not run here: the services' health is not checked")
    elif manifest.health:
        marks = {unit: mark.start for unit, mark in record.units.items()}
        services = examine(place, systemd.checks(manifest), marks)
    if (read_pending(place), place.active()) != (record, release):  # checks take time, and hold no lock
        say_overtaken(place, record.release)
        return Examined(services)
    bad = failed(services)
    if bad:
        return_to(place, record, bad)
        return Examined(services)
    forget(place)
    if record.reason != "refresh":
        occasion = occasion_of(place, record, manifest.version)
        run_hook(place, f"after-{record.reason}", place.current.resolve(), occasion)
    return Examined(services)


def say_overtaken(place: Place, release: str) -> None:
    """Say that somebody switched to another release while the services were checked."""
    place.say(f"release {release} was switched away from meanwhile: nothing more is done about it")


def return_to(place: Place, record: Pending, bad: list[str]) -> None:
    """Put the release before back, running as it did, and raise Failure; return where another one was switched to."""
    new, old, names = record.release, record.previous, ", ".join(bad)
    if not old or old == new or old not in place.complete():
        forget(place)
        raise Failure(f"release {new} is not healthy ({names}), and there is none to go back to", UNHEALTHY)
    place.say(f"release {new} is not healthy ({names}): going back to {old}", error=True)
    # the package's release goes: what comes next builds it anew, and no rollback may choose it
    if not switch_back(place, old, drop=new).changed:
        say_overtaken(place, new)
        return
    forget(place)
    running = [unit for unit, mark in record.units.items() if mark.ran]
    manifest = place.manifest_of(old)
    found = systemd.states(manifest)
    systemd.stop([unit for unit, state in found.items() if unit not in running and state.lasts("failed")])
    systemd.restart(place, running)
    checks = systemd.checks(manifest)
    marks = {unit: systemd.state_of(unit).mark for unit in checks if unit not in running}
    worse = failed(examine(place, checks, marks))
    state = f"; it is not healthy either ({', '.join(worse)})" if worse else " and runs again" if running else ""
    raise Failure(f"release {new} was not healthy ({names}); release {old} is current{state}", UNHEALTHY)
