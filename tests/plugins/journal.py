"""A report that is written as the tests go: each failure at once, and the state of things when the run is cut off.

A run that is ended by SIGTERM, as a time limit does, first names what failed, with reasons, and what was running.
With pytest-xdist this is the controller's work; the tests' own processes report to it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import FrameType

import pytest

LONGEST = 300
"""Characters of a reason that are shown."""


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why a test failed, in one line: the message of what was raised, or else the last line of the text."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line for line in text.splitlines() if line.strip()] or [report.outcome]
    return (lines[0] if crash is not None else lines[-1]).strip()[:LONGEST]


@dataclass(eq=False)  # pluggy keeps it in a set
class Journal:
    """What failed up to now, and what is running since when; ``tell`` writes lines where people read."""

    tell: Callable[[list[str]], None]
    clock: Callable[[], float] = time.monotonic
    passed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running[nodeid] = self.clock()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.running.pop(nodeid, None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)
        self.passed += report.passed and report.when == "call"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed:
            when = getattr(report, "when", "call")
            name = report.nodeid if when == "call" else f"{report.nodeid} ({when})"
            self.failed[name] = reason_of(report)
            self.tell([f"FAILED {name}: {self.failed[name]}"])

    def summary(self, why: str) -> list[str]:
        """Return the state of things, for a run that ends here."""
        now = self.clock()
        return [
            f"CUT OFF by {why}: {self.passed} passed, {len(self.failed)} failed, {len(self.running)} were running",
            *(f"FAILED {name}: {reason}" for name, reason in self.failed.items()),
            *(f"RUNNING {name} for {now - start:.0f} s" for name, start in self.running.items()),
        ]


@pytest.hookimpl(trylast=True)  # the terminal's reporter has to be there
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):  # another process tells
        return
    capture = config.pluginmanager.getplugin("capturemanager")

    def tell(lines: list[str]) -> None:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(line)
            terminal.flush()

    journal = Journal(tell)
    config.pluginmanager.register(journal, "pkggen journal")

    def cut_off(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # make and timeout both send it
        tell(journal.summary(signal.Signals(number).name))
        pytest.exit("cut off", returncode=128 + number)

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        owner = os.getpid()
        signal.signal(signal.SIGTERM, cut_off)
        config.add_cleanup(lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL) if os.getpid() == owner else None)
