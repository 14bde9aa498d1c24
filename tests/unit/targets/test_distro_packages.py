"""What could be left to the target: by the package lists of a host of that release, else not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.model import Distribution, Entry, Target, Tree
from pkggen.targets import distro_packages as module
from pkggen.targets.distro_packages import DistroPackage, distro_packages, host_release, upstream
from tests.unit.wheelsmith import Smith

LISTS = {
    "python3-yaml": "6.0-3+b2",
    "python3-numpy": "1:1.24.2-1+deb12u1",
    "tzdata": "2025b-0+deb12u2",
    "python3-odd": "r7",
}


@pytest.fixture
def bookworm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let this machine be a Debian 12 whose apt-cache knows LISTS, and like the real one fails for other names."""
    tool = tmp_path / "bin" / "apt-cache"
    tool.parent.mkdir()
    cases = "".join(
        f"{n}) echo 'Package: {n}'; echo 'Version: {v}'; echo 'Section: python';;\n" for n, v in LISTS.items()
    )
    tool.write_text(
        f'#!/bin/sh\nshift 2\nstatus=0\nfor name; do case "$name" in\n{cases}*) status=100;; esac; done\nexit $status\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setattr(module, "host_release", lambda: "debian:12")


def distribution(root: Path, name: str, *files: str, top_level: tuple[str, ...] = ()) -> Distribution:
    entries = tuple(Entry(f"lib/python3.13/site-packages/{f}") for f in files)
    return Distribution(Smith(name=name).forge(root), Tree(root, entries), top_level=top_level)


def test_found_by_project_and_by_module(bookworm: None, tmp_path: Path) -> None:
    """The project's name counts, then that of what it is imported as; what the lists lack is not told."""
    found = distro_packages(
        [
            distribution(tmp_path, "numpy"),
            distribution(tmp_path, "pyyaml", "yaml/__init__.py", "_yaml/__init__.py", top_level=("_yaml", "yaml")),
            distribution(tmp_path, "tzdata"),
            distribution(tmp_path, "stray"),
        ],
        Target(distros=("debian:12",)),
    )

    assert found == {
        "numpy": DistroPackage("debian:12", "python3-numpy", "1.24.2", known=True),
        "pyyaml": DistroPackage("debian:12", "python3-yaml", "6.0", known=True),
        "tzdata": DistroPackage("debian:12", "tzdata", "2025.2", known=True),
    }


def test_a_namespace_is_no_name(bookworm: None, tmp_path: Path) -> None:
    """A wheel that adds to the namespace ``yaml`` is not what python3-yaml holds; an odd version is no offer."""
    plugin = distribution(tmp_path, "yaml-plugin", "yaml/plugin/__init__.py", top_level=("yaml",))

    assert distro_packages([plugin, distribution(tmp_path, "odd")], Target()) == {}


def test_another_release_is_not_known(bookworm: None, tmp_path: Path) -> None:
    """The lists of one release say nothing about another: the name is a rule's, and there is no version."""
    found = distro_packages([distribution(tmp_path, "numpy")], Target(distros=("debian:13",)))

    assert found == {"numpy": DistroPackage("debian:13", "python3-numpy")}


@pytest.mark.parametrize(
    ("debian", "version"),
    [
        ("1:1.24.2-1+deb12u1", "1.24.2"),
        ("2.0+dfsg-1", "2.0"),
        ("1.0~rc1-2", "1.0rc1"),
        ("3.4", "3.4"),
        ("2025b-0", "2025.2"),
    ],
)
def test_upstream_version(debian: str, version: str) -> None:
    """Epoch, revision and marks of repacking go."""
    assert upstream(debian) == version


def test_the_host_names_itself() -> None:
    """The release is spelled as targets are."""
    assert ":" in host_release()
