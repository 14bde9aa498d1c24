"""A project's wheel is taken from the notes only where its files alone tell what it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pkggen.model import Wheel
from pkggen.network.frontend import Frontend
from pkggen.project.checkout import find_checkout
from pkggen.project.reuse import WheelNotes, is_static, tree_digest, wheel_key
from pkggen.store.cache import Cache, sha256_of

STATIC = '[project]\nname = "app"\nversion = "1"\n'


def project(root: Path, text: str = STATIC) -> Path:
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(text)
    (root / "app.py").write_text("A = 1\n")
    return root


def digest(root: Path) -> str | None:
    return find_checkout(root, root / "no-cache").digest()


def kept(cache: Cache, tmp_path: Path, name: str = "app-1-py3-none-any.whl") -> Wheel:
    (tmp_path / name).write_bytes(b"bytes of a wheel")
    digest = sha256_of(tmp_path / name)
    return Wheel("app", "1", name, cache.store_blob(tmp_path / name, digest, name), digest)


@pytest.mark.parametrize(
    "more",
    [
        "",
        '[build-system]\nrequires = ["hatchling>=1.24"]\n[tool.hatch.build.targets.wheel]\npackages = ["src/app"]\n',
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
        '[build-system]\nrequires = ["uv-build"]\nbuild-backend = "uv_build"\n',
        '[build-system]\nrequires = ["flit-core"]\nbuild-backend = "flit_core.buildapi"\n',
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
        '[build-system]\nrequires = ["setuptools", "wheel"]\n[tool.setuptools.package-data]\napp = ["*.txt"]\n',
    ],
)
def test_a_project_that_says_all_in_its_files_is_static(tmp_path: Path, more: str) -> None:
    """A literal version and a back-end without hooks: the tree tells what the wheel is."""
    assert is_static(project(tmp_path / "p", STATIC + more))


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "app"\ndynamic = ["version"]\n',
        '[project]\nname = "app"\nversion = "1"\ndynamic = ["dependencies"]\n',
        '[build-system]\nrequires = ["setuptools"]\n',
        STATIC + '[build-system]\nrequires = ["setuptools", "setuptools-scm"]\n',
        STATIC + '[build-system]\nrequires = ["hatchling @ https://example.org/h.whl"]\n',
        STATIC + '[build-system]\nrequires = ["not a requirement!"]\n',
        STATIC + '[build-system]\nrequires = ["setuptools"]\nbackend-path = ["."]\n',
        STATIC + '[build-system]\nrequires = ["hatchling"]\n[tool.hatch.build.hooks.custom]\npath = "x.py"\n',
        STATIC
        + '[build-system]\nrequires = ["hatchling"]\n[tool.hatch.build.targets.wheel.force-include]\n"../x" = "x"\n',
        STATIC + '[build-system]\nrequires = ["setuptools"]\n[tool.setuptools.cmdclass]\nbuild = "x.Build"\n',
        STATIC + '[build-system]\nrequires = ["poetry-core"]\n[tool.poetry]\nbuild = "build.py"\n',
        STATIC + '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "mine"\n',
        STATIC + '[build-system]\nrequires = ["setuptools"]\nbuild-backend = ["mine"]\n',
        STATIC + '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta:__legacy__"\n',
        STATIC + "[tool.distutils.egg_info]\ntag-date = true\n",
        STATIC + 'dependencies = ["x=={env:X_VERSION:1}"]\n[build-system]\nrequires = ["hatchling"]\n',
        STATIC + '[project.optional-dependencies]\nall = ["x @ {root:parent:uri}/x"]\n',
        '[project]\nname = "app"\nversion = "1"\nreadme = "/etc/motd"\n',
    ],
)
def test_what_may_read_more_than_its_files_is_built_each_time(tmp_path: Path, text: str) -> None:
    """Dynamic fields, plugins, hooks, code to run, and paths that lead out of the tree."""
    assert not is_static(project(tmp_path / "p", text))


@pytest.mark.parametrize("name", [".gitignore", ".hgignore"])
def test_a_list_of_ignored_files_above_the_project(tmp_path: Path, name: str) -> None:
    """Hatchling looks upwards for one, so it counts."""
    root = project(tmp_path / "p")
    before = digest(root)
    (tmp_path / name).write_text("data.txt\n")
    assert digest(root) != before


@pytest.mark.parametrize("name", ["setup.py", "setup.cfg"])
def test_a_project_with_code_of_its_own_to_build_it_is_built_each_time(tmp_path: Path, name: str) -> None:
    """setup.py can do anything; setup.cfg can name what does."""
    root = project(tmp_path / "p")
    (root / name).write_text("")
    assert not is_static(root)


def test_the_digest_follows_bytes_names_and_modes(tmp_path: Path) -> None:
    """Every change that could be in the wheel changes the digest."""
    root = project(tmp_path / "p")
    seen = [digest(root)]
    (root / "app.py").write_text("A = 2\n")
    seen.append(digest(root))
    (root / "app.py").rename(root / "b.py")
    seen.append(digest(root))
    (root / "b.py").chmod(0o755)
    seen.append(digest(root))
    (root / "link").symlink_to("b.py")
    seen.append(digest(root))
    assert len(set(seen)) == len(seen)


def test_a_link_out_of_the_tree_keeps_the_wheel_off_the_shelf(tmp_path: Path) -> None:
    """What it leads to can change unseen."""
    root = project(tmp_path / "p")
    (root / "link").symlink_to(tmp_path)
    assert digest(root) is None
    assert wheel_key(tree_digest(find_checkout(root, tmp_path / "cache")), "x") == ""


def test_a_kept_wheel_is_found_by_the_same_tree_and_circumstances(tmp_path: Path) -> None:
    """Another Python is another key; a damaged blob or an old note is no find."""
    cache = Cache(tmp_path / "cache")
    notes, root = WheelNotes(cache), project(tmp_path / "p")
    wheel, key = kept(cache, tmp_path), wheel_key(tree_digest(find_checkout(root, cache.root)), "3.11")
    assert notes.find(key) is None
    notes.keep(key, wheel)
    assert notes.find(key) == wheel
    assert notes.find(wheel_key(tree_digest(find_checkout(root, cache.root)), "3.12")) is None
    (note,) = (tmp_path / "cache/built").iterdir()
    os.utime(note, (time.time() - 90000, time.time() - 90000))
    assert notes.find(key) is None
    os.utime(note)
    wheel.path.write_bytes(b"other bytes")
    assert notes.find(key) is None


def test_a_link_to_nowhere_among_wheels_does_no_harm(tmp_path: Path) -> None:
    """What a folder of wheels holds tells back-ends apart; a dangling link in it holds nothing, and stops nothing."""
    frontend = Frontend(tmp_path / "uv", tmp_path, folders=(tmp_path / "wheels",))
    (tmp_path / "wheels").mkdir()
    empty = frontend.identity()
    (tmp_path / "wheels/old.whl").symlink_to("gone.whl")
    assert frontend.identity() == empty
    (tmp_path / "wheels/gone.whl").write_bytes(b"back")
    assert frontend.identity() != empty


def test_a_compiled_wheel_is_not_kept(tmp_path: Path) -> None:
    """It follows from the compiler and the libraries of the machine, too."""
    cache = Cache(tmp_path / "cache")
    notes, root = WheelNotes(cache), project(tmp_path / "p")
    key = wheel_key(tree_digest(find_checkout(root, cache.root)), "3.11")
    notes.keep(key, kept(cache, tmp_path, "app-1-cp311-cp311-linux_x86_64.whl"))
    assert notes.find(key) is None
