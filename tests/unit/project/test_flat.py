"""Applications that lie flat in their folder: what is packed, and what they say of themselves."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from pkggen.config.options import Options
from pkggen.errors import ConfigurationError
from pkggen.model import Wheel
from pkggen.project import opened, read_metadata, source_of
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from tests.unit.wheelsmith import interpreter

PACKED = ("app.py", "shop/__init__.py", "shop/tests/test_shop.py", "static/site.css", "requirements.txt")
LEFT = (
    *("pkggen.toml", "pylock.toml", "pkggen.lock", "dist/shop_1-1_amd64.deb", "tests/test_app.py", "conftest.py"),
    *("Dockerfile", "docker-compose.yml", "docker/fetch.py", ".env", "venv/pyvenv.cfg", "node_modules/x/index.js"),
    *("rendered/deb/control", "local.py", "media/photo.jpg", "out/shop-1-1.x86_64.rpm", "wheels/x.whl"),
)


class Noting(Silent):
    """A reporter that remembers notes."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a flat application, with what tools and developers leave beside it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    root = tmp_path / "shop"
    for name in (*PACKED, *LEFT):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (root / ".gitignore").write_text("local.py\nmedia/\n")
    (root / "pkggen.toml").write_text('source = "."\nwheels.dir = "wheels"\n')
    return root


def built(root: Path, reporter: Silent | None = None) -> Wheel:
    with opened(Options(root, output=root / "out"), root) as project:
        source = source_of(project, Cache(root.resolve().parent / "cache"), reporter or Silent(), offline=True)
        wheel = source.wheel(interpreter(root))
    assert wheel is not None
    return wheel


