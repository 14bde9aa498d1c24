"""The heavy set that the benchmarks package: 26 wheels, about 370 MB and 13,000 files unpacked."""

from __future__ import annotations

from pathlib import Path

REQUIREMENTS = ("numpy", "pandas", "scipy", "matplotlib", "scikit-learn", "boto3", "django")
PROJECT = """\
[project]
name = "heavy"
version = "1.0"
description = "The heavy set"
dependencies = {requirements}

[tool.pkggen]
smoke = []
"""


def write_project(directory: Path) -> Path:
    """Write the project that depends on the heavy set and return its root."""
    root = directory / "heavy"
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(PROJECT.format(requirements=list(REQUIREMENTS)).replace("'", '"'))
    return root
