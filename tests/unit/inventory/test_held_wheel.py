"""Wheels of a package are read from what is installed, or from the wheel files of the archived layout."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.inventory import package_inventory
from pkggen.inventory.held_wheel import address, layer_of
from pkggen.inventory.package_inventory import read_inventory
from tests.unit.comparison.packages import SITE, package, wheel


def test_an_installed_wheel_has_its_files_and_their_byte_code(tmp_path: Path) -> None:
    """RECORD names the files, also commands beside site-packages; byte code goes with its source."""
    files = wheel("a", "1.0", "License: MIT", "Home-page: https://a.example", main=b"12345")
    record = f"./{SITE}/a-1.0.dist-info/RECORD"
    files[record] += b"../../../bin/a,,\n"
    files["./opt/x/layers/deps/bin/a"] = b"#!/bin/sh\n"
    files[f"./{SITE}/a/__pycache__/main.cpython-313.pyc"] = b"123"

    (found,) = read_inventory(package(tmp_path / "x.deb", files)).wheels

    assert (found.name, found.version, found.layer, found.licence) == ("a", "1.0", "deps", "MIT")
    assert {e.path for e in found.files} == {name.removeprefix(".") for name in files}
    assert found.size == sum(map(len, files.values()))
    assert found.homepage == "https://a.example"


def test_a_wheel_of_the_archived_layout_has_the_digest_of_its_file(tmp_path: Path) -> None:
    """What only ends in .whl is no wheel."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: A\nVersion: 1.0\nLicense: BSD\n")
        archive.writestr("a-1.0.dist-info/licenses/LICENSE", "Redistributions in binary form must reproduce")
    directory = "./opt/x/layers/deps/wheels"
    files = {f"{directory}/a-1.0-py3-none-any.whl": stream.getvalue(), f"{directory}/b-1.0-py3-none-any.whl": b"PK"}

    (found,) = read_inventory(package(tmp_path / "x.deb", files)).wheels

    assert (found.name, found.licence) == ("a", "BSD-2-Clause")
    assert found.sha256 == hashlib.sha256(stream.getvalue()).hexdigest()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://a.example/x?y=1#z", True),
        (" http://a.example:8080 ", True),
        ("https://a.example/%C3%A9/é", True),
        ("https://user:secret@a.example/", False),
        ("https://a.example:port/", False),
        ("https://a/{x}", False),
        ("https://a.example/%zz", False),
        ("ftp://a.example/", False),
        ("https://", False),
    ],
)
def test_an_address_is_what_every_reader_takes(text: str, is_one: bool) -> None:
    """The schemas refuse others, and a login is nobody's business."""
    assert address(text) == (text.strip() if is_one else "")


def test_addresses_that_are_none_are_left_out(tmp_path: Path) -> None:
    """What METADATA says is anybody's text."""
    files = wheel("a", "1", "Project-URL: Changelog, javascript:alert(1)", "Project-URL: News, https://a.example/n")

    (found,) = read_inventory(package(tmp_path / "x.deb", files)).wheels

    assert found.changelog == "https://a.example/n"


def test_more_text_than_fits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of files of the largest size would fill the memory."""
    monkeypatch.setattr(package_inventory, "_TEXTS", 100)

    with pytest.raises(ArtefactError, match="more than 100 bytes"):
        read_inventory(package(tmp_path / "x.deb", wheel("a", "1", f"Summary: {'x' * 100}")))


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("/opt/x/layers/deps/lib/python3.13/site-packages/keras/layers/core/lib/a.py", "deps"),
        ("/opt/x/layers/app/wheels/x-1-py3-none-any.whl", "app"),
        ("/srv/x/python/bin/python3.13", "python"),
        ("/opt/x/venv/lib/python3.13/site-packages/keras/layers/core/a.py", "venv"),
        ("/usr/lib/python3/dist-packages/keras/layers/core/a.py", ""),
        ("/opt/x/layers/deps.json", ""),
    ],
)
def test_a_file_is_of_the_layer_that_its_path_enters_first(path: str, layer: str) -> None:
    """Both ways of laying out a package, and a library that has layers of its own."""
    assert layer_of(path) == layer


@pytest.mark.parametrize(
    ("manifest", "text", "version"),
    [
        ("manifest.json", b'{"python": {"version": "3.13.5", "executable": "bin/python3.13"}}', "3.13.5"),
        ("layers/python.json", b'{"python": "3.13.5"}', "3.13.5"),  # one that applications share
        ("manifest.json", b'{"python": 3}', "3.13"),
        ("manifest.json", b"[" * 10_000, "3.13"),
    ],
)
def test_the_version_of_the_interpreter_is_what_the_manifest_says(
    tmp_path: Path, manifest: str, text: bytes, version: str
) -> None:
    """Else what its program is called."""
    files = {"./opt/x/layers/python/bin/python3.13": b"\x7fELF", f"./opt/x/{manifest}": text}

    assert read_inventory(package(tmp_path / "x.deb", files)).interpreter == version


def test_an_interpreter_of_another_package_is_not_in_this_one(tmp_path: Path) -> None:
    """The application of a split, and one for the system's Python, tell of it and do not hold it."""
    files = {"./opt/x/manifest.json": b'{"python": {"version": "3.13.5"}}'}

    assert read_inventory(package(tmp_path / "x.deb", files)).interpreter == ""
