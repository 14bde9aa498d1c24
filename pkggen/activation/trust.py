"""Whether root may run what lies below the prefix: only where nobody else can put a program there."""

from __future__ import annotations

import errno
import os
import stat
from typing import AbstractSet

from .place import Place
from .protocol import UNFIT, Failure

LINKS = 40  # path_resolution(7)
ROOT = frozenset({0})


def check_trust(place: Place) -> None:
    """Raise Failure when we are root and another user may change the way to the program."""
    if os.geteuid() != 0:
        return
    found = strangers(str(place.program))
    if found:
        ways = "; ".join(f"chown root:root '{path}'; chmod go-w '{path}'" for path in found)
        raise Failure(f"another user than root may change {', '.join(found)}, so root runs nothing here: {ways}", UNFIT)


def strangers(path: str, owners: AbstractSet[int] = ROOT) -> list[str]:
    """Return the steps on the way to an absolute path, links followed one by one, that others than root may change.

    ``owners`` are the numbers of the users who count as root. A step is closed when it is root's and nobody
    else may write to it; an access control list shows in the group's bits (acl(5)). A directory like ``/tmp``
    is closed for an entry of root's: the sticky bit keeps others from renaming it (inode(7)). Raises OSError.
    """
    found, at, rest, links = [], "/", path.split("/"), LINKS
    while rest:
        step = rest.pop(0)
        if step in {"", "."}:
            continue
        if step == "..":
            at = os.path.dirname(at)
            continue
        entry = os.path.join(at, step)
        info, home = os.lstat(entry), os.stat(at)
        kept = bool(home.st_mode & stat.S_ISVTX) and info.st_uid in owners
        if home.st_uid not in owners or (home.st_mode & 0o022 and not kept):
            found.append(at)
        if not stat.S_ISLNK(info.st_mode):
            at = entry
            continue
        links -= 1
        if links < 0:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(entry)
        rest = target.split("/") + rest
        at = "/" if target[:1] == "/" else at
    last = os.stat(at)
    return [*dict.fromkeys(found), *([at] if last.st_uid not in owners or last.st_mode & 0o022 else [])]
