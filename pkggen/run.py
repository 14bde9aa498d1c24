"""The one place that starts an outside program.

Programs get a small, fixed environment (never the caller's), so that neither locale nor HOME
nor a stray PYTHONPATH can change what is built, and a time limit, so that nothing hangs.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ToolError

_TAIL = 30  # lines of a failed program's output worth showing


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left behind: text of both streams, and its exit status."""

    stdout: str
    stderr: str
    status: int


def find_tool(name: str, remedy: str) -> str:
    """Return the path of program ``name``; raise ToolError with ``remedy`` when there is none."""
    path = shutil.which(name)
    if path is None:
        raise ToolError(f"{name} is not installed", remedy=remedy)
    return path


def version_of(name: str) -> str:
    """Return the first line of what program ``name`` says to ``--version``; raise ToolError."""
    return _version(shutil.which(name) or name)


@functools.cache  # a build asks several times, and rpmbuild reads all of its macros before it answers
def _version(program: str) -> str:
    return run([program, "--version"]).stdout.splitlines()[0]


def succeeds(argv: Sequence[str | Path], *, timeout: float) -> bool:
    """Tell whether ``argv`` starts, and ends with status 0 within ``timeout`` seconds: what a machine permits."""
    try:
        return run(argv, check=False, timeout=timeout).status == 0
    except ToolError:
        return False


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    inherit: Sequence[str] = (),
    timeout: float = 600,
    check: bool = True,
    stdin: str | None = None,
) -> Finished:
    """Run ``argv`` to its end and return what it printed.

    ``env`` adds to the fixed environment; ``inherit`` names variables taken over from ours.
    Raises ToolError when the program is missing, exceeds ``timeout`` seconds (it is then
    killed with its children), or, with ``check``, ends with a status other than 0.
    """
    words = [os.fspath(a) for a in argv]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    environment |= {k: os.environ[k] for k in inherit if k in os.environ}
    environment |= dict(env or {})
    try:
        # its own session: on a time-out the whole family can be ended
        process = subprocess.Popen(
            words, cwd=cwd, env=environment, text=True, encoding="utf-8", errors="replace", umask=0o022,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} is not installed") from error
    except OSError as error:
        raise ToolError(f"{words[0]} can't be started: {error.strerror}") from error
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{words[0]} did not finish within {timeout:.0f} s") from error
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    finished = Finished(stdout, stderr, process.returncode)
    if check and finished.status != 0:
        tail = "\n".join((stderr or stdout).strip().splitlines()[-_TAIL:])
        raise ToolError(f"{Path(words[0]).name} failed with status {finished.status}:\n{tail}")
    return finished
