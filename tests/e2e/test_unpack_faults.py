"""A venv that is complete in its package has no activation: what can be killed is the package manager alone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.e2e.fault_application import NEW, OLD, Tiny, TinyPackages
from tests.e2e.fault_interruption import ALL, MANAGER, versions
from tests.e2e.fault_unpacking import Unpacking
from tests.targets import Target

SHARE = 10


def test_dpkg_killed_anywhere(
    tiny_packages: TinyPackages, debian_12: Target, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    """Dpkg killed at any moment, then ``dpkg --configure -a``, leaves one whole version once dpkg is content."""
    killings(tiny_packages, debian_12, int(request.config.getoption("--faults")), figure)


def test_rpm_killed_anywhere(
    tiny_packages: TinyPackages, rpm_target: Target, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    """Rpm killed at any moment, then the same transaction again, leaves one whole version."""
    killings(tiny_packages, rpm_target, int(request.config.getoption("--faults")), figure)


def killings(tiny_packages: TinyPackages, target: Target, number: int, figure: Callable[[str], None]) -> None:
    """Kill the package manager for a part of ``number`` on one target and tell how often something was lost."""
    chance = random.Random(target.name)
    packages = {version: tiny_packages.add(Tiny(mode="packaged"), version)[target.family] for version in (OLD, NEW)}
    with target.box(shares={"/pkgs": tiny_packages.directory}, tmpfs={"/opt": "400M"}) as box:  # dpkg syncs each file
        trial = Unpacking(box, packages)
        results = [
            trial.losses(version, chance.choice([ALL, MANAGER]), chance.uniform(0, 0.9))
            for version in versions(max(1, number // SHARE))
        ]
    lost = [text for _, losses in results for text in losses]
    struck, bad = sum(alive for alive, _ in results), sum(bool(text) for _, text in results)
    figure(f"{target.name}, packaged: package manager killed {struck} times (--faults / {SHARE}), {bad} losses")
    assert struck, "it was never killed in time"
    assert not lost, "\n".join(lost)
