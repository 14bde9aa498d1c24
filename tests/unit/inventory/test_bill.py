"""The bill of materials is complete, valid to the official schemas, and the same for the same package."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.model import Document
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from pkggen.cli import main
from pkggen.inventory.bill import Bill, Part, bill_of
from pkggen.inventory.cyclonedx import as_cyclonedx
from pkggen.inventory.package_inventory import read_inventory
from pkggen.inventory.spdx_document import as_spdx
from tests.unit.comparison.packages import SITE, package, wheel
from tests.unit.debsmith import CONTROL

CARRIED = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.4",
    "components": [
        {"type": "library", "name": "libjpeg", "version": "3.1", "purl": "pkg:rpm/almalinux/libjpeg@3.1"},
        {"type": "library", "name": "Dep", "version": "2.0"},  # the wheel itself
        {"type": "nonsense", "name": "x"},
        "no component",
    ],
}
LIBRARY = b"\x7fELF inflate 1.3.1 Copyright 1995-2024 Mark Adler "


def sample(tmp_path: Path) -> Path:
    """Return a package with all kinds of parts, and with metadata of the worst kind."""
    files = (
        wheel("app", "1.0", "License-Expression: MIT", "Requires-Dist: dep[fast]>=1", "Requires-Dist: absent")
        | wheel("dep", "2.0", "License: My own (c)", "Requires-Dist: extra; extra == 'fast'", "Requires-Dist: !?")
        | wheel("extra", "3.0", 'Requires-Dist: app; sys_platform == "win32"', "Project-URL: Home, https://a/{x}")
        | wheel("odd", "1.0+local", "Summary: a\u202eb\u00adc\x07", "Project-URL: Source, https://a.example:x/")
    )
    files[f"./{SITE}/dep-2.0.dist-info/sboms/auditwheel.cdx.json"] = json.dumps(CARRIED).encode()
    files[f"./{SITE}/dep-2.0.dist-info/sboms/other.spdx"] = b"SPDXVersion: SPDX-2.3"
    files[f"./{SITE}/dep.libs/libz-0123abcd.so.1.3.1"] = LIBRARY
    record = f"./{SITE}/dep-2.0.dist-info/RECORD"
    files[record] += b"dep.libs/libz-0123abcd.so.1.3.1,,\n"
    layer = "./opt/x/layers/python"
    files[f"{layer}/bin/python3.13"] = b"\x7fELF"
    files[f"{layer}/lib/python3.13/lib-dynload/_ssl.so"] = b"\x7fELFOpenSSL 3.5.1 1 Jul 2025"
    files["./opt/x/manifest.json"] = b'{"python": {"version": "3.13.5", "executable": "bin/python3.13"}}'
    return package(tmp_path / "x.deb", files, control=CONTROL.replace("Version: 1", "Version: 1:2.0~rc1-1"))


def bill(path: Path) -> dict[str, Part]:
    return {part.ref: part for part in bill_of(read_inventory(path)).parts}


def test_each_part_is_there_with_what_identifies_it(tmp_path: Path) -> None:
    """The package, the interpreter, what is linked into it, wheels, and what these brought."""
    parts = bill(sample(tmp_path))

    assert {ref: part.purl for ref, part in parts.items()} == {
        "package": "pkg:deb/x@1:2.0~rc1-1?arch=all",
        "interpreter": "pkg:generic/cpython@3.13.5",
        "library:openssl@3.5.1": "pkg:generic/openssl@3.5.1",
        "library:dep/zlib@1.3.1": "pkg:generic/zlib@1.3.1",
        "wheel:app@1.0": "pkg:pypi/app@1.0",
        "wheel:dep@2.0": "pkg:pypi/dep@2.0",
        "wheel:extra@3.0": "pkg:pypi/extra@3.0",
        "wheel:odd@1.0+local": "pkg:pypi/odd@1.0%2Blocal",
    }
    assert parts["library:openssl@3.5.1"].cpe == "cpe:2.3:a:openssl:openssl:3.5.1:*:*:*:*:*:*:*"
    assert parts["wheel:dep@2.0"].licence == "LicenseRef-My-own-c"


def test_who_needs_whom_is_what_holds_on_the_target(tmp_path: Path) -> None:
    """An extra that somebody asks for counts, another system's requirement does not, nor what no standard knows."""
    parts = bill(sample(tmp_path))

    assert parts["interpreter"].needs == ("library:openssl@3.5.1",)
    assert parts["wheel:app@1.0"].needs == ("wheel:dep@2.0",)
    assert parts["wheel:dep@2.0"].needs == ("library:dep/zlib@1.3.1", "wheel:extra@3.0")
    assert parts["wheel:extra@3.0"].needs == ()


def test_what_a_wheel_says_of_itself_is_taken_over(tmp_path: Path) -> None:
    """The documents of PEP 770, as far as they are CycloneDX, without what the schema does not know."""
    (carried,) = bill(sample(tmp_path))["wheel:dep@2.0"].carried

    assert (carried.name, carried.version, carried.purl) == ("libjpeg", "3.1", "pkg:rpm/almalinux/libjpeg@3.1")


def test_cyclonedx_is_valid_to_the_official_schema(tmp_path: Path) -> None:
    """In its strict form, formats of addresses included."""
    text = as_cyclonedx(bill_of(read_inventory(sample(tmp_path)), {"extra": "0" * 64}))

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    (extra,) = [c for c in json.loads(text)["components"] if c["name"] == "extra"]
    assert extra["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert "externalReferences" not in extra


def test_spdx_is_read_by_the_reference_implementation(tmp_path: Path) -> None:
    """It finds nothing to object to, and as many packages and needs as there are."""
    path = tmp_path / "x.spdx.json"
    found = bill_of(read_inventory(sample(tmp_path)))
    path.write_text(as_spdx(found), encoding="utf-8")

    document = parse_file(str(path))

    assert isinstance(document, Document)
    assert [m.validation_message for m in validate_full_spdx_document(document)] == []
    assert len(document.packages) == len(found.parts) + 1  # what the wheel's own document names


@pytest.mark.parametrize("written", [as_cyclonedx, as_spdx])
def test_the_same_package_gives_the_same_bytes(tmp_path: Path, written: Callable[[Bill], str]) -> None:
    """Wherever it lies and whatever it is called."""
    one = sample(tmp_path)
    other = tmp_path / "elsewhere"
    other.write_bytes(one.read_bytes())
    os.utime(other, (1, 1))

    assert written(bill_of(read_inventory(one))) == written(bill_of(read_inventory(other)))


@pytest.mark.parametrize(("options", "key"), [([], "bomFormat"), (["--format", "spdx"], "spdxVersion")])
def test_the_command_prints_what_it_would_write(tmp_path: Path, options: list[str], key: str) -> None:
    """The file has the same bytes as stdout; characters that a terminal obeys are JSON's escapes in both."""
    arguments = ["sbom", str(sample(tmp_path)), *options]
    shown = CliRunner().invoke(main, arguments)
    written = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "sbom.json")])

    document: dict[str, Any] = json.loads(shown.stdout)
    assert key in document
    assert (tmp_path / "sbom.json").read_text("utf-8") == shown.stdout
    assert written.stdout == f"{tmp_path / 'sbom.json'}\n"
    assert "\u202e" not in shown.stdout
