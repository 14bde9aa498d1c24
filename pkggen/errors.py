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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace


class Key(tuple[str | int, ...]):
    """A setting as the steps to it: ``Key.of("services", 0, "name")``; str() is ``services[0].name``.

    Whoever finds a fault in a setting says its key; the file that has it is added by the one who read
    that file (``config.provenance``).
    """

    __slots__ = ()

    @classmethod
    def of(cls, *steps: str | int) -> Key:
        """Return the key of these steps."""
        return cls(steps)

    def __truediv__(self, step: str | int) -> Key:
        """Return the key of what is one step further in."""
        return Key((*self, step))

    def __str__(self) -> str:
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self).lstrip(".")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it is, what it is and how to mend it.

    ``where`` names a file and, when there is one, a key (``pyproject.toml: tool.pkggen.venv.keep``),
    or is a key of which nobody has said yet in which file it stands; ``line`` is that of the file, 0
    where it isn't known. ``remedy`` is an imperative sentence.
    """

    what: str
    where: str | Key = ""
    remedy: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.where} (line {self.line})" if self.line else str(self.where)
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}\n  hint: {self.remedy}" if self.remedy else text


class PkggenError(Exception):
    """Base of all errors that a user can mend; carries every problem found, not just the first."""

    exit_code = 1

    def __init__(self, *problems: Problem | str, where: str | Key = "", remedy: str = "") -> None:
        """Take problems, or sentences; ``where`` and ``remedy`` complete a bare sentence."""
        self.problems: tuple[Problem, ...] = tuple(
            p if isinstance(p, Problem) else Problem(p, where, remedy) for p in problems
        )
        super().__init__(*map(str, self.problems))

    def __str__(self) -> str:
        return "\n".join(str(p) for p in self.problems)

    def locate(self, place: Callable[[Key], tuple[str, int]]) -> None:
        """Say of each key that is wrong where it stands; ``place`` returns file with key, and the line."""
        found: list[Problem] = []
        for problem in self.problems:
            where, line = place(problem.where) if isinstance(problem.where, Key) else (problem.where, problem.line)
            found.append(replace(problem, where=where, line=line))
        self.problems = tuple(dict.fromkeys(found))  # one option may stand for the keys of both formats

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


def raise_gravest(found: Sequence[tuple[type[PkggenError], Problem]]) -> None:
    """Raise the gravest kind of error among those ``found`` by work in parallel, with every problem.

    A kind that has no rank among them comes last, and is not lost.
    """
    ranks = {kind: rank for rank, kind in enumerate((IntegrityError, StorageError, ArtefactError))}
    for kind in sorted({kind for kind, _ in found}, key=lambda kind: (ranks.get(kind, len(ranks)), kind.__name__)):
        kind.raise_all(problem for _, problem in found)
