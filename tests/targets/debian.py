"""Debian roots, made by mmdebstrap from the host's own mirror."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from . import host
from .cache import RootCache
from .errors import TargetError
from .process import execute

BASE = ("systemd-sysv", "dbus", "iproute2", "procps", "passwd", "mount", "netbase", "tzdata")
"""What a small server has beyond apt and the essential packages."""

LIBRARIES = ("libcurl4", "libibverbs1", "libnuma1")
"""What packages of the tests ask of a system besides glibc; there is no network to get them from."""

MERGE_USR = (
    'for name in bin sbin lib lib32 lib64 libx32; do mkdir -p "$1/usr/$name"; ln -s usr/$name "$1/$name"; done',
)
"""Installed systems have a merged /usr from Debian 10 on. From 12 on packages see to it; before,
the installer did, in this way (debootstrap's setup_merged_usr)."""

UNMERGED_SUITES = ("bullseye",)

MAKE_SECONDS = 900

TIDY = (
    # mmdebstrap copies these three from the host; a target must not know where it was made.
    'rm -f "$1/etc/resolv.conf" && echo target > "$1/etc/hostname"',
    'printf "127.0.0.1\\tlocalhost\\n127.0.1.1\\ttarget\\n::1\\tlocalhost\\n" > "$1/etc/hosts"',
    # Offline means offline: apt must neither look for nor believe in any source.
    'rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*',
    'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
    # machine-id(5): empty, as in an image; a missing one makes systemd preset all units.
    ': > "$1/etc/machine-id"',
)


@dataclass(frozen=True)
class DebianRecipe:
    """A Debian root: the suite, the packages in it, and dpkg's settings while it is made."""

    name: str
    suite: str
    packages: tuple[str, ...]
    seconds: int
    dpkg_options: tuple[str, ...] = ()
    hooks: tuple[str, ...] = TIDY

    @property
    def digest(self) -> str:
        """A digest of every field and of the text of this module."""
        total = hashlib.sha256(json.dumps(asdict(self)).encode())
        total.update(Path(__file__).read_bytes())
        return total.hexdigest()[:12]

    def make(self, tarball: Path, log: Path, cache: RootCache) -> None:
        """Run mmdebstrap; raises ``TargetError`` with what it said.

        It runs in a pid and a mount namespace of its own: whatever interrupts it, no mount and
        no process of it remains.
        """
        with cache.scratch() as scratch:
            argv = [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                *self.command(tarball),
            ]
            done = execute(argv, timeout=MAKE_SECONDS, check=False, env={**os.environ, "TMPDIR": scratch})
        log.write_text(done.output)
        if done.returncode != 0:
            raise TargetError(f"mmdebstrap could not make {self.name} (see {log}): {done}")

    def command(self, tarball: Path) -> list[str]:
        """Return mmdebstrap's command line."""
        mirror = host.debian_mirror()
        return [
            "mmdebstrap",
            "--variant=apt",
            "--mode=root",
            "--format=tar",
            *(f"--setup-hook={hook}" for hook in (MERGE_USR if self.suite in UNMERGED_SUITES else ())),
            f"--include={','.join(self.packages)}",
            *(f"--aptopt={setting}" for setting in host.apt_settings()),
            *(f"--dpkgopt={option}" for option in self.dpkg_options),
            *(f"--customize-hook={hook}" for hook in self.hooks),
            self.suite,
            str(tarball),
            *([mirror] if mirror else []),
        ]
