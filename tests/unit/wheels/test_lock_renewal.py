"""Locks made on purpose (``pkggen lock``), and builds that must not make one (``--frozen``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError, IntegrityError
from pkggen.wheels import Renewal
from tests.unit.lock_bench import ALPHA, BETA, DEV, EXTRA, NEWER, Build, bare_environment
from tests.unit.wheel_index import serving


@pytest.fixture
def index(monkeypatch, tmp_path):
    bare_environment(monkeypatch, tmp_path / "home")
    with serving() as found:
        found.publish(ALPHA, BETA, EXTRA, DEV)
        yield found


@pytest.fixture
def build(tmp_path, index) -> Build:
    root = tmp_path / "project"
    root.mkdir()
    return Build(root, index)


def test_frozen_takes_what_is_locked(build, index):
    """A lock made by pkggen serves a frozen build, whatever newer versions there are, without a warning."""
    build.lock("alpha")
    index.publish(NEWER)

    assert build("alpha", frozen=True) == ["alpha 1.0", "beta 1.0"]
    assert build.reporter.warnings == []


@pytest.mark.parametrize("text", [None, "alpha\n"])
def test_frozen_refuses_to_resolve(build, text):
    """Without a lock, and with requirements without hashes, it fails, says how to mend it and writes nothing."""
    if text:
        (build.root / "requirements.txt").write_text(text)
    before = list(build.root.iterdir())
    with pytest.raises(IntegrityError, match="not locked with hashes\n  hint: lock with: pkggen lock"):
        build("alpha", frozen=True)

    assert before == list(build.root.iterdir())
    assert build.index.requests == []


def test_frozen_refuses_a_stale_lock(build):
    """A lock older than the requirements is named with what changed."""
    build.lock("beta")
    with pytest.raises(IntegrityError, match=r"pylock\.toml: it is older than the requirements: alpha is new"):
        build("alpha", "beta", frozen=True)
    with pytest.raises(IntegrityError, match="alpha is new"):
        build.lock("alpha", "beta", frozen=True)


def test_locking_keeps_versions_until_told(build, index):
    """A refresh keeps what is locked; all, or one package, is raised on demand."""
    index.publish(EXTRA.but(version="3.0"))
    path = build.lock("alpha", "extra<3")
    index.publish(NEWER, EXTRA.but(version="2.0"))

    assert build.lock("alpha", "extra<3") == path
    assert build("alpha", "extra<3") == ["alpha 1.0", "beta 1.0", "extra 1.0"]
    build.lock("alpha", "extra<3", renewal=Renewal(packages=("extra",)))
    assert build("alpha", "extra<3") == ["alpha 1.0", "beta 1.0", "extra 2.0"]
    build.lock("alpha", "extra<3", renewal=Renewal(everything=True))
    assert build("alpha", "extra<3") == ["alpha 1.0", "beta 2.0", "extra 2.0"]


def test_nothing_to_lock(build):
    """A project without dependencies needs no lock."""
    assert build.lock() is None
    assert list(build.root.iterdir()) == []


def test_constraints_and_overrides(build, index):
    """Constraints bound what is chosen, overrides replace what others ask for; a change of either is noticed."""
    index.publish(NEWER)

    assert build("alpha", constraints=("beta<2",)) == ["alpha 1.0", "beta 1.0"]
    assert build("alpha", overrides=("beta==2.0",)) == ["alpha 1.0", "beta 2.0"]
    assert "constraints" in build.reporter.warnings[-1]


def test_groups_of_the_project(build):
    """Dependency groups are resolved with the project's own dependencies, includes followed."""
    (build.root / "pyproject.toml").write_text(
        '[dependency-groups]\nmore = ["extra"]\nall = ["dev", {include-group = "more"}]\n'
    )

    assert build("beta", groups=("all",)) == ["beta 1.0", "dev 1.0", "extra 1.0"]
    with pytest.raises(ConfigurationError, match="nope"):
        build("beta", groups=("nope",))


