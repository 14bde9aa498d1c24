"""Packages that bring no interpreter: they run on the target's own python3, and ask for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.debian_archive import download
from tests.e2e.packages import build
from tests.targets import Box, Target

PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "guest"
version = "{version}"
dependencies = ["markupsafe==3.0.2", "six"]

[project.scripts]
guest = "guest:main"

[tool.setuptools]
py-modules = ["guest"]

[tool.pkggen]
targets = ["debian:12"]
python.source = "system"
python.site-packages = true
wheels.exclude = ["six"]
deb.depends = ["python3-six"]
"""
GUEST = """\
import sys
from importlib.metadata import version


def main():
    import markupsafe._speedups
    found = "without"
    try:
        import six
        found = six.__file__
    except ImportError:
        pass
    print(version("guest"), "%d.%d" % sys.version_info[:2], markupsafe._speedups.__file__, found)
"""
ABI = """\
Name: python-abi
Version: 1
Release: 1
Summary: What Fedora's python3 provides and a converted Debian one does not
License: none
BuildArch: noarch
Provides: python(abi) = 3.11
%description
%files
"""
SITE = "lib/python3.11/site-packages"


@pytest.fixture(scope="session")
def packages_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with both versions' packages."""
    home = tmp_path_factory.mktemp("system")
    for version in ("1.0", "2.0"):
        root = home / f"source-{version}"
        root.mkdir()
        (root / "pyproject.toml").write_text(PROJECT.format(version=version))
        (root / "guest.py").write_text(GUEST)
        for path in build(root, root / "dist").values():
            path.rename(home / f"guest-{version}{path.suffix}")
    return home


@pytest.fixture
def python_packages(debian_12: Target, tmp_path: Path) -> Path:
    """Return a directory with Debian 12's packages of python3 and python3-six, as far as the target lacks them."""
    return download(debian_12, tmp_path, "python3", "python3-six")


def guest(box: Box) -> list[str]:
    """Return what the command prints: version, Python, the compiled module, the distribution's module."""
    return box.run("guest", check=True).stdout.split()


def release(box: Box) -> str:
    """Return the current release's directory."""
    return box.run("readlink -f /opt/guest/current", check=True).stdout.strip()


def lived_through(box: Box, family: str, six: str) -> None:
    """Install, verify, upgrade, go back and forth."""
    for version in ("1.0", "2.0"):
        box.packages.install(f"/pkgs/guest-{version}.{family}")
        speedups = f"{release(box)}/venv/{SITE}/markupsafe/_speedups.cpython-311-x86_64-linux-gnu.so"
        assert guest(box) == [version, "3.11", speedups, six]
        assert "are as installed" in box.run("/opt/guest/bin/guest-releases verify", check=True).stdout
    assert not (box.root / "opt/guest/layers/python").exists()
    assert box.run("readlink /opt/guest/current/venv/bin/python").stdout == "/usr/bin/python3.11\n"
    for version in ("1.0", "2.0"):  # back, and forth again
        box.run("/opt/guest/bin/guest-releases rollback", check=True)
        assert guest(box)[0] == version


def test_deb_on_the_systems_python(packages_directory: Path, python_packages: Path, debian_12: Target) -> None:
    """Apt installs python3 first; it runs the application and lends it a module; both may go in any order."""
    with debian_12.box(shares={"/pkgs": packages_directory, "/python": python_packages}) as box:
        needed = [f"/python/{path.name}" for path in python_packages.glob("*.deb")]
        box.packages.install("/pkgs/guest-1.0.deb", *needed)
        lived_through(box, "deb", "/usr/lib/python3/dist-packages/six.py")
        gone = "python3 python3.11 python3-minimal python3.11-minimal"
        box.run(f"dpkg --force-depends --remove {gone}", check=True)
        assert not (box.root / "usr/bin/python3.11").exists()
        box.run("dpkg --purge guest", check=True)
        assert not any(os.path.lexists(box.root / path) for path in ("opt/guest", "usr/bin/guest"))


def test_deb_is_refused_without_it(packages_directory: Path, debian_12: Target) -> None:
    """Where there is no python3, apt says so, and nothing is unpacked."""
    with debian_12.box(shares={"/pkgs": packages_directory}) as box:
        done = box.packages.install("/pkgs/guest-1.0.deb", check=False)

        assert done.returncode != 0
        assert "Depends: python3 (>= 3.11~)" in done.output
        assert not (box.root / "opt/guest").exists()


def test_rpm_on_the_systems_python(packages_directory: Path, rpm_target: Target) -> None:
    """Dnf refuses it without the ABI, which a converted Debian lacks; with it the same python3 runs it."""
    if rpm_target.name != "rpm:4.18":
        pytest.skip("its python3 is not 3.11")
    (packages_directory / "abi.spec").write_text(ABI)
    words = [
        "-D",
        f"_topdir {packages_directory}/rpmbuild",
        "-D",
        f"_rpmdir {packages_directory}",
        packages_directory / "abi.spec",
    ]
    subprocess.run(["rpmbuild", "-bb", "--quiet", *words], check=True, capture_output=True)
    with rpm_target.box(shares={"/pkgs": packages_directory}) as box:
        refused = box.packages.install("/pkgs/guest-1.0.rpm", check=False)
        assert "nothing provides python(abi) = 3.11" in refused.output
        box.packages.install("/pkgs/noarch/python-abi-1-1.noarch.rpm")
        lived_through(box, "rpm", "without")
        assert box.packages.verify("guest").output == ""
        box.packages.remove("guest")
        assert not any(os.path.lexists(box.root / path) for path in ("opt/guest", "usr/bin/guest"))
