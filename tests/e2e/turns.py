"""What a run makes once, whichever of its processes needs it first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def common(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a directory that all processes of a test run share."""
    base = factory.getbasetemp()  # pytest-xdist gives each process one of its own, below the run's
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    directory.mkdir(exist_ok=True)
    return directory


@contextmanager
def turn(place: Path) -> Iterator[None]:
    """Wait until no other process makes ``place``, and let none while the block runs."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f".{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
