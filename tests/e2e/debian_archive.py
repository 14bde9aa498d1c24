"""Packages of Debian's own that a test wants in a target: downloaded on the host, for there is no network in a box."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.targets import Target, TargetError, host


def download(target: Target, directory: Path, *names: str) -> Path:
    """Put Debian 12's packages of ``names``, and what of their dependencies the target lacks, below ``directory``.

    Returns the directory that they are in. Raises TargetError where the host knows no archive of Debian.
    """
    mirror = host.debian_mirror()
    if mirror is None:
        raise TargetError(f"apt has no archive of Debian here: name one in {host.MIRROR_VARIABLE}")
    sources, archives = directory / "sources.list", directory / "archives"
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    sources.write_text(f"deb {signed} {mirror} bookworm main\n")
    for made in (directory / "lists/partial", archives / "partial"):
        made.mkdir(parents=True)
    places = {
        "Etc::SourceList": sources, "Etc::SourceParts": "/dev/null", "State::Lists": directory / "lists",
        "State::status": target.tree() / "var/lib/dpkg/status", "Cache::archives": archives,
        "Cache::pkgcache": "", "Cache::srcpkgcache": "",
    }  # fmt: skip
    settings = [word for name, value in places.items() for word in ("-o", f"Dir::{name}={value}")]
    for words in (["update"], ["install", "-y", "--download-only", "--no-install-recommends", *names]):
        subprocess.run(["apt-get", "-q", *settings, *words], check=True, capture_output=True, timeout=300)
    return archives
