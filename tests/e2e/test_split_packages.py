"""An application in several packages: a change of code is one of them, and applications share an interpreter."""

from __future__ import annotations

import os

import pytest

from tests.e2e.packages import PORTABLE, Factory
from tests.e2e.split_applications import Workbench
from tests.targets import Machine, Result, Target

RUNTIME = "pkggen-python3.13"
pytestmark = pytest.mark.skipif(not PORTABLE, reason="no portable interpreter beside the checkout")


@pytest.fixture(scope="module")
def bench(factory: Factory) -> Workbench:
    """Return two applications that share an interpreter, a change of code, and two newer interpreters."""
    directory = factory.directory / "split"
    directory.mkdir()
    made = Workbench(directory)
    made.add("whole", "alpha", "0.9", whole=True)
    made.add("first", "alpha", "1.0")
    made.add("other", "beta", "1.0", imports="colorsys")
    made.add("code", "alpha", "1.1")
    made.add("second", "alpha", "1.0", build=2)
    made.add("third", "alpha", "1.0", build=3, lacks="colorsys")
    return made


def test_deb_split(bench: Workbench, debian_12: Target) -> None:
    """With dpkg and apt: each package upgrades alone, and a failing application does not stop the others."""
    lifecycle(bench, debian_12, "deb")


def test_rpm_split(bench: Workbench, rpm_target: Target) -> None:
    """The same with rpm and dnf."""
    lifecycle(bench, rpm_target, "rpm")


def lifecycle(bench: Workbench, target: Target, family: str) -> None:
    """Split an application, install another, change code, upgrade the interpreter well and badly, remove everything."""
    with target.boot(shares={"/pkgs": bench.directory}) as machine:
        machine.packages.install(*bench.packages(family, "whole"))
        machine.packages.install(*bench.packages(family, "first", "other/beta", "other/beta-deps"))
        assert said(machine, "alpha") == "alpha 1.0 on build 1"
        assert said(machine, "beta") == "beta 1.0 on build 1"
        assert shares_inodes(machine)

        machine.packages.install(*bench.packages(family, "code/alpha"))
        assert said(machine, "alpha") == "alpha 1.1 on build 1"

        before = {name: process(machine, name) for name in ("alpha", "beta")}
        machine.packages.install(*bench.packages(family, f"second/{RUNTIME}"))
        assert said(machine, "alpha") == "alpha 1.1 on build 2"
        assert said(machine, "beta") == "beta 1.0 on build 2"
        for name, old in before.items():
            assert process(machine, name) not in ("0", old), "services run on the new interpreter"
            assert "serving on build 2" in machine.journal(name)
            assert machine.run(f"/opt/{name}/bin/{name}-releases verify").returncode == 0
            assert machine.packages.verify(name).stdout == ""

        one_application_fails(bench, machine, family)
        interpreter_goes_first(machine, family)
        assert left(machine) == []


def one_application_fails(bench: Workbench, machine: Machine, family: str) -> None:
    """An interpreter that beta can't run on leaves beta on its release, and alpha has moved on."""
    running = process(machine, "beta")
    done = machine.packages.install(*bench.packages(family, f"third/{RUNTIME}"), check=False)
    assert "beta" in done.output
    assert "does not start" in done.output
    if family == "deb":  # rpm only warns
        assert done.returncode != 0
    assert said(machine, "alpha") == "alpha 1.1 on build 3"
    assert said(machine, "beta") == "beta 1.0 on build 2"
    assert process(machine, "beta") == running
    back(machine, *bench.packages(family, f"second/{RUNTIME}"))
    if family == "deb":
        machine.run("dpkg --configure -a", check=True)
    assert said(machine, "alpha") == "alpha 1.1 on build 2"
    assert said(machine, "beta") == "beta 1.0 on build 2"
    assert machine.packages.version("beta") is not None


def interpreter_goes_first(machine: Machine, family: str) -> None:
    """Packages forced away in the wrong order leave the applications running, and removable."""
    force = {"deb": "dpkg --force-depends --remove {0}", "rpm": "rpm -e --nodeps {0}"}[family]
    machine.run(force.format(f"{RUNTIME} alpha-deps"), check=True)
    assert said(machine, "alpha") == "alpha 1.1 on build 2"
    assert machine.run("/opt/alpha/bin/alpha-releases status").returncode == 0
    remove = {"deb": "dpkg --force-depends --purge {0}", "rpm": "rpm -e {0}"}[family]
    removed = machine.run(remove.format("alpha beta beta-deps"), check=True)
    assert "stay" not in removed.output
    if family == "deb":
        machine.run("dpkg --purge alpha-deps pkggen-python3.13", check=True)


def back(machine: Machine, path: str) -> Result:
    """Install an older package over a newer one, with what is broken at the moment."""
    if machine.family == "deb":
        return machine.run(["dpkg", "-i", path], check=True, timeout=120)
    return machine.run(["rpm", "-U", "--oldpackage", path], check=True, timeout=120)


def said(machine: Machine, name: str) -> str:
    """Return what a command prints."""
    return machine.run(name, check=True).stdout.strip()


def process(machine: Machine, name: str) -> str:
    """Return the main process of a service."""
    return machine.run(f"systemctl show --value -p MainPID {name}").stdout.strip()


def shares_inodes(machine: Machine) -> bool:
    """Tell whether both applications' releases are links to the one interpreter."""
    paths = ["/opt/alpha/current/python", "/opt/beta/current/python", f"/opt/{RUNTIME}/layers/python"]
    found = machine.run(["stat", "-L", "-c", "%i", *(f"{path}/lib/python3.13/os.py" for path in paths)], check=True)
    return len(set(found.stdout.split())) == 1


def left(machine: Machine) -> list[str]:
    """Return what is still below /opt and /usr/bin of ours."""
    names = ("alpha", "alpha-deps", "beta", "beta-deps", RUNTIME)
    return [f"{top}/{n}" for top in ("opt", "usr/bin") for n in names if os.path.lexists(machine.root / top / n)]
