"""Directories that another than root may write to: what root puts below them may land anywhere.

dpkg and rpm unpack as root, and so do the scripts give files their owners; whoever may write to a
directory above can put a link there first. systemd.exec(5): a service's state, cache, logs and
runtime directories belong to its user, the innermost of each path; the configuration does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model import Entry, Kind, Role
from pkggen.model.service import ROOTS, Service

_REMEDY = "put it somewhere else, such as /usr/share or /etc, and let the application copy it"


def writable_by_others(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the directories among the entries that another than root may write to."""
    for entry in entries:
        given = entry.owner != "root" or (entry.group != "root" and entry.mode & 0o020)  # no mode is open to all
        if entry.kind is Kind.DIRECTORY and given:
            yield entry.path


def below(entry: Entry, directories: Sequence[str], where: Key) -> Iterator[Problem]:
    """Yield a problem when the entry lies below one of the directories, in which %i stands for any name.

    A ghost just in it is no entry to unpack, and deleting it follows no link.
    """
    for directory in directories:
        pattern = re.escape(directory).replace("%i", "[^/]+") + "/(.+)"
        found = re.fullmatch(pattern, entry.path)
        if found and not (entry.role is Role.GHOST and "/" not in found[1]):
            what = f"{entry.path} lies below {directory}, which another user may write to, who could put a link there"
            yield Problem(what, where, _REMEDY)
            return


def refuse_below_services(services: Iterable[Service], entries: Iterable[Entry]) -> None:
    """Raise ConfigurationError for entries below a directory that a service's user owns."""
    owned = [
        f"{ROOTS[d.kind]}/{name}"
        for service in services
        for d in service.directories
        if d.kind != "Configuration" and service.user != "root"
        for name in d.names
    ]
    ConfigurationError.raise_all(dict.fromkeys(p for entry in entries for p in below(entry, owned, Key.of("files"))))
