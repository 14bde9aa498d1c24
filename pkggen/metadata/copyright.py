"""Who holds which rights in a package, as Debian's machine-readable copyright file has it (DEP-5).

https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/. The rpm carries the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pkggen.metadata.licences import is_holder
from pkggen.metadata.spdx import identifiers
from pkggen.model import Component, Payload

_COMMON = "/usr/share/common-licenses"
_GNU = re.compile(
    r"^[ \t]*GNU (?P<kind>LESSER |LIBRARY )?GENERAL PUBLIC LICENSE\s+Version (?P<version>[123](\.1)?)\b"
    r".*?END OF TERMS AND CONDITIONS[^\n]*(\s+How to Apply.*?(why-not-lgpl[^\n]*|That's all there is to it![^\n]*))?",
    re.DOTALL | re.MULTILINE,
)
_APACHE = re.compile(
    r"^[ \t]*Apache License\s+Version 2\.0, January 2004.*?(END OF TERMS AND CONDITIONS[^\n]*"
    r"(\s+APPENDIX:.*?limitations under the License\.)?|incurring any warranty or additional liability\.)",
    re.DOTALL | re.MULTILINE,
)
_ABOVE = 5  # lines: a title and the holders
_SHORT = {"MIT": "Expat", "BSD-3-Clause": "BSD-3-clause", "BSD-2-Clause": "BSD-2-clause"}


@dataclass(frozen=True, slots=True)
class Stanza:
    """One Files paragraph; ``text`` is empty when a paragraph of its own has it."""

    files: tuple[str, ...]
    holders: tuple[str, ...]
    licence: str
    text: str
    comment: str


@dataclass(frozen=True, slots=True)
class Copyright:
    """The Files paragraphs, the project's first, and the texts that stand for themselves, by licence."""

    stanzas: tuple[Stanza, ...]
    texts: tuple[tuple[str, str], ...]


def copyright_of(payload: Payload, *, common: bool) -> Copyright:
    """Return the paragraphs; ``common``: what lies in /usr/share/common-licenses is named there (policy 12.5)."""
    texts: dict[str, str] = {}
    stanzas = []
    project = payload.project
    own = [c for c in payload.components if c.own]
    everything = Component(project.name, project.version, project.licence, ("*",), homepage=project.homepage)
    for component in (*(own or [everything]), *payload.vendored):
        name, text = short_name(component), _text(component, common=common)
        if len(identifiers(component.licence)) == 1:
            if texts.setdefault(name, text) != text:
                name = f"{name}~{component.name}"
                texts[name] = text
            text = ""
        stanzas.append(
            Stanza(
                files=tuple(p if p == "*" else f"{payload.prefix[1:]}/{p}" for p in component.paths),
                holders=component.holders or (f"the authors of {component.name}",),
                licence=name,
                text=text,
                comment=f"{component.name} {component.version}"
                + (f", {component.homepage}" if component.homepage else ""),
            )
        )
    return Copyright(tuple(stanzas), tuple(texts.items()))


def short_name(component: Component) -> str:
    """Return the licence as DEP-5 spells it: lower-case operators, GPL-3+ for GPL-3.0-or-later."""
    text = component.licence
    if not text:
        return "unspecified"
    if "(" in text:
        return f"custom-{component.name}"  # DEP-5 has no parentheses
    for spdx, short in _SHORT.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(spdx)}(?![\w.-])", short, text)
    text = re.sub(r"\b((?:A|L)?GPL-[\d.]+?)(?:\.0)?-or-later\b", r"\1+", text)
    text = re.sub(r"\b((?:A|L)?GPL-[\d.]+?)(?:\.0)?-only\b", r"\1", text)
    text = re.sub(r" WITH (\S+)", r" with \1 exception", text)
    return text.replace(" AND ", " and ").replace(" OR ", " or ")


def _text(component: Component, *, common: bool) -> str:
    found: dict[str, str] = {}
    for name, whole in component.texts:
        text = _without_holders(_cut(whole) if common else whole)
        if text:
            found.setdefault(text, name)
    parts = [f"{name}:\n\n{text}" if len(found) > 1 else text for text, name in found.items()]
    if common:
        parts += [
            f"On Debian systems the full text of {identifier} is in {path}."
            for identifier in identifiers(component.licence)
            if (path := _common_path(identifier)) and not any(path in p for p in parts)
        ]
    about = f"The metadata says {component.licence}." if component.licence else "Its metadata names no licence."
    return "\n\n".join(parts) or f"{component.name} brings no text of its licence. {about}"


def _cut(text: str) -> str:
    """Return ``text`` with a reference in place of the terms that every Debian system has."""

    def gnu(match: re.Match[str]) -> str:
        version = match["version"]
        return f"The full text is in {_COMMON}/{'LGPL' if match['kind'] else 'GPL'}-{version}."

    return _APACHE.sub(f"The full text is in {_COMMON}/Apache-2.0.", _GNU.sub(gnu, text))


def _common_path(identifier: str) -> str:
    match = re.fullmatch(r"(L?GPL)-(\d)(?:\.(\d))?(-only|-or-later)?", identifier)
    if match:
        minor = f".{match[3]}" if match[3] not in (None, "0") else ""
        return f"{_COMMON}/{match[1]}-{match[2]}{minor}"
    known = {"Apache-2.0", "MPL-1.1", "MPL-2.0", "CC0-1.0"}
    return f"{_COMMON}/{identifier}" if identifier in known else ""


def _without_holders(text: str) -> str:
    """Return the terms alone: the copyright field has the holders, and equal terms are quoted once.

    Only above the terms: further down such a line may be part of a sentence.
    """
    rows = [row.rstrip() for row in text.split("\n")]
    above = [i for i, row in enumerate(rows) if row][:_ABOVE]
    rows = [row for i, row in enumerate(rows) if i not in above or not is_holder(row)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip("\n")


def licence_files(payload: Payload) -> Iterator[tuple[str, str]]:
    """Yield the project's own licence files by their names, without directories."""
    for component in (c for c in payload.components if c.own):
        for name, text in component.texts:
            yield name.replace("/", "-"), f"{text}\n"
