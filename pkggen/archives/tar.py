"""A tarball read member by member in memory that does not grow with it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from pkggen.archives.streams import HELD, Bounded, LimitError

_BLOCK = 1 << 18
_LONGEST = 1 << 20  # bytes of one extended header: a name and a few attributes
_EXTENDED = {
    tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
}  # fmt: skip


class _Member(tarfile.TarInfo):
    """A member whose extended headers are bounded: tarfile holds in memory what their size says."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _EXTENDED and self.size > _LONGEST:
            raise LimitError(f"an extended header has {self.size} bytes, more than {_LONGEST}")
        if self.type in {tarfile.GNUTYPE_SPARSE, tarfile.XGLTYPE}:  # dpkg refuses both
            raise ValueError(f"{self.name} is of a kind that no package holds")
        return super()._proc_member(archive)  # type: ignore[misc]

    def _no_sparse(self, *_: object) -> None:
        raise ValueError(f"{self.name} is a sparse file, which no package holds")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _no_sparse


@contextmanager
def tarball(stream: Bounded) -> Iterator[tarfile.TarFile]:
    """Yield the tarball that ``stream`` is, to be read once from its start by :func:`walk`."""
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", bufsize=_BLOCK, tarinfo=_Member) as archive:
        yield archive


def walk(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members one by one; tarfile itself would keep them all."""
    while member := archive.next():
        yield member
        archive.members.clear()  # type: ignore[attr-defined]


def held(archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int = HELD) -> bytes:
    """Return the bytes of one member; raise LimitError before any is read when there are too many."""
    if member.size > limit:
        raise LimitError(f"{member.name} has {member.size} bytes, more than {limit}")
    stream = archive.extractfile(member)
    return stream.read() if stream else b""
