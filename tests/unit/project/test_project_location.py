"""What PATH names: a folder, a wheel, an sdist or a name on the index."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from pkggen.archives.sdist import unpack_sdist
from pkggen.errors import ArtefactError, ConfigurationError
from pkggen.project import Shape, find_project


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty directory the current one."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def tar(
    path: Path, *members: tuple[str, bytes | str], kind: bytes = tarfile.REGTYPE, time: int = 1_700_000_000
) -> Path:
    """Write a .tar.gz; a member whose content is text is a link to it."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mtime = time
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.type, info.size = kind, len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def test_folder_has_all_of_its_own(tmp_path: Path) -> None:
    """A folder's configuration and locks are in it."""
    location = find_project(tmp_path, tmp_path / "work")

    assert (location.shape, location.root, location.locks) == (Shape.FOLDER, tmp_path, tmp_path)


@pytest.mark.parametrize("text", ["datasette==0.65", "datasette", "datasette[test]>=0.64,<1"])
def test_index_is_asked_from_the_current_directory(text: str, elsewhere: Path, tmp_path: Path) -> None:
    """A name on the index is configured and locked where the user is."""
    location = find_project(Path(f"pypi:{text}"), tmp_path / "work")

    assert (location.shape, location.root, location.locks) == (Shape.INDEX, elsewhere, elsewhere)
    assert location.requirement is not None
    assert location.requirement.name == "datasette"


@pytest.mark.parametrize(
    "text",
    [
        "pypi:",
        "pypi:a b",
        "pypi:a @ https://example.org/a.whl",
        "pypi:a; python_version > '3'",
        "missing",
        "missing.whl",
    ],
)
def test_what_can_not_be_built_is_refused(text: str, tmp_path: Path) -> None:
    """What is no folder, file or plain requirement is an error that lists the forms there are."""
    with pytest.raises(ConfigurationError, match=r"hint: give a folder, a wheel"):
        find_project(Path(text), tmp_path / "work")


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file that is neither wheel nor sdist is named."""
    (tmp_path / "app.deb").touch()

    with pytest.raises(ConfigurationError, match=r"app\.deb: this kind of file"):
        find_project(tmp_path / "app.deb", tmp_path / "work")


@pytest.mark.parametrize("path", ["pypi:mine", "dist/mine-1.0-py3-none-any.whl", "dist/mine-1.0.tar.gz"])
def test_directory_of_another_project_is_refused(path: str, elsewhere: Path, tmp_path: Path) -> None:
    """One project's configuration and lock are never applied to another; the own ones are."""
    (elsewhere / "dist").mkdir()
    (elsewhere / "dist/mine-1.0-py3-none-any.whl").touch()
    tar(elsewhere / "dist/mine-1.0.tar.gz", ("mine-1.0/setup.py", b""))
    (elsewhere / "pyproject.toml").write_text('[project]\nname = "Mine"\n[tool.pkggen]\n')
    assert find_project(Path(path), tmp_path).root == elsewhere

    (elsewhere / "pyproject.toml").write_text('[project]\nname = "other"\n')
    with pytest.raises(ConfigurationError, match="that of other"):
        find_project(Path(path), tmp_path / "work")


def test_sdist_brings_its_configuration(elsewhere: Path, tmp_path: Path) -> None:
    """An sdist's own configuration counts unless the current directory has one; locks are in the latter."""
    archive = tar(tmp_path / "app-1.0.tar.gz", ("app-1.0/pyproject.toml", b"[tool.pkggen]\n"))
    location = find_project(archive, tmp_path)
    assert (location.shape, location.root, location.locks) == (Shape.SDIST, tmp_path / "sdist/app-1.0", elsewhere)
    assert location.epoch == 1_700_000_000

    (elsewhere / "pkggen.toml").touch()
    (tmp_path / "again").mkdir()
    assert find_project(archive, tmp_path / "again").root == elsewhere


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("app-1.0/setup.py", b""), ("../evil", b"")], "outside"),
        ([("app-1.0/setup.py", b""), ("app-1.0/link", "/etc/passwd")], "absolute"),
        ([("app-1.0/setup.py", b""), ("app-1.0/link", "../../../etc")], "outside"),
        ([("app-1.0/setup.py", b""), ("other/x", b"")], "holds 2 files"),
        ([("setup.py", b"")], "holds one folder"),
    ],
)
def test_bad_tar_is_refused(members: list[tuple[str, bytes | str]], message: str, tmp_path: Path) -> None:
    """What leads out of the archive, or is no single folder, is an error; nothing is written outside."""
    archive = tar(tmp_path / "app-1.0.tar.gz", *members)

    with pytest.raises(ArtefactError, match=message):
        unpack_sdist(archive, tmp_path / "out")

    assert not list(tmp_path.rglob("evil"))


def test_device_in_a_tar_is_refused(tmp_path: Path) -> None:
    """An sdist holds files, directories and links alone."""
    archive = tar(tmp_path / "app-1.0.tar.gz", ("app-1.0/pipe", b""), kind=tarfile.FIFOTYPE)

    with pytest.raises(ArtefactError, match="pipe"):
        unpack_sdist(archive, tmp_path / "out")


@pytest.mark.parametrize("name", ["app-1.0.tar.gz", "app-1.0.zip"])
@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00damaged"])
def test_damaged_archive_is_an_error(name: str, content: bytes, tmp_path: Path) -> None:
    """A truncated or false archive is told in words, whatever the parser raises."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ArtefactError, match=r"not a readable sdist|holds 0"):
        unpack_sdist(tmp_path / name, tmp_path / "out")


def test_truncated_tar_is_an_error(tmp_path: Path) -> None:
    """An archive whose end is missing is not taken for a whole one."""
    archive = tar(tmp_path / "app-1.0.tar.gz", ("app-1.0/data", os.urandom(100_000)))
    archive.write_bytes(archive.read_bytes()[:50_000])

    with pytest.raises(ArtefactError, match="not a readable sdist"):
        unpack_sdist(archive, tmp_path / "out")


def test_zip_is_unpacked_with_its_programs(tmp_path: Path) -> None:
    """A zip's x bits stay, and its newest member tells the time."""
    with zipfile.ZipFile(tmp_path / "app-1.0.zip", "w") as archive:
        info = zipfile.ZipInfo("app-1.0/tool", (2024, 1, 1, 0, 0, 0))
        info.external_attr = 0o100755 << 16
        archive.writestr(info, "#!/bin/sh\n")
        archive.writestr(zipfile.ZipInfo("app-1.0/setup.py", (2023, 1, 1, 0, 0, 0)), "")

    root, epoch = unpack_sdist(tmp_path / "app-1.0.zip", tmp_path / "out")

    assert (root.name, epoch) == ("app-1.0", 1_704_067_200)
    assert (root / "tool").stat().st_mode & 0o100


@pytest.mark.parametrize(("name", "mode"), [("../evil", 0o100644), ("/evil", 0o100644), ("app-1.0/link", 0o120777)])
def test_bad_zip_is_refused(name: str, mode: int, tmp_path: Path) -> None:
    """A zip's links and paths that lead out are errors."""
    with zipfile.ZipFile(tmp_path / "app-1.0.zip", "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "x")

    with pytest.raises(ArtefactError, match=r"evil|link"):
        unpack_sdist(tmp_path / "app-1.0.zip", tmp_path / "out")
