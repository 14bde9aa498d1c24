"""The option of tests/plugins/quick.py: what starts a program is left out, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGINS = Path(__file__).parents[1] / "plugins"
TESTS = """
import os, subprocess
def test_one(): subprocess.run(["true"])
def test_hidden():
    try:
        subprocess.run(["true"])
    except BaseException:
        assert False
def test_forked():
    if os.fork() == 0: os._exit(0)
def test_none(): pass
def test_wrong(): assert False
"""


def test_what_starts_a_program_is_left_out(tmp_path: Path) -> None:
    """However a test starts a program, and whatever it makes of the refusal, it is skipped; others pass or fail."""
    (tmp_path / "test_it.py").write_text(TESTS)

    assert "1 failed, 4 passed" in told(tmp_path)

    quick = told(tmp_path, "--quick")
    assert "1 failed, 1 passed, 3 skipped" in quick
    assert "PASSED test_it.py::test_none" in quick
    assert "FAILED test_it.py::test_wrong" in quick


def test_an_end_to_end_test_is_never_left_out(tmp_path: Path) -> None:
    """Who names one wants it run."""
    (tmp_path / "e2e").mkdir()
    (tmp_path / "e2e" / "test_it.py").write_text(TESTS)

    assert "1 failed, 4 passed" in told(tmp_path, "--quick")


def told(folder: Path, *options: str) -> str:
    """Return what pytest prints with that one plugin of ours."""
    command = [sys.executable, "-m", "pytest", "-p", "quick", "-p", "no:cacheprovider", "-rA", *options]
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout
