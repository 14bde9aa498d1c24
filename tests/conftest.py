"""Skips are told with their reasons, and one that nobody expected is a failure.

A test that is skipped proves nothing, and a suite that skips in silence proves less than it seems
to. A skip whose reason is not in ``EXPECTED`` counts as failed under CI or with
``PKGGEN_REQUIRE_TARGETS=1``; ``WITHOUT_TARGETS`` is expected only where targets are not required.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

# Tests import each other as tests.*, but the folder above stays off the path: there lies pkggen's source.
sys.modules.setdefault("tests", ModuleType("tests")).__path__ = [str(Path(__file__).resolve().parent)]

pytest_plugins = [
    "pytester",
    "tests.plugins.journal",
    "tests.plugins.order",
    "tests.plugins.quick",
    "tests.plugins.tested",
]

EXPECTED = {
    r"no portable interpreter beside the checkout": "test data that a fresh clone does not have",
    r"left out by --quick": "make unit runs them",
    r"no emulation of": "the kernel or its container may not allow user-mode emulation",
    r"no builder of images here": "docker or podman may be missing, or reach no daemon; the steps are played then",
    r"needs an? (x86_64 )?build host": "what only another machine can show",
}
"""Pattern of a skip's reason → why that is all right everywhere."""

WITHOUT_TARGETS = {
    r"target systems need|does not let us make namespaces": "target systems can't run on this machine",
    r"needs the installed wheel": "the editable installation of daily work",
    r"needs systemd-analyze": "a machine without systemd",
    r"not allowed to mount": "mounting needs root",
    r"needs (rpm|dpkg)": "the package manager of another family",
}
"""The same, for a machine on which not everything has to be tried."""


def strict(environment: Mapping[str, str]) -> bool:
    """Tell whether every test has to run."""
    return environment.get("PKGGEN_REQUIRE_TARGETS") == "1" or environment.get("CI", "") not in ("", "0", "false")


def explanation(reason: str, environment: Mapping[str, str]) -> str | None:
    """Return why a skip for ``reason`` was to be expected, or None when it was not."""
    known = EXPECTED if strict(environment) else EXPECTED | WITHOUT_TARGETS
    return next((why for pattern, why in known.items() if re.search(pattern, reason)), None)


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return what a skipped test says of itself."""
    # a list where the report came from another process
    text = report.longrepr[2] if isinstance(report.longrepr, (tuple, list)) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn an unexpected skip into a failure where every test has to run."""
    if report.skipped and not hasattr(report, "wasxfail") and strict(os.environ):
        reason = reason_of(report)
        if explanation(reason, os.environ) is None:
            report.outcome = "failed"
            report.longrepr = f"skipped, but every test has to run here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse(report)
    return report


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what notes a line to be told at the end of the run, also when all is well."""

    def note(line: str) -> None:
        record_property("figure", line)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the figures that tests noted, and the skips by reason, above pytest's own closing line."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, []) if r.when == "call"]
    figures = [str(value) for report in reports for name, value in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))
    reasons = Counter(reason_of(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section("skipped, and why")
    for reason, count in sorted(reasons.items()):
        why = explanation(reason, os.environ) or "NOT EXPECTED: mend it, or add it to tests/conftest.py with a reason"
        terminalreporter.write_line(f"{count}x {reason} ({why})")
