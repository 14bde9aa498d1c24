"""What may be in an interpreter's archive or directory: the rules, apart from any reading.

The rules are stricter than PEP 706's "data" filter: links stay inside even when they lead
through one another, nothing has special mode bits, no name needs quoting on a target.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pkggen.errors import ArtefactError, Problem

MAX_BYTES = 2 << 30
_MAX_MEMBERS = 100_000
_MAX_LINKS = 40  # as many as Linux follows (path_resolution(7))


class MemberKind(str, Enum):
    """What a member is, devices and the like being OTHER."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hard link"
    OTHER = "device or pipe"


@dataclass(frozen=True, slots=True)
class Member:
    """One member: ``name`` as stored, ``link`` a symlink's text or the name a hard link repeats."""

    name: str
    kind: MemberKind
    mode: int = 0o644
    size: int = 0
    link: str = ""

    @property
    def path(self) -> str:
        """Return the name without ``./`` and trailing slashes."""
        return posixpath.normpath(self.name)


def check_members(members: Sequence[Member], where: str) -> None:
    """Raise one ArtefactError with every rule that ``members`` of archive ``where`` break."""
    remedy = "this is not an interpreter as its makers publish it: fetch it from where you trust"
    by_path = {m.path: m for m in members}
    found = [Problem(f"{m.name!r}: {why}", where, remedy) for m in members for why in _faults(m, by_path)]
    seen: set[str] = set()
    for member in members:
        if member.kind is not MemberKind.DIRECTORY and member.path in seen:
            found.append(Problem(f"{member.name!r} is there twice", where, remedy))
        seen.add(member.path)
    if len(members) > _MAX_MEMBERS:
        found.append(Problem(f"{len(members)} members are too many (at most {_MAX_MEMBERS})", where, remedy))
    if sum(m.size for m in members) > MAX_BYTES:
        found.append(Problem(f"unpacks to more than {MAX_BYTES >> 20} MiB", where, remedy))
    ArtefactError.raise_all(found)


def _faults(member: Member, by_path: Mapping[str, Member]) -> Iterator[str]:
    if not _is_plain(member.name):
        yield "a control character, bad UTF-8 or an over-long name"
    if member.name.startswith("/"):
        yield "an absolute name"
    elif ".." in member.name.split("/"):
        yield "a name that leads out of the archive"
    for parent in _parents(member.path):
        above = by_path.get(parent)
        if above is not None and above.kind is not MemberKind.DIRECTORY:
            yield f"lies below {parent!r}, which is a {above.kind.value}"
    if member.kind is MemberKind.OTHER:
        yield "a device, a pipe or a socket"
    elif member.kind is MemberKind.SYMLINK:
        yield from _link_faults(member, by_path)
    elif member.kind is MemberKind.HARDLINK:
        target = by_path.get(posixpath.normpath(member.link))
        if target is None or target.kind is not MemberKind.FILE:
            yield f"a hard link to {member.link!r}, which is no file of the archive"
    if member.kind is MemberKind.FILE and member.mode & (stat.S_ISUID | stat.S_ISGID):
        yield f"setuid or setgid (mode {member.mode:04o})"


def _link_faults(member: Member, by_path: Mapping[str, Member]) -> Iterator[str]:
    if not member.link or not _is_plain(member.link):
        yield "a link without a usable target"
    elif member.link.startswith("/"):
        yield f"a link to the absolute path {member.link}"
    elif _resolve(member.path, by_path) is None:
        yield f"a link that leads out of the archive or in circles ({member.link})"


def _resolve(path: str, by_path: Mapping[str, Member]) -> str | None:
    """Follow links as the kernel would, over the members alone; None for out or for ever."""
    done: list[str] = []
    rest = path.split("/")
    links = 0
    while rest:
        part = rest.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        member = by_path.get("/".join((*done, part)))
        if member is None or member.kind is not MemberKind.SYMLINK:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS or member.link.startswith("/"):
            return None
        rest = [*member.link.split("/"), *rest]
    return "/".join(done)


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        if path == "/":
            return
        yield path


def _is_plain(name: str) -> bool:
    try:
        parts = name.encode().split(b"/")
    except UnicodeEncodeError:  # a surrogate stands for a byte that is no UTF-8
        return False
    return len(name) < 4096 and all(len(p) < 256 for p in parts) and not any(ord(c) < 32 or ord(c) == 127 for c in name)
