"""Killed anywhere between the switch and its end, an upgrade is still carried through, or still gone back from."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Shelf
from tests.e2e.fault_injection import TRACER, tracer
from tests.e2e.packages import Factory
from tests.e2e.pulse import packages, serving, set_mode
from tests.targets import Machine, Target
from tests.targets.process import Result

HOME = "/opt/pulse"
PYTHON = f"{HOME}/layers/python/bin/python3 -I -B {HOME}/lib"
UNPACK = {"deb": "dpkg --unpack {0}", "rpm": "rpm -U --noscripts {0}"}
CALLS = ("all", "vfork,clone,clone3,wait4", "rename,unlink,unlinkat,rmdir", "openat", "connect,sendto,recvfrom")
MODES = {"500": (8, OLD), "": (0, NEW)}
"""How the new version behaves → the status of an undisturbed end, and the version that serves after it."""


@pytest.fixture
def shelf(factory: Factory) -> Shelf:
    """Return where the versions lie."""
    directory = factory.directory / "rollout"
    directory.mkdir(exist_ok=True)
    return Shelf(directory)


def test_deb_rollout_survives(
    shelf: Shelf, debian_12: Target, tmp_path: Path, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    """No kill of the health gate, of the way back or of a hook loses a release or a service."""
    campaign(shelf, debian_12, tmp_path, int(request.config.getoption("--faults")), figure)


def test_rpm_rollout_survives(
    shelf: Shelf, rpm_target: Target, tmp_path: Path, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    """The same on an RPM-native system."""
    campaign(shelf, rpm_target, tmp_path, int(request.config.getoption("--faults")), figure)


def campaign(shelf: Shelf, target: Target, scratch: Path, number: int, figure: Callable[[str], None]) -> None:
    """Kill ``settle`` in each way it may end; tell how often something was lost."""
    chance, old, new = random.Random(target.name), *packages(shelf, target.family)
    shares = {"/pkgs": shelf.directory, "/tracer": tracer(scratch / "tracer")}
    with target.boot(shares=shares) as machine:
        machine.packages.install(old)
        first = machine.run(f"readlink {HOME}/current").stdout.strip().removeprefix("releases/")
        machine.run(UNPACK[target.family].format(new), check=True)
        lost, struck = [], 0
        for mode in MODES:
            trial = Rollout(machine, mode, first)
            steps = trial.count()
            for index in range(max(1, number // 20)):
                calls = CALLS[index % len(CALLS)]
                # how often a service is asked varies: the first kill is early enough to strike for certain
                reach = steps[calls] if index else steps[calls] // 2
                alive, wrong = trial.losses(calls, chance.randint(1, max(1, reach)))
                lost, struck = lost + wrong, struck + alive
    figure(f"{target.name}: settle killed {struck} times, {len(lost)} losses")
    assert struck, "it was never killed in time"
    assert not lost, "\n".join(lost)


@dataclass(frozen=True)
class Rollout:
    """An upgrade to a version that behaves as ``mode`` says, from the release ``first``."""

    machine: Machine
    mode: str
    first: str

    def reset(self) -> None:
        """Have the old release alone, serving."""
        set_mode(self.machine, "")
        command = f"rm -rf {HOME}/releases/.pending.json /trace; {PYTHON}/activate.py rollback {self.first} >/dev/null"
        others = f"find {HOME}/releases -mindepth 1 -maxdepth 1 ! -name {self.first} -exec rm -rf {{}} +"
        self.machine.run(f"{command}; {others}; systemctl reset-failed pulse; systemctl restart pulse", check=True)
        self.machine.run(f"{PYTHON}/rollout.py health", check=True, timeout=60)
        set_mode(self.machine, self.mode)

    def switch(self) -> None:
        """Do what the scripts do before ``settle``."""
        reason = f"--reason upgrade --format {self.machine.family}"
        self.machine.run(f"{PYTHON}/activate.py configure {reason}", check=True)
        self.machine.run("systemctl restart pulse", check=True)

    def settle(self, options: str) -> Result:
        """Run ``settle`` below strace."""
        return self.machine.run(f"{TRACER} -qq {options} {PYTHON}/rollout.py settle", timeout=120)

    def count(self) -> dict[str, int]:
        """Return how many of each of CALLS an undisturbed ``settle`` makes; check how it ends."""
        self.reset()
        self.switch()
        done = self.settle("-o /trace")
        assert (done.returncode, serving(self.machine)["version"]) == MODES[self.mode], done.output
        made = re.findall(r"(?m)^(\w+)\(", self.machine.run("cat /trace").stdout)
        return {calls: len([call for call in made if calls == "all" or call in calls.split(",")]) for calls in CALLS}

    def losses(self, calls: str, when: int) -> tuple[bool, list[str]]:
        """Kill ``settle`` at a call, then do as the next try does; tell whether it struck, what is lost."""
        self.reset()
        self.switch()
        status = self.settle(f"-e inject={calls}:signal=SIGKILL:when={when} -o /dev/null").returncode
        alive = status not in (0, 8)
        wrong = [] if self.verified() else ["the current release does not verify"]
        self.switch()
        done, found = self.settle("-o /dev/null"), serving(self.machine)["version"]
        if (done.returncode, found) != MODES[self.mode]:
            wrong.append(f"the next try gave {done.returncode}, {found} serves: {done.output[-500:]}")
        if not self.verified():
            wrong.append("the release does not verify after the next try")
        left = self.machine.run(f"find {HOME}/releases -mindepth 1 -maxdepth 1 -name '.*'").stdout.split()
        wrong += [f"left over: {path}" for path in left]
        return alive, [f"{self.mode or 'healthy'}: {status} at {calls} {when}: {text}" for text in wrong]

    def verified(self) -> bool:
        """Tell whether ``current`` is a whole release that starts."""
        done = self.machine.run(f"{PYTHON}/activate.py verify --json")
        return done.returncode == 0 and bool(json.loads(done.stdout)["ok"])