def test_requirements_that_name_their_place(build, index):
    """A URL and a file are locked by their digest, with path and address; other bytes there are refused."""
    (build.root / "vendor").mkdir()
    wheel = DEV.forge(build.root / "vendor")
    wanted = (f"beta @ {index.url}/files/{BETA.filename}", f"dev @ {wheel.path.as_uri()}")

    assert build(*wanted) == ["beta 1.0", "dev 1.0"]
    text = (build.root / "pylock.toml").read_text()
    assert f'path = "vendor/{DEV.filename}"' in text
    build.cache.root = build.root.parent / "other"
    DEV.but(files={"dev.py": b"evil"}).forge(build.root / "vendor")
    with pytest.raises(IntegrityError, match=r"dev-1\.0"):
        build(*wanted, frozen=True)


def test_no_dependencies(build, index):
    """With no-deps nothing is wanted, read or written."""
    assert build("alpha", no_deps=True) == []
    assert (index.requests, list(build.root.iterdir())) == ([], [])


def test_left_to_the_target(build):
    """What is excluded is neither vendored nor missed; what is locked for others stays."""
    assert build("alpha", exclude=("Beta",)) == ["alpha 1.0"]
    assert build("alpha", "beta", exclude=("alpha",)) == ["beta 1.0"]


def test_names_left_to_the_target_that_nobody_asks_for(build):
    """A name that occurs nowhere is told: it may be misspelt."""
    build("alpha", "extra", exclude=("beta", "extra", "bata"))

    assert [w for w in build.reporter.warnings if "exclude" in w] == ["wheels.exclude: nothing asks for bata"]


def test_a_name_on_two_indexes(build, index, monkeypatch):
    """The first index that has a name decides, however high another's version is."""
    with serving() as other:
        other.publish(BETA.but(version="99.0"))
        monkeypatch.setenv("UV_INDEX", index.simple)

        assert build("beta", index=other.simple) == ["beta 1.0"]
        assert f"/files/{BETA.but(version='99.0').filename}" not in [path for path, _ in other.requests]


def folder(root: Path, *smiths) -> Path:
    path = root / "wheels"
    path.mkdir(exist_ok=True)
    for smith in smiths:
        smith.forge(path)
    return path


def test_a_folder_of_wheels_is_all_there_is(build, index, monkeypatch):
    """Of the folder comes what the project needs and nothing else; no index is asked, nothing is recorded."""
    monkeypatch.setenv("UV_FIND_LINKS", str(build.root.parent))
    path = folder(build.root, ALPHA, BETA, DEV)

    assert build("alpha", directory=path) == ["alpha 1.0", "beta 1.0"]
    NEWER.forge(path)
    assert build("alpha", directory=path) == ["alpha 1.0", "beta 2.0"]
    assert (index.requests, [p.name for p in build.root.iterdir()]) == ([], ["wheels"])
    assert build.reporter.warnings == []


def test_what_a_folder_lacks_is_told(build, index):
    """A wheel that is neither there nor in the folder is named; a folder that is none is an error."""
    with pytest.raises(Exception, match=r"beta(.|\n)*put what is missing into wheels"):
        build("alpha", directory=folder(build.root, ALPHA))
    with pytest.raises(ConfigurationError, match=r"wheels\.dir"):
        build("alpha", directory=build.root / "gone")
    assert index.requests == []


def test_a_folder_can_be_locked(build, index):
    """A lock made of a folder has its digests: a frozen build takes those files, and refuses others."""
    path = folder(build.root, ALPHA, BETA)
    build.lock("alpha", directory=path)

    assert build("alpha", directory=path, frozen=True) == ["alpha 1.0", "beta 1.0"]
    build.cache.root = build.root.parent / "other"
    BETA.but(files={"beta.py": b"evil"}).forge(path)
    with pytest.raises(IntegrityError, match=r"beta-1\.0"):
        build("alpha", directory=path, frozen=True)
    assert index.requests == []
