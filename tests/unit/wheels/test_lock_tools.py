"""Locks that Poetry and Pipenv made, from the projects beside them in ``locks``.

The tools locked against an index on the loopback whose port has since been written as 0:
``poetry lock`` (Poetry 2.5.1) and ``pipenv lock`` (Pipenv 2026.10.3).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError, IntegrityError
from pkggen.wheels import find_lock
from tests.unit.lock_bench import ALPHA, BETA, DEV, EXTRA, GONE, LOCKS, NEWER, Build, bare_environment
from tests.unit.wheel_index import Index, serving


@pytest.fixture
def index(monkeypatch, tmp_path):
    bare_environment(monkeypatch, tmp_path / "home")
    with serving() as found:
        found.publish(ALPHA, BETA, GONE, EXTRA, DEV, NEWER)
        yield found


@pytest.fixture
def build(tmp_path, index) -> Build:
    root = tmp_path / "project"
    root.mkdir()
    return Build(root, index)


def put(name: str, root: Path, index: Index) -> str:
    """Copy the lock ``name`` into ``root`` with the index that is there now."""
    text = (LOCKS / name).read_text().replace("127.0.0.1:0/", f"127.0.0.1:{index.port}/")
    (root / name).write_text(text)
    return text


def test_poetry_lock(build, index):
    """The main group at its locked versions, extras when asked for, nothing of other groups or platforms."""
    put("poetry.lock", build.root, index)

    assert build("alpha", index="") == ["alpha 1.0", "beta 1.0"]
    assert build("alpha", index="", extras=("more",)) == ["alpha 1.0", "beta 1.0", "extra 1.0"]
    assert build("alpha", index="", groups=("dev",)) == ["alpha 1.0", "beta 1.0", "dev 1.0"]
    assert [p.name for p in build.root.iterdir()] == ["poetry.lock"]


def test_pipfile_lock(build, index):
    """The default packages at their locked versions, other categories when asked for, markers of the target."""
    put("Pipfile.lock", build.root, index)

    assert build(index="") == ["alpha 1.0", "beta 1.0", "extra 1.0"]
    assert build(index="", groups=("develop",)) == ["alpha 1.0", "beta 1.0", "dev 1.0", "extra 1.0"]
    assert [p.name for p in build.root.iterdir()] == ["Pipfile.lock"]


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock"])
def test_an_index_of_ours_replaces_the_locks_sources(build, name):
    """With wheels.index the addresses in the lock are not asked."""
    (build.root / name).write_text((LOCKS / name).read_text())

    assert build("alpha")[:2] == ["alpha 1.0", "beta 1.0"]


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock"])
def test_other_bytes_than_locked_are_refused(build, index, name):
    """A file of the index without a locked digest is not taken, and the package's place in the lock is told."""
    put(name, build.root, index)
    index.publish(BETA.but(files={"beta.py": b"evil"}))
    with pytest.raises(IntegrityError, match=rf"{name}.*: no wheel of beta 1.0 has one of the given hashes"):
        build("alpha", index="")


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock"])
def test_these_locks_are_frozen_already(build, index, name):
    """They pass with frozen, work offline after one build, and are not for pkggen to refresh."""
    put(name, build.root, index)
    build("alpha", index="", frozen=True)

    assert build("alpha", index="", frozen=True, offline=True)[:2] == ["alpha 1.0", "beta 1.0"]
    with pytest.raises(ConfigurationError, match=r"refresh it with (poetry|pipenv) lock"):
        build.lock("alpha")


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        ("poetry.lock", 'lock-version = "2.1"', 'lock-version = "2.0"', "Poetry 2"),
        ("poetry.lock", 'type = "legacy"', 'type = "hg"', "a VCS"),
        ("poetry.lock", "[[package]]", "[[package", "not valid TOML"),
        ("Pipfile.lock", '"index": "local"', '"git": "https://x.example/a"', "a VCS"),
        ("Pipfile.lock", '"pipfile-spec": 6', '"pipfile-spec": 7', "pipfile-spec"),
        ("Pipfile.lock", "{", "[", "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_told(build, index, name, old, new, what):
    """Old forms, sources without a file, and broken text are ConfigurationErrors that name the lock."""
    text = put(name, build.root, index)
    assert old in text
    (build.root / name).write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError, match=what) as caught:
        build("alpha", index="")

    assert caught.value.problems[0].where.startswith(name)


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock"])
def test_unknown_groups_are_told(build, index, name):
    """A group that the lock does not have is a ConfigurationError that names those it has."""
    put(name, build.root, index)
    with pytest.raises(ConfigurationError, match=r"'docs'\n  hint: it has: (dev, main|develop)"):
        build("alpha", index="", groups=("docs",))


def test_unpinned_packages_of_the_target_are_refused(build, index):
    """An entry without hashes is an IntegrityError where it applies (Pipenv writes such for other platforms)."""
    data = json.loads(put("Pipfile.lock", build.root, index))
    del data["default"]["gone"]["markers"]
    (build.root / "Pipfile.lock").write_text(json.dumps(data))
    with pytest.raises(IntegrityError, match="gone has no hash"):
        build("alpha", index="")


def test_precedence(tmp_path):
    """uv.lock comes before poetry.lock, that before Pipfile.lock, that before requirements.txt."""
    found = []
    for name in ("requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock"):
        (tmp_path / name).write_text("")
        found.append(find_lock(tmp_path))

    assert [p and p.name for p in found] == ["requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock"]