def packed(wheel: Wheel) -> set[str]:
    with zipfile.ZipFile(wheel.path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.mark.parametrize("with_git", [True, False])
def test_the_application_alone_is_packed(flat: Path, with_git: bool) -> None:
    """What git ignores, tests, containers and pkggen's own stay out, and each is told with the reason."""
    if with_git:
        subprocess.run(["git", "init", "-q", flat], check=True)
    reporter = Noting()

    assert packed(built(flat, reporter)) == set(PACKED)
    told = next(note for note in reporter.notes if note.startswith("left out"))
    for words in ("local.py (git ignores it)", "tests (tests)", "Dockerfile (for containers)", "out (pkggen's own)"):
        assert words in told


def test_the_current_folder_is_as_good(flat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that start from the current folder are the same."""
    monkeypatch.chdir(flat)

    assert packed(built(Path())) == set(PACKED)


def test_what_git_tracks_in_dist_stays(flat: Path) -> None:
    """A front end that was committed into dist is part of the application; packages beside it are none."""
    (flat / "dist/site.js").write_text("")
    subprocess.run(["git", "init", "-q", flat], check=True)
    subprocess.run(["git", "-C", flat, "add", "dist/site.js"], check=True)

    assert packed(built(flat)) == {*PACKED, "dist/site.js"}


def test_exclude_has_the_last_word(flat: Path) -> None:
    """Patterns leave out names anywhere and paths from the top, and bring back what stays out by itself."""
    (flat / "pkggen.toml").write_text('source = "."\nexclude = ["*.css", "/shop/tests", "!media", "wheels"]\n')

    assert packed(built(flat)) == {"app.py", "shop/__init__.py", "requirements.txt", "media/photo.jpg"}


def test_exclude_is_for_sources(flat: Path) -> None:
    """Of a package, its back-end says what belongs to it."""
    (flat / "pkggen.toml").write_text('exclude = ["docs"]\n')

    with pytest.raises(ConfigurationError, match="its build back-end says"):
        built(flat)


def test_version_is_that_of_the_last_commit(flat: Path) -> None:
    """It rises with each commit, stays below 1.0, and a warning tells what it is."""
    reporter = Silent()

    assert read_metadata(built(flat, reporter)).version == "0.20231114.221320"
    assert "the version is 0.20231114.221320" in reporter.warnings[0]


def test_project_without_back_end_tells_itself(flat: Path) -> None:
    """[project] is read where there is no [build-system]."""
    (flat / "README.md").write_text("# Shop\n\nSells thïngs.\n")
    (flat / "pyproject.toml").write_text(
        '[project]\nname = "Web.Shop"\nversion = "2.0"\ndescription = "Sells"\nreadme = "README.md"\n'
        'license = "MIT"\nrequires-python = ">=3.9"\ndependencies = ["flask>=3"]\n'
        'authors = [{name = "Zoë", email = "z@example.org"}]\n[project.scripts]\nsell = "shop:main"\n'
        '[project.urls]\nHomepage = "https://example.org"\n'
    )
    wheel = built(flat)
    metadata = read_metadata(wheel)

    assert (metadata.name, metadata.version, metadata.summary, metadata.licence) == ("Web.Shop", "2.0", "Sells", "MIT")
    assert (metadata.author, metadata.homepage) == ("Zoë <z@example.org>", "https://example.org")
    assert [str(r) for r in metadata.requires] == ["flask>=3"]
    assert (str(metadata.requires_python), metadata.description) == (">=3.9", "# Shop\n\nSells thïngs.")
    with zipfile.ZipFile(wheel.path) as archive:
        assert b"sell = shop:main" in archive.read("web_shop-2.0.dist-info/entry_points.txt")


def test_scripts_tell_what_they_need(tmp_path: Path) -> None:
    """Inline metadata of all scripts together is what the package needs (PEP 723)."""
    root = tmp_path / "tools"
    root.mkdir()
    for name, need in (("one.py", "rich"), ("two.py", "httpx<1")):
        block = f'# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "{need}",\n# ]\n# ///\n'
        (root / name).write_text(f"#!/usr/bin/env -S uv run --script\n{block}\nprint('ok')\n")
    (root / "pkggen.toml").write_text('version = "1"\nscripts = ["one.py", "two.py"]\n')
    wheel = built(root)
    metadata = read_metadata(wheel)

    assert [str(r) for r in metadata.requires] == ["httpx<1", "rich"]
    assert str(metadata.requires_python) == ">=3.11"
    assert packed(wheel) == {"tools-1.data/scripts/one", "tools-1.data/scripts/two"}
    with zipfile.ZipFile(wheel.path) as archive:
        assert archive.read("tools-1.data/scripts/one").startswith(b"#!python\n# /// script\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('# /// script\n# dependencies = ["a b"]\n# ///\n', "'a b' is not a requirement"),
        ("# /// script\n# dependencies = [\n# ///\n", "no valid TOML"),
        ('# /// script\n# requires-python = "three"\n# ///\n', "Invalid specifier"),
    ],
)
def test_bad_inline_metadata_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """What a script says wrongly is told with its name or words."""
    (tmp_path / "tool.py").write_text(text)
    (tmp_path / "pkggen.toml").write_text('version = "1"\nscripts = "tool.py"\n')

    with pytest.raises(ConfigurationError, match=message):
        built(tmp_path)


def test_a_script_is_named_by_its_path(tmp_path: Path) -> None:
    """It is the program and gives the name; what the folder around it says of a project is not about it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n[build-system]\nrequires = []\n')
    (tmp_path / "tool.py").write_text('# /// script\n# dependencies = ["rich"]\n# ///\n')
    wheel = built(tmp_path / "tool.py")
    metadata = read_metadata(wheel)

    assert (metadata.name, [str(r) for r in metadata.requires]) == ("tool", ["rich"])
    assert [name.rpartition("/")[2] for name in packed(wheel)] == ["tool"]


def test_a_lock_of_the_script_is_not_passed_over(tmp_path: Path) -> None:
    """Its versions are meant to count: the line that makes a lock of it that can be read is told."""
    (tmp_path / "tool.py").write_text("# /// script\n# dependencies = []\n# ///\n")
    (tmp_path / "tool.py.lock").touch()

    with pytest.raises(ConfigurationError, match=r"uv export --script tool\.py"):
        built(tmp_path / "tool.py")
