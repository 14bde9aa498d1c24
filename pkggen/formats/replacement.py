"""Paths that may be something else in the version before: a directory where this one has a file or a link, or back.

Neither package manager replaces all of them by itself. rpm refuses a directory that becomes anything else, and a
link that becomes a directory (lib/transaction.c, handleRemovalConflict; Fedora's packaging guidelines, "Directory
Replacement"). dpkg deletes a directory, with all that is in it, for a file; leaves it in place of a link; and
unpacks a directory through a link (dpkg-maintscript-helper(1), dir_to_symlink and symlink_to_dir).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pkggen.activation.manifest import MANIFEST
from pkggen.model import ConfigKind, Entry, Kind, Payload, Purpose, Role

# what ends a string of Lua, or begins syntax of a query format (rpm-queryformat(7))
_ODD_NAME = re.compile(r'["\\\n]')
_PLAIN = re.compile(r"[\w/.+@:~-]+", re.ASCII)


def replacement_context(payload: Payload, entries: Sequence[Entry]) -> dict[str, object]:
    """Return what scripts have to know of ``entries``: links, and what is no part of the trees."""
    trees = tuple(f"{tree}/" for tree in payload.layout.trees)
    packed = [e for e in entries if e.role is not Role.GHOST]
    outside = [e for e in packed if not e.path.startswith(trees)]
    return {
        "links": [e for e in packed if e.kind is Kind.SYMLINK],
        "conffiles": [e.path for e in packed if e.config is not ConfigKind.NONE],
        "outer_folders": [e.path for e in outside if e.kind is Kind.DIRECTORY],
    }


def landmark(payload: Payload) -> str:
    """Return a file that lies on the target when a version of this package is installed."""
    if payload.purpose is Purpose.APPLICATION:
        return f"{payload.prefix}/{MANIFEST}"
    return f"{payload.prefix}/layers/{payload.layers[0].name}.json"


def can_be_listed(payload: Payload, entries: Sequence[Entry]) -> bool:
    """Tell whether rpm may put the names of ``entries`` into a scriptlet: they become text of a program.

    Names with quotes or backslashes are rare enough to leave such a package to rpm's own refusal.
    """
    return _PLAIN.fullmatch(payload.prefix) is not None and not any(_ODD_NAME.search(e.path) for e in entries)
