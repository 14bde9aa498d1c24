"""What has to be right before anything is made."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from .members import File, Text, check_space
from .place import Place
from .plan import Plan
from .process import ending, run
from .protocol import BROKEN, DAMAGED, UNFIT, Failure
from .trial import SMOKE_LIMIT


def check_place(place: Place, plan: Plan) -> None:
    """Raise Failure when the prefix is not where, whose or what it must be."""
    prefix = plan.manifest.prefix
    if not os.path.isabs(prefix) or not os.path.isdir(prefix) or not os.path.samefile(prefix, place.root):
        raise Failure(f"{place.root} was made for {prefix} and can't be moved; reinstall the package", DAMAGED)
    for path in [place.root, place.releases, *sorted({Path(plan.home(name)) for name in plan.layers})]:
        info = os.lstat(path)
        if not stat.S_ISDIR(info.st_mode):
            raise Failure(f"{path} is not a directory of its own; remove it and try again", UNFIT)
        if info.st_mode & 0o022 or (os.geteuid() == 0 and info.st_uid != 0):
            raise Failure(f"{path} may be changed by others: chown root {path}; chmod go-w {path}", UNFIT)
    flags = os.statvfs(place.releases).f_flag
    for flag, text in [(os.ST_RDONLY, "read-only"), (os.ST_NOEXEC, "mounted noexec")]:
        if flags & flag:
            raise Failure(f"{place.releases} is {text}", UNFIT)
    check_room(place, plan)


def check_room(place: Place, plan: Plan) -> None:
    """Raise Failure when what will be written does not fit: links take no space, but directories and texts do."""
    texts = sum(len(member.data) for member in plan.members.values() if isinstance(member, Text))
    code = sum(member.size for member in map(plan.members.get, plan.sources()) if isinstance(member, File))
    wheels = [layer.space for layer in plan.archived]
    folders = len(plan.directories())
    size = folders * 4096 + texts + code + sum(space[0] for space in wheels)
    check_space(place.releases, size, folders + len(plan.layers) + sum(space[1] for space in wheels))


def check_interpreter(plan: Plan) -> None:
    """Raise Failure when the interpreter that the release gets does not run here; that we run on it is proof."""
    with contextlib.suppress(OSError):
        if os.path.samefile(plan.interpreter, sys.executable or os.devnull):
            return
    status, words = run([plan.interpreter, "-I", "-B", "-c", ""], SMOKE_LIMIT)
    if status != 0:
        raise Failure(f"the interpreter does not run on this machine ({ending(status)}): {words}", BROKEN)
