"""No lock and no source is passed over: locks above the project, PDM's, those that are not read, single indexes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkggen.errors import ConfigurationError
from pkggen.wheels import find_lock
from pkggen.wheels.lock.pdm import read_pdm
from pkggen.wheels.lock.poetry import read_poetry
from tests.unit.lock_bench import ALPHA, BETA, DEV, NEWER, Build, bare_environment
from tests.unit.wheel_index import Index, serving
from tests.unit.wheelsmith import Smith

EVIL = BETA.but(version="99.0")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    """Return the index that everybody can write to."""
    bare_environment(monkeypatch, tmp_path / "home")
    with serving() as found:
        found.publish(ALPHA, BETA, DEV, NEWER, EVIL)
        yield found


@pytest.fixture
def build(tmp_path: Path, index: Index) -> Build:
    root = tmp_path / "project"
    root.mkdir()
    return Build(root, index)


def asked(index: Index) -> set[str]:
    return {path for path, _ in index.requests}


def test_a_name_of_one_index_is_asked_of_no_other(build: Build, index: Index) -> None:
    """Not even where another dependency wants it, too."""
    with serving() as house:
        house.publish(BETA)

        assert build("alpha", "beta", pinned=(("beta", "house", house.simple),)) == ["alpha 1.0", "beta 1.0"]

    assert "/simple/beta/" not in asked(index)


def test_a_neighbours_name_is_asked_of_none(build: Build, index: Index, tmp_path: Path) -> None:
    """Its wheel is taken, also for others that want it; the lock says nothing of it, nor of this machine."""
    wheel = BETA.forge(tmp_path)

    assert build("alpha", local=(wheel,)) == ["alpha 1.0", "beta 1.0"]
    assert "/simple/beta/" not in asked(index)
    lock = (build.root / "pylock.toml").read_text()
    assert ("beta" in lock, str(tmp_path) in lock) == (False, False)
    assert build("alpha", local=(wheel,), frozen=True) == ["alpha 1.0", "beta 1.0"]


def test_a_neighbour_alone(build: Build, tmp_path: Path) -> None:
    """Nothing is left to be locked."""
    assert build(local=(BETA.forge(tmp_path),)) == ["beta 1.0"]


def pdm_lock(*packages: str, strategy: str = '"inherit_metadata"') -> str:
    head = f'[metadata]\ngroups = ["default", "dev"]\nstrategy = [{strategy}]\nlock_version = "4.5.0"\n'
    return head + "".join(f"\n[[package]]\n{package}" for package in packages)


def locked(wheel: Smith, *lines: str) -> str:
    file = f'{{file = "{wheel.filename}", hash = "sha256:{hashlib.sha256(wheel.bytes()).hexdigest()}"}}'
    return f'name = "{wheel.name}"\nversion = "{wheel.version}"\nfiles = [{file}]\n' + "".join(f"{x}\n" for x in lines)


def test_pdm_lock(build: Build) -> None:
    """The default group at its locked versions, others when asked for, markers of the target."""
    text = pdm_lock(
        locked(ALPHA, 'groups = ["default"]', 'dependencies = ["beta"]'),
        locked(BETA, 'groups = ["default"]'),
        locked(DEV, 'groups = ["dev"]'),
        locked(NEWER, 'groups = ["default"]', "marker = \"sys_platform == 'win32'\""),
    )
    (build.root / "pdm.lock").write_text(text)

    assert build("alpha") == ["alpha 1.0", "beta 1.0"]
    assert build("alpha", groups=("dev",)) == ["alpha 1.0", "beta 1.0", "dev 1.0"]


def test_pdm_lock_without_groups(build: Build) -> None:
    """What the project requires leads to what it needs."""
    packages = [locked(ALPHA, 'dependencies = ["beta"]'), locked(BETA), locked(DEV)]
    (build.root / "pdm.lock").write_text(pdm_lock(*packages, strategy=""))

    assert build("alpha") == ["alpha 1.0", "beta 1.0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[metadata", "not valid TOML"),
        ('[metadata]\nlock_version = "3.1"\n', "lock_version is 3.1"),
        (pdm_lock('name = "x"\nversion = "1"\ngroups = ["default"]\nhg = "https://hg.example/x"\n'), "from a VCS"),
    ],
)
def test_a_pdm_lock_that_can_not_be_read(text: str, words: str, build: Build) -> None:
    """Each says what is wrong, and where."""
    (build.root / "pdm.lock").write_text(text)

    with pytest.raises(ConfigurationError, match=words):
        build("alpha")


def test_folders_and_commits_of_locks(tmp_path: Path) -> None:
    """They are built, at the locked commit."""
    git = 'name = "it"\nversion = "1"\ngroups = ["default"]\ngit = "https://git.example/it"\nrevision = "a1"\n'
    near = 'name = "near"\nversion = "1"\ngroups = ["default"]\npath = "./near"\n'
    (tmp_path / "pdm.lock").write_text(pdm_lock(git, near))
    head = '[[package]]\nname = "near"\nversion = "1"\ngroups = ["main"]\nfiles = []\n'
    source = '[package.source]\ntype = "directory"\nurl = "near"\n[metadata]\nlock-version = "2.1"\n'
    (tmp_path / "poetry.lock").write_text(head + source)

    pdm = [origin for origin, _ in read_pdm(tmp_path / "pdm.lock").origins]
    poetry = [origin for origin, _ in read_poetry(tmp_path / "poetry.lock").origins]

    assert [(o.name, o.commit, o.path) for o in pdm] == [("it", "a1", None), ("near", "", tmp_path / "near")]
    assert [(o.name, o.path) for o in poetry] == [("near", tmp_path / "near")]


def test_a_lock_above_counts_where_it_names_the_project(tmp_path: Path) -> None:
    """A member of uv's workspace, and a folder of Poetry's or PDM's lock; not a neighbour that it does not name."""
    for name in ("packages/a", "packages/b", "other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").write_text("")
    (tmp_path / ".git").mkdir()
    members = 'members = ["packages/*"]\nexclude = ["packages/b"]\n'
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv.workspace]\n{members}")
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "pdm.lock").write_text('[[package]]\nname = "other"\npath = "./other"\n')

    found = [find_lock(tmp_path / name) for name in ("packages/a", "packages/b", "other")]

    assert found == [tmp_path / "uv.lock", None, tmp_path / "pdm.lock"]


def test_a_lock_above_that_says_nothing_of_the_project_is_told(build: Build) -> None:
    """It is not read, with a warning that says how it can be."""
    (build.root.parent / ".git").mkdir()
    (build.root.parent / "uv.lock").write_text("")

    build("alpha")

    assert any('wheels.lock = "../uv.lock"' in warning for warning in build.reporter.warnings)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conda-lock.yml", "pkggen lock"),
        ("environment.yml", "pkggen lock"),
        ("pixi.lock", "pkggen lock"),
        ("pylock.prod.toml", 'wheels.lock = "pylock.prod.toml"'),
        ("Pipfile", "pipenv lock"),
        ("requirements.lock", "requirements.txt"),
    ],
)
def test_what_is_not_read_is_refused(name: str, words: str, build: Build) -> None:
    """With its name and a way out; after `pkggen lock` it is left aside."""
    (build.root / name).write_text("")

    with pytest.raises(ConfigurationError, match=rf"{name}(.|\n)*{words}"):
        build("alpha")
    build.lock("alpha")
    assert build("alpha") == ["alpha 1.0", "beta 99.0"]
