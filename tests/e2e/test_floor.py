"""What pkggen says a package runs on, held against where it then really runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.packages import PORTABLE, by_format, pkggen
from tests.targets import Target

PROJECT = """
[build-system]
requires = ["flit_core>=3.11,<4"]
build-backend = "flit_core.buildapi"
[project]
name = "floor"
version = "1.0"
description = "Says hello"
authors = [{ name = "Floor Authors", email = "floor@example.org" }]
scripts = { floor = "floor:main" }
[tool.pkggen.deb]
compression = "COMPRESSION"
"""


class Built:
    """One package, and what pkggen said of it."""

    def __init__(self, directory: Path, compression: str, *options: str | Path) -> None:
        """Build the project; ``said`` is the line that build and check agree on."""
        (directory / "floor.py").write_text('def main():\n    import ssl\n    print("hello from the floor")\n')
        (directory / "pyproject.toml").write_text(PROJECT.replace("COMPRESSION", compression))
        (directory / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "hand"\npackages = []\n')
        done = pkggen("build", directory, "--format", "deb", "-o", directory / "dist", *options)
        assert done.returncode == 0, done.stderr
        checked = pkggen("check", directory, "--format", "deb", "-q", *options)
        assert checked.returncode == 0, checked.stderr
        self.path = by_format(done.stdout.split())["deb"]
        self.said = next(line for line in done.stderr.splitlines() if line.startswith("runs on "))
        assert self.said.removeprefix("runs on ") in checked.stdout

    def promises(self, target: Target) -> bool:
        """Tell whether the package is said to run on ``target``, a Debian."""
        oldest = re.search(r"Debian (\d+)\+", self.said)
        return oldest is not None and int(target.release) >= int(oldest[1])


@pytest.fixture(scope="module")
def from_host(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return a package with the interpreter that runs the tests: it needs a glibc about as new as ours."""
    return Built(tmp_path_factory.mktemp("host"), "gzip:1", "--python", "host")


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return a package with the interpreter for glibc 2.17."""
    if not PORTABLE:
        pytest.skip("no portable interpreter beside the checkout")
    return Built(tmp_path_factory.mktemp("portable"), "gzip:1", "--python", PORTABLE[0])


def test_it_runs_where_it_says_and_apt_refuses_it_elsewhere(from_host: Built, debian: Target) -> None:
    """Where the line says so, the package installs and runs; elsewhere apt refuses before unpacking anything."""
    with debian.box(shares={"/pkgs": from_host.path.parent}) as box:
        done = box.packages.install(f"/pkgs/{from_host.path.name}", check=False)

        if from_host.promises(debian):
            assert done.returncode == 0, done.stdout + done.stderr
            assert box.run("floor", check=True).stdout == "hello from the floor\n"
        else:
            assert done.returncode == 100, done.stdout + done.stderr
            assert re.search(r"floor : Depends: libc6 \(>= 2\.\d+\)", done.stdout + done.stderr)
            assert not (box.root / "opt/floor").exists()
            assert "floor" not in box.run(["dpkg-query", "-W"], check=True).stdout.split()


def test_a_portable_package_runs_on_every_debian(portable: Built, debian: Target) -> None:
    """Built once for glibc 2.17, it is said to run on Debian 11 and later, and does."""
    assert portable.said.startswith("runs on Debian 11+, ")
    assert "(glibc 2.17, raised by Python 3." in portable.said

    with debian.box(shares={"/pkgs": portable.path.parent}) as box:
        box.packages.install(f"/pkgs/{portable.path.name}")

        assert box.run("floor", check=True).stdout == "hello from the floor\n"


def test_compression_counts(tmp_path: Path, debian: Target) -> None:
    """A package that Debian 11's dpkg can't read is not said to run there, whatever its glibc; later ones read it."""
    if not PORTABLE:
        pytest.skip("no portable interpreter beside the checkout")
    built = Built(tmp_path, "zstd:1", "--python", PORTABLE[0])
    assert "its compression keeps Debian 11 out" in built.said

    with debian.box(shares={"/pkgs": built.path.parent}) as box:
        done = box.packages.install(f"/pkgs/{built.path.name}", check=False)

    assert (done.returncode == 0) == built.promises(debian) == (debian.release != "11")


def test_a_target_that_can_not_be_met_is_refused(from_host: Built, tmp_path: Path) -> None:
    """Declared, an old system is an error that names the interpreter and the way out; nothing is built."""
    if "Debian 11+" in from_host.said:
        pytest.skip("needs a build host newer than Debian 11")
    root = from_host.path.parent.parent
    done = pkggen(
        "build", root, "--format", "deb", "-o", tmp_path / "dist", "--python", "host", "--target", "debian:11"
    )

    assert done.returncode == 3
    assert re.search(r"Python 3\.\S+ \(host:/\S+\): \S+ needs glibc 2\.\d+, debian:11 has 2\.31", done.stderr)
    assert "standalone build" in done.stderr
    assert not list(tmp_path.glob("dist/*"))
