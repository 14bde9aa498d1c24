"""Relations between packages in the one syntax that users write: ``name``, ``name >= 1.2``, ``a | b >= 2``.

Each format spells them in its own way; here they are read and checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pkggen.errors import ConfigurationError, Key, Problem

_TERM = re.compile(
    r"(?P<name>[A-Za-z0-9/_][^\s|<>=,&;]*)\s*(?:(?P<op><<|>>|<=|>=|==|=|<|>)\s*(?P<version>[A-Za-z0-9][\w.+~:^-]*))?",
    re.ASCII,
)
_PARENTHESES = re.compile(r"\s*\((\s*(?:<<|>>|<=|>=|==|=|<|>)[^()]*)\)$")
# Debian policy 7.1; rpm's boolean dependencies allow more, and no package that means the same on both.
_WITH_ALTERNATIVES = {"depends", "pre_depends", "recommends", "suggests", "supplements"}


@dataclass(frozen=True, slots=True)
class Relations:
    """What a package asks of others and says of itself, by kind; each reads ``name`` or ``name >= 1.2``."""

    depends: tuple[str, ...] = ()
    pre_depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    enhances: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()


KINDS = tuple(kind.name for kind in fields(Relations))
"""The kinds of relations; in TOML they are keys of ``[tool.pkggen]``, ``.deb`` and ``.rpm``, in kebab-case."""


@dataclass(frozen=True, slots=True)
class Term:
    """One package and, perhaps, a bound on its version; ``operator`` is one of < <= = >= >."""

    name: str
    operator: str = ""
    version: str = ""


def parse_relation(text: str) -> tuple[Term, ...]:
    """Return the alternatives of one relation; () when it is none."""
    terms = [_parse(part) for part in text.split("|")]
    return tuple(t for t in terms if t) if all(terms) else ()


def parse_relations(texts: Iterable[str], where: Key) -> tuple[tuple[Term, ...], ...]:
    """Return each text as its alternatives; raise ConfigurationError that names all malformed ones."""
    found: list[tuple[Term, ...]] = []
    problems: list[Problem] = []
    for text in texts:
        if terms := parse_relation(text):
            found.append(terms)
        else:
            problems.append(Problem(f"{text!r} is no relation", where, "write 'name', 'name >= 1.2' or 'a | b'"))
    ConfigurationError.raise_all(problems)
    return tuple(found)


def _parse(text: str) -> Term | None:
    match = _TERM.fullmatch(_PARENTHESES.sub(r" \1", text.strip()).strip())
    if match is None:
        return None
    operator = {"<<": "<", ">>": ">", "==": "="}.get(match["op"] or "", match["op"] or "")
    return Term(match["name"], operator, match["version"] or "")


def relations_for(format_name: str, items: Iterable[str | Mapping[Any, str]]) -> tuple[str, ...]:
    """Return what of ``items`` concerns one format: a table names the package of each format that it is for."""
    chosen = (item if isinstance(item, str) else item.get(format_name, "") for item in items)
    return tuple(item for item in chosen if item)


def spell_relations(
    key: str, texts: Iterable[str], format_name: str, spell: Callable[[tuple[Term, ...], Key], str]
) -> tuple[str, ...]:
    """Return the relations under ``key`` ("pre_depends") as a format spells them; ``spell`` is told the key's name.

    Raises ConfigurationError for what no package manager can express: alternatives in what is
    ruled out or provided, and a provided version that is a range.
    """
    where = Key.of(format_name, key.replace("_", "-"))
    relations = parse_relations(texts, where)
    ConfigurationError.raise_all(p for terms in relations for p in _faults(key, terms, where))
    return tuple(dict.fromkeys(spell(terms, where) for terms in relations))


def _faults(key: str, terms: tuple[Term, ...], where: Key) -> Iterable[Problem]:
    if len(terms) > 1 and key not in _WITH_ALTERNATIVES:
        names = " | ".join(t.name for t in terms)
        yield Problem(f"{names}: there is no choice here", where, "list them one by one")
    if key == "provides":
        for term in terms:
            if term.operator not in ("", "="):
                yield Problem(f"{term.name} is provided in a range of versions", where, "say one version, with =")
