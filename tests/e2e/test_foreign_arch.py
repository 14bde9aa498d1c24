"""Packages for arm64 and aarch64 that were built on x86_64, on a real arm64 system under emulation."""

from __future__ import annotations

import io
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
import rpmfile
from debian.debfile import DebFile
from elftools.elf.elffile import ELFFile

from tests.e2e.applications import REPOSITORY
from tests.e2e.packages import by_format, pkggen
from tests.targets import Target, TargetError
from tests.targets.catalogue import FOREIGN
from tests.targets.foreign import emulation_obstacle
from tests.targets.host import obstacle

ARCHIVES = sorted((REPOSITORY.parent / "shared" / "interpreters").glob("cpython-*-aarch64-*-install_only.tar.gz"))
NUMBERS = "height,weight\n1,10\n2,20\n3,60\n"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the sample with numpy, built for the other machine, with what pkggen said beside it."""
    if platform.machine() != "x86_64":
        pytest.skip("needs an x86_64 build host: the test builds for aarch64")
    if not ARCHIVES:
        pytest.skip("no portable interpreter beside the checkout: none for aarch64 to embed")
    output = tmp_path_factory.mktemp("foreign")
    done = pkggen("build", REPOSITORY / "rpm-sample", "--arch", "arm64", "--python", ARCHIVES[0], "-o", output)
    assert done.returncode == 0, done.stderr
    (output / "said").write_text(done.stderr)
    return by_format(done.stdout.split())


@pytest.fixture
def arm64() -> Target:
    """Return Debian 12 for arm64; skip the test where it can't run."""
    reason = obstacle() or emulation_obstacle("arm64")
    if reason:
        pytest.skip(reason)
    try:
        FOREIGN["debian:12-arm64"].tree()
    except TargetError as error:
        pytest.fail(f"the arm64 root could not be made: {error}", pytrace=False)
    return FOREIGN["debian:12-arm64"]


def test_the_deb_installs_and_runs_on_arm64(packages: dict[str, Path], arm64: Target) -> None:
    """Apt installs what x86_64 built, the command computes with its compiled dependency, removal leaves nothing."""
    with arm64.box(shares={"/pkgs": packages["deb"].parent}) as box:
        assert box.run(["dpkg", "--print-architecture"], check=True).stdout.strip() == "arm64"
        box.packages.install(f"/pkgs/{packages['deb'].name}")

        (box.root / "tmp/numbers.csv").write_text(NUMBERS)
        said = box.run("csvstats show /tmp/numbers.csv", check=True, timeout=120).stdout
        verified = box.run("/opt/csvstats/bin/csvstats-releases verify", timeout=120)
        box.packages.purge("csvstats")
        left = box.run("ls -A /opt").stdout

    assert "height" in said
    assert "30" in said  # the mean weight
    assert verified.returncode == 0, verified.stderr
    assert left == ""


def test_the_rpm_is_for_aarch64(packages: dict[str, Path]) -> None:
    """The rpm's header says aarch64, and so does every ELF file in it, of which there are many."""
    with rpmfile.open(packages["rpm"]) as archive:
        assert archive.headers["arch"] == b"aarch64"
        machines = [m for member in archive.getmembers() if (m := machine(archive.extractfile(member).read()))]

    assert len(machines) > 20
    assert set(machines) == {"EM_AARCH64"}


def test_the_deb_is_for_arm64(packages: dict[str, Path]) -> None:
    """The .deb's name and every ELF file in it are arm64's; its byte code was made here, by a stand-in."""
    names, machines = zip(*contents(packages["deb"]), strict=True)

    assert packages["deb"].name.endswith("_arm64.deb")
    assert set(filter(None, machines)) == {"EM_AARCH64"}
    assert sum(name.endswith(".pyc") for name in names) > 500


def test_the_build_says_what_it_runs_on(packages: dict[str, Path]) -> None:
    """The line that tells where the package runs names the aarch64 wheel that asks for the most."""
    said = (packages["deb"].parent / "said").read_text()

    assert "raised by numpy-" in said
    assert "_aarch64.whl" in said


def test_a_compiled_project_is_refused(tmp_path: Path) -> None:
    """A project that compiles something can't be built for another machine, and the error names its wheel."""
    if not ARCHIVES or platform.machine() != "x86_64":
        pytest.skip("no portable interpreter beside the checkout: none for aarch64 to embed")
    (tmp_path / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "setup(name='native', version='1', ext_modules=[Extension('native', ['native.c'])])\n"
    )
    (tmp_path / "native.c").write_text(
        '#include <Python.h>\nstatic struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "native"};\n'
        "PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&d); }\n"
    )
    done = pkggen("build", tmp_path, "--arch", "aarch64", "--python", ARCHIVES[0], "-o", tmp_path / "dist")

    assert done.returncode == 3, done.stderr
    assert "native-1-" in done.stderr
    assert "aarch64" in done.stderr
    assert not list((tmp_path / "dist").glob("*.deb"))


def contents(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, machine of an ELF file or "") of each file of a .deb."""
    with DebFile(path) as deb:
        data = deb.data.tgz()
        for member in data.getmembers():
            content = data.extractfile(member) if member.isfile() else None
            yield member.name, machine(content.read()) if content else ""


def machine(content: bytes) -> str:
    """Return an ELF file's machine, "" for another kind of file."""
    return str(ELFFile(io.BytesIO(content))["e_machine"]) if content.startswith(b"\x7fELF") else ""
