"""Projects of every shape with every lock, written for one cell of the table of inputs."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from tests.e2e.input_cells import Cell
from tests.e2e.packages import PORTABLE

LOCKS = Path(__file__).with_name("inputs")
"""Locks of Poetry, Pipenv and pip-compile, made with an index on the loopback; its port is written as 0."""
UV = uv.find_uv_bin()
MINOR = (
    re.findall(r"cpython-(\d+\.\d+)", PORTABLE[0].name)[0]
    if PORTABLE
    else f"{sys.version_info[0]}.{sys.version_info[1]}"
)
"""Version of the interpreter that the packages carry."""
PURE = ("click==8.1.8", "idna==3.10", "packaging==24.1", "cowsay==6.1", "flit_core==3.12.0")
QUICK = "deb.compression = 'none'\nrpm.compression = 'none'\n"
PROGRAM = """
import importlib
import sys
import zoneinfo
from importlib import metadata


def main():
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    words = [f"{name} {version}{compiled(name)}" for name, version in sorted(found.items()) if name != "OWN"]
    if "tzdata" in str(metadata.requires("OWN") if "OWN" in found else ""):
        zoneinfo.ZoneInfo("Europe/Vienna")
        words.append("" if "tzdata" in found else "tzdata of the system")
    print(", ".join(words) or "nothing else")


def compiled(name):
    importlib.import_module(name)
    return " (compiled)" if f"{name}._speedups" in sys.modules else ""
"""
BACKENDS = {
    "setuptools": ("setuptools>=61", "setuptools.build_meta", "[tool.setuptools]\npy-modules = ['{module}']\n"),
    "hatchling": ("hatchling", "hatchling.build", "[tool.hatch.build.targets.wheel]\ninclude = ['{module}.py']\n"),
    "flit": ("flit_core>=3.4", "flit_core.buildapi", "[tool.flit.module]\nname = '{module}'\n"),
    "poetry-core": (
        "poetry-core>=2",
        "poetry.core.masonry.api",
        "[tool.poetry]\npackages = [{{ include = '{module}.py' }}]\n",
    ),
    "pdm": ("pdm-backend", "pdm.backend", "[tool.pdm.build]\nincludes = ['{module}.py']\n"),
}
PYPROJECT = """
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"

[project]
name = "{name}"
version = "1.0"
description = "Says what it was packaged with"
requires-python = ">=3.10"
dependencies = {dependencies}
optional-dependencies.names = ["packaging==24.1"]
scripts.{name} = "{module}:main"

