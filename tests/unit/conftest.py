"""Goldens: texts kept in tests/unit/goldens, rewritten with --update-goldens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

_GOLDENS = Path(__file__).parent / "goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="rewrite tests/unit/goldens from what is rendered now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text is the one kept under a name."""

    def check(name: str, text: str) -> None:
        path = _GOLDENS / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
