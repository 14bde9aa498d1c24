"""Fields of a Debian control file that take some working out."""

from __future__ import annotations

import re

from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.formats.libraries import debian_dependencies
from pkggen.formats.members import directories, options_of
from pkggen.model import Entry, Kind, Payload
from pkggen.model.relations import Term, spell_relations

_OPERATORS = {"<": "<<", ">": ">>"}
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?")
_VERSION = re.compile(r"([0-9]+:)?[0-9][A-Za-z0-9.+~-]*")


def debian_relations(payload: Payload) -> dict[str, tuple[str, ...]]:
    """Return the relation fields (Debian policy 7.1): computed ones first, then the user's.

    Raises ConfigurationError and ArtefactError.
    """
    options = options_of(payload, "deb")
    if options.supplements:
        raise ConfigurationError(
            f"Debian has no relation that says what {options.supplements[0]!r} says",
            where=Key.of("supplements"),
            remedy='say it of rpm alone, as { rpm = "name" }, or use enhances',
        )

    def spelled(key: str) -> tuple[str, ...]:
        return spell_relations(key, getattr(options, key), "deb", _spell)

    users = ("systemd | systemd-standalone-sysusers | passwd",) if payload.accounts else ()
    # Obsoletes: what is replaced goes (Debian policy 7.6.2)
    obsolete = spelled("obsoletes")
    return {
        "Pre-Depends": spelled("pre_depends"),
        "Depends": (*debian_dependencies(payload.needs, options), *users, *spelled("depends")),
        "Recommends": (*(() if payload.is_meta else ("ca-certificates",)), *spelled("recommends")),
        "Suggests": spelled("suggests"),
        "Enhances": spelled("enhances"),
        "Conflicts": tuple(dict.fromkeys((*spelled("conflicts"), *obsolete))),
        "Breaks": spelled("breaks"),
        "Replaces": tuple(dict.fromkeys((*spelled("replaces"), *obsolete))),
        "Provides": spelled("provides"),
    }


def _spell(terms: tuple[Term, ...], where: Key) -> str:
    remedy = 'where the formats differ, write { deb = "…", rpm = "…" }; names are those of Debian policy 5.6.7'
    names = [Problem(f"{t.name!r} is no Debian package's name", where, remedy) for t in terms if _no_name(t)]
    versions = (
        Problem(f"{t.version!r} is no Debian version", where, "see Debian policy 5.6.12")
        for t in terms
        if t.version and not _VERSION.fullmatch(t.version)
    )
    ConfigurationError.raise_all((*names, *versions))
    return " | ".join(
        f"{t.name} ({_OPERATORS.get(t.operator, t.operator)} {t.version})" if t.operator else t.name for t in terms
    )


def _no_name(term: Term) -> bool:
    return not _NAME.fullmatch(term.name)


def installed_size(entries: tuple[Entry, ...]) -> int:
    """Return KiB as dpkg-gencontrol counts: each file and link rounded up, one for each directory."""
    folders = {e.path for e in entries if e.kind is Kind.DIRECTORY} | directories(entries)
    sizes = (e.size or len(e.link.encode()) for e in entries if e.kind is not Kind.DIRECTORY)
    return len(folders) + 1 + sum(-(-size // 1024) for size in sizes)
