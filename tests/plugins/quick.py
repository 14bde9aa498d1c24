"""``--quick`` leaves out each unit test that starts a program, at the moment when it would: there is no list to keep.

End-to-end tests always start programs, so they are never left out: who does not want them does not name them.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import dataclass

import pytest

REASON = "left out by --quick: starts a program"
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn", "os.system"}
"""The interpreter's audit events, https://docs.python.org/3/library/audit_events.html."""


@dataclass
class State:
    """Whether a test is running, and whether it has tried to start a program."""

    testing: bool = False
    tried: bool = False


_state = State()  # an audit hook can't be taken back, so it asks


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out the unit tests that start a program")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("quick", default=False):
        sys.addaudithook(_leave_out)
        config.pluginmanager.register(Quick(), "leaves out what starts a program")


class Quick:
    """Watches each test from its set-up on."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        _state.testing, _state.tried = "e2e" not in item.path.parts, False

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        _state.testing = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and _state.tried:  # what was refused a program may have failed in any way
            report.outcome, report.longrepr = "skipped", (str(item.path), 1, f"Skipped: {REASON}")
        return report


def _leave_out(event: str, arguments: object) -> None:
    if _state.testing and event in STARTS:
        _state.tried = True
        pytest.skip(REASON)
