"""Relations between packages in the one syntax that users write: ``name``, ``name >= 1.2``, ``a | b >= 2``.

Each format spells them in its own way; here they are read and checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pkggen.errors import ConfigurationError, Problem

_TERM = re.compile(r"(?P<name>[^\s|<>=,]+)\s*(?:(?P<op><<|>>|<=|>=|==|=|<|>)\s*(?P<version>[A-Za-z0-9][\w.+~:^-]*))?")
_PARENTHESES = re.compile(r"\s*\((\s*(?:<<|>>|<=|>=|==|=|<|>)[^()]*)\)$")


@dataclass(frozen=True, slots=True)
class Term:
    """One package and, perhaps, a bound on its version; ``operator`` is one of < <= = >= >."""

    name: str
    operator: str = ""
    version: str = ""


def parse_relations(texts: Iterable[str], where: str) -> tuple[tuple[Term, ...], ...]:
    """Return each text as its alternatives; raise ConfigurationError that names all malformed ones."""
    found: list[tuple[Term, ...]] = []
    problems: list[Problem] = []
    for text in texts:
        terms = [_parse(part) for part in text.split("|")]
        if all(terms):
            found.append(tuple(t for t in terms if t))
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


def spell_relations(texts: Iterable[str], where: str, spell: Callable[[tuple[Term, ...]], str]) -> tuple[str, ...]:
    """Return ``texts`` as a format spells them."""
    return tuple(spell(terms) for terms in parse_relations(texts, where))
