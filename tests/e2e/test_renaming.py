"""A package under a new name keeps what it shares with the old one, whenever and however that one goes."""

from __future__ import annotations

import pytest

from tests.e2e.fault_application import TinyPackages
from tests.e2e.renamed_application import FIRST, RENAMINGS, SECOND, THIRD, Renaming
from tests.e2e.turns import common
from tests.targets import Machine, Target


@pytest.fixture(scope="module")
def tiny_packages(tmp_path_factory: pytest.TempPathFactory) -> TinyPackages:
    """Return where the packages are built."""
    return TinyPackages(common(tmp_path_factory, "renaming"))


def test_deb_renaming(tiny_packages: TinyPackages, debian_12: Target) -> None:
    """With Conflicts and Replaces, or Replaces alone; the old name goes at once, later, or is purged later."""
    with debian_12.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        for renaming in RENAMINGS:
            there_and_back(tiny_packages, renaming, machine)
            side_by_side(tiny_packages, renaming, machine)


def test_rpm_renaming(tiny_packages: TinyPackages, rpm_target: Target) -> None:
    """With Obsoletes: the old package's last scriptlets run when the new one works already."""
    with rpm_target.boot(shares={"/pkgs": tiny_packages.directory}) as machine:
        for renaming in RENAMINGS:
            there_and_back(tiny_packages, renaming, machine)


def there_and_back(tiny_packages: TinyPackages, renaming: Renaming, machine: Machine) -> None:
    """Install the old name, have the new one take its place, and the old one again; purge what was replaced."""
    old, new = renaming.old, renaming.new
    machine.packages.install(package(tiny_packages, renaming, old, FIRST, "", machine))
    write_data(machine, renaming, old)
    assert_works(machine, renaming, old, FIRST)
    machine.packages.install(package(tiny_packages, renaming, new, SECOND, "obsoletes", machine))
    assert machine.packages.version(old) is None
    assert_works(machine, renaming, new, SECOND)
    if machine.family == "deb":
        machine.packages.purge(old)
        assert_works(machine, renaming, new, SECOND)
    turn_off(machine, renaming)
    machine.packages.install(package(tiny_packages, renaming, old, THIRD, "obsoletes", machine))
    assert machine.packages.version(new) is None
    assert_works(machine, renaming, old, THIRD, off=True)
    if machine.family == "deb":
        machine.packages.purge(new)
        assert_works(machine, renaming, old, THIRD, off=True)
    machine.packages.purge(old)
    assert_gone(machine, renaming)


def side_by_side(tiny_packages: TinyPackages, renaming: Renaming, machine: Machine) -> None:
    """Have the new name take the files over while the old package stays; then remove and purge that."""
    old, new = renaming.old, renaming.new
    machine.packages.install(package(tiny_packages, renaming, old, FIRST, "", machine))
    write_data(machine, renaming, old)
    machine.run(
        ["dpkg", "-i", package(tiny_packages, renaming, new, SECOND, "replaces", machine)], check=True, timeout=120
    )
    assert machine.packages.version(old) is not None
    for command in ("--remove", "--purge"):
        machine.run(["dpkg", command, old], check=True, timeout=120)
        assert_works(machine, renaming, new, SECOND)
    machine.packages.purge(new)
    assert_gone(machine, renaming)


def package(
    tiny_packages: TinyPackages, renaming: Renaming, name: str, version: str, relation: str, machine: Machine
) -> str:
    """Return a package's path on the machine."""
    return tiny_packages.add(renaming.project(name, relation), version)[machine.family]


def write_data(machine: Machine, renaming: Renaming, name: str) -> None:
    """Write what must not get lost into each state directory."""
    for part in renaming.parts(name):
        machine.run(f"echo precious >/var/lib/{part.state}/data", check=True)


def turn_off(machine: Machine, renaming: Renaming) -> None:
    """Disable and stop the service that both names share, as an administrator may."""
    if "service" in renaming.shares:
        machine.run(["systemctl", "disable", "--now", renaming.parts(renaming.new)[0].service], check=True)


def assert_works(machine: Machine, renaming: Renaming, name: str, version: str, *, off: bool = False) -> None:
    """The command, the services, the data that is shared, the user and the package's files: all as they should be.

    With ``off`` the service that both names share was turned off before, and stays so.
    """
    assert machine.run([name], check=True).stdout == f"{name} {version}\n"
    releases = f"{renaming.prefix(name)}/bin/{name}-releases"
    assert machine.run([releases, "verify"]).returncode == 0
    verified = machine.packages.verify(name)
    assert (verified.returncode, verified.stdout) == (0, "")
    for number, part in enumerate(renaming.parts(name)):
        asked = [machine.run(["systemctl", verb, part.service]).stdout.strip() for verb in ("is-enabled", "is-active")]
        stays_off = off and number == 0 and "service" in renaming.shares
        assert asked == (["disabled", "inactive"] if stays_off else ["enabled", "active"]), (part, asked)
        assert machine.run(["getent", "passwd", part.user]).returncode == 0
        if part.state.startswith(renaming.name):
            assert machine.run(["cat", f"/var/lib/{part.state}/data"]).stdout == "precious\n"
        if not stays_off:
            last = machine.run(["tail", "-n", "1", f"/var/lib/{part.state}/starts"]).stdout
            assert last == f"{name} {version}\n", "what runs is the new one's"


def assert_gone(machine: Machine, renaming: Renaming) -> None:
    """Nothing is left: no unit, no prefix, no list, and on Debian no state that is called as package or service are."""
    places = [renaming.prefix(n) for n in (renaming.old, renaming.new)]
    places += [f"/usr/share/pkggen/owned/{n}" for n in (renaming.old, renaming.new)]
    parts = [*renaming.parts(renaming.old), *renaming.parts(renaming.new)]
    states = [f"/var/lib/{part.state}" for part in parts]
    if machine.family == "deb":
        called = {renaming.old, renaming.new, *(part.service for part in parts)}
        places += [f"/var/lib/{part.state}" for part in parts if part.state in called]
    assert [place for place in places if machine.run(["test", "-e", place]).returncode == 0] == []
    units = " -o ".join(f"-name '{part.service}.service*'" for part in parts)
    assert machine.run(f"find /etc/systemd/system /var/lib/systemd \\( {units} \\)").stdout == ""
    machine.run(["rm", "-rf", *states], check=True)
