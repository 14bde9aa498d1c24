"""A folder that is no package: what its wheel holds, and what is refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from packaging.tags import Tag

from pkggen.config.options import Options
from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.model import Wheel
from pkggen.project import every_wheel, opened, source_of
from pkggen.store.cache import Cache, sha256_of
from pkggen.terminal.reporter import Silent
from tests.unit.wheelsmith import interpreter

CONFIG = 'name = "My.App"\nversion = "1.0"\nsource = "ProjectSrc"\nscripts = "Script"\n'
LINUX = {Tag("cp313", "cp313", "manylinux_2_17_x86_64"), Tag("py3", "none", "any")}


def write(path: Path, text: str = "", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with sources, scripts and what nobody wants to ship."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    root = tmp_path / "shop"
    write(root / "pkggen.toml", CONFIG)
    write(root / "ProjectSrc/shop/__init__.py", "NAME = 'shop'\n")
    write(root / "ProjectSrc/shop/data.json", "{}")
    write(root / "ProjectSrc/helper.py")
    write(root / "ProjectSrc/shop/__pycache__/x.cpython-313.pyc")
    write(root / "ProjectSrc/.git/config")
    write(root / "Script/sell.py", "import shop\n", 0o755)
    return root


def built(root: Path, reporter: Silent | None = None) -> Wheel:
    with opened(Options(root), root) as project:
        source = source_of(project, Cache(root.parent / "cache"), reporter or Silent(), offline=True)
        wheel = source.wheel(interpreter(root))
    assert wheel is not None
    return wheel


def members(wheel: Wheel) -> dict[str, str]:
    with zipfile.ZipFile(wheel.path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_wheel_holds_sources_and_commands(folder: Path) -> None:
    """Sources lie at the top, scripts are commands without extension; caches and hidden files stay out."""
    wheel = built(folder)

    assert (wheel.name, wheel.version, wheel.filename) == ("my-app", "1.0", "my_app-1.0-py3-none-any.whl")
    assert [n for n in members(wheel) if ".dist-info" not in n] == [
        "helper.py",
        "my_app-1.0.data/scripts/sell",
        "shop/__init__.py",
        "shop/data.json",
    ]


def test_wheel_is_reproducible(folder: Path) -> None:
    """Times, modes beyond the x bit and the order of files on the disk change no byte."""
    first = built(folder).sha256
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (1, 1))
    (folder / "ProjectSrc/helper.py").chmod(0o600)

    assert built(folder).sha256 == first


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("#!/usr/bin/env python3\nimport shop\n", "#!python\nimport shop\n"),
        ("#! /usr/bin/python3.9\r\nimport shop\r\n", "#!python\nimport shop\r\n"),
        ("#!/usr/bin/env -S python3 -u\nx\n", "#!python\nx\n"),
        ("\ufeffimport shop\n", "#!python\nimport shop\n"),
        ("", "#!python\n"),
        ("#!/bin/sh\necho\n", "#!/bin/sh\necho\n"),
        ("#!/usr/bin/pythonic\n", "#!/usr/bin/pythonic\n"),
    ],
)
def test_first_line_asks_for_the_packages_python(text: str, content: str, folder: Path) -> None:
    """Any Python is the package's; without a first line it is added; other interpreters stay."""
    (folder / "Script/sell.py").write_bytes(text.encode())

    assert members(built(folder))["my_app-1.0.data/scripts/sell"] == content


def test_dropped_arguments_and_files_are_told(folder: Path) -> None:
    """What can't be kept, and what is no program, is warned of."""
    write(folder / "Script/sell.py", "#!/usr/bin/python3 -u\n")
    write(folder / "Script/README.md", "words")
    reporter = Silent()

    built(folder, reporter)

    assert [w.partition(" ")[0] for w in reporter.warnings] == ["README.md", "sell.py:"]
    assert "-u" in reporter.warnings[1]


