"""What a project says of itself, read from its wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from pkggen.errors import ArtefactError, ConfigurationError, ToolError
from pkggen.model import Wheel
from pkggen.network.frontend import Frontend
from pkggen.project import build_wheel, read_metadata, requirements, source_epoch
from pkggen.project.backend import running_python
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.fakes.interpreter_server import mirror


def wheel(root: Path, metadata: str) -> Wheel:
    """Return a wheel that holds nothing but METADATA."""
    path = root / "hello-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello-1.0.dist-info/METADATA", metadata)
    return Wheel("hello", "1.0", path.name, path, "0" * 64)


BASE = "Metadata-Version: 2.4\nName: hello\nVersion: 1.0\n"


@pytest.mark.parametrize(
    ("lines", "author"),
    [
        ("Author: Ann\nAuthor-email: ann@example.org\n", "Ann <ann@example.org>"),
        ("Author-email: Ann <ann@example.org>, Bob <bob@example.org>\n", "Ann <ann@example.org>"),
        ("Author: Ann\nMaintainer-email: Mia <mia@example.org>\n", "Mia <mia@example.org>"),
        ("Author: Ann\n", ""),
        ("Author: UNKNOWN\n", ""),
    ],
)
def test_author(lines: str, author: str, tmp_path: Path) -> None:
    """The maintainer, else the author, with an address; without an address there is none."""
    assert read_metadata(wheel(tmp_path, BASE + lines)).author == author


def test_licence_prefers_the_expression(tmp_path: Path) -> None:
    """License-Expression counts before License and classifiers."""
    lines = "License: old words\nLicense-Expression: MIT\nClassifier: License :: OSI Approved :: BSD License\n"

    assert read_metadata(wheel(tmp_path, BASE + lines)).licence == "MIT"


def test_homepage_from_project_urls(tmp_path: Path) -> None:
    """Without Home-page, the project URL that means the same is taken."""
    lines = "Project-URL: Issues, https://example.org/issues\nProject-URL: homepage, https://example.org\n"

    assert read_metadata(wheel(tmp_path, BASE + lines)).homepage == "https://example.org"


def test_extras_choose_requirements(tmp_path: Path) -> None:
    """Requirements of an extra come with it alone, and lose the extra's marker."""
    lines = "Requires-Dist: flask\nRequires-Dist: psycopg; extra == 'postgres'\nProvides-Extra: postgres\n"
    metadata = read_metadata(wheel(tmp_path, BASE + lines))

    assert requirements(metadata, ()) == ["flask"]
    assert [Requirement(r).name for r in requirements(metadata, ("postgres",))] == ["flask", "psycopg"]


@pytest.mark.parametrize(
    ("extras", "names"),
    [(("all",), ["flask", "gunicorn", "psycopg"]), (("web",), ["flask", "gunicorn"]), ((), ["flask"])],
)
def test_extras_made_of_extras(extras: tuple[str, ...], names: list[str], tmp_path: Path) -> None:
    """What the project asks of itself is replaced by what those extras require, however deep."""
    lines = (
        "Requires-Dist: flask\nRequires-Dist: gunicorn; extra == 'web'\nRequires-Dist: psycopg; extra == 'postgres'\n"
        "Requires-Dist: Hello[both]; extra == 'all'\nRequires-Dist: hello[web,postgres]; extra == 'both'\n"
        "Requires-Dist: hello[all]; extra == 'both'\n"
        "Provides-Extra: web\nProvides-Extra: postgres\nProvides-Extra: both\nProvides-Extra: all\n"
    )

    assert requirements(read_metadata(wheel(tmp_path, BASE + lines)), extras) == names


def test_metadata_that_can_not_be_used(tmp_path: Path) -> None:
    """A requirement that is none is an error that names the wheel, not a traceback."""
    with pytest.raises(ArtefactError, match=r"hello-1\.0-py3(.|\n)*METADATA can't be used"):
        read_metadata(wheel(tmp_path, BASE + "Requires-Dist: a b c\n"))


def test_unknown_extra_is_refused(tmp_path: Path) -> None:
    """An extra that the project doesn't have is an error, not silence."""
    metadata = read_metadata(wheel(tmp_path, BASE + "Provides-Extra: postgres\n"))

    with pytest.raises(ConfigurationError, match=r"'postgre'(.|\n)*postgres"):
        requirements(metadata, ("postgre",))


def test_wheel_without_metadata(tmp_path: Path) -> None:
    """A wheel without METADATA is unusable, and named."""
    path = tmp_path / "hello-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.py", "")

    with pytest.raises(ArtefactError, match=r"hello-1\.0-py3"):
        read_metadata(Wheel("hello", "1.0", path.name, path, "0" * 64))


def test_directory_without_a_project(tmp_path: Path) -> None:
    """A directory without pyproject.toml, setup.py or setup.cfg is refused by name."""
    with pytest.raises(ConfigurationError, match="no Python project here"):
        built(tmp_path, Cache(tmp_path / "cache"))


def test_epoch_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH wins; nonsense in it is an error; without it and git, 1980-01-01 counts."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert source_epoch(tmp_path) == 1_700_000_000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigurationError, match="yesterday"):
        source_epoch(tmp_path)
    for nonsense in ("²", "99999999999"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", nonsense)
        with pytest.raises(ConfigurationError, match=nonsense):
            source_epoch(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert source_epoch(tmp_path) == 315_532_800


def built(root: Path, cache: Cache, **settings: Any) -> Wheel:
    frontend = Frontend(cache.root / "uv", root, **settings)
    return build_wheel(root, frontend, cache, Silent(), python=running_python(), epoch=315532800)


BACK_END = """
import pathlib, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    seen = sorted(p.name for p in pathlib.Path().iterdir() if p.name != "__pycache__")
    with zipfile.ZipFile(pathlib.Path(directory, "app-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("app-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: app\\nVersion: 1.0\\n")
        wheel.writestr("seen.txt", " ".join(seen))
    return "app-1.0-py3-none-any.whl"
"""


def test_a_cache_within_the_project_is_not_part_of_it(tmp_path: Path) -> None:
    """With PKGGEN_CACHE_DIR in the project's own folder (or a project in the home directory) the build ends."""
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    (tmp_path / "own.py").write_text(BACK_END)
    cache = Cache(tmp_path / "kept" / "here")
    cache.root.mkdir(parents=True)

    wheel = built(tmp_path, cache, offline=True)

    with zipfile.ZipFile(wheel.path) as archive:
        assert archive.read("seen.txt") == b"kept own.py pyproject.toml"


def test_the_build_uses_the_index_that_is_set_and_no_cache_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The back-end is asked of wheels.index; its password shows nowhere, and uv keeps to a cache of ours."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "users"))
    root = tmp_path / "app"
    root.mkdir()
    (root / "pyproject.toml").write_text('[build-system]\nrequires = ["nobody-has-this"]\nbuild-backend = "nobody"\n')
    with mirror({}) as server, pytest.raises(ToolError, match="nobody-has-this") as caught:
        built(root, Cache(tmp_path / "cache"), index=f"http://user:secret@{server.address}/simple")

    assert server.asked == ["/simple/nobody-has-this/"]
    assert "secret" not in str(caught.value)
    assert ((tmp_path / "users").exists(), (tmp_path / "cache/uv").is_dir()) == (False, True)
