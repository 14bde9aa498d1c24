"""What can go wrong with a target system.

TargetError
├── TargetUnavailableError   this host cannot make or run targets (no root, a tool is missing…)
├── CommandFailedError       a command that had to succeed did not
└── CommandTimedOutError     a command did not end in the time it was given
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .process import Result


class TargetError(Exception):
    """A target could not be made, started or used."""


class TargetUnavailableError(TargetError):
    """The host cannot run targets; the message says what is missing and how to get it."""


class CommandFailedError(TargetError):
    """A command ended with a status other than 0; ``result`` holds all that it said."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"status {result.returncode}: {result}")
        self.result = result


class CommandTimedOutError(TargetError):
    """A command was killed because it ran out of time."""
