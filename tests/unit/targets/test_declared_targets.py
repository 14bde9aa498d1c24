"""Which system a package is for."""

from __future__ import annotations

import platform

import pytest

from pkggen.errors import ConfigurationError
from pkggen.targets.distributions import DISTRIBUTIONS, GLIBC, GLIBCXX, WITHOUT_ZSTD, resolve_target
from tests.targets import TARGETS


def test_several_targets_count_as_the_oldest() -> None:
    """Of all declared targets the lowest glibc is what a package may need."""
    assert resolve_target(["debian:13", "el:8", "ubuntu:22.04"]).glibc == (2, 28)


def test_no_target_is_this_machine() -> None:
    """Without targets, nothing newer than the build host's glibc is chosen."""
    target = resolve_target([])

    assert (target.arch, target.distros) == (platform.machine(), ())
    assert target.glibc > (2, 16)


@pytest.mark.parametrize(
    ("given", "arch"), [("arm64", "aarch64"), ("aarch64", "aarch64"), ("amd64", "x86_64"), ("x86_64", "x86_64")]
)
def test_a_machine_may_be_named_as_debian_does(given: str, arch: str) -> None:
    """The two families' names of a machine mean the same."""
    assert resolve_target(["debian:12"], given).arch == arch


@pytest.mark.parametrize("name", ["rhel:9", "rocky:9", "almalinux:9", "centos:9", "el:9"])
def test_rebuilds_of_rhel_are_one_target(name: str) -> None:
    """What is built for RHEL 9 is built for its rebuilds."""
    assert resolve_target([name]).distros == ("el:9",)


def test_all_that_is_unknown_is_told_at_once() -> None:
    """Unknown distributions and machines are one error, each with what would do."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_target(["debian:12", "debain:11", "haiku:1"], "sparc64")

    said = str(caught.value)
    assert "unknown target 'debain:11'" in said
    assert "did you mean debian:11?" in said
    assert "unknown target 'haiku:1'" in said
    assert "packages for sparc64 are not supported" in said


def test_an_unknown_release_is_answered_with_the_known_ones() -> None:
    """Where the distribution is known, its releases are named, not another's that look alike."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_target(["ubuntu:18.04"])

    assert caught.value.problems[0].remedy == "use one of ubuntu:20.04, ubuntu:22.04, ubuntu:24.04, ubuntu:26.04"


def test_every_release_belongs_to_a_distribution() -> None:
    """Each has a name and a format, and releases are listed from old to new."""
    for distribution in DISTRIBUTIONS:
        releases = [r for r in GLIBC if r.partition(":")[0] == distribution]
        numbers = [tuple(map(int, r.partition(":")[2].split("."))) for r in releases]

        assert numbers == sorted(numbers)
        assert [GLIBC[r] for r in releases] == sorted(GLIBC[r] for r in releases)
    assert {r.partition(":")[0] for r in GLIBC} == set(DISTRIBUTIONS)
    assert set(GLIBC) >= WITHOUT_ZSTD
    assert set(GLIBC) == set(GLIBCXX)


def test_the_figures_are_those_of_the_systems_we_test_on() -> None:
    """Where a real system is at hand, its glibc is the one in the table."""
    ours = {name: target.glibc for name, target in TARGETS.items() if name in GLIBC}

    assert ours
    assert {name: ".".join(map(str, GLIBC[name])) for name in ours} == ours
