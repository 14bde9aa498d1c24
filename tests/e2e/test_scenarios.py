"""The scenarios of tests/scenarios: each a folder of projects and a script that says what must come of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY
from tests.e2e.packages import PORTABLE, build
from tests.targets import Target

FOLDER = REPOSITORY / "tests" / "scenarios"
SCENARIOS = sorted(check.parent.name for check in FOLDER.glob("*/check.sh"))
PYTHON = ["--python", str(PORTABLE[0])] if PORTABLE else []


# what nfpm's acceptance tests try, as far as it is a matter of files, relations and formats
COMMON = {
    "simple", "complex", "overrides", "metapackage", "triggers", "breaks", "conflicts", "pre-depends", "symlink",
    "directories", "ghost", "upgrade", "compression", "changelog", "signed",
}  # fmt: skip


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory in which each scenario's packages are built, when it is first tried."""
    return tmp_path_factory.mktemp("scenarios")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_deb_scenario(scenario: str, share: Path, debian_12: Target) -> None:
    """The .debs do on Debian what the scenario says."""
    play(scenario, share, debian_12)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rpm_scenario(scenario: str, share: Path, rpm_target: Target) -> None:
    """The .rpms do on an RPM-native system what the scenario says."""
    play(scenario, share, rpm_target)


def test_the_scenarios_are_complete(figure: Callable[[str], None]) -> None:
    """Every scenario of the list has its folder; their number is told."""
    figure(f"{len(SCENARIOS)} scenarios, each as .deb and .rpm: {', '.join(SCENARIOS)}")

    assert set(SCENARIOS) >= COMMON


@contextmanager
def keyring(packages: Path) -> Iterator[dict[str, str]]:
    """Make a keyring where the scenario has a keys.sh, for as long as its packages are built."""
    script = packages / "keys.sh"
    if not script.exists():
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="pkggen-keys-", dir="/tmp") as home:  # an agent's socket has a short path
        variables = {"GNUPGHOME": home}
        try:
            subprocess.run(["sh", "-eu", script], cwd=packages, env={**os.environ, **variables}, check=True)
            yield variables
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, **variables}, check=False)


def play(scenario: str, share: Path, target: Target) -> None:
    """Build the scenario's projects and run its script in a box, as root."""
    packages = share / scenario
    if not packages.exists():
        shutil.copytree(FOLDER / scenario, packages, symlinks=True)
        with keyring(packages) as variables:
            for project in sorted(packages.glob("*/pkggen.toml")):
                environment = {"SOURCE_DATE_EPOCH": "1750000000", **variables}
                build(project.parent, project.parent / "dist", *PYTHON, env=environment)
    with target.box(shares={"/pkgs": packages, "/scenarios": FOLDER}) as box:
        script = f". /scenarios/library.sh; . /scenarios/{scenario}/check.sh"
        done = box.run(["sh", "-c", script], env={"FORMAT": target.family}, timeout=300)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
