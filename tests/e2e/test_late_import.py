"""A running service never sees a mix: what it imports late is as old as itself, until it is restarted."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.e2e.fault_application import NEW, OLD, Shelf, Tiny
from tests.e2e.packages import Factory
from tests.targets import Machine, Target

COUNT = 1500
LOG = "/var/lib/late/late/imports"
SERVICE = f"""\
import importlib
import os
import time
from pathlib import Path

from late import VERSION


def main():
    with open(Path(os.environ["STATE_DIRECTORY"], "imports"), "a", buffering=1) as log:
        for number in range({COUNT}):
            try:
                found = importlib.import_module(f"late.parts.part{{number:04}}").VERSION
            except Exception as error:
                found = repr(error)
            print(os.getpid(), VERSION, found, file=log)
            time.sleep(0.03)
        time.sleep(3600)
"""
PARTS = tuple((f"parts/part{number:04}.py", 'VERSION = "{version}"\n') for number in range(COUNT))
# enough for three quarters of a minute: what takes long is done before the service starts
LATE = Tiny("late", (("parts/__init__.py", ""), ("service.py", SERVICE), *PARTS), service="service")
BROKEN = "3.0"
UNPACK = {"deb": "dpkg --unpack {0}", "rpm": "rpm -U --noscripts {0}"}
CONFIGURE = {"deb": "dpkg --configure late", "rpm": "rpm -U --force {0}"}


@pytest.fixture
def shelf(factory: Factory) -> Shelf:
    """Return where the versions lie, which all tests of a run share."""
    directory = factory.directory / "shelf"
    directory.mkdir(exist_ok=True)
    return Shelf(directory)


def test_deb_late_import(shelf: Shelf, debian_12: Target) -> None:
    """Modules imported late are the old ones during unpack and configure, also where no restart is allowed."""
    old, new = (shelf.add(LATE, version)["deb"] for version in (OLD, NEW))
    with debian_12.boot(shares={"/pkgs": shelf.directory}) as machine:
        machine.packages.install(old)
        imported(machine, OLD, 30)
        policy = machine.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        unpacked_and_configured(machine, new, "/opt/late/current")
        imported(machine, OLD, 30)
        policy.unlink()
        machine.run("systemctl restart late", check=True)
        imported(machine, NEW, 30)

        machine.run(["apt-get", "install", "-y", "--allow-downgrades", old], check=True, timeout=120)
        imported(machine, OLD, 30)  # the postinst restarts it
        assert_no_mix(machine, processes=3)


def test_rpm_late_import(shelf: Shelf, rpm_target: Target) -> None:
    """The same while rpm unpacks, before %post, and after it until the restart."""
    old, new = (shelf.add(LATE, version)["rpm"] for version in (OLD, NEW))
    with rpm_target.boot(shares={"/pkgs": shelf.directory}) as machine:
        machine.packages.install(old)
        imported(machine, OLD, 30)
        unpacked_and_configured(machine, new, "/opt/late/current")
        imported(machine, NEW, 30)  # %posttrans restarts it

        machine.run(["rpm", "-U", "--oldpackage", old], check=True, timeout=120)
        imported(machine, OLD, 30)
        assert_no_mix(machine, processes=3)


def unpacked_and_configured(machine: Machine, package: str, current: str) -> None:
    """Unpack a package, let the service run on, and configure it."""
    before = machine.run(["readlink", current]).stdout
    machine.run(UNPACK[machine.family].format(package), check=True, timeout=120)
    imported(machine, OLD, 50)
    assert machine.run(["readlink", current]).stdout == before
    machine.run(CONFIGURE[machine.family].format(package), check=True, timeout=120)
    assert machine.run(["readlink", current]).stdout != before


def records(machine: Machine) -> list[list[str]]:
    """Return process, its version and the module's version of each late import so far."""
    lines = machine.run(f"cat {LOG}").stdout.split("\n")
    return [line.split(maxsplit=2) for line in lines[:-1]]


