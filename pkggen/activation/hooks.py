"""The project's hooks: programs of its own that run around a switch, and before a removal."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Mapping, NamedTuple, TextIO

from .place import Place
from .process import ENVIRONMENT, Become, login_of, mortal
from .protocol import HOOK, Failure


class Unable(Failure):
    """A hook that did not even begin."""


class Occasion(NamedTuple):
    """What a hook is told besides where it is."""

    reason: str
    format: str
    old_version: str
    new_version: str


def run_hook(place: Place, name: str, release: Path, occasion: Occasion) -> None:
    """Run a hook with a release's venv, if the package has it; raise Failure when it fails.

    It is ended when we are, and it has no time limit: a migration takes what it takes.
    """
    hook = place.manifest().hooks.get(name)
    if hook is None:
        return
    path = str(place.root / hook.file)
    if not os.path.isfile(path):
        raise Unable(f"the hook {name} can't run: {path} is missing", HOOK)
    argv = [f"{release}/venv/bin/python", "-I", "-B", path] if path.endswith(".py") else ["/bin/sh", path]
    try:
        environment, become = login_of(hook.user, environment_of(place, name, release, occasion))
        place.say(f"running the hook {name}")
        process = start(argv, environment, become)
    except KeyError as error:
        raise Unable(f"the hook {name} can't run: {error.args[0]}", HOOK) from None
    except (OSError, subprocess.SubprocessError) as error:
        raise Unable(f"the hook {name} can't run: {error}", HOOK) from None
    try:
        relay(process, place.out)
    finally:
        status = end(process)
    if status:
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"failed with status {status}"
        raise Failure(f"the hook {name} ({path}) {how}", HOOK)


def environment_of(place: Place, name: str, release: Path, occasion: Occasion) -> dict[str, str]:
    """Return a hook's environment, but for what its user adds."""
    return {
        **ENVIRONMENT, "PATH": f"{release}/venv/bin:{ENVIRONMENT['PATH']}", "PKGGEN_HOOK": name,
        "PKGGEN_APP": place.app, "PKGGEN_PREFIX": str(place.root), "PKGGEN_RELEASE": str(release),
        "PKGGEN_REASON": occasion.reason, "PKGGEN_FORMAT": occasion.format,
        "PKGGEN_OLD_VERSION": occasion.old_version, "PKGGEN_NEW_VERSION": occasion.new_version,
    }  # fmt: skip


def start(argv: list[str], environment: Mapping[str, str], become: Become | None) -> subprocess.Popen[bytes]:
    """Start a hook in a session of its own, without a terminal: a user's process could type into root's, ioctl_tty(2).

    Raises what Popen raises.
    """
    die_with_us = mortal()

    def prepare() -> None:
        for step in (become, die_with_us):  # setuid(2) would undo the latter, prctl(2)
            if step:
                step()

    return subprocess.Popen(
        argv, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=prepare,
    )  # fmt: skip


def relay(process: subprocess.Popen[bytes], out: TextIO) -> None:
    """Copy what a hook prints until it has ended; what it leaves in the background may hold the pipes for ever.

    Its output goes to ``out``: our answer for --json is on stdout, and a hook's words are no part of it.
    """
    sinks: dict[IO[bytes] | None, TextIO] = {process.stdout: out, process.stderr: sys.stderr}
    with selectors.DefaultSelector() as selector:
        for source, sink in sinks.items():
            if source is not None:
                selector.register(source, selectors.EVENT_READ, sink)
        while selector.get_map():
            last = not is_running(process)
            for key, _ in selector.select(0 if last else 0.2):
                data = os.read(key.fd, 1 << 20)  # a pipe holds no more
                with contextlib.suppress(OSError, AttributeError):  # our own output may be closed
                    key.data.buffer.write(data)
                    key.data.buffer.flush()
                if not data:
                    selector.unregister(key.fileobj)
            if last:
                return
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def is_running(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process has not ended; it is not reaped, so that its number stays its group's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None


def end(process: subprocess.Popen[bytes]) -> int:
    """End a hook and what it left in its process group; return its status."""
    with contextlib.suppress(ProcessLookupError):
        if is_running(process):
            os.killpg(process.pid, signal.SIGTERM)
            deadline = time.monotonic() + 10
            while is_running(process) and time.monotonic() < deadline:
                time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    return process.wait()
