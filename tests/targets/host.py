"""What this host offers: tools, rights, and where its own packages come from."""

from __future__ import annotations

import os
import re
import shutil
from functools import cache
from pathlib import Path

from .errors import TargetError, TargetUnavailableError
from .process import execute

NEEDS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "tar": "tar",
}
"""Program → the Debian package that brings it. debian-archive-keyring comes with mmdebstrap
on Debian and only has to be named on its derivatives."""

APT_PACKAGES = ("mmdebstrap", "systemd-container", "debian-archive-keyring")
"""What ``apt-get install`` needs to be given on a fresh Debian host."""

FOREIGN_PACKAGES = ("qemu-user-static", "binfmt-support", "arch-test")
"""What runs another architecture's programs."""

CACHE_VARIABLE = "PKGGEN_TEST_CACHE"
MIRROR_VARIABLE = "PKGGEN_TEST_MIRROR"

_APT_SETTINGS = re.compile(r'^(Acquire::(?:https?::.+|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date)) "(.*)";$')


def cache_directory() -> Path:
    """Return the directory that holds roots and boxes, made when missing.

    Boxes are overlays whose upper layer lies here too, so the directory must not itself be on
    an overlay (inside a container: use a volume).
    """
    named = os.environ.get(CACHE_VARIABLE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = Path(named) if named else home / "pkggen-tests"
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


@cache
def obstacle() -> str | None:
    """Return why targets cannot run here, or None when they can."""
    if os.geteuid() != 0:
        return "target systems need root (namespaces, overlay mounts, device nodes)"
    missing = sorted({package for tool, package in NEEDS.items() if shutil.which(tool) is None})
    if missing:
        return f"target systems need: apt-get install {' '.join(missing)}"
    try:
        execute([*UNSHARE, "true"], timeout=20)
    except TargetError as error:
        return f"this host does not let us make namespaces: {error}"
    return None


UNSHARE = ("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child")
"""A process of its own world: its death undoes its mounts and ends its descendants."""


def require() -> None:
    """Raise ``TargetUnavailableError`` when targets cannot run on this host."""
    reason = obstacle()
    if reason is not None:
        raise TargetUnavailableError(reason)


def debian_mirror() -> str | None:
    """Return the address this host gets Debian packages from.

    PKGGEN_TEST_MIRROR when set, else the archive named "Debian" in the host's own apt sources,
    else None: mmdebstrap then uses its own default.
    """
    named = os.environ.get(MIRROR_VARIABLE)
    if named:
        return named
    query = [
        "apt-get",
        "indextargets",
        "--format",
        "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
        "Created-By: Packages",
    ]
    listed = execute(query, timeout=30, check=False).stdout.splitlines()
    found = [line.split("|", 2)[2] for line in listed if line.startswith("Debian|Debian|")]
    return found[0] if found else None


def apt_settings() -> tuple[str, ...]:
    """Return the host's apt settings that say how to reach a mirror (proxies, TLS, validity dates).

    mmdebstrap configures apt afresh in the new root, so that these would be lost.
    """
    dumped = execute(["apt-config", "dump"], timeout=30).stdout.splitlines()
    matches = (_APT_SETTINGS.match(line) for line in dumped)
    return tuple(f'{match[1]} "{match[2]}"' for match in matches if match)
