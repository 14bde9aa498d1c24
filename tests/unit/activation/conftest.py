"""The installed application that the tests of the on-target program begin from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.installation import Base, Installation, make_base


@pytest.fixture(name="base", scope="session")
def base_interpreter(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Return an interpreter that all tests of a process link to."""
    return make_base(tmp_path_factory.getbasetemp() / "base" / "python")


@pytest.fixture(name="app")
def installed_app(request: pytest.FixtureRequest, tmp_path: Path, base: Base) -> Iterator[Installation]:
    """Return an empty prefix, and the umask that main() sets."""
    (tmp_path / "hello").mkdir()
    old = os.umask(0o022)
    yield Installation(tmp_path / "hello", base, getattr(request, "param", "") == "archived")
    os.umask(old)
