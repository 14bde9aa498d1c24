"""pkggen itself as users install it: wheel, sdist, pip, pipx and uv give the whole wheel, and always the same one.

That the wheel has all of the tree is asked by test_installed.py.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY, UNTAR

LOCK = REPOSITORY / ".ci" / "requirements.txt"
PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "greeting"
version = "1.0"
scripts.greeting = "greeting:main"
"""


def run(*command: str | Path, env: Mapping[str, str] | None = None, umask: int = 0o022, cwd: Path | None = None) -> str:
    """Return what ``command`` printed; fail the test with all that it said when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": 600, "umask": umask}
    done = subprocess.run(command, env={**environment, **(env or {})}, cwd=cwd, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout  # type: ignore[no-any-return]


def checkout(directory: Path, umask: int = 0o022) -> Path:
    """Lay the files that git tracks, as they are now, out in ``directory``; their times are those of now."""
    names = run("git", "ls-files", "-z", cwd=REPOSITORY).split("\0")
    for name in filter(lambda n: (REPOSITORY / n).is_file(), names):
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((REPOSITORY / name).read_bytes())
        place.chmod(0o666 & ~umask)
    return directory


def build(kind: str, root: Path, output: Path, umask: int = 0o022) -> Path:
    """Build the "wheel" or "sdist" of ``root`` with the locked back-end."""
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "-o", output, root, umask=umask)
    return next(output.iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that a clean checkout gives."""
    return build("wheel", checkout(tmp_path_factory.mktemp("clean")), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment in which installers take the locked versions; hashes don't go with a folder."""
    path = tmp_path_factory.mktemp("locked") / "constraints.txt"
    path.write_text("\n".join(re.findall(r"^(\S+==.*?) \\$", LOCK.read_text(), re.MULTILINE)))
    cached = {f"{tool}_CACHE_DIR": str(Path.home() / ".cache" / tool.lower()) for tool in ("PIP", "UV", "PKGGEN")}
    return {"PIP_CONSTRAINT": str(path), "UV_CONSTRAINT": str(path), "UV_BUILD_CONSTRAINT": str(path), **cached}


def files_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_wheel_does_not_depend_on_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """A checkout made at another time with another umask gives the same wheel, byte for byte."""
    other = build("wheel", checkout(tmp_path / "elsewhere", umask=0o077), tmp_path / "dist", umask=0o077)

    assert hashlib.sha256(other.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_sdist_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """An sdist that was built, unpacked and built again gives the wheel of the checkout."""
    sdist = build("sdist", checkout(tmp_path / "checkout"), tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", **UNTAR)

    again = build("wheel", next((tmp_path / "unpacked").iterdir()), tmp_path / "dist")

    assert again.read_bytes() == wheel.read_bytes()


def installed_by(way: str, home: Path) -> tuple[list[str | Path], Path, Path]:
    """Return (command that installs into ``home``, the program, where its environment lies)."""
    if way == "pip":
        return [home / "bin" / "python", "-m", "pip", "install", "-q"], home / "bin" / "pkggen", home
    program = home / "bin" / "pkggen"
    if way == "pipx":
        return [sys.executable, "-m", "pipx", "install", "-q"], program, home / "pipx" / "venvs" / "pkggen"
    return [Path(sys.executable).with_name("uv"), "tool", "install", "-q"], program, home / "uv" / "pkggen"


@pytest.mark.parametrize("way", ["pip", "pipx", "uv"])
def test_every_way_to_install_gives_the_whole_tool(
    way: str, wheel: Path, locked: dict[str, str], tmp_path: Path
) -> None:
    """What the README names installs all files of the wheel, and packages a project with them."""
    home = tmp_path / "home"
    environment = {
        **locked,
        "HOME": str(home), "PIPX_HOME": str(home / "pipx"), "PIPX_BIN_DIR": str(home / "bin"),
        "UV_TOOL_DIR": str(home / "uv"), "UV_TOOL_BIN_DIR": str(home / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable, "UV_PYTHON": sys.executable,
    }  # fmt: skip
    if way == "pip":
        run(sys.executable, "-m", "venv", home)
    install, program, place = installed_by(way, home)
    run(*install, checkout(tmp_path / "checkout"), env=environment)

    installed = next(place.glob("lib/python3*/site-packages"))
    assert files_of(wheel) <= {path.relative_to(installed).as_posix() for path in installed.glob("pkggen/**/*")}

    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "project" / "greeting.py").write_text("def main():\n    print('hello')\n")
    printed = run(
        program, "build", tmp_path / "project", "-q", "-o", tmp_path / "dist", "--format", "deb", env=environment
    )

    assert Path(printed.strip()).name == "greeting_1.0-1_amd64.deb"
