"""Packages on real systems, from installation to purge, with no network and the service running."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.applications import APPLICATIONS, Application
from tests.e2e.packages import PORTABLE, Factory
from tests.e2e.usage import assert_unchanged_by_use
from tests.targets import Machine, Target, difference, snapshot

# What a booted system changes by itself between two looks.
BOOTED = ("/run", "/tmp", "/var/tmp", "/var/log/journal", "/var/lib/systemd", "/var/log/wtmp", "/var/log/btmp", "/root")
FETCH = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(sys.argv[1], timeout=5).read().decode())
"""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_deb_lifecycle(name: str, debian: Target, factory: Factory) -> None:
    """A .deb installs with apt, runs, upgrades under its running service, goes back and leaves no trace."""
    if not PORTABLE and debian.name != "debian:13":
        pytest.skip("no portable interpreter beside the checkout: packages run on a glibc as new as this host's")
    lifecycle(APPLICATIONS[name], debian, factory, "deb")


@pytest.mark.parametrize("name", APPLICATIONS)
def test_rpm_lifecycle(name: str, rpm_target: Target, factory: Factory) -> None:
    """An .rpm installs with yum and dnf, runs, upgrades under its service, goes back and leaves no trace."""
    lifecycle(APPLICATIONS[name], rpm_target, factory, "rpm")


def lifecycle(application: Application, target: Target, factory: Factory, family: str) -> None:
    """Drive one application through its life on one target."""
    first, second = (inside(factory(application, version)[family], factory) for version in application.versions)
    with target.boot(shares={"/pkgs": factory.share}) as machine:
        live(application, machine, first, second)


def live(application: Application, machine: Machine, first: str, second: str) -> None:
    """Install, upgrade, go back, reinstall, remove and purge one application on a booted system."""
    old, new = application.versions
    before = snapshot(machine)
    install(machine, first)
    assert_works(machine, application, old)
    note = f"/opt/{application.name}/notes-of-an-administrator.txt"
    (machine.root / note.lstrip("/")).write_text("mine\n")

    upgrade(machine, second)
    assert_works(machine, application, new)
    if application.folder:  # the samples, in each mode: once a life is enough
        assert_unchanged_by_use(machine, application)
    downgrade(machine, first)
    assert_works(machine, application, old)
    reinstall(machine, first)
    assert_works(machine, application, old)

    removed = machine.packages.remove(application.name)
    assert note in removed.stdout + removed.stderr, "removal names what it leaves"
    machine.packages.purge(application.name, check=False)
    assert (machine.root / note.lstrip("/")).read_text() == "mine\n"
    (machine.root / note.lstrip("/")).unlink()
    (machine.root / "opt" / application.name).rmdir()
    assert leftovers(before, machine) == []


def install(machine: Machine, path: str) -> None:
    """Install a package file as the documentation says: apt install, or yum localinstall (dnf 5 dropped it)."""
    if machine.family == "deb":
        machine.packages.install(path)
    else:
        modern = machine.run("test -e /usr/bin/dnf5").returncode == 0
        machine.run(["yum", "install" if modern else "localinstall", "-y", path], check=True, timeout=600)


def upgrade(machine: Machine, path: str) -> None:
    """Install the newer package over the older one: apt install, or dnf install."""
    machine.packages.install(path)


def downgrade(machine: Machine, path: str) -> None:
    """Install the older package over the newer one."""
    if machine.family == "deb":
        machine.run(["apt-get", "install", "-y", "--allow-downgrades", path], check=True, timeout=600)
    else:
        machine.run(["dnf", "downgrade", "-y", path], check=True, timeout=600)


def reinstall(machine: Machine, path: str) -> None:
    """Install the same package once more."""
    if machine.family == "deb":
        machine.run(["apt-get", "install", "-y", "--reinstall", path], check=True, timeout=600)
    else:
        machine.run(["dnf", "reinstall", "-y", path], check=True, timeout=600)


def assert_works(machine: Machine, application: Application, version: str) -> None:
    """Check command, service, web page, releases and the package manager's own verification."""
    assert (machine.packages.version(application.name) or "").startswith(version + "-")
    said = machine.run(application.proof, check=True, timeout=60)
    assert application.prints.format(version=version) in said.stdout + said.stderr
    unprivileged = ["env", "HOME=/nonexistent", "setpriv", "--reuid=65534", "--clear-groups", "sh", "-c"]
    as_nobody = machine.run([*unprivileged, application.proof], timeout=60)
    assert as_nobody.returncode == 0, as_nobody.stderr
    if application.service:
        assert machine.run(f"systemctl is-enabled {application.service}").stdout.strip() == "enabled"
        assert application.answers.format(version=version) in fetch(machine, application)
        assert machine.run(f"systemctl is-active {application.service}").stdout.strip() == "active"
    if application.mode != "packaged":
        assert machine.run(f"/opt/{application.name}/bin/{application.name}-releases verify").returncode == 0
    verified = machine.packages.verify(application.name)
    assert (verified.returncode, verified.stdout) == (0, ""), verified.stdout + verified.stderr


def fetch(machine: Machine, application: Application) -> str:
    """Return the service's page, asked for with the packaged interpreter for at most 20 s."""
    deadline = time.monotonic() + 20
    while True:
        got = machine.run([application.python, "-I", "-B", "-c", FETCH, application.url], timeout=30)
        if got.returncode == 0:
            return got.stdout
        if time.monotonic() > deadline:
            pytest.fail(f"no answer from {application.url}:\n{got.stderr}\n{machine.journal(application.service)}")
        time.sleep(0.2)


def leftovers(before: object, machine: Machine) -> list[str]:
    """Return what differs from before but for what a running system changes by itself."""
    lines = difference(before, snapshot(machine))  # type: ignore[arg-type]
    return [line for line in lines if not line[2:].startswith(BOOTED)]


def inside(path: Path, factory: Factory) -> str:
    """Return where the target sees a package that the factory built."""
    return f"/pkgs/{path.relative_to(factory.share)}"
