"""Trying a release before it is switched to."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Callable, Iterator

from .imports import IMPORTED, importing
from .members import sync
from .plan import Plan
from .process import ENVIRONMENT, becoming, ending, ids_of, run
from .protocol import BROKEN, Failure

SMOKE_LIMIT, COMPILE_LIMIT = 120.0, 1800.0  # seconds
COMPILE = ["-I", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]


def prepare(plan: Plan, release: Path) -> None:
    """Do what can only be done at the final path: byte code, labels, the first start; meanwhile all goes to the disk.

    The two take about as long, one the disk, one a processor; what is tried writes nothing to the release.
    """
    sources = "".join(f"{release}/{name}\n" for name in plan.sources())
    if sources:  # a module that can't be compiled is no reason to stop: test data often can't
        run([os.path.join(release, plan.python), *COMPILE, "-j0", "-i", "-"], COMPILE_LIMIT, sources)
    if os.path.exists("/sys/fs/selinux/enforce"):
        for program in [path for path in ("/usr/sbin/restorecon", "/sbin/restorecon") if os.path.exists(path)][:1]:
            run([program, "-R", str(release)], COMPILE_LIMIT)
    final = f"{plan.manifest.prefix}/releases/{plan.id}"
    try_release(plan, final, meanwhile=lambda: sync(release, filesystem=True))


def try_release(plan: Plan, release: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Import what must work, with the release's own interpreter at its final path; raise Failure.

    ``meanwhile`` is done while it imports, before this returns.
    """
    argv = [release + "/venv/bin/python", *importing(plan.smoke)]
    ids = ids_of(plan.user)
    become = becoming(plan.user, ids)
    with scratch_home(os.path.dirname(release), ids) as home:
        environment = {**ENVIRONMENT, "HOME": home}
        status, words = run(argv, SMOKE_LIMIT, environment=environment, become=become, meanwhile=meanwhile)
    if status is None and become:  # a parent directory is closed to others, or there is no such user id
        with scratch_home(os.path.dirname(release), (0, 0)) as home:
            status, words = run(argv, SMOKE_LIMIT, environment={**ENVIRONMENT, "HOME": home}, meanwhile=meanwhile)
    if status != IMPORTED:
        names = ", ".join(plan.smoke) or "the interpreter"
        what = f"release {os.path.basename(release)} does not start"
        words = words or "a module ends the process when it is imported"
        raise Failure(f"{what} ({names}, {ending(status)}):\n{words}", BROKEN)


@contextlib.contextmanager
def scratch_home(releases: str, user: tuple[int, int]) -> Iterator[str]:
    """Yield a directory that is the user's and goes afterwards; one that is not there where none can be made."""
    home = f"{releases}/.new-home-{os.getpid()}"  # a killed run's goes with the next sweep
    try:
        os.mkdir(home, 0o700)
        os.chown(home, *user)
    except OSError:
        yield ENVIRONMENT["HOME"]
        return
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
