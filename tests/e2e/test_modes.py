"""The other ways in which a venv comes to be on the target: complete in the package, or made by pip."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from tests.e2e.applications import REPOSITORY, SAMPLES
from tests.e2e.packages import Factory
from tests.e2e.test_lifecycle import assert_works, downgrade, inside, install, leftovers, live, upgrade
from tests.targets import Machine, Target, snapshot

NOTICEBOARD = SAMPLES[0]
MODES = ("packaged", "archived")


@pytest.mark.parametrize("mode", MODES)
def test_deb_modes(mode: str, debian_12: Target, factory: Factory) -> None:
    """In each mode a pure and a compiled application live and die as they do by default."""
    lifecycles(mode, debian_12, factory)


@pytest.mark.parametrize("mode", MODES)
def test_rpm_modes(mode: str, rpm_target: Target, factory: Factory) -> None:
    """The same on an RPM-native system."""
    lifecycles(mode, rpm_target, factory)


def lifecycles(mode: str, target: Target, factory: Factory) -> None:
    """Take both samples through their lives on one booted system, then change the mode with an upgrade."""
    samples = [replace(sample, mode=mode) for sample in SAMPLES]
    made = {s: [inside(factory(s, v)[target.family], factory) for v in s.versions] for s in samples}
    usual = inside(factory(NOTICEBOARD, NOTICEBOARD.versions[0])[target.family], factory)
    with target.boot(shares={"/pkgs": factory.share}) as machine:
        for sample, (first, second) in made.items():
            live(sample, machine, first, second)
        change(machine, usual, mode, made[samples[0]][1])


def change(machine: Machine, usual: str, mode: str, other: str) -> None:
    """Upgrade from the usual mode to the other and go back: each leaves nothing of the one before."""
    old, new = NOTICEBOARD.versions
    (machine.root / "opt/other").mkdir()  # dpkg would remove an empty /opt
    before = snapshot(machine)
    install(machine, usual)
    assert_works(machine, NOTICEBOARD, old)
    upgrade(machine, other)
    assert_works(machine, replace(NOTICEBOARD, mode=mode), new)
    if mode == "archived":
        assert_wheels_are_the_locked_ones(machine)
    if mode == "packaged":
        # units: what the scripts note for the next upgrade
        assert sorted(os.listdir(machine.root / "opt/noticeboard")) == ["manifest.json", "python", "units", "venv"]
    downgrade(machine, usual)
    assert_works(machine, NOTICEBOARD, old)
    machine.packages.remove("noticeboard")
    machine.packages.purge("noticeboard", check=False)
    assert leftovers(before, machine) == []


def assert_wheels_are_the_locked_ones(machine: Machine) -> None:
    """The dependencies' files on the target have digests that the project's lock names: they are the index's."""
    lock = (REPOSITORY / NOTICEBOARD.folder / "requirements.txt").read_text()
    wheels = machine.run("cd /opt/noticeboard/layers/deps/wheels && sha256sum *.whl", check=True).stdout.splitlines()
    digests = {line.split()[0] for line in wheels}

    assert len(digests) > 5
    assert digests <= set(re.findall("sha256:([0-9a-f]{64})", lock))
