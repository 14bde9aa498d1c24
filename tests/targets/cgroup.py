"""A control group of its own for a booted machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Cgroup:
    """One directory in each hierarchy that systemd uses: cgroup2, and version 1's name=systemd."""

    directories: tuple[Path, ...]

    @classmethod
    def named(cls, name: str) -> Cgroup:
        """Return the group ``name`` below the one that this process is in, made or not."""
        found = []
        for line in OWN.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            mounted = _mount_point(controllers)
            if controllers in ("", "name=systemd") and mounted is not None:
                found.append(mounted / path.lstrip("/") / name)
        return cls(tuple(found))

    def make(self) -> None:
        """Make the group; raises OSError when there is one of that name."""
        for directory in self.directories:
            directory.mkdir()

    def entering(self) -> list[str]:
        """Return the start of a command line whose rest is run inside this group."""
        enter = 'for group in $0; do echo $$ > "$group/cgroup.procs"; done; exec "$@"'
        return ["sh", "-c", enter, " ".join(str(directory) for directory in self.directories)]

    def remove(self) -> None:
        """Remove the group with the groups that were made below it; their processes have ended.

        A group that was never made is no error.
        """
        for directory in self.directories:
            for _ in range(50):
                if _removed(directory):
                    break
                time.sleep(0.1)


def _removed(directory: Path) -> bool:
    try:
        for below in sorted(directory.rglob("*"), key=lambda path: -len(path.parts)):
            if below.is_dir():
                below.rmdir()
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # the kernel has not yet reaped the last process
    return True


def _mount_point(controllers: str) -> Path | None:
    """Where the hierarchy is mounted, proc(5): fields 5, 9 (type) and the last (options)."""
    for line in MOUNTS.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if (kind == "cgroup2" and not controllers) or (
            kind == "cgroup" and controllers and controllers in options.split(",")
        ):
            return Path(before.split(" ")[4])
    return None
