"""A running service never sees a mix: what it imports late is as old as itself, until it is restarted.

That holds for releases, with wheels that are unpacked as with those that are files. A venv that is itself a package's
file can't keep it: here stands what it does keep.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.targets import Machine, Target

COUNT, PAUSE = 300, 0.08
SERVICE = """\
import importlib
import itertools
import os
import pkgutil
import sys
import time
from pathlib import Path

from {name} import VERSION, parts


def main():
    names = sorted(module.name for module in pkgutil.iter_modules(parts.__path__))
    with open(Path(os.environ["STATE_DIRECTORY"], "imports"), "a", buffering=1) as log:
        for part in itertools.cycle("{name}.parts." + name for name in names):
            sys.modules.pop(part, None)  # in the second round it is read anew
            try:
                found = importlib.import_module(part).VERSION
            except Exception as error:
                found = repr(error)
            print(os.getpid(), VERSION, found, file=log)
            time.sleep({pause})
"""
BROKEN = "3.0"
LATE = {"late": "activated", "latewheel": "archived", "latepacked": "packaged"}
"""How each application's venv comes to be; all three live on one machine."""
RELEASED, PACKAGED = ("late", "latewheel"), "latepacked"
GONE = "ModuleNotFoundError"
UNPACK = {"deb": "dpkg --unpack {0}", "rpm": "rpm -U --noscripts {0}"}
CONFIGURE = {"deb": "dpkg --configure -a", "rpm": "rpm -U --force {0}"}


def late(name: str, version: str) -> Tiny:
    """Return an application with a service that imports for ever; the new version has less.

    What takes long is done before the service starts. The old version of the packaged one stops its
    service before it is unpacked, which for the tests is when they go back to it.
    """
    numbers = [number for number in range(COUNT) if version == OLD or number % 10]
    parts = [(f"parts/part{number:04}.py", 'VERSION = "{version}"\n') for number in numbers]
    service = SERVICE.replace("{name}", name).replace("{pause}", str(PAUSE))
    modules = (("parts/__init__.py", ""), ("service.py", service), *parts)
    if version == BROKEN:
        # the builder tries it as well, and has it elsewhere
        bad = ("bad.py", "if __file__.startswith('/opt/'):\n    raise OSError('no')\n")
        return Tiny(name, (*modules, bad), service="service", smoke=f"{name}.bad", mode=LATE[name])
    keys = "stop-on-upgrade = true\n" if name == PACKAGED and version == OLD else ""
    return Tiny(name, modules, service="service", service_keys=keys, mode=LATE[name])


def packages(tiny_packages: TinyPackages, version: str, family: str) -> str:
    """Return the packages of that version, as words of a shell; there is no broken one with a packaged venv."""
    names = RELEASED if version == BROKEN else LATE
    return " ".join(tiny_packages.add(late(name, version), version)[family] for name in names)


