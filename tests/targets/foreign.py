"""Roots for another architecture than this host's, run through the kernel's user-mode emulation."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .debian import DebianRecipe
from .host import FOREIGN_PACKAGES
from .process import execute

EMULATORS = {"arm64": "qemu-aarch64", "amd64": "qemu-x86_64"}
"""Debian's name of an architecture → what its emulator is registered as, binfmt_misc(5)."""

REGISTERED = Path("/proc/sys/fs/binfmt_misc")


@dataclass(frozen=True)
class ForeignDebianRecipe(DebianRecipe):
    """A Debian root of ``architecture``, as Debian calls it."""

    architecture: str = "arm64"

    def command(self, tarball: Path) -> list[str]:
        """Return mmdebstrap's command line."""
        first, *rest = super().command(tarball)
        return [first, f"--architectures={self.architecture}", *rest]


def emulation_obstacle(architecture: str) -> str | None:
    """Return why programs for ``architecture`` can't run here, or None when they can.

    The emulator has to be registered with flag F (fix binary): it is then opened when it is
    registered, and there even in a root that does not hold it.
    """
    register(architecture)
    try:
        words = (REGISTERED / EMULATORS[architecture]).read_text().split()
    except OSError:
        words = []
    if "enabled" in words and any("F" in flags for word, flags in pairwise(words) if word == "flags:"):
        return None
    return f"no emulation of {architecture}: mount binfmt_misc, then apt-get install {' '.join(FOREIGN_PACKAGES)}"


def register(architecture: str) -> None:
    """Tell the kernel of the emulator, as its package does where init has mounted binfmt_misc; never fails.

    In a container nothing has mounted it. Root may, where the kernel lets containers have it.
    """
    emulator = REGISTERED / EMULATORS[architecture]
    if emulator.exists() or os.geteuid() != 0 or shutil.which("update-binfmts") is None:
        return
    if not (REGISTERED / "register").exists():
        execute(["mount", "-t", "binfmt_misc", "binfmt_misc", str(REGISTERED)], timeout=30, check=False)
    execute(["update-binfmts", "--enable", emulator.name], timeout=30, check=False)
