"""What a project takes from folders and repositories is built from there, and nobody else is asked for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packaging.markers import default_environment

from pkggen.config.sources import declared_sources
from pkggen.errors import ArtefactError, ConfigurationError, IntegrityError
from pkggen.model import Interpreter, Origin, Tree, Wheel
from pkggen.network.frontend import Frontend
from pkggen.project import build_wheel
from pkggen.project.backend import running_python
from pkggen.project.members import check_is_project, member_folder
from pkggen.project.origins import Neighbours, Workbench, find_neighbours
from pkggen.project.origins.git import GitSource
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent

HERE = default_environment()
BACK_END = """
import pathlib, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    root = pathlib.Path.cwd().resolve()
    about = (root / "about.txt").read_text().replace("ROOT", root.as_uri())
    stem = f"{about.split()[1]}-1.0"
    with zipfile.ZipFile(pathlib.Path(directory, f"{stem}-py3-none-any.whl"), "w") as wheel:
        head = f"Metadata-Version: 2.1\\n{about}Version: 1.0\\n\\nText about file:///x"
        wheel.writestr(zipfile.ZipInfo(f"{stem}.dist-info/METADATA"), head)
        wheel.writestr(zipfile.ZipInfo(f"{stem}.dist-info/RECORD"), f"{stem}.dist-info/METADATA,sha256=x,1\\n")
    return f"{stem}-py3-none-any.whl"
"""


def project(folder: Path, *about: str, tables: str = "") -> Path:
    """Write a project with a back-end of its own, which needs no network; ``about`` are lines of its METADATA."""
    folder.mkdir(parents=True, exist_ok=True)
    head = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(f'{head}[project]\nname = "{folder.name}"\nversion = "1.0"\n{tables}')
    (folder / "about.txt").write_text("".join(f"{line}\n" for line in (f"Name: {folder.name}", *about)))
    (folder / "own.py").write_text(BACK_END)
    return folder


def bench(tmp_path: Path, *, frozen: bool = False) -> Workbench:
    cache = Cache(tmp_path / "cache")
    frontend = Frontend(cache.root / "uv", tmp_path, offline=True)
    interpreter = Interpreter("3.11.0", Tree(tmp_path, ()), "here", "")
    git = GitSource(cache, Silent(), tmp_path, frozen=frozen)
    return Workbench(frontend, interpreter, cache, Silent(), git)


def wheel_of(root: Path, tmp_path: Path) -> Wheel:
    place = bench(tmp_path)
    return build_wheel(root, place.frontend, place.cache, Silent(), python=running_python(), epoch=315532800)


def neighbours(root: Path, asked: list[str], tmp_path: Path) -> Neighbours:
    return find_neighbours(root, wheel_of(root, tmp_path), asked, HERE, bench(tmp_path))


def test_a_path_of_uv_with_what_it_needs_in_turn(tmp_path: Path) -> None:
    """A neighbour's own neighbours are built, too; what none of them has is left for an index."""
    project(tmp_path / "deep", "Requires-Dist: idna>=3")
    project(tmp_path / "near", "Requires-Dist: deep", tables='[tool.uv.sources]\ndeep = { path = "../deep" }\n')
    app = project(tmp_path / "app", tables='[tool.uv.sources]\nnear = { path = "../near", editable = true }\n')

    found = neighbours(app, ["near", "click"], tmp_path)

    assert ([w.name for w in found.wheels], found.requirements) == (["deep", "near"], ("click", "idna>=3"))


def test_extras_of_a_neighbour(tmp_path: Path) -> None:
    """They bring what they require, and only they do."""
    extras = [f"Requires-Dist: {name}; extra == '{extra}'" for name, extra in (("orjson", "fast"), ("ujson", "slow"))]
    project(tmp_path / "near", *extras, "Provides-Extra: fast", "Provides-Extra: slow")
    app = project(tmp_path / "app", tables='[tool.poetry.dependencies]\nnear = { path = "../near" }\n')

    assert neighbours(app, ["near[fast]"], tmp_path).requirements == ("orjson",)


def test_an_address_of_a_file_in_metadata(tmp_path: Path) -> None:
    """It is cut out of the wheel, which is the same wherever it was built, and leads to the neighbour."""
    app = project(tmp_path / "app", "Requires-Dist: near @ ROOT/libs/near")
    project(app / "libs/near")

    first, second = wheel_of(app, tmp_path), wheel_of(app, tmp_path / "elsewhere")

    assert first.beside == (("near", str(app / "libs/near")),)
    assert first.sha256 == second.sha256
    assert [w.name for w in neighbours(app, ["near"], tmp_path).wheels] == ["near"]


def workspace(top: Path, more: str = "") -> Path:
    project(top / "packages/app")
    project(top / "packages/cowsay")
    (top / "pyproject.toml").write_text(f'[tool.uv.workspace]\nmembers = ["packages/*"]\n{more}')
    return top


def test_a_member_is_never_asked_of_an_index(tmp_path: Path) -> None:
    """With or without a line in tool.uv.sources: whoever has the name on an index is a stranger."""
    top = workspace(tmp_path / "w")

    found = neighbours(top / "packages/app", ["cowsay"], tmp_path)

    assert ([w.name for w in found.wheels], found.requirements) == (["cowsay"], ())


def test_sources_of_the_workspace_hold_for_members(tmp_path: Path) -> None:
    """What a member says comes before."""
    sources = '[tool.uv.sources]\nprivate = { index = "corp" }\nother = { index = "corp" }\n'
    index = '[[tool.uv.index]]\nname = "corp"\nurl = "https://corp.example/simple"\nexplicit = true\n'
    app = workspace(tmp_path / "w", sources + index) / "packages/app"
    project(app, tables='[tool.uv.sources]\nother = { path = "../cowsay" }\n')

    found = declared_sources(app, HERE)

    assert (found.index_of("private"), found.index_of("other")) == ("corp", "")
    assert found.origins["other"].path == app.parent / "cowsay"