def test_deb_late_import(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """Modules imported late are the old ones during unpack and configure, also where no restart is allowed.

    Where the next version's smoke test fails, the one before stays active and running, and an older one installs.
    """
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.run(f"apt-get install -y {packages(tiny_packages, OLD, 'deb')}", check=True, timeout=120)
        imported(machine, OLD)
        policy = machine.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        unpacked_and_configured(machine, packages(tiny_packages, NEW, "deb"))
        imported(machine, OLD)
        policy.unlink()
        machine.run(["systemctl", "restart", *LATE], check=True)
        imported(machine, NEW)
        called_off(machine, tiny_packages.add(late(PACKAGED, OLD), OLD)["deb"])
        refused_and_repaired(machine, tiny_packages, "apt-get install -y --allow-downgrades {0}")
        assert_no_mix(machine, packaged=4)
        machine.packages.purge(*LATE)
        assert gone(machine)


def test_rpm_late_import(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """The same while rpm unpacks, before %post, and after it until the restart."""
    with rpm_target.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        machine.run(f"dnf install -y {packages(tiny_packages, OLD, 'rpm')}", check=True, timeout=120)
        imported(machine, OLD)
        unpacked_and_configured(machine, packages(tiny_packages, NEW, "rpm"))
        imported(machine, NEW)  # %posttrans restarts it
        refused_and_repaired(machine, tiny_packages, "rpm -U --oldpackage {0}")
        assert_no_mix(machine, packaged=3)
        machine.packages.remove(*LATE)
        assert gone(machine)


def unpacked_and_configured(machine: Machine, new: str) -> None:
    """Unpack packages, let the services run on, and configure them."""
    before, mark = currents(machine), len(records(machine, PACKAGED))
    assert seen(records(machine, PACKAGED)) == {(OLD, OLD)}, "before it is unpacked, a packaged venv is whole"
    machine.run(UNPACK[machine.family].format(new), check=True, timeout=120)
    unpacked = len(records(machine, PACKAGED))
    imported(machine, OLD, 25)
    assert seen(records(machine, PACKAGED)[mark:unpacked]) <= {(OLD, OLD), (OLD, NEW), (OLD, GONE)}
    assert seen(records(machine, PACKAGED)[unpacked + 1 :]) == {(OLD, NEW), (OLD, GONE)}
    assert currents(machine) == before
    machine.run(CONFIGURE[machine.family].format(new), check=True, timeout=120)
    assert not set(currents(machine)) & set(before)


def seen(rows: list[list[str]]) -> set[tuple[str, str]]:
    """Return which versions of modules processes of which version saw."""
    return {(process, module.partition("(")[0]) for _, process, module in rows}


def currents(machine: Machine) -> list[str]:
    """Return the current releases."""
    return [machine.run(["readlink", f"/opt/{name}/current"], check=True).stdout for name in RELEASED]


def releases(machine: Machine) -> list[set[str]]:
    """Return all releases."""
    return [set(os.listdir(machine.root / "opt" / name / "releases")) for name in RELEASED]


def records(machine: Machine, name: str) -> list[list[str]]:
    """Return process, its version and the module's version of each late import so far."""
    lines = machine.run(f"cat /var/lib/{name}/{name}/imports").stdout.split("\n")
    return [line.split(maxsplit=2) for line in lines[:-1]]


def process(machine: Machine, name: str) -> str:
    """Return the service's main process."""
    return machine.run(f"systemctl show --value -p MainPID {name}").stdout.strip()


def imported(machine: Machine, version: str, more: int = 12, names: Iterable[str] = LATE) -> None:
    """Wait until processes of ``version`` have imported so many modules more; they must be those that run last."""
    awaited = {name: (process(machine, name), len(records(machine, name))) for name in names}
    deadline = time.monotonic() + 30
    for name, (number, start) in awaited.items():
        while len(found := [row for row in records(machine, name)[start:] if row[:2] == [number, version]]) < more:
            if time.monotonic() > deadline:
                last = records(machine, name)[-3:]
                pytest.fail(f"{len(found)} imports by {name} {version} ({number}): {last} {machine.journal(name)}")
            time.sleep(0.1)


def called_off(machine: Machine, package: str) -> None:
    """Let dpkg fail while it unpacks a version that stops the service before: it runs again, even if not enabled."""
    before = process(machine, PACKAGED)
    machine.run(["systemctl", "disable", PACKAGED], check=True)
    done = machine.run(f"head -c -200000 {package} >/srv/half.deb && dpkg -i /srv/half.deb", timeout=120)
    assert done.returncode != 0
    assert process(machine, PACKAGED) != before
    imported(machine, NEW, names=[PACKAGED])


def assert_no_mix(machine: Machine, packaged: int) -> None:
    """Every module was as old as the process that imported it, and none was missing; nothing restarted once too often.

    A packaged venv is whole again once its service has been restarted, and for one that was stopped in time always.
    """
    for name, processes in {**dict.fromkeys(RELEASED, 4), PACKAGED: packaged}.items():
        rows = records(machine, name)
        started = list(dict.fromkeys(row[0] for row in rows))
        assert len(started) == processes, f"{name} ran as {started}"
        later = rows if name in RELEASED else [row for row in rows if row[0] != started[0]]
        assert seen(later) == {(OLD, OLD), (NEW, NEW)}, [row for row in later if row[1] != row[2]][:9]


def refused_and_repaired(machine: Machine, tiny_packages: TinyPackages, install: str) -> None:
    """Upgrade to versions that do not start, then go back to ones that do."""
    running, before, there = [process(machine, name) for name in RELEASED], currents(machine), releases(machine)
    done = machine.run(install.format(packages(tiny_packages, BROKEN, machine.family)), timeout=120)
    for name in RELEASED:
        assert f"{name}: release {BROKEN}-1" in done.output
    assert done.output.count("does not start") >= len(RELEASED)
    assert releases(machine) == there
    if machine.family == "deb":  # rpm has no way to fail after the files are there
        assert done.returncode != 0
    assert currents(machine) == before
    assert [process(machine, name) for name in RELEASED] == running
    imported(machine, NEW, names=RELEASED)
    machine.run(["systemctl", "restart", *RELEASED], check=True)
    imported(machine, NEW, names=RELEASED)
    machine.run(install.format(packages(tiny_packages, OLD, machine.family)), check=True, timeout=120)
    imported(machine, OLD)  # the scripts restarted it


def gone(machine: Machine) -> bool:
    """Tell whether nothing of the applications is left."""
    places = [f"{folder}/{name}" for folder in ("opt", "usr/bin", "etc") for name in LATE]
    return not any(os.path.lexists(machine.root / place) for place in places)
