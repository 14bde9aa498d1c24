"""Which variables of the caller's a build back-end is given, and which it is not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pkggen.network.frontend import Frontend
from pkggen.network.settings import private_environment
from pkggen.network.steering import steering
from pkggen.project import build_wheel
from pkggen.project.backend import running_python
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent

STEER = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "3.2.1",
    "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_APP": "3.2.1",
    "PBR_VERSION": "1",
    "CFLAGS": "-O3",
    "CMAKE_ARGS": "-G Ninja",
}


def test_what_steers_builds_arrives() -> None:
    """Versions for a tree without git, and flags; stray variables and secrets do not."""
    stray = {"PYTHONPATH": "/x", "UV_INDEX_CORP_PASSWORD": "p", "CMAKE_TOKEN": "t", "PIP_INDEX_URL": "u", "MINE": "1"}

    assert steering({**STEER, **stray}) == STEER


def test_what_is_named_arrives() -> None:
    """A list takes the caller's values, as far as there are any; a table has its own."""
    assert steering({"MINE": "1"}, ["MINE", "OTHER"]) == {"MINE": "1"}
    assert steering({"MINE": "1"}, {"MINE": "2"}) == {"MINE": "2"}


def test_a_version_of_the_project_is_not_its_dependencies() -> None:
    """What states one version for all that is built would give it to everything else, too."""
    assert set(steering(STEER, project=False)) == {"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_APP", "CFLAGS", "CMAKE_ARGS"}


BACK_END = """
import os, pathlib, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(directory, "app-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("app-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: app\\nVersion: 1.0\\n")
        wheel.writestr("seen.txt", repr(dict(os.environ)))
    return "app-1.0-py3-none-any.whl"
"""


def test_a_back_end_sees_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv is told of logins in a file; the environment that it hands on has the variables alone."""
    monkeypatch.setenv("UV_INDEX_CORP_PASSWORD", "secret-1")
    monkeypatch.setenv("UV_INDEX_CORP_USERNAME", "user")
    monkeypatch.setenv("UV_INDEX", "corp=https://a:secret-2@example.org/simple")
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "https://secret-3@example.org/simple")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    (tmp_path / "own.py").write_text(BACK_END)
    cache = Cache(tmp_path / "cache")
    frontend = Frontend(cache.root / "uv", tmp_path, offline=True, variables=STEER)

    wheel = build_wheel(tmp_path, frontend, cache, Silent(), python=running_python(), epoch=315532800)

    with zipfile.ZipFile(wheel.path) as archive:
        seen = archive.read("seen.txt").decode()
    assert "secret" not in seen
    assert "'PBR_VERSION': '1'" in seen


def test_logins_lie_in_a_file_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's netrc is in it, too, before ours: of two for one machine uv takes the later."""
    (tmp_path / "own").write_text("machine a.example.org login x password y")
    monkeypatch.setenv("NETRC", str(tmp_path / "own"))
    monkeypatch.setenv("UV_INDEX_URL", "https://u:p%22q%20r@b.example.org/simple")

    with private_environment("", tmp_path, tmp_path / "within") as (env, inherit):
        text = Path(env["NETRC"]).read_text()
        mode = Path(env["NETRC"]).parent.stat().st_mode & 0o777

    assert text.splitlines() == [
        "machine a.example.org login x password y",
        'machine b.example.org login "u" password "p\\"q r"',
    ]
    assert (mode, env["UV_INDEX_URL"], "NETRC" in inherit) == (0o700, "https://u@b.example.org/simple", False)
    assert list((tmp_path / "within").iterdir()) == []
