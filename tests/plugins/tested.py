"""Which pkggen is tested: told at the start, and with ``PKGGEN_INSTALLED=1`` nothing but an installed wheel will do.

The folder that holds ``tests`` must not be on the path, for there lies ``pkggen``, too. So start ``pytest``:
``python -m pytest`` adds the current folder.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLE = "PKGGEN_INSTALLED"


def place() -> Path | None:
    """Return the folder that ``import pkggen`` takes, or None where there is none."""
    found = importlib.util.find_spec("pkggen")
    return Path(found.origin).resolve().parent if found and found.origin else None


def objection(folder: Path | None, path: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return why ``folder`` with this search path is no installed wheel, or None where that is so or not asked for."""
    if environment.get(VARIABLE) != "1":
        return None
    site = Path(sysconfig.get_path("purelib")).resolve()
    if folder is None or folder.parent != site:
        return f"{VARIABLE}=1, but pkggen is {folder or 'not installed'}, which is not in {site}"
    if REPOSITORY in {Path(entry).resolve() for entry in path}:
        return f"{VARIABLE}=1, but {REPOSITORY} is on the path; start pytest, not python -m pytest"
    return None


def pytest_configure() -> None:
    reason = objection(place(), [*sys.path, *os.environ.get("PYTHONPATH", ".none").split(os.pathsep)], os.environ)
    if reason is not None:
        raise pytest.UsageError(reason)


def pytest_report_header() -> str:
    return f"pkggen: {place()}"
