"""``pkggen lock`` and ``pkggen vendor``: from the command line to files, without a real interpreter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from pkggen import gather
from pkggen.cli import main
from pkggen.commands import lock as locking
from pkggen.config.load import load_config
from pkggen.config.options import Options, effective_config
from pkggen.model import Target
from pkggen.project import Opened, read_metadata
from tests.unit.lock_bench import ALPHA, BETA, DEV, Build, bare_environment
from tests.unit.wheel_index import serving
from tests.unit.wheelsmith import Smith, interpreter

APP = Smith(name="my-app", files={"my_app.py": b""}, metadata="Requires-Dist: alpha\n")


@pytest.fixture
def build(monkeypatch, tmp_path):
    """Return a project in the current directory that is prepared without building or embedding anything."""
    bare_environment(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("PKGGEN_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text('[build-system]\nrequires = ["dev"]\n[tool.pkggen]\nname = "my-app"\n')
    monkeypatch.chdir(root)
    wheel = APP.forge(tmp_path)

    def prepare(project: Opened, *_: object) -> gather.Prepared:
        python, target, metadata = interpreter(root), Target("x86_64", (2, 28)), read_metadata(wheel)
        spec = gather.wheel_spec(project.config, project.root, metadata, python, target)
        return gather.Prepared(target, 0, wheel, metadata, python, replace(spec, requirements=("alpha",)))

    monkeypatch.setattr(locking, "prepare", prepare)
    with serving() as index:
        index.publish(ALPHA, BETA, DEV)
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.simple)
        yield Build(root, index)


def pkggen(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, words)
    return result.exit_code, result.stdout, result.stderr


def configure(text: str) -> None:
    path = Path("pyproject.toml")
    path.write_text(f"{path.read_text()}{text}\n")


def test_locking(build):
    """The lock's path is printed; with --frozen it is only checked, and its lack has exit code 4 and a remedy."""
    code, _, messages = pkggen("lock", "--frozen")
    assert (code, "hint: lock with: pkggen lock" in messages) == (4, True)

    assert pkggen("lock")[:2] == (0, "pylock.toml\n")
    assert pkggen("lock", "--frozen")[0] == 0


@pytest.mark.parametrize("place", [".", "project"])
def test_a_project_is_named_from_where_the_user_is(build, monkeypatch, place):
    """Folders of the configuration start from the project, wherever the command runs, and the lock has them so."""
    Path("wheels").mkdir()
    for smith in (ALPHA, BETA):
        smith.forge(Path("wheels"))
    configure('wheels.find-links = ["wheels"]')
    monkeypatch.chdir(build.root if place == "." else build.root.parent)

    assert pkggen("lock", "--offline", place)[:2] == (0, f"{Path(place, 'pylock.toml')}\n")
    assert f'path = "wheels/{ALPHA.filename}"' in (build.root / "pylock.toml").read_text()


def test_another_tools_lock_is_not_touched(build):
    """Where another tool's lock counts, the user is sent to that tool with exit code 2."""
    Path("uv.lock").write_text("")
    code, _, messages = pkggen("lock")

    assert (code, "refresh it with uv lock" in messages, Path("pylock.toml").exists()) == (2, True, False)


def test_vendoring_feeds_an_offline_build(build):
    """The folder holds what is locked and the back-end; with it an empty cache and no network are enough."""
    code, paths, messages = pkggen("vendor", "wheels")
    build.index.requests.clear()

    assert (code, paths.split()) == (0, [f"wheels/{s.filename}" for s in (ALPHA, BETA, DEV)])
    assert 'wheels.find-links = ["wheels"]' in messages
    build.cache.root = build.root.parent / "empty"
    assert build("alpha", find_links=(Path("wheels").absolute(),), offline=True) == ["alpha 1.0", "beta 1.0"]
    assert build.index.requests == []


def test_vendoring_fills_the_folder_of_wheels(build):
    """The folder that the configuration names is filled from the index; a second run changes nothing."""
    configure('wheels.dir = "wheels"')

    first, second = pkggen("vendor", "wheels"), pkggen("vendor", ".", "wheels")
    assert first[:2] == second[:2] == (0, "".join(f"wheels/{s.filename}\n" for s in (ALPHA, BETA, DEV)))


def test_vendoring_overwrites_nothing(build):
    """A file with other bytes than locked is a conflict (exit code 7), told before anything is copied."""
    Path("wheels").mkdir()
    BETA.but(files={"beta.py": b"other"}).forge(Path("wheels"))
    code, paths, messages = pkggen("vendor", "wheels")

    assert (code, paths, [p.name for p in Path("wheels").iterdir()]) == (7, "", [BETA.filename])
    assert f"wheels/{BETA.filename}: it is there with other bytes" in messages


def test_what_the_target_brings_becomes_a_dependency(build):
    """As a table, exclude names packages that both formats depend on; as a list it names none."""
    configure('depends = ["git"]\nwheels.exclude = { beta = "python3-beta >= 1.0" }')
    config = effective_config(load_config(Path()), Options(root=Path()))

    assert (config.depends, pkggen("vendor", "wheels")[1].count("beta")) == (("git", "python3-beta >= 1.0"), 0)
