"""Every shape that a project comes in, built and installed for real: its command runs on the target."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.e2e.applications import QUICK, UNTAR
from tests.e2e.packages import PORTABLE, by_format, interpreter_options, pkggen
from tests.targets import Target

PROOFS = {
    "wheel": ("cowsay", "cowsay -t moo", "| moo |"),
    "sdist": ("cowsay", "cowsay -t moo", "| moo |"),
    "index": ("cowsay", "cowsay -t moo", "| moo |"),
    "folder": ("shop", "sell --loud", "COWSAY 6.1 SOLD BY SHOP"),
}
"""Shape → the package's name, a command that it brings, and what that prints."""
SELL = """
import argparse
import cowsay
import shop
parser = argparse.ArgumentParser()
parser.add_argument("--loud", action="store_true")
words = f"cowsay {cowsay.__version__} sold by {shop.NAME}"
print(words.upper() if parser.parse_args().loud else words)
"""


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that targets mount to reach the packages."""
    return tmp_path_factory.mktemp("shapes")


@pytest.fixture(scope="session")
def packages(share: Path) -> dict[str, dict[str, Path]]:
    """Return the packages of each shape, built once."""
    return {shape: built(shape, share / shape) for shape in PROOFS}


def built(shape: str, home: Path) -> dict[str, Path]:
    """Build one shape in a directory of its own, twice: the second time offline, with the same bytes."""
    home.mkdir()
    path = MAKERS[shape](home)
    python = [] if shape == "folder" and PORTABLE else interpreter_options()
    (home / "pkggen.toml").write_text(QUICK.format(table=""))
    first = pkggen("build", path, "-o", home / "dist", "-q", *python, cwd=home)
    assert first.returncode == 0, first.stderr
    found = by_format(first.stdout.split())
    before = {name: package.read_bytes() for name, package in found.items()}
    again = pkggen("build", path, "-o", home / "dist", "-q", "--offline", *python, cwd=home)
    assert again.returncode == 0, again.stderr
    assert {name: package.read_bytes() for name, package in found.items()} == before
    return found


def downloaded(home: Path, option: str, version: str = "6.1") -> Path:
    (home / "download").mkdir()
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", option, ":all:", "-d", home / "download"]
    subprocess.run([*command, f"cowsay=={version}"], check=True, timeout=300)
    return next((home / "download").iterdir())


def folder(home: Path) -> Path:
    """Return a folder that is no package, configured as pkggen proposes; with an interpreter where there is one."""
    root = home / "shop"
    for name, text in {"ProjectSrc/shop/__init__.py": "NAME = 'shop'\n", "Script/sell.py": SELL}.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text)
    downloaded(home, "--only-binary").parent.rename(root / "PyPI")
    if PORTABLE:
        with tarfile.open(PORTABLE[0]) as archive:
            archive.extractall(root, **UNTAR)
        (root / "python").rename(root / "Python3.13")
    proposed = pkggen("init", root, "--write")
    assert proposed.returncode == 0, proposed.stderr
    with (root / "pkggen.toml").open("a") as stream:
        stream.write(QUICK.format(table=""))
    return root


MAKERS = {
    "wheel": lambda home: downloaded(home, "--only-binary"),
    "sdist": lambda home: downloaded(home, "--no-binary", "6.0"),  # later ones have no sdist
    "index": lambda _: Path("pypi:cowsay==6.1"),
    "folder": folder,
}


@pytest.mark.parametrize("shape", PROOFS)
def test_deb_of_every_shape(shape: str, packages: dict[str, dict[str, Path]], share: Path, debian_12: Target) -> None:
    """The .deb installs on Debian 12 and its command runs."""
    assert_runs(shape, packages[shape]["deb"], share, debian_12)


@pytest.mark.parametrize("shape", PROOFS)
def test_rpm_of_every_shape(shape: str, packages: dict[str, dict[str, Path]], share: Path, rpm_target: Target) -> None:
    """The .rpm installs on an RPM-native system and its command runs."""
    assert_runs(shape, packages[shape]["rpm"], share, rpm_target)


def test_the_index_gives_what_its_wheel_gives(packages: dict[str, dict[str, Path]]) -> None:
    """A wheel and the same wheel from the index make the same package."""
    assert packages["index"]["deb"].read_bytes() == packages["wheel"]["deb"].read_bytes()


def assert_runs(shape: str, package: Path, share: Path, target: Target) -> None:
    name, command, prints = PROOFS[shape]
    with target.box(shares={"/pkgs": share}) as box:
        box.packages.install(f"/pkgs/{os.path.relpath(package, share)}")
        assert prints in box.run(["sh", "-c", command]).stdout
        box.packages.verify(name)
        box.packages.remove(name)
        assert not (box.root / "opt" / name).exists()


def test_sdist_brings_its_configuration_and_its_lock(tmp_path: Path) -> None:
    """Where the current directory has none, the sdist's own count, and nothing else is written there."""
    root = tmp_path / "demo-1.0"
    (root / "demo").mkdir(parents=True)
    (root / "demo/__init__.py").write_text('"""Demo."""\n__version__ = "1.0"\ndef main():\n    print("demo")\n')
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "demo"\nversion = "1.0"\ndescription = "Demo"\ndependencies = ["cowsay"]\n'
        '[project.scripts]\ndemo = "demo:main"\n'
        '[[tool.pkggen.services]]\nname = "demo-server"\ncommand = "demo"\n'
        '[[tool.pkggen.files]]\nsrc = "demo.conf"\ndst = "/etc/demo.conf"\ntype = "config"\n'
    )
    (root / "demo.conf").write_text("colour = blue\n")
    (root / "requirements.txt").write_text(
        "cowsay==6.1 --hash=sha256:274b1e6fc1b966d53976333eb90ac94cb07a450a700b455af9fbdf882244b30a\n"
    )
    with tarfile.open(tmp_path / "demo-1.0.tar.gz", "w:gz") as archive:
        archive.add(root, root.name)
    here = tmp_path / "here"
    here.mkdir()

    done = pkggen("render", tmp_path / "demo-1.0.tar.gz", "--format", "deb", "-q", cwd=here)

    assert done.returncode == 0, done.stderr
    files = (here / "rendered/deb/files").read_text()
    assert all(name in files for name in ("/etc/demo.conf", "demo-server.service", "site-packages/cowsay/__init__.py"))
    assert os.listdir(here) == ["rendered"]
