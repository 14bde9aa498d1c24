"""One run at a time, and none that is ended in the wrong moment."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import signal
import time
from typing import Iterator, NoReturn

from .place import Place
from .protocol import LOCKED, UNFIT, Failure

LOCK_DIRECTORIES = ["/run", "/run/lock"]  # /run first: anyone may write to /run/lock
LOCK_WAIT = 120.0  # seconds
SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@contextlib.contextmanager
def locked(place: Place) -> Iterator[int]:
    """Hold the application's lock, yield its descriptor; raise Failure after ``LOCK_WAIT`` seconds."""
    key = hashlib.sha256(os.fsencode(os.path.realpath(place.root))).hexdigest()[:12]
    name = "pkggen-" + re.sub(r"[^A-Za-z0-9.+_-]", "_", place.root.name) + f"-{key}.lock"
    deadline, told_once = time.monotonic() + LOCK_WAIT, False
    while True:
        descriptor, path = open_lock(place, name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # the last holder removes the file: only the lock on the file that is there now counts
            if os.path.lexists(path) and os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure(f"another run has held {path} for {LOCK_WAIT:.0f} s; try again", LOCKED) from None
            if not told_once:
                place.say("waiting for another run to end")
            told_once = True
            time.sleep(0.1)
        os.close(descriptor)
    try:
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)


def open_lock(place: Place, name: str) -> tuple[int, str]:
    """Open the lock file where that is possible; a file or link that someone else planted does not count."""
    for directory in [*LOCK_DIRECTORIES, str(place.root)]:
        path = f"{directory}/{name}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
        if os.fstat(descriptor).st_uid == os.geteuid():
            return descriptor, path
        os.close(descriptor)
    raise Failure(f"no lock file can be made in {', '.join(LOCK_DIRECTORIES)} or {place.root}; are you root?", UNFIT)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals off: from the switch on there is nothing to undo, and soon nothing to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        while signal.sigtimedwait(SIGNALS, 0):
            pass
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def end_in_order() -> None:
    """Have signals end the program like an error, once: cleaning up must not be interrupted."""
    for number in SIGNALS:
        signal.signal(number, interrupt)


def interrupt(number: int, _frame: object) -> NoReturn:
    """Raise KeyboardInterrupt with the signal's name."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)
