"""Which packed distributions are told as tools for developers."""

from __future__ import annotations

from pathlib import Path

from pkggen.wheels.developers import developers_tools, told
from tests.unit.parts import distribution


def test_tools_are_known_by_their_names(tmp_path: Path) -> None:
    """However they are spelled; what an application runs with is none."""
    made = [distribution(tmp_path, name) for name in ("pytest", "Pytest_Cov", "click")]

    assert [d.wheel.name for d in developers_tools(made)] == ["pytest", "Pytest_Cov"]


def test_names_size_and_file_are_told(tmp_path: Path) -> None:
    """With the ways to do without."""
    said = told([distribution(tmp_path, "pytest", {"x.py": "x" * 2_000_000})], "requirements.txt")

    assert said.startswith("pytest (2.0 MB) are packed")
    assert "requirements.txt asks for" in said
    assert "wheels.exclude" in said
