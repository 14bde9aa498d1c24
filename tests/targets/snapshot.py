"""What a root holds, for a comparison of before with after."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .box import Box

KERNEL = ("/proc", "/sys", "/dev")
"""File systems the kernel makes up."""

BOOKKEEPING: Mapping[str, tuple[str, ...]] = {
    "deb": (
        "/var/lib/dpkg",  # dpkg's database
        "/var/lib/apt",  # which packages were asked for
        "/var/cache/apt",  # packages and indices
        "/var/cache/debconf",  # answers and templates
        "/var/log/dpkg.log",
        "/var/log/apt",
        "/var/log/alternatives.log",
        "/etc/ld.so.cache",  # the libc-bin trigger rewrites it
        "/var/cache/ldconfig",
    ),
    "rpm": (
        "/var/lib/rpm",  # rpm's database
        "/var/lib/dnf",  # history
        "/usr/lib/sysimage",  # history of dnf 5
        "/run/dnf",
        "/var/cache/dnf",
        "/var/cache/libdnf5",
        "/var/log",  # dnf.log, dnf.rpm.log, hawkey.log…
        "/etc/ld.so.cache",
    ),
}
"""What the package manager keeps for itself: it differs after any installation and removal."""


COMMON = ("/usr/share/licenses", *(f"/usr/share/man/man{section}" for section in range(1, 9)))
"""Directories that Fedora's package filesystem owns and a converted root lacks; what lies in them counts."""


@dataclass(frozen=True)
class Member:
    """One path: ``content`` is a file's SHA-256, a link's target or a device's number."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: str


Snapshot = Mapping[str, Member]


def snapshot(box: Box) -> dict[str, Member]:
    """Every path of the box but KERNEL, BOOKKEEPING and its shares, with what it is.

    Times are left out: making and deleting a file changes the directory's. In a booted machine
    /run and /tmp change by themselves.
    """
    left_out = {*KERNEL, *BOOKKEEPING[box.family], *box.shares}
    root = str(box.root)
    return {path: _member(root + path) for path in sorted(_walk(root, "", left_out)) if path not in COMMON}


def difference(before: Snapshot, after: Snapshot) -> list[str]:
    """``+ path``, ``- path`` and ``~ path`` for what came, went and changed, in path order."""
    lines = []
    for path in sorted({*before, *after}):
        if path not in before:
            lines.append(f"+ {path}")
        elif path not in after:
            lines.append(f"- {path}")
        elif before[path] != after[path]:
            lines.append(f"~ {path}")
    return lines


def _walk(root: str, directory: str, left_out: set[str]) -> Iterator[str]:
    for entry in os.scandir(root + directory + "/"):
        path = f"{directory}/{entry.name}"
        if path in left_out:
            continue
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path, left_out)


def _member(path: str) -> Member:
    status = os.lstat(path)
    kind = stat.filemode(status.st_mode)[0]
    content = ""
    if kind == "-":
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    elif kind == "l":
        content = os.readlink(path)
    elif kind in "bc":
        content = str(status.st_rdev)
    return Member(kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, content)