def test_sources_that_lead_nowhere_are_told_at_once(tmp_path: Path) -> None:
    """A path, a member and an index that there are not, each by its key."""
    tables = '[tool.uv.sources]\na = { path = "gone" }\nb = { workspace = true }\nc = { index = "none" }\n'

    with pytest.raises(ConfigurationError) as caught:
        declared_sources(project(tmp_path / "app", tables=tables), HERE)

    assert [word in str(caught.value) for word in ("sources.a", "sources.b", "'none'")] == [True] * 3


def test_markers_choose_a_source(tmp_path: Path) -> None:
    """Of several, the first that applies to the target counts."""
    first = '{ path = "never", marker = "sys_platform == \'win32\'" }'
    app = project(tmp_path / "app", tables=f'[tool.uv.sources]\nnear = [{first}, {{ path = "../near" }}]\n')
    project(tmp_path / "near")

    assert declared_sources(app, HERE).origins["near"].path == tmp_path / "near"


def test_indexes_of_poetry_and_pdm(tmp_path: Path) -> None:
    """Poetry leaves PyPI out beside another primary source; PDM gives names to one index by patterns."""
    source = '[[tool.{}.source]]\nname = "corp"\nurl = "https://corp.example/simple"\n'
    poetry = project(
        tmp_path / "a", tables='[tool.poetry.dependencies]\nx = { source = "corp" }\n' + source.format("poetry")
    )
    pdm = project(tmp_path / "b", tables=source.format("pdm") + 'include_packages = ["corp-*"]\n')

    one, two = declared_sources(poetry, HERE), declared_sources(pdm, HERE)

    assert (one.index_of("x"), one.searched, one.default) == ("corp", ("https://corp.example/simple",), "")
    assert (two.index_of("corp-x"), two.index_of("x"), two.default) == ("corp", "", None)


def test_a_neighbour_of_another_name_is_refused(tmp_path: Path) -> None:
    """The folder is named, and the name that is there."""
    project(tmp_path / "other")

    with pytest.raises(ArtefactError, match=r"near: .*other: the project there is called other"):
        bench(tmp_path).wheel(Origin("near", path=tmp_path / "other"))


def repository(folder: Path) -> tuple[Path, str]:
    project(folder)
    return folder, commit(folder)


def commit(folder: Path) -> str:
    options = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder)]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", *options, *words], check=True, capture_output=True)
    said = subprocess.run(["git", *options, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return said.stdout.strip()


def test_a_commit_is_built_and_noted(tmp_path: Path) -> None:
    """A branch stands for the commit that was found first, until its table in pkggen.lock is deleted."""
    folder, first = repository(tmp_path / "tool")
    origin = Origin("tool", url=folder.as_uri(), revision="main")

    assert bench(tmp_path).wheel(origin).name == "tool"
    (folder / "more.py").write_text("")
    second = commit(folder)

    noted = (tmp_path / "pkggen.lock").read_text()
    assert (first in noted, second in noted) == (True, False)
    assert bench(tmp_path).git.folder(origin)[1].commit == first
    assert bench(tmp_path, frozen=True).git.folder(origin)[1].commit == first
    (tmp_path / "pkggen.lock").unlink()
    assert bench(tmp_path).git.folder(origin)[1].commit == second


def test_files_that_are_not_those_of_the_lock(tmp_path: Path) -> None:
    """The digest of the tree is compared: a commit's own is SHA-1."""
    folder, _ = repository(tmp_path / "tool")
    origin = Origin("tool", url=folder.as_uri())
    top, _ = bench(tmp_path).git.folder(origin)
    (top / "own.py").write_text("other")

    with pytest.raises(IntegrityError, match=r"git\.tool(.|\n)*not those that were locked"):
        bench(tmp_path).git.folder(origin)


@pytest.mark.parametrize(
    ("origin", "error", "words"),
    [
        (Origin("tool", url="file:///nowhere"), ArtefactError, "can't be fetched"),
        (Origin("tool", url="ext::sh -c id"), ArtefactError, "can't be fetched"),
        (Origin("tool", url="--upload-pack=id"), ArtefactError, "can't be fetched"),
    ],
)
def test_what_can_not_be_fetched(origin: Origin, error: type[Exception], words: str, tmp_path: Path) -> None:
    """No repository, a transport that runs programs, and what looks like an option."""
    with pytest.raises(error, match=words):
        bench(tmp_path).git.folder(origin)


def test_a_branch_without_a_lock_is_refused_when_frozen(tmp_path: Path) -> None:
    """Which commit it is would be decided now."""
    folder, _ = repository(tmp_path / "tool")

    with pytest.raises(IntegrityError, match="no commit of it is locked"):
        bench(tmp_path, frozen=True).git.folder(Origin("tool", url=folder.as_uri()))


def test_the_root_of_a_workspace_names_its_members(tmp_path: Path) -> None:
    """It is no project itself; --package takes one of them."""
    top = workspace(tmp_path / "w")

    with pytest.raises(ConfigurationError, match=r"app, cowsay(.|\n)*--package app"):
        check_is_project(top)
    assert member_folder(top, "Cowsay") == top / "packages/cowsay"
    with pytest.raises(ConfigurationError, match="there are: app, cowsay"):
        member_folder(top, "nobody")
    check_is_project(top / "packages/app")
