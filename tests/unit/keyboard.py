"""A shell at a pseudo-terminal, to type at it as a person does, TAB included."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

LIMIT = 60  # seconds until an answer has to be there


class Shell:
    """An interactive shell; use it as a context manager, which ends it."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start ``argv`` in the environment's HOME."""
        self.said = ""
        self._pid, self._terminal = pty.fork()
        if not self._pid:  # pragma: no cover - the child
            os.chdir(environment["HOME"])
            os.execvpe(argv[0], argv, environment)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.close(self._terminal)
        os.waitpid(self._pid, 0)

    def enter(self, line: str, answer: str) -> None:
        """Type ``line``; return when ``answer`` is said, fail when it is not."""
        before = len(self.said)
        os.write(self._terminal, f"{line}\n".encode())
        deadline = time.monotonic() + LIMIT
        while answer not in self.said[before:]:
            assert time.monotonic() < deadline, f"no {answer!r} after {line!r}: {self.said[before:]!r}"
            if select.select([self._terminal], [], [], 1)[0]:
                self.said += os.read(self._terminal, 65536).decode(errors="replace")
