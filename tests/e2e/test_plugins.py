"""Plugins: packages that add a layer to an application that is installed."""

from __future__ import annotations

import os

import pytest

from tests.e2e.packages import PORTABLE, Factory
from tests.e2e.plugin_applications import Carpenter
from tests.targets import Machine, Target

RUNTIME = "pkggen-python3.13"
pytestmark = pytest.mark.skipif(not PORTABLE, reason="no portable interpreter beside the checkout")


@pytest.fixture(scope="module")
def carpenter(factory: Factory) -> Carpenter:
    """Return an application in three versions, the last with a zipp of its own, and two plugins that disagree."""
    directory = factory.directory / "plugins"
    directory.mkdir()
    made = Carpenter(directory)
    made.signboard("1.0")
    made.signboard("1.1")
    made.signboard("2.0", "zipp==3.20.2")
    made.plugin("one", "3.21.0")
    made.plugin("two", "3.20.2")
    return made


def test_deb_plugins(carpenter: Carpenter, debian_12: Target) -> None:
    """With apt: a plugin is there while it is installed, through upgrades; what does not fit is refused at once."""
    lifecycle(carpenter, debian_12, "deb")


def test_rpm_plugins(carpenter: Carpenter, rpm_target: Target) -> None:
    """The same with dnf."""
    lifecycle(carpenter, rpm_target, "rpm")


def lifecycle(carpenter: Carpenter, target: Target, family: str) -> None:
    """Install, refuse, upgrade, refuse, remove."""
    packages = {key: paths[family] for key, paths in carpenter.built.items()}
    with target.box(shares={"/pkgs": carpenter.directory}) as machine:
        machine.packages.install(packages["signboard", "1.0"], packages[RUNTIME, "1.0"])
        assert said(machine, "signboard") == "signboard 1.0 ['signboard']"
        machine.packages.install(packages["one", "1.0"])
        assert said(machine, "signboard") == "signboard 1.0 ['one', 'signboard']"
        assert said(machine, "one") == "one 3.21.0"
        assert not os.path.lexists(machine.root / "opt/signboard/layers/one/lib/python3.13/site-packages/iniconfig")

        refused(machine, packages["two", "1.0"], "two", None)
        machine.packages.install(packages["signboard", "1.1"])
        assert said(machine, "signboard") == "signboard 1.1 ['one', 'signboard']"
        refused(machine, packages["signboard", "2.0"], "signboard", "1.1-1")
        assert said(machine, "signboard") == "signboard 1.1 ['one', 'signboard']"
        assert said(machine, "one") == "one 3.21.0"

        assert machine.run("/opt/signboard/bin/signboard-releases verify").returncode == 0
        machine.packages.remove("one")
        assert said(machine, "signboard") == "signboard 1.1 ['signboard']"
        machine.packages.install(packages["two", "1.0"])
        assert said(machine, "two") == "two 3.20.2"
        removed = machine.packages.purge("two", "signboard", RUNTIME)
        assert "stay" not in removed.output
        left = ("opt/signboard", f"opt/{RUNTIME}", "usr/bin/two")
        assert [path for path in left if os.path.lexists(machine.root / path)] == []


def refused(machine: Machine, path: str, name: str, version: str | None) -> None:
    """Try to install what does not fit: both packages are named and nothing has changed."""
    done = machine.packages.install(path, check=False)
    assert "brings zipp" in done.output
    assert "one brings zipp 3.21.0" in done.output or "and one zipp 3.21.0" in done.output
    assert machine.packages.version(name) == version
    assert os.listdir(machine.root / "opt/signboard/plugins") == ["one.json"]


def said(machine: Machine, command: str) -> str:
    """Return what a command prints."""
    return machine.run(command, check=True).stdout.strip()
