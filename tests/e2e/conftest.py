"""Fixtures that give a test the target systems to install packages in."""

from __future__ import annotations

import os
from contextlib import nullcontext

import pytest

from tests.e2e.fault_application import TinyPackages
from tests.e2e.packages import Factory
from tests.e2e.turns import common
from tests.targets import TARGETS, Target, TargetError, obstacle

USUAL = "debian:12"
DEFAULT_RPM = "rpm:4.18"
NOT_CHOSEN = "none"
REQUIRE_VARIABLE = "PKGGEN_REQUIRE_TARGETS"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line choose targets."""
    group = parser.getgroup("pkggen targets")
    group.addoption("--targets", default="", help="only these targets, such as debian:12,rpm:4.18")
    group.addoption("--rpm-targets", choices=("default", "all"), default="default", help="every rpm or one")
    group.addoption("--update-inputs", action="store_true", help="rewrite docs/inputs.md from what test_inputs.py sees")
    group.addoption("--publications", type=int, default=2, help="of each of eight publishers in test_publishers.py")
    group.addoption("--faults", type=int, default=30, help="how many faults test_faults.py tries on each target")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give ``debian`` and ``rpm_target`` their targets; roots are made only when a test runs."""
    for fixture, family in (("debian", "deb"), ("rpm_target", "rpm")):
        if fixture in metafunc.fixturenames:
            names = _wanted(metafunc.config, family) or [NOT_CHOSEN]
            metafunc.parametrize(fixture, names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of a family of which ``--targets`` names no target."""
    parameters = {item: item.callspec.params for item in items if hasattr(item, "callspec")}
    left_out = [item for item, values in parameters.items() if NOT_CHOSEN in values.values()]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _wanted(config: pytest.Config, family: str) -> list[str]:
    names = [name for name, target in TARGETS.items() if target.family == family]
    chosen = [name for name in config.getoption("--targets").split(",") if name]
    unknown = sorted(set(chosen) - set(TARGETS))
    if unknown:
        raise pytest.UsageError(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if chosen:
        return [name for name in names if name in chosen]
    if family == "rpm" and config.getoption("--rpm-targets") == "default":
        return [DEFAULT_RPM]
    return names


@pytest.fixture
def debian(request: pytest.FixtureRequest) -> Target:
    """Return each Debian release in turn."""
    return _ready(request.config, request.param)


@pytest.fixture
def rpm_target(request: pytest.FixtureRequest) -> Target:
    """Return the rpm target; with ``--rpm-targets=all`` one for each version of rpm."""
    return _ready(request.config, request.param)


@pytest.fixture
def any_target(request: pytest.FixtureRequest) -> Target:
    """Return one target, for what does not depend on which."""
    chosen = [*_wanted(request.config, "deb"), *_wanted(request.config, "rpm")]
    return _ready(request.config, USUAL if USUAL in chosen else chosen[0])


def _ready(config: pytest.Config, name: str) -> Target:
    """Return the target ``name`` with its root made; skip the test where that cannot be, or fail."""
    reason = obstacle()
    if reason is not None:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{REQUIRE_VARIABLE}=1, but {reason}", pytrace=False)
        pytest.skip(reason)
    target = TARGETS[name]
    capture = config.pluginmanager.getplugin("capturemanager")
    try:
        # Making a root takes a minute, and says so: past the capture, or nobody would see it.
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            target.tree()
    except TargetError as error:
        pytest.fail(f"{name} could not be made: {error}", pytrace=False)
    return target


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """Return the builder of packages; each version of each application is built once a run."""
    return Factory(common(tmp_path_factory, "packages"))


@pytest.fixture(scope="session")
def tiny_packages(factory: Factory) -> TinyPackages:
    """Return where the tiny application's packages lie, which all tests of a run share."""
    directory = factory.directory / "tiny"
    directory.mkdir(exist_ok=True)
    return TinyPackages(directory)


@pytest.fixture
def debian_12(request: pytest.FixtureRequest) -> Target:
    """Return one Debian release, for what needs no more than one."""
    return _ready(request.config, "debian:12")
