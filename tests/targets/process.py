"""Run programs on the host, bounded in time, leaving nothing behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from .errors import CommandFailedError, CommandTimedOutError


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, standard output first."""
        return self.stdout + self.stderr

    def __str__(self) -> str:
        """Show the command and the end of its output: what a failing test has to show."""
        return f"{shlex.join(self.argv)}\n{self.stdout[-4000:]}{self.stderr[-4000:]}".rstrip()


def execute(
    argv: Sequence[str],
    *,
    timeout: float,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    shown: Sequence[str] | None = None,
) -> Result:
    """Run ``argv`` and return how it ended; ``shown`` replaces it in messages.

    Raises ``CommandTimedOutError``, and ``CommandFailedError`` when ``check`` is set and the status is
    not 0. Whatever happens, the whole process group is killed before this function is left.

    Output goes to files, not pipes: a daemon that a command leaves behind keeps a pipe open
    and the reader would wait for it.
    """
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(stdin.encode())
        given.seek(0)
        process = subprocess.Popen(argv, stdin=given, stdout=out, stderr=err, env=env, start_new_session=True)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            spoken = Result(tuple(shown or argv), -9, _text(out), _text(err))
            raise CommandTimedOutError(f"no end after {timeout:g} s: {spoken}") from None
        except BaseException:
            kill_group(process)
            raise
        result = Result(tuple(shown or argv), process.returncode, _text(out), _text(err))
    if check and result.returncode != 0:
        raise CommandFailedError(result)
    return result


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process started with its own session, together with its process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