def test_lists_of_sources_and_scripts(folder: Path) -> None:
    """Several folders, and single scripts, are given as a list."""
    write(
        folder / "pkggen.toml", 'version = "1"\nsource = ["ProjectSrc", "lib"]\nscripts = ["Script/sell.py", "tool"]\n'
    )
    write(folder / "lib/more.py")
    write(folder / "tool", "#!/bin/sh\n")

    names = set(members(built(folder)))

    assert {"more.py", "helper.py", "shop-1.data/scripts/sell", "shop-1.data/scripts/tool"} <= names


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('source = "ProjectSrc"\nversion = "one"', r"'one' is not a version"),
        ('source = "Nowhere"\nversion = "1"', r"source \(line 1\): Nowhere does not exist"),
        ('source = "../other"\nversion = "1"', r"\.\./other leads out of the project"),
        ('source = "Empty"\nversion = "1"', r"there is no file in it"),
        ('source = "Script/sell.py"\nversion = "1"', r"is not a folder"),
        ('source = ["ProjectSrc", "Twice"]\nversion = "1"', r"helper\.py is in ProjectSrc and in Twice"),
        ('scripts = ["Script", "Twice/sell.sh"]\nversion = "1"', r"sell\.sh and sell\.py|sell\.py and sell\.sh"),
        ('scripts = "Twice/a b.py"\nversion = "1"', r"a b\.py can't be a command"),
        ('scripts = "Empty"\nversion = "1"', r"scripts \(line 1\): there is no program in it"),
        ('source = 1\nversion = "1"', r"source"),
    ],
)
def test_what_can_not_be_is_refused(config: str, message: str, folder: Path) -> None:
    """Each mistake is named with its key."""
    write(folder / "pkggen.toml", config)
    write(folder.parent / "other/x.py")
    (folder / "Empty").mkdir()
    write(folder / "Twice/helper.py")
    write(folder / "Twice/sell.sh", "#!/bin/sh\n")
    write(folder / "Twice/a b.py")

    with pytest.raises(ConfigurationError, match=message):
        built(folder)


def test_link_out_of_the_project_is_refused(folder: Path) -> None:
    """A link to a file elsewhere would ship what is not the project's."""
    (folder / "ProjectSrc/passwd").symlink_to("/etc/passwd")

    with pytest.raises(ConfigurationError, match="ProjectSrc/passwd leads out"):
        built(folder)


def test_circle_of_links_ends(folder: Path) -> None:
    """A link to a folder above is not followed for ever."""
    (folder / "ProjectSrc/shop/again").symlink_to("..")

    assert "shop/__init__.py" in members(built(folder))


def test_package_with_sources_named_is_refused(folder: Path) -> None:
    """A project is one or the other: [project] would be ignored in silence."""
    write(folder / "pyproject.toml", '[project]\nname = "x"\n[build-system]\nrequires = []\n')

    with pytest.raises(ConfigurationError, match="a package already"):
        built(folder)


def test_version_of_a_package_is_its_own(folder: Path) -> None:
    """Where there is a package, a version in the configuration is an error."""
    write(folder / "pkggen.toml", 'version = "1.0"\n')

    with pytest.raises(ConfigurationError, match=r"pkggen\.toml: version \(line 1\)"):
        built(folder)


def test_every_wheel_of_a_folder(tmp_path: Path) -> None:
    """Each project that fits is asked for; one version is pinned, Windows' wheels are left out."""
    for name in ("a-1.0-py3-none-any.whl", "b-1-cp313-cp313-manylinux_2_17_x86_64.whl", "b-1-cp312-cp312-win32.whl",
                 "c-1-py3-none-any.whl", "c-2-py3-none-any.whl", "w-1-cp313-cp313-win_amd64.whl"):  # fmt: skip
        (tmp_path / name).touch()

    assert every_wheel(tmp_path, LINUX) == ("a==1.0", "b==1", "c")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("b-1-cp39-cp39-manylinux_2_17_x86_64.whl", ArtefactError, "b: no wheel of it fits(.|\n)*cp39-cp39"),
        ("b.whl", ConfigurationError, r"b\.whl: not a wheel's name"),
    ],
)
def test_wheels_that_do_not_fit(name: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    """A Linux wheel of another Python is an error that says what there is: something would be missing."""
    (tmp_path / name).touch()

    with pytest.raises(error, match=message):
        every_wheel(tmp_path, LINUX)


def test_equal_wheels_do_not_overwrite_each_other(folder: Path) -> None:
    """The cache holds the wheel under its own digest."""
    wheel = built(folder)

    assert sha256_of(wheel.path) == wheel.sha256
