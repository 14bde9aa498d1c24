"""Starting outside programs."""

from __future__ import annotations

import sys
import time

import pytest

from pkggen.errors import ToolError
from pkggen.run import find_tool, run


def test_environment_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program sees neither the caller's HOME nor PYTHONPATH, and a fixed locale."""
    monkeypatch.setenv("PYTHONPATH", "/evil")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    shown = run(["env"]).stdout.splitlines()

    assert "LC_ALL=C.UTF-8" in shown
    assert not [line for line in shown if line.startswith(("PYTHONPATH", "HOME"))]


def test_failure_shows_the_last_words() -> None:
    """A failing program is an error with its status and what it said."""
    with pytest.raises(ToolError, match=r"status 3(.|\n)*so sorry"):
        run(["sh", "-c", "echo so sorry >&2; exit 3"])


def test_hanging_program_is_ended_with_its_children() -> None:
    """A program that exceeds its time is killed, its children too."""
    started = time.monotonic()
    with pytest.raises(ToolError, match="within 1 s"):
        run([sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '60'])"], timeout=1)
    assert time.monotonic() - started < 10


def test_missing_program_names_itself() -> None:
    """A program that isn't there is an error that says how to get it."""
    with pytest.raises(ToolError, match=r"no-such-tool(.|\n)*install it"):
        find_tool("no-such-tool", "install it")
