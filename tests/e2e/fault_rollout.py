"""A machine on which an upgrade's steps are killed: what comes before the switch, what ends it, and a rollback."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.fault_application import NEW, OLD
from tests.e2e.fault_injection import TRACER, made
from tests.e2e.pulse import serving, set_mode
from tests.targets import Machine
from tests.targets.process import Result

HOME = "/opt/pulse"
PROGRAM = f"{HOME}/layers/python/bin/python3 -I -B {HOME}/lib/activate.pyz"
RELEASES = f"{HOME}/bin/pulse-releases"
CALLS = ("all", "vfork,clone,clone3,wait4", "rename,unlink,unlinkat,rmdir", "openat", "connect,sendto,recvfrom")
MODES = {"500": (8, OLD), "": (0, NEW)}
"""How the new version behaves → the status of an undisturbed end, and the version that serves after it."""
RESTART_SECONDS = 20
Step = tuple[str, int]
"""A call's name, and which of them: strace counts each name by itself."""

OPTIONS = "/run/trace-before"
TRACING = f"""\
import os, sys
if "before" in sys.orig_argv and os.path.exists("{OPTIONS}") and not os.environ.pop("TRACED", ""):
    script = open("{OPTIONS}").read()
    os.execve("/bin/sh", ["sh", "-c", script, "sh", *sys.orig_argv], {{**os.environ, "TRACED": "1"}})
"""
"""What the interpreter runs at its start, to have strace started by the program that starts ``before``."""


