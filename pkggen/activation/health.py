"""Whether services are healthy: each is looked at until it is, or its time is over."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Mapping

from . import systemd
from .answers import Examined
from .manifest import Check
from .place import Place
from .process import ENVIRONMENT, ending, login_of, run
from .protocol import UNHEALTHY, Failure
from .systemd import State, state_of

PLAIN = Check(timeout=10, interval=0.1, stable=0)
"""Systemd's word at this moment, for a service that asks for no check."""


def health(place: Place) -> Examined:
    """Check the current release's services now; raise Failure when one is not healthy."""
    release = place.active()
    if release is None:
        raise Failure("no release is current")
    if not systemd.runs():
        raise Failure("systemd does not run here: there is nothing to check")
    manifest = place.manifest_of(release)
    if not manifest.health:
        place.say("no service has a healthcheck")
    services = examine(place, systemd.checks(manifest), {})
    bad = failed(services)
    if bad:
        raise Failure(f"release {release} ({', '.join(bad)})", UNHEALTHY)
    return Examined(services)


def examine(place: Place, checks: Mapping[str, Check], marks: Mapping[str, str]) -> dict[str, str]:
    """Check the services that were started since ``marks``, with the current release.

    Return by unit what is wrong, ``""`` for nothing.
    """
    found, release = {}, place.current.resolve()
    for unit, check in sorted(checks.items()):
        if unit in marks and state_of(unit).mark == marks[unit]:
            place.say(f"{unit} was not restarted, so its health is not checked")
            continue
        begin = time.monotonic()
        found[unit] = wait(place, unit, check, release)
        took = f"{time.monotonic() - begin:.1f} s"
        place.say(found[unit] or f"{unit} is healthy ({took})", error=bool(found[unit]))
        if found[unit]:
            tell_why(place, unit)
    return found


def tell_why(place: Place, unit: str) -> None:
    """Show what the unit has logged last, and where there is more."""
    for row in systemd.last_words(unit):
        place.show(f"{unit}: {row}", error=True)
    place.show(f"more: journalctl -u {unit}", error=True)


def failed(services: Mapping[str, str]) -> list[str]:
    """Return the units with which something is wrong."""
    return sorted(unit for unit, problem in services.items() if problem)


def wait(place: Place, unit: str, check: Check, release: Path) -> str:
    """Wait until a service is healthy, and stays so for ``stable`` seconds; return what is wrong, or nothing."""
    begin = time.monotonic()
    deadline, mark, since = begin + check.timeout, "", begin
    while True:
        state = state_of(unit)
        limit = max(1.0, min(10.0, deadline - time.monotonic()))
        problem = trouble(unit, state, check, limit, place=place, release=release)
        now = time.monotonic()
        if problem or state.mark != mark:  # a start counts from now on
            since, mark = now, state.mark
        if not problem and now - since >= check.stable:
            return ""
        if problem and (state.active in {"failed", "inactive"} or now > deadline):
            return problem + ("" if state.active == "failed" else f" (after {now - begin:.0f} s)")
        if now > deadline + check.stable:
            return f"{unit} starts again and again"
        time.sleep(min(check.interval, max(0.05, deadline - now)))


def trouble(unit: str, state: State, check: Check, limit: float, *, place: Place, release: Path) -> str:
    """Look at a service once; return what is wrong, or nothing."""
    if state.active == "inactive" and state.type == "oneshot" and state.result == "success":
        return ""
    if state.active != "active":
        return f"{unit} is {state.active}" + (f" ({state.result})" if state.result not in {"", "success"} else "")
    if check.http:
        return answer_of(place, check, limit)
    return outcome_of(check, release, limit) if check.command else ""


def answer_of(place: Place, check: Check, limit: float) -> str:
    """Ask the service once, without any proxy; return what is wrong, or nothing.

    A process of its own does it: time limits of sockets begin anew with each byte, and names may resolve slowly.
    """
    argv = [sys.executable, "-I", "-B", str(place.program), "ask", check.http, str(limit)]
    failed, words = run(argv, limit + 2.0)  # its own start takes a moment
    if failed != 0:
        return f"{check.http} does not answer: {words}"
    return "" if words == str(check.status) else f"{check.http} answers {words}, not {check.status}"


def outcome_of(check: Check, release: Path, limit: float) -> str:
    """Run the check's command once; return what is wrong, or nothing."""
    program, *arguments = check.command
    argv = [program if program[0] == "/" else f"{release}/venv/bin/{program}", *arguments]
    try:
        environment, become = login_of(check.user or "nobody", ENVIRONMENT)
    except KeyError as error:
        return str(error.args[0])
    status, words = run(argv, limit, environment=environment, become=become)
    return "" if status == 0 else f"{' '.join(argv)}: {ending(status)}: {words}"
