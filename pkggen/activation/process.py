"""Programs that are started on the target, and the users that they run as."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
from typing import Callable, Mapping

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
NOBODY = 65534

Become = Callable[[], None]
"""What a new process does to become another user's."""


def run(
    argv: list[str], limit: float, stdin: str = "", environment: Mapping[str, str] = ENVIRONMENT, *,
    become: Become | None = None, cwd: str = "/", meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int | None, str]:  # fmt: skip
    """Run a program to its end, in a fixed environment; return its status and last words.

    ``become`` runs in the new process, to make it another user's; ``meanwhile`` here, while that
    one runs. None, no status a program could end with: it could not be started.
    """
    try:
        process = subprocess.Popen(
            argv, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, universal_newlines=True, encoding="utf-8", errors="replace", preexec_fn=become,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    try:
        meanwhile()
        output, _ = process.communicate(stdin, timeout=limit)
    except subprocess.TimeoutExpired:
        return 124, f"no end after {limit:.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, "\n".join(output.strip().splitlines()[-8:])


def ending(status: int | None) -> str:
    """Return in words what ``run`` gave as the status."""
    return "could not be started" if status is None else f"status {status}"


def mortal() -> Become | None:
    """Return what makes a new process end with us (prctl(2)): an orphan would write where the next run clears up."""
    try:
        import ctypes  # noqa: PLC0415 - an interpreter may lack it

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None

    parent = os.getpid()

    def become() -> None:
        prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before: no signal will come
            os._exit(1)

    return become


def ids_of(user: str) -> tuple[int, int]:
    """Return a user's number and group, nobody's for one that is not there; our own unless we are root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(user)
        return entry.pw_uid, entry.pw_gid
    return NOBODY, NOBODY


def becoming(user: str, ids: tuple[int, int]) -> Become | None:
    """Return what makes a new process the user's, None when it is already."""
    if ids == (os.geteuid(), os.getegid()):
        return None

    def become() -> None:
        try:
            os.initgroups(user, ids[1])
        except OSError:
            os.setgroups([])
        os.setgid(ids[1])
        os.setuid(ids[0])

    return become


def login_of(user: str, environment: Mapping[str, str]) -> tuple[dict[str, str], Become | None]:
    """Return the environment of a user's process and what makes it so; raise KeyError with a sentence."""
    if os.geteuid() != 0 or user in {"", "root"}:
        return {**environment, "HOME": "/root" if os.geteuid() == 0 else "/nonexistent"}, None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise KeyError(f"there is no user {user}") from None

    def become() -> None:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return {**environment, "HOME": entry.pw_dir, "USER": user, "LOGNAME": user}, become
