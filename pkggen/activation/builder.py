"""Fills a release's directory with its members."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from functools import partial
from pathlib import Path
from typing import Callable

from .members import File, Link, Member, Text, check_source, check_space, same_file, write
from .plan import Plan
from .protocol import Failure, damaged

FICLONE = 0x40049409  # ioctl_ficlone(2): copies that share blocks, also where link(2) says EXDEV
LINKLESS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class Builder:
    """Fills a directory with members; what is right already stays, what is wrong is replaced by rename(2)."""

    def __init__(self, plan: Plan, target: Path) -> None:
        """Take the plan and the directory to fill."""
        self.plan, self.target = plan, str(target)
        self.scratch = str(target.parent / f".new-file-{os.getpid()}")
        self.copying: set[int] = set()  # devices that can't be linked from
        self.linked = self.copied = self.written = 0

    def fill(self) -> Builder:
        """Place every member; raise Failure or OSError."""
        for name in self.plan.directories():
            path = f"{self.target}/{name}" if name else self.target
            try:
                os.mkdir(path, 0o755)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise Failure(f"{path} is not a directory; remove it and try again") from None
        for name, member in self.plan.members.items():
            path = f"{self.target}/{name}"
            if isinstance(member, File):
                self._place(member, path)
            elif not self._is_right(member, path):
                self._put(partial(self._write, member), path)
                self.written += 1
        return self

    def _place(self, file: File, path: str) -> None:
        info = check_source(file)
        if info.st_dev not in self.copying:
            try:
                os.link(file.source, path)
                self.linked += 1
                return
            except FileExistsError:
                if os.path.samestat(info, os.lstat(path)):
                    return  # not a byte was moved since it was linked
                if self._relink(file, path, info):
                    return
            except OSError as error:
                self._give_up_links(error, info)
        if not same_file(path, file):
            self._put(lambda: self._copy(file, info), path)
            self.copied += 1

    def _relink(self, file: File, path: str, info: os.stat_result) -> bool:
        """Replace by a link: after a reinstallation this heals the release and gives the space back."""
        try:
            self._put(lambda: os.link(file.source, self.scratch), path)
        except OSError as error:
            self._give_up_links(error, info)
            return False
        self.linked += 1
        return True

    def _give_up_links(self, error: OSError, info: os.stat_result) -> None:
        if error.errno not in LINKLESS:
            raise error
        if error.errno != errno.EMLINK and info.st_dev not in self.copying:  # that one is about a single file
            self.copying.add(info.st_dev)
            files = [member for member in self.plan.members.values() if isinstance(member, File)]
            check_space(self.target, sum(file.size for file in files), len(files))

    def _put(self, make: Callable[[], None], path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.scratch)
        make()
        os.rename(self.scratch, path)

    def _copy(self, file: File, info: os.stat_result) -> None:
        digest = hashlib.sha256()
        with open(file.source, "rb") as source, open(self.scratch, "xb") as copy:
            try:
                fcntl.ioctl(copy.fileno(), FICLONE, source.fileno())
                cloned = True
            except OSError:
                cloned = False
            for block in iter(lambda: source.read(1 << 20), b""):
                digest.update(block)
                if not cloned:
                    copy.write(block)
            os.fchmod(copy.fileno(), stat.S_IMODE(info.st_mode))
        if digest.hexdigest() != file.digest:
            raise damaged(file.source)
        os.utime(self.scratch, ns=(info.st_atime_ns, info.st_mtime_ns))

    def _write(self, member: Link | Text) -> None:
        if isinstance(member, Link):
            os.symlink(member.target, self.scratch)
        else:
            write(self.scratch, member.data, member.mode)

    @staticmethod
    def _is_right(member: Member, path: str) -> bool:
        try:
            info = os.lstat(path)
            if isinstance(member, Link):
                return stat.S_ISLNK(info.st_mode) and os.readlink(path) == member.target
            right = stat.S_ISREG(info.st_mode) and isinstance(member, Text)
            return right and (Path(path).read_bytes(), stat.S_IMODE(info.st_mode)) == member
        except FileNotFoundError:
            return False
