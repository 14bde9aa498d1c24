"""Carries a switch of releases through: the project's hooks, the services' health, and the way back.

Shipped verbatim as ``<prefix>/lib/rollout.py`` beside ``activate.py``, whose rules it shares: standard
library, syntax of Python 3.8, run as root by maintainer scripts and administrators.

argv
    ``<prefix>/layers/python/bin/python3.X -I -B <prefix>/lib/rollout.py VERB [--json]``

    before REASON FORMAT RELEASE   by ``activate.py configure``, once RELEASE is built and tried: note which
                       services run, then run the hook before-install or before-upgrade with it
    settle             by the scripts, once they have restarted the services: wait until they are healthy,
                       go back to the release before where one is not; else run the hook after-…
    remove FORMAT      run the hook before-remove
    health             check now what is to be checked
    ask URL SECONDS    for these: print the status that a server answers with
    rollback [ID]      ``activate.py rollback``, then restart the services that ran, and check them

    REASON is install, upgrade (as the package manager sees it) or refresh (a layer changed: no hooks).

input
    The manifest's ``hooks`` (name to ``file`` and ``user``), ``services`` (units) and ``health``
    (unit to ``http`` and ``status``, or ``command`` and ``user``, or neither for systemd's own word;
    ``timeout``, ``interval``, ``stable`` in seconds), each release's own where it is about that release.

state
    ``releases/.pending.json``, from ``before`` to the end of ``settle``: ``release``, ``previous`` (what to
    go back to, also after a kill), ``reason``, ``format``, ``units`` (name to start mark, and whether it ran).

exit status
    0 done; 1 failed; 2 usage; 7 a hook failed; 8 a service is not healthy; else that of activate.py.
    ``--json`` as there, with ``services``: unit to ``""`` or what is wrong with it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import importlib.util
import json
import os
import pwd
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple
from urllib.parse import urlsplit

HOOK, UNHEALTHY = 7, 8
SYSTEMD = "/run/systemd/system"
SYSTEMCTL_LIMIT = 900.0  # seconds: units have time limits of their own
RUNNING = {"active", "activating", "reloading"}


def load_neighbour() -> Any:
    """Return activate.py as a module: isolated interpreters do not look beside the program."""
    spec = importlib.util.spec_from_file_location("pkggen_activate", Path(__file__).resolve().with_name("activate.py"))
    if spec is None or spec.loader is None:
        raise ImportError("activate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # typing.NamedTuple looks itself up there
    spec.loader.exec_module(module)
    return module


activate = load_neighbour()


class Unable(activate.Failure):  # type: ignore[misc, name-defined]
    """A hook that did not even begin."""


class State(NamedTuple):
    """What systemd says of a unit; ``mark`` is another one after each start."""

    active: str = "inactive"
    mark: str = ""
    result: str = ""
    type: str = ""


# ---- systemd


def systemd_runs() -> bool:
    """Tell whether there is a systemd to ask; sd_booted(3)."""
    return os.path.isdir(SYSTEMD)


def systemctl(*words: str) -> str:
    """Run systemctl; return what it says, nothing where it fails."""
    argv, env = ["systemctl", "--no-pager", *words], dict(activate.ENVIRONMENT)
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SYSTEMCTL_LIMIT)
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


def instances(name: str) -> list[str]:
    """Return a unit's name as it is, or those of a template's instances that systemd knows."""
    if "@." not in name:
        return [name]
    rows = systemctl("list-units", "--all", "--plain", "--no-legend", name.replace("@.", "@*."))
    return [row.split()[0] for row in rows.splitlines() if row.split()]


def states(manifest: dict[str, Any]) -> dict[str, State]:
    """Return the states of an application's services, instances of templates included."""
    return {unit: state_of(unit) for name in manifest.get("services", []) for unit in instances(name)}


