"""What is installed, and tested here, is what the tree holds: no file more, none less, and every module works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.e2e.applications import REPOSITORY
from tests.plugins.tested import VARIABLE, place

pytestmark = pytest.mark.skipif(os.environ.get(VARIABLE) != "1", reason="needs the installed wheel: make e2e")

# Programs for other interpreters take their own folder off the path when they start, and print what they find.
IMPORT_ALL = """
import contextlib, importlib, json, sys
places = {}
for name in json.load(sys.stdin):
    path = sys.path[:]
    with contextlib.redirect_stdout(sys.stderr):
        places[name] = importlib.import_module(name).__file__
    sys.path[:] = path
json.dump(places, sys.stdout)
"""


def installed() -> dict[str, Path]:
    """Return the installed files of pkggen by their names below site-packages, but for what pip made."""
    files = distribution("pkggen").files or []
    kept = [file for file in files if file.parts[0] == "pkggen" and file.suffix != ".pyc"]
    return {file.as_posix(): Path(str(file.locate())) for file in kept}


def tree() -> dict[str, Path]:
    """Return the files of the checkout that belong into the wheel, by the names that they have there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "pkggen", "templates"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    files = {name: REPOSITORY / name for name in filter(None, listed)}
    return {name.replace("templates/", "pkggen/templates/", 1) if name.startswith("templates/") else name: path
            for name, path in files.items() if path.exists()}  # fmt: skip


def test_the_files_are_those_of_the_tree() -> None:
    """The wheel has each file of pkggen/ and templates/ with the same bytes, and no other."""
    here, there = tree(), installed()

    assert sorted(there) == sorted(here)
    assert [name for name, path in there.items() if path.read_bytes() != here[name].read_bytes()] == []


def test_every_module_can_be_imported(tmp_path: Path) -> None:
    """Each module is imported from the installation, started elsewhere and with no other folder on the path."""
    modules = [name.removesuffix(".py").removesuffix("/__init__") for name in installed() if name.endswith(".py")]
    programs = [module.removesuffix("/__main__") for module in modules if module.endswith("/__main__")]
    names = sorted(module.replace("/", ".") for module in modules if not module.endswith("/__main__"))

    command = [sys.executable, "-I", "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=tmp_path, input=json.dumps(names), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found) == names
    assert {path for path in found.values() if not Path(path).resolve().is_relative_to(place() or "/none")} == set()
    for program in programs:
        command = [sys.executable, "-I", "-m", program.replace("/", "."), "--help"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
