"""Where things are: the prefix as it is on disk, and the releases below it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

from .manifest import MANIFEST, PENDING, PROGRAM, RELEASE, Manifest, load
from .protocol import Failure


class Place:
    """The prefix, never as the caller spelled it."""

    def __init__(self, root: Path) -> None:
        """Take the prefix; ``app`` names messages and locks until a manifest is read."""
        self.root = root
        self.releases = root / "releases"
        self.current = root / "current"
        self.fresh = root / ".current.new"  # the link that is to be ``current``
        self.pending = root / PENDING
        self.program = root / PROGRAM
        self.app = root.name
        self.out: TextIO = sys.stdout

    def manifest(self) -> Manifest:
        """Return the package's manifest; raise Failure."""
        return load(Manifest, self.root / MANIFEST)[1]

    def manifest_of(self, release: str) -> Manifest:
        """Return a release's own manifest; raise Failure."""
        return load(Manifest, self.copies(release) / MANIFEST)[1]

    def copies(self, release: str) -> Path:
        """Return where a release keeps the descriptions that it was made of."""
        return self.releases / release / "manifest"

    def show(self, text: str, error: bool = False) -> None:
        """Tell the administrator alone."""
        with contextlib.suppress(OSError):  # a closed pipe must not stop an activation
            print(f"{self.app}: {text}", file=sys.stderr if error else self.out, flush=True)

    def say(self, text: str, error: bool = False) -> None:
        """Tell the administrator, and the system's log when there is one."""
        self.show(text, error)
        if os.path.exists("/dev/log"):
            with contextlib.suppress(ImportError, OSError):
                import syslog  # noqa: PLC0415

                syslog.openlog(self.app, syslog.LOG_PID, syslog.LOG_DAEMON)
                syslog.syslog(syslog.LOG_ERR if error else syslog.LOG_INFO, text)

    def active(self) -> str | None:
        """Return the id that ``current`` names, None when there is none."""
        try:
            parent, name = os.path.split(os.readlink(self.current))
        except OSError:
            return None
        return name if parent == "releases" and name[0] != "." and (self.releases / name).is_dir() else None

    def complete(self) -> list[str]:
        """Return the ids of all complete releases, the one activated last first."""
        if self.releases.is_symlink() or not self.releases.is_dir():
            return []
        stamps = []
        for name in os.listdir(self.releases):
            with contextlib.suppress(OSError):
                if name[0] != "." and not os.path.islink(self.releases / name):
                    stamps.append((os.lstat(self.releases / name / RELEASE).st_mtime_ns, name))
        return [name for _, name in sorted(stamps, reverse=True)]

    def version_of(self, release: str | None) -> str:
        """Return the application's version in a release; nothing where there is none."""
        with contextlib.suppress(Failure):
            if release:
                return self.manifest_of(release).version
        return ""


def explain(error: OSError, where: Path) -> str:
    """Return an error of the system as one sentence; ``where`` it came from, should it not say itself."""
    return f"{error.filename or where}: {error.strerror or error}"