def checks(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the health checks by unit, one for each instance of a template."""
    return {unit: check for name, check in manifest.get("health", {}).items() for unit in instances(name)}


def lasting(state: State, *more: str) -> bool:
    """Tell whether a unit runs, or is in one of ``more`` states; a job that comes to its end is left to itself."""
    return state.active in {*RUNNING, *more} and state.type != "oneshot"


def restart(place: Any, units: list[str]) -> None:
    """Start units anew, also those that systemd has given up."""
    if units:
        systemctl("reset-failed", *units)
        place.say("restarting " + ", ".join(units))
        systemctl("restart", *units)


# ---- health


def answer_of(check: dict[str, Any], limit: float) -> str:
    """Ask the service once, without any proxy; return what is wrong, or nothing.

    A process of its own does it: time limits of sockets begin anew with each byte, and names may resolve slowly.
    """
    argv = [sys.executable, "-I", "-B", os.path.abspath(__file__), "ask", check["http"], str(limit)]
    failed, words = activate.run(argv, limit + 2.0)  # its own start takes a moment
    if failed != 0:
        return f"{check['http']} does not answer: {words}"
    return "" if words == str(check["status"]) else f"{check['http']} answers {words}, not {check['status']}"


def ask(address: str, limit: str) -> int:
    """Print the status of the answer to one request, or what is wrong; return the exit status."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(str(url.hostname), url.port or 80, timeout=float(limit))
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("GET", path, headers={"User-Agent": "pkggen", "Connection": "close"})
        sys.stdout.write(f"{connection.getresponse().status}\n")
    except (OSError, http.client.HTTPException, ValueError) as error:
        sys.stdout.write(f"{error or type(error).__name__}\n")
        return 1
    finally:
        connection.close()
    return 0


def outcome_of(check: dict[str, Any], release: Path, limit: float) -> str:
    """Run the check's command once; return what is wrong, or nothing."""
    program, *arguments = check["command"]
    argv = [program if program[0] == "/" else f"{release}/venv/bin/{program}", *arguments]
    try:
        environment, become = identity(check.get("user") or "nobody", activate.ENVIRONMENT)
    except KeyError as error:
        return str(error.args[0])
    status, words = activate.run(argv, limit, environment=environment, become=become)
    return "" if status == 0 else f"{' '.join(argv)}: {activate.ending(status)}: {words}"


def trouble(unit: str, state: State, check: dict[str, Any], release: Path, limit: float) -> str:
    """Look at a service once; return what is wrong, or nothing."""
    if state.active == "inactive" and state.type == "oneshot" and state.result == "success":
        return ""
    if state.active != "active":
        return f"{unit} is {state.active}" + (f" ({state.result})" if state.result not in {"", "success"} else "")
    if check.get("http"):
        return answer_of(check, limit)
    return outcome_of(check, release, limit) if check.get("command") else ""


def wait(unit: str, check: dict[str, Any], release: Path) -> str:
    """Wait until a service is healthy, and stays so for ``stable`` seconds; return what is wrong, or nothing."""
    begin = time.monotonic()
    deadline, mark, since = begin + check["timeout"], "", begin
    while True:
        state = state_of(unit)
        problem = trouble(unit, state, check, release, max(1.0, min(10.0, deadline - time.monotonic())))
        now = time.monotonic()
        if problem or state.mark != mark:  # a start counts from now on
            since, mark = now, state.mark
        if not problem and now - since >= check["stable"]:
            return ""
        if problem and (state.active in {"failed", "inactive"} or now > deadline):
            return problem + ("" if state.active == "failed" else f" (after {now - begin:.0f} s)")
        if now > deadline + check["stable"]:
            return f"{unit} starts again and again"
        time.sleep(min(check["interval"], max(0.05, deadline - now)))


def examine(place: Any, manifest: dict[str, Any], release: Path, marks: dict[str, str]) -> dict[str, str]:
    """Check the services that were started since ``marks``; return by unit what is wrong, ``""`` for nothing."""
    found = {}
    for unit, check in sorted(checks(manifest).items()):
        if unit in marks and state_of(unit).mark == marks[unit]:
            place.say(f"{unit} was not restarted, so its health is not checked")
            continue
        begin = time.monotonic()
        found[unit] = wait(unit, check, release)
        took = f"{time.monotonic() - begin:.1f} s"
        place.say(found[unit] or f"{unit} is healthy ({took})", error=bool(found[unit]))
    return found


# ---- hooks


def identity(user: str, environment: dict[str, str]) -> tuple[dict[str, str], Callable[[], None] | None]:
    """Return the environment of a user's process and what makes it so; raise KeyError with a sentence."""
    if os.geteuid() != 0 or user in {"", "root"}:
        return {**environment, "HOME": "/root" if os.geteuid() == 0 else "/nonexistent"}, None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise KeyError(f"there is no user {user}") from None

    def become() -> None:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return {**environment, "HOME": entry.pw_dir, "USER": user, "LOGNAME": user}, become


def run_hook(place: Any, name: str, release: Path, about: dict[str, str]) -> None:
    """Run a hook with a release's venv, if the package has it; raise Failure when it fails.

    It is ended when we are, and it has no time limit: a migration takes what it takes.
    """
    _, manifest = activate.read_json(place.root / "manifest.json")
    hook = manifest.get("hooks", {}).get(name)
    if hook is None:
        return
    bin_directory = f"{release}/venv/bin"
    environment = {
        **activate.ENVIRONMENT, "PATH": f"{bin_directory}:{activate.ENVIRONMENT['PATH']}", "PKGGEN_HOOK": name,
        "PKGGEN_APP": place.app, "PKGGEN_PREFIX": str(place.root), "PKGGEN_RELEASE": str(release), **about,
    }  # fmt: skip
    path = str(place.root / hook["file"])
    if not os.path.isfile(path):
        raise Unable(f"the hook {name} can't run: {path} is missing", HOOK)
    argv = [f"{bin_directory}/python", "-I", "-B", path] if path.endswith(".py") else ["/bin/sh", path]
    try:
        environment, become = identity(hook.get("user", ""), environment)
        place.say(f"running the hook {name}")
        process = start(argv, environment, become)
    except KeyError as error:
        raise Unable(f"the hook {name} can't run: {error.args[0]}", HOOK) from None
    except (OSError, subprocess.SubprocessError) as error:
        raise Unable(f"the hook {name} can't run: {error}", HOOK) from None
    try:
        # activate's answer for --json is on stdout: a hook's words are no part of it
        relay(process, {process.stdout: place.out, process.stderr: sys.stderr})
    finally:
        status = end(process)
    if status:
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"failed with status {status}"
        raise activate.Failure(f"the hook {name} ({path}) {how}", HOOK)


def start(argv: list[str], environment: dict[str, str], become: Callable[[], None] | None) -> subprocess.Popen[bytes]:
    """Start a hook in a session of its own, without a terminal: a user's process could type into root's, ioctl_tty(2).

    Raises what Popen raises.
    """
    die_with_us = activate.mortal()

    def prepare() -> None:
        for step in (become, die_with_us):  # setuid(2) would undo the latter, prctl(2)
            if step:
                step()

    return subprocess.Popen(
        argv, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=prepare,
    )  # fmt: skip


def relay(process: subprocess.Popen[bytes], sinks: dict[Any, Any]) -> None:
    """Copy what a hook prints until it has ended; what it leaves in the background may hold the pipes for ever."""
    with selectors.DefaultSelector() as selector:
        for source in sinks:
            selector.register(source, selectors.EVENT_READ)
        while selector.get_map():
            last = not runs(process)
            ready = selector.select(0 if last else 0.2)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 20)  # a pipe holds no more
                with contextlib.suppress(OSError, AttributeError):  # our own output may be closed
                    sinks[key.fileobj].buffer.write(data)
                    sinks[key.fileobj].buffer.flush()
                if not data:
                    selector.unregister(key.fileobj)
            if last:
                return
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def runs(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process has not ended; it is not reaped, so that its number stays its group's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None


def end(process: subprocess.Popen[bytes]) -> int:
    """End a hook and what it left in its process group; return its status."""
    with contextlib.suppress(ProcessLookupError):
        if runs(process):
            os.killpg(process.pid, signal.SIGTERM)
            deadline = time.monotonic() + 10
            while runs(process) and time.monotonic() < deadline:
                time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    return process.wait()


def about(record: dict[str, Any], old: str, new: str) -> dict[str, str]:
    """Return what a hook is told besides where it is."""
    return {
        "PKGGEN_REASON": record["reason"], "PKGGEN_FORMAT": record["format"], "PKGGEN_OLD_VERSION": old,
        "PKGGEN_NEW_VERSION": new,
    }  # fmt: skip


def version_of(place: Any, release: str | None) -> str:
    """Return the application's version in a release; nothing where there is none."""
    with contextlib.suppress(activate.Failure, KeyError):
        if release:
            return str(manifest_of(place, release)["version"])
    return ""


def manifest_of(place: Any, release: str) -> dict[str, Any]:
    """Return a release's own manifest."""
    return dict(activate.read_json(place.releases / release / "manifest/manifest.json")[1])


# ---- from the switch to its end


def pending(place: Any) -> dict[str, Any]:
    """Return the record of a switch whose end is open; empty when there is none."""
    try:
        return dict(json.loads((place.releases / ".pending.json").read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def forget(place: Any) -> None:
    """Remove that record: the switch has come to its end."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place.releases / ".pending.json")


def before(place: Any, reason: str, kind: str, release: str) -> dict[str, Any]:
    """Note what is current and what runs, then run the hook; the caller holds the lock and switches after."""
    earlier, previous = pending(place), place.active()
    # a killed run's release may be current, never found healthy: the way back leads to the one before it
    unsettled = earlier.get("release") in {previous, release} and earlier.get("previous") in place.complete()
    _, manifest = activate.read_json(place.root / "manifest.json")
    units = states(manifest) if systemd_runs() else {}
    ran = {unit for unit, (_, running) in earlier.get("units", {}).items() if running} if unsettled else set()
    record: dict[str, Any] = {
        "release": release, "previous": earlier.get("previous") if unsettled else previous, "reason": reason,
        "format": kind,
        "units": {unit: [state.mark, lasting(state) or unit in ran] for unit, state in units.items()},
    }  # fmt: skip
    scratch = place.releases / f".new-pending-{os.getpid()}"
    with open(scratch, "w", encoding="utf-8") as stream:
        json.dump(record, stream, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(scratch, place.releases / ".pending.json")
    if reason != "refresh":
        told = about(record, version_of(place, record["previous"]), str(manifest["version"]))
        try:
            run_hook(place, f"before-{reason}", place.releases / release, told)
        except BaseException:
            if not unsettled:
                forget(place)
            raise
    return record


def settle(place: Any) -> dict[str, Any]:
    """Check what the scripts have restarted; go back or end the switch; raise Failure."""
    record, release = pending(place), place.active()
    if not record or release != record["release"]:
        forget(place)
        return {"services": {}}
    manifest, services = manifest_of(place, release), {}
    if manifest.get("health") and not systemd_runs():
        place.say("systemd does not run here: the services' health is not checked")
    elif manifest.get("health"):
        marks = {unit: mark for unit, (mark, _) in record["units"].items()}
        services = examine(place, manifest, place.current.resolve(), marks)
    if (pending(place), place.active()) != (record, release):  # checks take time, and hold no lock
        place.say(f"release {release} was switched away from meanwhile: nothing more is done about it")
        return {"services": services}
    bad = sorted(unit for unit, problem in services.items() if problem)
    if bad:
        return_to(place, record, bad)
        return {"services": services}
    forget(place)
    if record["reason"] != "refresh":
        told = about(record, version_of(place, record["previous"]), str(manifest["version"]))
        run_hook(place, f"after-{record['reason']}", place.current.resolve(), told)
    return {"services": services}


def return_to(place: Any, record: dict[str, Any], bad: list[str]) -> None:
    """Put the release before back, running as it did, and raise Failure; return where another one was switched to."""
    new, old, names = record["release"], record["previous"], ", ".join(bad)
    if not old or old == new or old not in place.complete():
        forget(place)
        raise activate.Failure(f"release {new} is not healthy ({names}), and there is none to go back to", UNHEALTHY)
    place.say(f"release {new} is not healthy ({names}): going back to {old}", error=True)
    # the package's release goes: what comes next builds it anew, and no rollback may choose it
    if not activate.rollback(place, old, drop=new)["changed"]:
        place.say(f"release {new} was switched away from meanwhile: nothing more is done about it")
        return
    forget(place)
    running = [unit for unit, (_, ran) in record["units"].items() if ran]
    found = states(manifest_of(place, old))
    started = [unit for unit, state in found.items() if unit not in running and lasting(state, "failed")]
    if started:
        systemctl("stop", *started)
        systemctl("reset-failed", *started)
    restart(place, running)
    manifest = manifest_of(place, old)
    marks = {unit: state_of(unit).mark for unit in checks(manifest) if unit not in running}
    worse = [unit for unit, problem in examine(place, manifest, place.current.resolve(), marks).items() if problem]
    state = f"; it is not healthy either ({', '.join(worse)})" if worse else " and runs again" if running else ""
    text = f"release {new} was not healthy ({names}); release {old} is current{state}"
    raise activate.Failure(text, UNHEALTHY)


# ---- the administrator's verbs


def rollback(place: Any, wanted: str | None) -> dict[str, Any]:
    """Switch, restart the services that ran or had failed, check them; raise Failure."""
    _, manifest = activate.read_json(place.root / "manifest.json")
    found = states(manifest) if systemd_runs() else {}
    units = sorted(unit for unit, state in found.items() if lasting(state, "failed"))
    answer = dict(activate.rollback(place, wanted))
    forget(place)
    if not systemd_runs() and manifest.get("services"):
        place.say("systemd does not run here: restart what still runs")
        return answer
    restart(place, units)
    own = manifest_of(place, answer["release"])
    own["health"] = {unit: checks(own).get(unit, PLAIN) for unit in units}
    answer["services"] = examine(place, own, place.current.resolve(), {})
    return ended(answer, f"release {answer['release']} is current, but not healthy")


# systemd's word at this moment, for a service that asks for no check
PLAIN: dict[str, Any] = {"timeout": 10, "interval": 0.1, "stable": 0}


def health(place: Any) -> dict[str, Any]:
    """Check the current release's services now; raise Failure when one is not healthy."""
    release = place.active()
    if release is None:
        raise activate.Failure("no release is current")
    if not systemd_runs():
        raise activate.Failure("systemd does not run here: there is nothing to check")
    manifest = manifest_of(place, release)
    if not manifest.get("health"):
        place.say("no service has a healthcheck")
    return ended({"services": examine(place, manifest, place.current.resolve(), {})}, f"release {release}")


def ended(answer: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the answer when all is well; else raise Failure."""
    bad = sorted(unit for unit, problem in answer["services"].items() if problem)
    if bad:
        raise activate.Failure(f"{text} ({', '.join(bad)})", UNHEALTHY)
    return answer


def remove(place: Any, kind: str) -> dict[str, Any]:
    """Run the hook before-remove with the current release; a broken application can be removed all the same."""
    release = place.active()
    if release is None:
        place.say("no release is current: the hook before-remove does not run")
        return {}
    home, record = place.releases / release, {"reason": "remove", "format": kind}
    try:
        run_hook(place, "before-remove", home, about(record, version_of(place, release), ""))
    except Unable as failure:
        place.say(f"{failure}; the removal goes on without it", error=True)
    except activate.Failure:
        try:
            activate.try_release(activate.Plan(home / "manifest"), str(home))
        except (activate.Failure, OSError) as broken:
            place.say(f"{broken}; so the hook's failure does not count, and the removal goes on", error=True)
            return {}
        raise
    return {}


# ---- the program

ARGUMENTS = {"ask": 2, "before": 3, "remove": 1, "settle": 0, "health": 0}


def main(argv: list[str]) -> int:
    """Run one verb; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="rollout.py", description="Hooks, health and the way back.")
    parser.add_argument("verb", choices=[*ARGUMENTS, "rollback"])
    parser.add_argument("words", nargs="*", help="the verb's own arguments")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(argv)
    verb, words = options.verb, options.words
    if len(words) > 1 if verb == "rollback" else len(words) != ARGUMENTS[verb]:
        parser.error(f"{verb}: see the program's first lines for its arguments")
    if verb == "ask":
        return ask(*words)
    os.umask(0o022)
    os.chdir("/")
    for number in activate.SIGNALS:
        signal.signal(number, activate.interrupt)
    place = activate.Place(Path(__file__).resolve().parent.parent)
    with contextlib.suppress(activate.Failure, KeyError):
        place.app = str(activate.read_json(place.root / "manifest.json")[1]["app"])
    if options.json:
        place.out = sys.stderr
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        "before": before, "remove": remove, "settle": settle, "health": health,
        "rollback": lambda place, name=None: rollback(place, name),
    }  # fmt: skip
    code, answer = activate.guarded(place, lambda: verbs[verb](place, *words))
    if options.json:
        sys.stdout.write(json.dumps({"verb": verb, **answer}, sort_keys=True) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
