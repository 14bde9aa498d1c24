"""The report of tests/plugins/journal.py: failures are named at once, and all of them when a run is cut off."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[1] / "plugins"
TESTS = """
import os, time
def test_wrong():
    assert 1 == 2, "sums do not add up"
def test_slow():
    open("slow", "w").close()
    time.sleep(120)
def test_never():
    pass
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "parallel"])
def test_a_run_that_is_cut_off_names_what_failed_and_what_ran(tmp_path: Path, options: list[str]) -> None:
    """SIGTERM ends the run within seconds, with status 143, and with all names on standard output."""
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "journal", "-p", "no:cacheprovider", *options]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PLUGINS)}, stdout=log, start_new_session=True
        )
    try:
        wait_for(lambda: (tmp_path / "slow").exists() and "FAILED" in (tmp_path / "log").read_text())
        early = (tmp_path / "log").read_text()
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    failed = "FAILED test_it.py::test_wrong: AssertionError: sums do not add up"
    last = (tmp_path / "log").read_text().removeprefix(early)
    assert failed in early
    assert status == 128 + signal.SIGTERM
    assert re.search("CUT OFF by SIGTERM: [01] passed, 1 failed, [12] were running", last)
    assert failed in last
    assert re.search("RUNNING test_it.py::test_slow for [0-9]+ s", last)


def test_a_broken_fixture_and_a_broken_file_are_named(pytester: pytest.Pytester) -> None:
    """What fails before a test runs is told as well, with what it raised."""
    pytester.makepyfile(
        test_fixture="import pytest\n@pytest.fixture\ndef f(): raise OSError('no such place')\ndef test(f): pass",
        test_file="import nonsense_module",
    )

    done = pytester.runpytest_inprocess("-p", "tests.plugins.journal", "--continue-on-collection-errors")

    done.stdout.fnmatch_lines_random([
        "FAILED test_fixture.py::test (setup): OSError: no such place",
        "FAILED test_file.py*: *No module named 'nonsense_module'*",
    ])  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
