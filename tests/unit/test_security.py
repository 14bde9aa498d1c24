"""docs/security.md names a test for each thing that can't be done: the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/\S+\.py)::(\w+)`", (REPOSITORY / "docs/security.md").read_text(encoding="utf-8"))


def test_each_row_names_a_test() -> None:
    """A row of "What can't be done" without one is a promise that nobody keeps."""
    text = (REPOSITORY / "docs/security.md").read_text(encoding="utf-8")
    part = text.split("## What can't be done", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("|") and not line.startswith(("| attempt", "|---"))]

    assert [row for row in rows if not re.search(r"`tests/\S+\.py::\w+` \|$", row)] == []
    assert len(rows) == len(NAMED)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_named_test_is_there(file: str, test: str) -> None:
    """Under that name in that file."""
    assert f"\ndef {test}(" in (REPOSITORY / file).read_text(encoding="utf-8")
