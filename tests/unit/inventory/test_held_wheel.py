"""Wheels of a package are read from what is installed, or from the wheel files of the archived layout."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from pkggen.errors import ArtefactError
from pkggen.inventory import stock
from pkggen.inventory.stock import take_stock
from tests.unit.comparison.packages import SITE, package, wheel


def test_an_installed_wheel_has_its_files_and_their_byte_code(tmp_path: Path) -> None:
    """RECORD names the files, also commands beside site-packages; byte code goes with its source."""
    files = wheel("a", "1.0", "License: MIT", "Home-page: https://a.example", main=b"12345")
    record = f"./{SITE}/a-1.0.dist-info/RECORD"
    files[record] += b"../../../bin/a,,\n"
    files["./opt/x/layers/deps/bin/a"] = b"#!/bin/sh\n"
    files[f"./{SITE}/a/__pycache__/main.cpython-313.pyc"] = b"123"

    (found,) = take_stock(package(tmp_path / "x.deb", files)).wheels

    assert (found.name, found.version, found.layer, found.licence) == ("a", "1.0", "deps", "MIT")
    assert {e.path for e in found.files} == {name.removeprefix(".") for name in files}
    assert found.size == sum(map(len, files.values()))
    assert found.homepage == "https://a.example"


def test_a_wheel_of_the_archived_layout_has_the_digest_of_its_file(tmp_path: Path) -> None:
    """What only ends in .whl is no wheel."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: A\nVersion: 1.0\n")
    directory = "./opt/x/layers/deps/wheels"
    files = {f"{directory}/a-1.0-py3-none-any.whl": stream.getvalue(), f"{directory}/b-1.0-py3-none-any.whl": b"PK"}

    (found,) = take_stock(package(tmp_path / "x.deb", files)).wheels

    assert (found.name, found.sha256) == ("a", hashlib.sha256(stream.getvalue()).hexdigest())


def test_addresses_that_are_none_are_left_out(tmp_path: Path) -> None:
    """What METADATA says is anybody's text."""
    files = wheel("a", "1", "Project-URL: Changelog, javascript:alert(1)", "Project-URL: News, https://a.example/n")

    (found,) = take_stock(package(tmp_path / "x.deb", files)).wheels

    assert found.changelog == "https://a.example/n"


def test_more_text_than_fits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of files of the largest size would fill the memory."""
    monkeypatch.setattr(stock, "_TEXTS", 100)

    with pytest.raises(ArtefactError, match="more than 100 bytes"):
        take_stock(package(tmp_path / "x.deb", wheel("a", "1", f"Summary: {'x' * 100}")))
