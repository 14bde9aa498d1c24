"""The long description of a package, from a README in Markdown or reStructuredText."""

from __future__ import annotations

import re
import textwrap

_WIDTH = 75  # with the blank of a control file within 79, which rpmlint and lintian ask for
_IMAGE = re.compile(r"\[?!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])(\](\([^)]*\)|\[[^\]]*\]))?")
_MARKUP = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"\[([^\]]+)\](\([^)\s]*( \"[^\"]*\")?\)|\[[^\]]*\])"), r"\1"),  # Markdown's links
    (re.compile(r"`([^`<]+?)\s*<[^>`]+>`_{1,2}"), r"\1"),  # reStructuredText's
    (re.compile(r":[a-z:]+:`~?([^`]+)`"), r"\1"),
    (re.compile(r"``?([^`]+)``?_?"), r"\1"),
    (re.compile(r"(?<!\w)(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"<(https?://[^>]+)>"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^>]*>"), ""),
    (re.compile(r"\|[\w .-]+\|"), ""),  # substitutions, mostly badges
)
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+:.])\1{2,}\s*")
_NO_PROSE = re.compile(r"#|>|[-*+•] |\d+[.)] |\||\.\. |:[\w-]+:|\[[^\]]+\]: |---|~~~|    |\t|\$ |>>> ")


def first_paragraph(text: str) -> str:
    """Return the first paragraph of prose in ``text``, without markup, wrapped; "" when there is none.

    Headings, badges, lists, tables, quotations, code and directives are passed over.
    """
    text = re.sub(r"<!--.*?-->", "", text.replace("\r\n", "\n"), flags=re.DOTALL)
    text = re.sub(r"(?ms)^(```|~~~).*?^\1[ \t]*$", "", text)
    literal = False
    for block in re.split(r"\n[ \t]*\n", text.strip("\n")):
        rows = [row for row in block.split("\n") if row.strip()]
        if literal and rows and rows[0][:1].isspace():
            continue
        literal = bool(rows) and (rows[0].startswith("..") or rows[-1].rstrip().endswith("::"))
        prose = _prose(rows)
        if prose:
            return textwrap.fill(prose, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return ""


def _prose(rows: list[str]) -> str:
    """Return a block as one line of plain text, "" when it is no sentence."""
    while len(rows) > 1 and _UNDERLINE.fullmatch(rows[1]):  # a heading right above its paragraph
        rows = rows[2:]
    while rows and (_UNDERLINE.fullmatch(rows[0]) or re.match(r"#{1,6} ", rows[0])):
        rows = rows[2:] if _UNDERLINE.fullmatch(rows[0]) and len(rows) > 2 and not rows[0].startswith("#") else rows[1:]
    if not rows or _NO_PROSE.match(rows[0]):
        return ""
    line = _IMAGE.sub("", " ".join(row.strip() for row in rows))
    for pattern, kept in _MARKUP:
        line = pattern.sub(kept, line)
    line = " ".join(line.replace("\\", "").split())
    words = re.findall(r"[^\W\d_]{2,}", line)
    return line if len(words) >= 3 else ""