@dataclass(frozen=True)
class Rollout:
    """An upgrade to a version that behaves as ``mode`` says, from the release ``first``."""

    machine: Machine
    mode: str
    first: str

    def reset(self) -> None:
        """Have the old release alone, serving."""
        set_mode(self.machine, "")
        command = f"rm -rf {HOME}/releases/.pending.json /trace; {PROGRAM} rollback {self.first} >/dev/null"
        others = f"find {HOME}/releases -mindepth 1 -maxdepth 1 ! -name {self.first} -exec rm -rf {{}} +"
        self.machine.run(f"{command}; {others}; systemctl reset-failed pulse; systemctl restart pulse", check=True)
        self.machine.run(f"{PROGRAM} health", check=True, timeout=60)
        set_mode(self.machine, self.mode)

    def switch(self) -> None:
        """Do what the scripts do before ``settle``."""
        reason = f"--reason upgrade --format {self.machine.family}"
        self.machine.run(f"{PROGRAM} configure {reason}", check=True)
        self.machine.run("systemctl restart pulse", check=True)

    def traced(self, options: str, command: str) -> Result:
        """Run a command below strace."""
        return self.machine.run(f"{TRACER} -qq {options} {command}", timeout=120)

    def settle(self, options: str) -> Result:
        """Run ``settle`` below strace."""
        return self.traced(options, f"{PROGRAM} settle")

    def count(self) -> dict[str, list[Step]]:
        """Return where an undisturbed ``settle`` can be killed; check how it ends."""
        self.reset()
        self.switch()
        done = self.settle("-o /trace")
        assert (done.returncode, serving(self.machine)["version"]) == MODES[self.mode], done.output
        return self.made()

    def made(self) -> dict[str, list[Step]]:
        """Return where the run that was traced last can be killed, by CALLS."""
        counts = made(self.machine.run("cat /trace", check=True).stdout)
        return {
            calls: [
                (n, when + 1)
                for n in sorted(counts)
                if calls == "all" or n in calls.split(",")
                for when in range(counts[n])
            ]
            for calls in CALLS
        }

    def losses(self, step: Step) -> tuple[bool, list[str]]:
        """Kill ``settle`` at a call, then do as the next try does; tell whether it struck, what is lost."""
        self.reset()
        self.switch()
        status = self.settle(kill(step)).returncode
        alive = status not in (0, 8)
        wrong = [] if self.verified() else ["the current release does not verify"]
        wrong += self.wrong_after_next()
        return alive, [f"settle, {self.mode or 'healthy'}: {status} at {step}: {text}" for text in wrong]

    def wrong_after_next(self) -> list[str]:
        """Do as the next try does; say what is wrong then."""
        self.switch()
        done, found = self.settle("-o /dev/null"), serving(self.machine)["version"]
        wrong = []
        if (done.returncode, found) != MODES[self.mode]:
            wrong.append(f"the next try gave {done.returncode}, {found} serves: {done.output[-500:]}")
        return (
            wrong + ([] if self.verified() else ["the release does not verify after the next try"]) + self.left_over()
        )

    def left_over(self, *but: str) -> list[str]:
        """Say what is of no use to anyone."""
        found = f"find {HOME}/releases -mindepth 1 -maxdepth 1 -name '.*'; ls -d {HOME}/.c* /run/pkggen-*"
        broken = f"for r in {HOME}/releases/*; do [ -e $r/release.json ] || echo $r; done"
        left = self.machine.run(f"{{ {found}; }} 2>/dev/null; {broken}").stdout.split()
        return [f"left over: {path}" for path in left if path not in but]

    def verified(self) -> bool:
        """Tell whether ``current`` is a whole release that starts."""
        done = self.machine.run(f"{PROGRAM} verify --json")
        return done.returncode == 0 and bool(json.loads(done.stdout)["ok"])

    def current(self) -> str:
        """Return the id of the current release."""
        return self.machine.run(f"readlink {HOME}/current").stdout.strip().removeprefix("releases/")

    # ---- before the switch

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Have the interpreter run TRACING; the release's own interpreter does not know of it."""
        path = f"$(echo {HOME}/layers/python/lib/python3.*)/site-packages/sitecustomize.py"
        self.machine.run(f"mkdir -p $(dirname {path}) && cat >{path}", stdin=TRACING, check=True)
        try:
            yield
        finally:
            self.machine.run(f"rm {path}", check=True)

    def configure(self, options: str, *, both: bool = False) -> Result:
        """Run ``configure`` with its ``before`` below strace; with ``both`` it is killed as well."""
        script = f'exec {TRACER} -qq {options} "$@"'  # which dies as the traced process did
        if both:
            script = f"{script[5:]}; status=$?; [ $status -ne 137 ] || kill -KILL $PPID; exit $status"
        self.machine.run(f"printf %s {shlex.quote(script)} >{OPTIONS}", check=True)
        command = f"{PROGRAM} configure --reason upgrade --format {self.machine.family}"
        done = self.machine.run(command, timeout=150)
        self.machine.run(f"rm {OPTIONS}", check=True)
        return done

    def count_before(self) -> dict[str, list[Step]]:
        """Return where an undisturbed ``before`` can be killed."""
        self.reset()
        with self.tracing():
            done = self.configure("-o /trace")
        assert done.returncode == 0, done.output
        return self.made()

    def losses_before(self, step: Step, *, both: bool) -> tuple[bool, list[str]]:
        """Kill ``before`` at a call, then do as the next try does; tell whether it struck, what is lost."""
        self.reset()
        with self.tracing():
            status = self.configure(kill(step), both=both).returncode
        wrong = [] if self.verified() else ["the current release does not verify"]
        if status:
            found = serving(self.machine)["version"]
            wrong += (
                [] if (self.current(), found) == (self.first, OLD) else [f"{self.current()} is current, {found} serves"]
            )
        if status not in ({0, 137, -9} if both else {0, 7}):
            wrong.append(f"configure gave {status}")
        if not both:
            wrong += self.left_over(f"{HOME}/releases/.pending.json")
        wrong += self.wrong_after_next()
        who = "before and configure" if both else "before"
        return bool(status), [f"{who}, {self.mode or 'healthy'}: {status} at {step}: {text}" for text in wrong]

    # ---- an administrator's rollback

    def upgrade(self, *, settled: bool) -> None:
        """Have the new release, serving; without ``settled`` its upgrade was killed before it came to its end."""
        self.reset()
        self.switch()
        if settled:
            self.machine.run(f"{PROGRAM} settle", check=True, timeout=60)

    def count_rollback(self) -> dict[str, list[Step]]:
        """Return where an undisturbed rollback can be killed."""
        self.upgrade(settled=True)
        done = self.traced("-o /trace", f"{RELEASES} rollback")
        assert (done.returncode, serving(self.machine)["version"]) == (0, OLD), done.output
        return self.made()

    def losses_rollback(self, step: Step, *, settled: bool, named: bool) -> tuple[bool, list[str]]:
        """Kill a rollback at a call, then do it again, to a release by its name or to the one before.

        Return whether it struck, and what is lost.
        """
        self.upgrade(settled=settled)
        new = self.current()
        versions = {self.first: OLD, new: NEW}
        status = self.traced(kill(step), f"{RELEASES} rollback").returncode
        wrong = [] if self.verified() else ["the current release does not verify"]
        wrong += [] if self.serves(OLD, NEW) else ["no service runs"]
        again = self.machine.run(f"{RELEASES} rollback {self.first if named else ''}", timeout=120)
        expected = versions.get(self.first if named else self.current(), "a whole release")
        if again.returncode or versions.get(self.current()) != expected or not self.serves(expected):
            wrong.append(f"again gave {again.returncode}, {self.current()} is current: {again.output[-500:]}")
        wrong += ([] if self.verified() else ["the release does not verify after it"]) + self.left_over()
        return status not in (0, 8), [
            f"rollback, {'settled' if settled else 'unsettled'}: {status} at {step}: {text}" for text in wrong
        ]

    def serves(self, *versions: str) -> bool:
        """Tell whether one of ``versions`` serves, at once or when a restart that is under way has come to its end."""
        deadline = time.monotonic() + RESTART_SECONDS
        while time.monotonic() < deadline:
            try:
                return serving(self.machine)["version"] in versions
            except AssertionError:
                time.sleep(0.2)
        return False


def kill(step: Step) -> str:
    """Return strace's options for a kill at a step."""
    return f"-e inject={step[0]}:signal=SIGKILL:when={step[1]} -o /dev/null"