def imported(machine: Machine, version: str, more: int) -> None:
    """Wait until a process of ``version`` has imported so many modules more; it must be the one that runs last."""
    process = machine.run("systemctl show --value -p MainPID late").stdout.strip()
    start = len(records(machine))
    deadline = time.monotonic() + 30
    while True:
        found = [row for row in records(machine)[start:] if row[:2] == [process, version]]
        if len(found) >= more:
            return
        if time.monotonic() > deadline:
            pytest.fail(
                f"{len(found)} imports by {process}, {version}: {records(machine)[-3:]} {machine.journal('late')}"
            )
        time.sleep(0.1)


def assert_no_mix(machine: Machine, processes: int) -> None:
    """Every module was as old as the process that imported it, and none was missing."""
    rows = records(machine)
    mixed = [row for row in rows if row[1] != row[2]]
    assert (mixed, len({row[0] for row in rows})) == ([], processes), f"{len(mixed)} of {len(rows)}"


def test_deb_refused_version(shelf: Shelf, debian_12: Target) -> None:
    """Where the new version's smoke test fails, the old one stays active and running, and an older one installs."""
    versions, tiny = late_versions(shelf, "deb"), shelf.add(Tiny(), OLD)["deb"]
    with debian_12.boot(shares={"/pkgs": shelf.directory}) as machine:
        machine.packages.install(versions[NEW], tiny)  # two applications with one call
        assert machine.run("tiny").stdout == f"tiny {OLD}\n"
        refused_and_repaired(machine, versions, "apt-get install -y --allow-downgrades {0}")
        machine.packages.purge("late", "tiny")
        assert gone(machine)


def test_rpm_refused_version(shelf: Shelf, rpm_target: Target) -> None:
    """The same with rpm; a first installation with dnf is undone by its history."""
    versions, tiny = late_versions(shelf, "rpm"), shelf.add(Tiny(), OLD)["rpm"]
    with rpm_target.boot(shares={"/pkgs": shelf.directory}) as machine:
        machine.packages.install(versions[NEW])
        machine.packages.install(tiny)
        undone = machine.run("dnf history undo -y last", timeout=120)
        assert (undone.returncode, (machine.root / "opt/tiny").exists()) == (0, False), undone.output
        machine.packages.install(tiny)
        refused_and_repaired(machine, versions, "rpm -U --oldpackage {0}")
        machine.packages.remove("late", "tiny")
        assert gone(machine)


def late_versions(shelf: Shelf, family: str) -> dict[str, str]:
    """Return the packages by version: two that are well and one that does not start."""
    broken = Tiny("late", (*LATE.modules, ("bad.py", "raise OSError('no')\n")), LATE.service, smoke="late.bad")
    made = {OLD: LATE, NEW: LATE, BROKEN: broken}
    return {version: shelf.add(application, version)[family] for version, application in made.items()}


def refused_and_repaired(machine: Machine, versions: dict[str, str], install: str) -> None:
    """Upgrade to a version that does not start, then go back to one that does."""
    process = machine.run("systemctl show --value -p MainPID late").stdout
    before = machine.run("readlink /opt/late/current").stdout
    done = machine.run(install.format(versions[BROKEN]), timeout=120)
    assert "release 3.0-1" in done.output
    assert "does not start" in done.output
    if machine.family == "deb":  # rpm has no way to fail after the files are there
        assert done.returncode != 0
    assert machine.run("readlink /opt/late/current").stdout == before
    assert machine.run("systemctl show --value -p MainPID late").stdout == process
    assert os.listdir(machine.root / "opt/late/releases") == [Path(before.strip()).name]
    imported(machine, NEW, 20)
    machine.run("systemctl restart late", check=True)
    imported(machine, NEW, 20)
    machine.run(install.format(versions[OLD]), check=True, timeout=120)
    imported(machine, OLD, 20)


def gone(machine: Machine) -> bool:
    """Tell whether nothing of either application is left."""
    places = [f"{folder}/{name}" for folder in ("opt", "usr/bin", "etc") for name in ("late", "tiny")]
    return not any(os.path.lexists(machine.root / place) for place in places)
