"""The order of tests/plugins/order.py: long files start first, and its tables name files that there are."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.order import BY_FAMILY, LONG, place, unit

FAULTS = "tests/e2e/test_faults.py::test_{0}_activation_survives[{0}:1-archived]"


def test_the_tables_name_files() -> None:
    """A file that was renamed would lose its place without a word."""
    there = {path.stem for path in (Path(__file__).parents[1] / "e2e").glob("test_*.py")}

    assert {*LONG, *BY_FAMILY} <= there
    assert len(set(LONG)) == len(LONG)


def test_long_files_start_first() -> None:
    """What is named comes first, then other end-to-end tests, then unit tests."""
    names = ["tests/unit/cli/test_cli.py::test", "tests/e2e/test_verbs.py::test_x[a]", FAULTS.format("rpm")]

    assert sorted(names, key=place) == names[::-1]


def test_a_file_stays_together() -> None:
    """Its tests share what they make; only where that is nothing are the families dealt out on their own."""
    assert unit(FAULTS.format("debian")) == "tests/e2e/test_faults.py"
    assert unit(FAULTS.format("rpm")) == "tests/e2e/test_faults.py, rpm"
    assert unit("tests/e2e/test_examples.py::test_rpm[rpm:1]") == "tests/e2e/test_examples.py"
