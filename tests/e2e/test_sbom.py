"""The bill of materials of a sample, written by the command and read by other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from tests.e2e.applications import SAMPLES
from tests.e2e.packages import Factory, pkggen


def test_both_formats_of_the_compiled_sample_hold_the_same_parts(factory: Factory, tmp_path: Path) -> None:
    """Wheels, interpreter, what is linked into it and what numpy brings; SPDX names as many."""
    packages = factory(SAMPLES[1], SAMPLES[1].versions[0])
    bills: dict[str, Any] = {}
    for name, path in packages.items():
        text = pkggen("sbom", path).stdout
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
        bills[name] = json.loads(text)

    assert bills["deb"]["components"] == bills["rpm"]["components"]
    assert bills["deb"]["metadata"]["component"]["purl"].startswith("pkg:deb/csvstats@1.0.0-1?")
    versions = {c["name"]: c.get("version") for c in bills["deb"]["components"]}
    assert {"cpython", "csvstats", "numpy", "openssl", "sqlite", "zlib", "libscipy_openblas64_"} <= set(versions)
    assert all(versions[name] for name in ("cpython", "numpy", "openssl", "sqlite", "zlib"))

    document = parse_file(str(written(packages["deb"], tmp_path / "x.spdx.json")))
    assert [m.validation_message for m in validate_full_spdx_document(document)] == []
    assert len(document.packages) == len(versions) + 1


def written(package: Path, path: Path) -> Path:
    """Write the package's SPDX document."""
    assert pkggen("sbom", package, "--format", "spdx", "-o", path).returncode == 0
    return path
