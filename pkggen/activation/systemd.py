"""The services' units, as systemd knows them."""

from __future__ import annotations

import os
import subprocess
from typing import Iterable, NamedTuple

from .manifest import Check, Manifest
from .place import Place
from .process import ENVIRONMENT

SYSTEMD = "/run/systemd/system"
SYSTEMCTL_LIMIT = 900.0  # seconds: units have time limits of their own
LAST_WORDS = 10  # lines
RUNNING = {"active", "activating", "reloading"}


class State(NamedTuple):
    """What systemd says of a unit; ``mark`` is another one after each start."""

    active: str = "inactive"
    mark: str = ""
    result: str = ""
    type: str = ""

    def lasts(self, *more: str) -> bool:
        """Tell whether it runs, or is in one of ``more`` states; a job that comes to its end is left to itself."""
        return self.active in {*RUNNING, *more} and self.type != "oneshot"


def runs() -> bool:
    """Tell whether there is a systemd to ask; sd_booted(3)."""
    return os.path.isdir(SYSTEMD)


def systemctl(*words: str) -> str:
    """Run systemctl; return what it says, nothing where it fails."""
    return output_of("systemctl", *words)


def output_of(program: str, *words: str) -> str:
    """Run one of systemd's programs; return what it says, nothing where it fails."""
    argv = [program, "--no-pager", *words]
    try:
        done = subprocess.run(
            argv,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=SYSTEMCTL_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def state_of(unit: str) -> State:
    """Return a unit's state; of one that systemd does not know: inactive, never started."""
    names = "ActiveState,InvocationID,InactiveExitTimestampMonotonic,Result,Type"
    found = dict(row.partition("=")[::2] for row in systemctl("show", "-p", names, unit).splitlines())
    # the time alone tells too little in a crash loop, the id is unknown to systemd before 232
    mark = f"{found.get('InvocationID', '')} {found.get('InactiveExitTimestampMonotonic', '')}"
    return State(found.get("ActiveState", "inactive"), mark, found.get("Result", ""), found.get("Type", ""))


def last_words(unit: str) -> list[str]:
    """Return the last lines that a unit has logged, with nothing in them that a terminal obeys."""
    said = output_of("journalctl", "--quiet", "-o", "cat", "-n", str(LAST_WORDS), "-u", unit)
    return [plain(row) for row in said.splitlines()]


def plain(text: str) -> str:
    """Return what others wrote with nothing in it that a terminal obeys, on its own lines."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)


def instances(name: str) -> list[str]:
    """Return a unit's name as it is, or those of a template's instances that systemd knows."""
    if "@." not in name:
        return [name]
    rows = systemctl("list-units", "--all", "--plain", "--no-legend", name.replace("@.", "@*."))
    return [row.split()[0] for row in rows.splitlines() if row.split()]


def states(manifest: Manifest) -> dict[str, State]:
    """Return the states of an application's services, instances of templates included."""
    return {unit: state_of(unit) for name in manifest.services for unit in instances(name)}


def checks(manifest: Manifest) -> dict[str, Check]:
    """Return the health checks by unit, one for each instance of a template."""
    return {unit: check for name, check in manifest.health.items() for unit in instances(name)}


def restart(place: Place, units: Iterable[str]) -> None:
    """Start units anew, also those that systemd has given up."""
    names = list(units)
    if names:
        systemctl("reset-failed", *names)
        place.say("restarting " + ", ".join(names))
        systemctl("restart", *names)


def stop(units: Iterable[str]) -> None:
    """Stop units, and have systemd forget that they failed."""
    names = list(units)
    if names:
        systemctl("stop", *names)
        systemctl("reset-failed", *names)