"""


@dataclass(frozen=True)
class Ready:
    """What to build: ``path`` in the directory ``home``, where the lock and the configuration lie."""

    path: Path | str
    home: Path


def collect(folder: Path) -> None:
    """Download the wheels that the index on the loopback offers, and those that lie in folders of wheels."""
    folder.mkdir()
    machine = f"manylinux2014_{platform.machine()}"
    common = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    for words in (
        ["--only-binary=:all:", *PURE],
        ["--only-binary=:all:", "click==8.1.7"],
        ["--only-binary=:all:", "--python-version", MINOR, "--platform", machine, "markupsafe==3.0.2"],
    ):
        subprocess.run([*common, *words], check=True, timeout=300)


def write(cell: Cell, home: Path, files: Path, index: str) -> Ready:
    """Write the project and the lock of ``cell`` below ``home``; ``files`` are wheels, ``index`` is host and port."""
    home.mkdir()
    (home / "pkggen.toml").write_text(QUICK + cell.settings.replace("{index}", index))
    if cell.shape == "index":
        return Ready("pypi:markdown-it-py==3.0.0", home)
    if cell.shape == "folder":
        _folder(cell, home, files)
        return Ready(home, home)
    archived = cell.shape in {"wheel", "sdist"}
    source = home / "source" if archived else home
    source.mkdir(exist_ok=True)
    (source / f"{cell.module}.py").write_text(program(cell))
    _SHAPES.get(cell.shape, _pyproject)(cell, source)
    if cell.lock in {"uv", "poetry", "pipenv"}:  # they lock a path
        (source / "wheels").mkdir()
        shutil.copy(next(files.glob("idna-*")), source / "wheels")
    # uv.lock lies beside its project, and goes into the sdist
    _LOCKS[cell.lock](cell, source if cell.lock == "uv" else home, source, index)
    return Ready(_archive(cell, source) if archived else home, home)


def program(cell: Cell) -> str:
    """Return the module that the project consists of."""
    return PROGRAM.replace("OWN", cell.name)


def _setup_py(cell: Cell, root: Path) -> None:
    keywords = {
        "name": cell.name, "version": "1.0", "py_modules": [cell.module], "install_requires": list(cell.requires),
        "entry_points": {"console_scripts": [f"{cell.name}={cell.module}:main"]},
    }  # fmt: skip
    (root / "setup.py").write_text(f"from setuptools import setup\n\nsetup(**{keywords!r})\n")


def _setup_cfg(cell: Cell, root: Path) -> None:
    requires = "".join(f"\n  {r}" for r in cell.requires)
    (root / "setup.cfg").write_text(
        f"[metadata]\nname = {cell.name}\nversion = 1.0\n\n[options]\npy_modules = {cell.module}\n"
        f"install_requires ={requires}\n\n[options.entry_points]\n"
        f"console_scripts =\n  {cell.name} = {cell.module}:main\n"
    )


def _pyproject(cell: Cell, root: Path) -> None:
    requires, backend, own = BACKENDS.get(cell.shape, BACKENDS["hatchling"])
    text = PYPROJECT.format(
        requires=requires, backend=backend, name=cell.name, module=cell.module, dependencies=list(cell.requires)
    )
    (root / "pyproject.toml").write_text(text + own.format(module=cell.module) + cell.more)


def _poetry_project(cell: Cell, root: Path) -> None:
    shutil.copy(LOCKS / "poetry-pyproject.toml", root / "pyproject.toml")


_SHAPES: Mapping[str, Callable[[Cell, Path], None]] = {"setup-py": _setup_py, "setup-cfg": _setup_cfg}


def _folder(cell: Cell, home: Path, files: Path) -> None:
    """Write a folder that is no package; it has its configuration already."""
    texts = {
        f"ProjectSrc/{cell.module}.py": program(cell),
        f"Script/{cell.name}.py": f"#!/usr/bin/python3\nimport {cell.module}\n{cell.module}.main()\n",
    }
    for path, text in texts.items():
        (home / path).parent.mkdir()
        (home / path).write_text(text)
    (home / "PyPI").mkdir()
    for pattern in ("click-8.1.7*", "[Mm]arkup[Ss]afe*"):
        shutil.copy(next(files.glob(pattern)), home / "PyPI")
    with (home / "pkggen.toml").open("a") as stream:
        stream.write(f"name = '{cell.name}'\nversion = '1.0'\nsource = 'ProjectSrc'\nscripts = 'Script'\n")
        stream.write("wheels.dir = 'PyPI'\n")
    if cell.lock == "loose":
        (home / "requirements.txt").write_text("markupsafe>=3\n")


def _archive(cell: Cell, source: Path) -> Path:
    run(UV, "build", "-q", f"--{cell.shape}", "-o", source / "dist", source)
    return next((source / "dist").glob("in_*"))


def _uv_lock(cell: Cell, home: Path, source: Path, index: str) -> None:
    run(UV, "lock", "-q", "--project", source, "--python", sys.executable)


def _pylock(cell: Cell, home: Path, source: Path, index: str) -> None:
    """Let uv write it: from its own lock, or with pins that it is told."""
    output = home / "pylock.toml"
    if "uv export" in cell.shows:
        _uv_lock(cell, home, source, index)
        run(UV, "export", "-q", "--project", source, "--no-emit-project", "--format", "pylock.toml", "-o", output)
        (source / "uv.lock").unlink()
        return
    words = ["--extra", "names", "--python-version", MINOR, "-c", LOCKS / "constraints.txt"]
    run(UV, "pip", "compile", "-q", *words, source / "pyproject.toml", "--format", "pylock.toml", "-o", output)


def _kept(name: str) -> Callable[[Cell, Path, Path, str], None]:
    def put(cell: Cell, home: Path, source: Path, index: str) -> None:
        (home / name).write_text((LOCKS / name).read_text().replace("127.0.0.1:0", index))

    return put


def _loose(cell: Cell, home: Path, source: Path, index: str) -> None:
    plain = cell.settings or cell.shape == "pdm"
    (home / "requirements.txt").write_text("markupsafe==3.0.2\n" if plain else LOOSE)
    if not plain:
        shutil.copy(LOCKS / "constraints.txt", home)


def _nothing(cell: Cell, home: Path, source: Path, index: str) -> None:
    pass


LOOSE = "-c constraints.txt\nclick\nexceptiongroup; python_version < '3.11'\n"
_LOCKS: Mapping[str, Callable[[Cell, Path, Path, str], None]] = {
    "pylock": _pylock,
    "uv": _uv_lock,
    "poetry": _kept("poetry.lock"),
    "pipenv": _kept("Pipfile.lock"),
    "hashed": _kept("requirements.txt"),
    "loose": _loose,
    "none": _nothing,
}


def run(*words: str | Path) -> None:
    """Run a tool that makes a project or its lock; fail the test with its own words."""
    done = subprocess.run([*map(str, words)], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{words}: {done.stderr}"
