"""Killing a package manager: while its script activates a release, or at any moment."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.fault_application import NEW, OLD
from tests.e2e.fault_trial import Trial
from tests.targets import Box
from tests.targets.box import ENVIRONMENT

ALL, MANAGER = "all of it", "the manager alone"
MANAGERS = ("dpkg", "rpm")
SECONDS = {"activated": 0.2, "archived": 1.2}
"""By mode, how long an activation takes."""

INSTALL = {"deb": "exec dpkg -i {0}", "rpm": "exec rpm -U --oldpackage --force {0}"}
RECOVER = {"deb": "dpkg --configure -a", "rpm": "rpm -U --oldpackage --force {0}"}
STATE = {"deb": "dpkg --audit; dpkg --verify tiny", "rpm": "rpm --verify tiny; rpm -q --qf '' tiny tiny | sort -u"}
START_SECONDS = 60


def activating(leader: int) -> bool:
    """Tell whether a script of the session has come to the on-target program."""
    return any("/lib/activate.pyz configure" in line for _, name, line in session(leader) if name.startswith("python"))


def managing(leader: int) -> bool:
    """Tell whether the session's package manager was started."""
    return any(name in MANAGERS for _, name, _ in session(leader))


def interrupt(box: Box, command: str, victim: str, delay: float, begun: Callable[[int], bool] = activating) -> bool:
    """Start ``command``, and kill ``victim`` so many seconds after it has ``begun``; tell whether it lived."""
    settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    argv = [*box.entrance(), "env", "-i", *settings, "sh", "-c", command]
    process = subprocess.Popen(argv, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not begun(process.pid) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(delay)
        alive = process.poll() is None
        managers = [pid for pid, name, _ in session(process.pid) if name in MANAGERS]
        for pid in managers if victim == MANAGER else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victim == ALL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.wait(START_SECONDS)
    return alive


def session(leader: int) -> list[tuple[int, str, str]]:
    """Return pid, name and command line of every process of a session."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(directory.name), (directory / "comm").read_text().strip(), line))
    return found


def losses(trial: Trial, version: str, victim: str, delay: float) -> tuple[bool, list[str]]:
    """Kill the installation of ``version``; tell whether it was in time, and all that is wrong then or later."""
    family, package = trial.box.family, trial.packages[version]
    if trial.mode == "archived":  # pip has to run: else what it made of this version before is taken
        shutil.rmtree(trial.root / "releases" / trial.ids[version], ignore_errors=True)
    alive = interrupt(trial.box, INSTALL[family].format(package), victim, delay)
    wrong = trial.wrong_meanwhile()
    recovered = trial.box.run(RECOVER[family].format(package), timeout=120)
    if recovered.returncode:
        wrong.append(f"{RECOVER[family]} gave {recovered}")
    wrong += [f"left over: {path}" for path in trial.left_over()]
    if os.path.basename(os.readlink(trial.root / "current")) != trial.ids[version]:
        wrong.append(f"current is {os.readlink(trial.root / 'current')}")
    wrong += trial.damage(version)
    if trial.activate("verify").status:
        wrong.append("the release does not verify")
    state = trial.box.run(STATE[family]).output
    wrong += [f"the package manager says {state}"] if state else []
    return alive, [f"{victim} killed {delay:.3f} s into the activation of {version}: {text}" for text in wrong]


def versions(number: int) -> list[str]:
    """Return which version to install in turn, after the new one."""
    return [(OLD, NEW)[index % 2] for index in range(number)]
