"""Fields of a Debian control file that take some working out."""

from __future__ import annotations

import re

from pkggen.errors import ConfigurationError, Problem
from pkggen.formats.libraries import debian_dependencies
from pkggen.formats.members import options_of, parents
from pkggen.formats.relations import Term, spell_relations
from pkggen.model import Entry, Kind, Payload

_OPERATORS = {"<": "<<", ">": ">>"}
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?")


def debian_relations(payload: Payload) -> dict[str, tuple[str, ...]]:
    """Return the relation fields (Debian policy 7.1): computed ones first, then the user's.

    Raises ConfigurationError and ArtefactError.
    """
    options = options_of(payload, "deb")

    def spelled(key: str) -> tuple[str, ...]:
        return spell_relations(getattr(options, key), f"tool.pkggen.deb.{key}", _spell)

    users = ("systemd | systemd-standalone-sysusers | passwd",) if payload.users else ()
    return {
        "Depends": (*debian_dependencies(payload.needs, options), *users, *spelled("depends")),
        "Recommends": ("ca-certificates", *spelled("recommends")),
        "Suggests": spelled("suggests"),
        "Conflicts": spelled("conflicts"),
        "Replaces": spelled("replaces"),
        "Provides": spelled("provides"),
    }


def _spell(terms: tuple[Term, ...]) -> str:
    ConfigurationError.raise_all(
        Problem(f"{t.name!r} is no Debian package's name", "tool.pkggen.deb", "see Debian policy 5.6.7")
        for t in terms
        if not _NAME.fullmatch(t.name)
    )
    return " | ".join(
        f"{t.name} ({_OPERATORS.get(t.operator, t.operator)} {t.version})" if t.operator else t.name for t in terms
    )


def installed_size(entries: tuple[Entry, ...]) -> int:
    """Return KiB as dpkg-gencontrol counts: each file and link rounded up, one for each directory."""
    directories = {e.path for e in entries if e.kind is Kind.DIRECTORY} | {p for e in entries for p in parents(e.path)}
    sizes = (e.size or len(e.link.encode()) for e in entries if e.kind is not Kind.DIRECTORY)
    return len(directories) + 1 + sum(-(-size // 1024) for size in sizes)
