"""How long work tells of itself: steps and warnings on stderr, nothing on stdout.

Stages take a :class:`Reporter`; the command line hands them one that draws with rich, tests
and quiet runs one that keeps still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Reporter(Protocol):
    """What a stage may say while it works."""

    def step(self, text: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """Open a step named ``text``; the value yielded is called with the units just done."""
        ...

    def warn(self, text: str) -> None:
        """Tell of something that the user should know but that stops nothing."""
        ...

    def tell(self, text: str) -> None:
        """Tell what came of it (hidden by -q)."""
        ...

    def note(self, text: str) -> None:
        """Tell of a decision (shown with -v)."""
        ...


class Silent:
    """A reporter that shows nothing and remembers warnings, for tests and ``--quiet``."""

    def __init__(self) -> None:
        """Start with no warnings."""
        self.warnings: list[str] = []

    @contextmanager
    def step(self, text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Do nothing."""
        yield lambda _done: None

    def warn(self, text: str) -> None:
        """Remember the warning."""
        self.warnings.append(text)

    def tell(self, text: str) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""
