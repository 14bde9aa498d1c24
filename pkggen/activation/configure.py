"""The verb ``configure``: the package's release is made, tried and switched to."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time

from .answers import Configured, Event
from .builder import Builder
from .events import SWITCHED, note
from .lock import locked, uninterrupted
from .manifest import RELEASE
from .pending import forget, forget_other
from .place import Place
from .plan import Plan
from .preflight import check_interpreter, check_place
from .process import ENVIRONMENT
from .protocol import HOOK, Failure
from .releases import discard, retire, seal, sweep, switch, undo
from .trial import prepare


def configure(place: Place, reason: str = "upgrade", kind: str = "") -> Configured:
    """Make the package's release, try it, switch to it, drop old ones."""
    start = time.monotonic()
    plan = Plan(place.root).finish()
    with locked(place) as lock:
        previous = place.active()
        if reason == "refresh" and not previous and must_ask_first(place, plan):
            return Configured(None, None, changed=False, files=0, copied=0, seconds=0.0)
        if reason in {"", "refresh"} and previous and other_version_stays(place, plan, previous):
            seconds = round(time.monotonic() - start, 3)
            return Configured(previous, previous, changed=False, files=0, copied=0, seconds=seconds)
        with contextlib.suppress(FileExistsError):
            os.mkdir(place.releases, 0o755)
        check_place(place, plan)
        check_interpreter(plan)
        sweep(place)
        known = plan.id in place.complete() or plan.id == previous
        try:
            built = make(place, plan, known)
            announce(place, plan, reason, kind, lock)
        except BaseException:
            undo(place, plan.id, known)
            raise
        kept = activate(place, plan, previous, reason, known=known)
    seconds = time.monotonic() - start
    answer = Configured(plan.id, previous, previous != plan.id, len(plan.members), built.copied, round(seconds, 3))
    place.say(summary(answer, built) + (f"; {', '.join(kept)} kept for rollback" if kept else ""))
    return answer


def activate(place: Place, plan: Plan, previous: str | None, reason: str, *, known: bool) -> list[str]:
    """Switch to the release and drop old ones; return those that are kept."""
    with uninterrupted():
        if previous != plan.id:
            try:
                switch(place, plan.id)
            except OSError:
                undo(place, plan.id, known)
                raise
            note(place, Event(SWITCHED, plan.id, previous or "", reason or "repair"))
        return retire(place, plan.manifest.keep, previous)


def must_ask_first(place: Place, plan: Plan) -> bool:
    """Tell, and say, that a layer changed where nothing is current, and a hook has to be asked before anything is."""
    asked = {"before-install", "before-upgrade"} & set(plan.manifest.hooks)
    if asked:
        place.say("no release is current: the installation was not finished, install the package again", error=True)
    return bool(asked)


def other_version_stays(place: Place, plan: Plan, active: str) -> bool:
    """Tell, and say, that a release of another version than the package's is current and can run."""
    try:
        manifest = place.manifest_of(active)
    except Failure:
        return False
    own, found = ([about.version, about.release] for about in (plan.manifest, manifest))
    if own == found or not os.access(place.releases / active / "venv/bin/python", os.X_OK):
        return False
    place.say(f"release {active} stays current: it is not of the package's version, {'-'.join(own)}")
    forget_other(place, active)
    return True


def make(place: Place, plan: Plan, known: bool) -> Builder:
    """Build the release, or mend the one of the same id in place, file by file."""
    release = place.releases / plan.id
    aside = None
    if plan.archived:
        from .wheels import expand, remembered  # most packages have none

        aside = None if known and remembered(plan, release) else expand(place, plan)
    if known:
        built = Builder(plan, release).fill()
        if not built.linked + built.copied + built.written and (release / RELEASE).exists():
            return built
    else:
        fresh = place.releases / f".new-{plan.id}-{os.getpid()}"
        built = Builder(plan, fresh).fill()
        os.rename(fresh, release)
    if aside:
        discard(place, aside.name)
    try:
        prepare(plan, release)
    except Failure:  # only now: it may be current, and a killed run must leave it as complete as it was
        with contextlib.suppress(OSError):
            os.unlink(release / RELEASE)
        raise
    seal(place, plan, built)
    return built


def announce(place: Place, plan: Plan, reason: str, kind: str, lock: int) -> None:
    """Have ``before`` note what carries the switch through; without a reason nobody will, and no record may stay.

    The child has the lock as well: should we be killed, the next run waits until the hook has ended.
    """
    if reason == "refresh" and place.active() == plan.id:  # no switch, and the caller ends here
        forget_other(place, plan.id)
        return
    if not reason or not plan.watched:
        forget(place)
        return
    argv = [plan.interpreter, "-I", "-B", str(place.program), "before", reason, kind, plan.id]
    process = subprocess.Popen(argv, cwd="/", env=ENVIRONMENT, stdout=place.out, pass_fds=[lock])
    try:
        status = process.wait()
    finally:
        if process.returncode is None:
            process.terminate()  # it ends the hook
            process.wait()
    if status:
        raise Failure(f"release {plan.id} is not switched to", status if status > 0 else HOOK)


def summary(answer: Configured, built: Builder) -> str:
    """Return what configure did, in words."""
    work = [f"{built.linked:,} files linked"] if built.linked else []
    work += [f"{built.copied:,} files copied"] if built.copied else []
    state = "activated" if answer.changed else "mended" if work or built.written else "is active already"
    return f"release {answer.release} {state} ({', '.join([*work, f'{answer.seconds:.1f} s'])})"
