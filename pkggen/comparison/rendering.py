"""A comparison as text to read and to grep, and as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pkggen.comparison.finding import Area, Comparison, Finding
from pkggen.terminal.display import one_line

_WIDEST = 48  # characters that a subject is padded to


def as_text(compared: Comparison) -> str:
    """Return a line for each finding, its columns aligned, then the diffs, then the notes."""
    rows = [_row(f) for f in compared.findings]
    widths = [min(_WIDEST, max((len(row[i]) for row in rows), default=0)) for i in range(3)]
    lines = [" ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows]
    for finding in compared.findings:
        if finding.diff:
            lines += ["", one_line(f"--- {finding.area.value} {finding.subject}"), *map(one_line, finding.diff)]
    lines += [] if compared.findings else ["They deliver the same."]
    return "\n".join([*lines, *(one_line(f"note: {note}") for note in compared.notes)])


def _row(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.area.value, finding.change.value, one_line(finding.subject), one_line(_told(finding)))


def _told(finding: Finding) -> str:
    arrow = f"{finding.old} -> {finding.new}" if finding.old and finding.new else finding.new or finding.old
    return f"{arrow}  {finding.address}".strip()


def as_markdown(compared: Comparison) -> str:
    """Return a section with a table for each area, and diffs that unfold."""
    lines = [f"### {_escaped(compared.old)} → {_escaped(compared.new)}", ""]
    for area in Area:
        found = [f for f in compared.findings if f.area is area]
        if found:
            lines += [f"**{area.value}**", "", "| | | |", "|---|---|---|"]
            lines += [f"| {f.change.value} | {_escaped(f.subject)} | {_escaped(_told(f))} |" for f in found]
            lines += ["", *(line for f in found if f.diff for line in _folded(f))]
    lines += [] if compared.findings else ["They deliver the same.", ""]
    return "\n".join([*lines, *(f"- {_escaped(note)}" for note in compared.notes)]).rstrip()


def _folded(finding: Finding) -> Iterator[str]:
    fence = "`" * max(3, 1 + max((len(m) for line in finding.diff for m in re.findall("`+", line)), default=0))
    yield from (f"<details><summary>{_escaped(finding.subject)}</summary>", "", f"{fence}diff")
    yield from map(one_line, finding.diff)
    yield from (fence, "", "</details>", "")


def _escaped(text: str) -> str:
    """Return text of a package as text of a table: nothing in it is Markdown, HTML or a mention."""
    plain = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", one_line(text))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
