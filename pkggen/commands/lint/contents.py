"""A package of either format as the rules look at it, with the bytes of the files that they read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pkggen.archives.deb import read_deb_files
from pkggen.archives.rpm import read_rpm_files
from pkggen.inventory.inspection import inspect
from pkggen.model import Entry

# byte code's head, and what names places; nothing of the size of a library
_READ = re.compile(r".*\.(pyc|pth|service|socket|timer|conf)|.*/(direct_url\.json|pyvenv\.cfg|manifest\.json)")
_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """Metadata, maintainer scripts and members of a package, and some files' bytes by their paths."""

    format: str
    metadata: Mapping[str, str]
    scripts: Mapping[str, str]
    members: tuple[Entry, ...]
    data: Mapping[str, bytes]


def read_contents(path: Path) -> Contents:
    """Return the package at ``path``; raises ArtefactError when it can't be read."""
    seen = inspect(path)
    wanted = {e.path for e in seen.files if e.size <= _LIMIT and _READ.fullmatch(e.path)}
    reader = read_deb_files if seen.metadata["format"] == "deb" else read_rpm_files
    return Contents(seen.metadata["format"], seen.metadata, seen.scripts, seen.files, dict(reader(path, wanted)))
