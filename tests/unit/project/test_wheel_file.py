"""What the name of a project's own wheel says of the Pythons it runs on."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.tags import cpython_tags
from packaging.utils import parse_wheel_filename

from pkggen.model import Wheel
from pkggen.project.wheel_file import python_of_tags


@pytest.mark.parametrize(
    "tag", ["cp312-cp312-linux_x86_64", "cp312-none-linux_x86_64", "cp39-abi3-linux_x86_64", "cp312-abi3-linux_x86_64"]
)
def test_a_compiled_wheel_runs_where_packaging_says_so(tag: str) -> None:
    """For each Python from 3.9 to 3.14, the versions that the tags allow are those whose tags include one of them."""
    name = f"demo-1.0-{tag}.whl"
    allowed = python_of_tags(Wheel("demo", "1.0", name, Path(name), "0" * 64))
    offered = parse_wheel_filename(name)[3]

    for minor in range(9, 15):
        fitting = set(cpython_tags((3, minor), [f"cp3{minor}"], ["linux_x86_64"]))
        assert allowed.contains(f"3.{minor}.1") is not offered.isdisjoint(fitting), minor
