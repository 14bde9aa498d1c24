"""A folder that holds all wheels: it may hold the back-end's, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.config.options import Options
from pkggen.project import opened, source_of
from pkggen.project.wheel_folder import holds
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.wheelsmith import Smith, interpreter

# nothing listens on port 1: whoever asks the index, fails
PROJECT = """\
[build-system]
requires = ["tiny-backend"]
build-backend = "tiny_backend"
[project]
name = "app"
version = "1.0"
[tool.pkggen.wheels]
dir = "wheels"
index = "http://127.0.0.1:1/simple"
"""
BACK_END = b"""\
import os, zipfile
def build_wheel(directory, settings=None, metadata=None):
    name = "app-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        archive.writestr("app.py", "")
        archive.writestr("app-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: app\\nVersion: 1.0\\n")
        archive.writestr("app-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("app-1.0.dist-info/RECORD", "")
    return name
"""


def test_the_back_end_comes_from_the_folder(tmp_path: Path) -> None:
    """Where the folder has it, no index is asked, also without --offline."""
    root = tmp_path / "app"
    (root / "wheels").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PROJECT)
    Smith(name="tiny_backend", files={"tiny_backend.py": BACK_END}).forge(root / "wheels")

    with opened(Options(root), root) as project:
        wheel = source_of(project, Cache(tmp_path / "cache"), Silent(), offline=False).wheel(interpreter(root))

    assert wheel is not None
    assert (wheel.name, wheel.version) == ("app", "1.0")


@pytest.mark.parametrize(
    ("requires", "held"),
    [
        (["Tiny.Backend"], True),
        (["tiny-backend>=1,<2", "absent; python_version < '3'"], True),
        (["tiny-backend>=2"], False),
        (["tiny-backend", "other"], False),
        (["not a requirement!"], False),
        ([], True),
    ],
)
def test_what_a_folder_holds(requires: list[str], held: bool, tmp_path: Path) -> None:
    """Each requirement that counts here needs a wheel of a version that it allows."""
    for name in ("tiny_backend-1.0-py3-none-any.whl", "no.whl"):
        (tmp_path / name).touch()

    assert holds(tmp_path, requires) is held
