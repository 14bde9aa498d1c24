"""What can go wrong for reasons that the user can mend, and the exit code of each.

::

    PkggenError                 (never raised itself)
    ├── ConfigurationError  2   configuration or metadata is wrong
    ├── ArtefactError       3   a wheel, an interpreter or a layer is unusable
    ├── IntegrityError      4   hash, lock or signature does not hold
    ├── ToolError           5   a tool is missing, failed or hung
    ├── StorageError        6   input/output: disk full, permission, vanished file
    └── ConflictError       7   another build holds the directory; same version, other bytes

Anything else that escapes is a bug of ours and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it is, what it is and how to mend it.

    ``where`` names a file and, when there is one, a key or line
    (``pyproject.toml: tool.pkggen.services[0].name``); ``remedy`` is an imperative sentence.
    """

    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  hint: {self.remedy}" if self.remedy else text


class PkggenError(Exception):
    """Base of all errors that a user can mend; carries every problem found, not just the first."""

    exit_code = 1

    def __init__(self, *problems: Problem | str, where: str = "", remedy: str = "") -> None:
        """Take problems, or sentences; ``where`` and ``remedy`` complete a bare sentence."""
        self.problems: tuple[Problem, ...] = tuple(
            p if isinstance(p, Problem) else Problem(p, where, remedy) for p in problems
        )
        super().__init__("\n".join(str(p) for p in self.problems))

    @classmethod
    def raise_all(cls, problems: Iterable[Problem]) -> None:
        """Raise one error that holds all ``problems``; return when there is none."""
        found = tuple(problems)
        if found:
            raise cls(*found)


class ConfigurationError(PkggenError):
    """Configuration or project metadata is wrong or missing."""

    exit_code = 2


class ArtefactError(PkggenError):
    """A wheel, an interpreter or an archive can't be used as it is."""

    exit_code = 3


class IntegrityError(PkggenError):
    """A hash, a lock or a read-back does not hold."""

    exit_code = 4


class ToolError(PkggenError):
    """An outside program is missing, failed or took too long."""

    exit_code = 5


class StorageError(PkggenError):
    """Reading or writing failed: full disk, permission, a file that vanished."""

    exit_code = 6


class ConflictError(PkggenError):
    """Another build holds the directory, or the same version exists with other bytes."""

    exit_code = 7
