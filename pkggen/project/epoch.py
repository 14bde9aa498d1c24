"""The time that a build pretends to happen at, so that the same input gives the same bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pkggen.archives.zip_times import EARLIEST
from pkggen.errors import ConfigurationError
from pkggen.run import run

_LATEST = 0xFFFF_FFFF  # an rpm header holds 32 bits


def source_epoch(root: Path) -> int:
    """Return the build's time: SOURCE_DATE_EPOCH, else the last commit's in ``root``, else 1980-01-01.

    (https://reproducible-builds.org/specs/source-date-epoch/)
    """
    given = given_epoch()
    if given is not None:
        return given
    git = shutil.which("git")
    if git:
        command: list[str | Path] = [git, "-c", "safe.directory=*", "-C", root, "log", "-1", "--format=%ct", "--", "."]
        shown = run(command, check=False).stdout.strip()
        if shown.isdigit():
            return min(int(shown), _LATEST)
    return EARLIEST


def given_epoch() -> int | None:
    """Return SOURCE_DATE_EPOCH, or None when it isn't set; nonsense in it is a ConfigurationError."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 20 and int(given) <= _LATEST):
        raise ConfigurationError(f"SOURCE_DATE_EPOCH is {given!r}", remedy="set it to seconds since 1970, or unset it")
    return int(given) if given else None
