"""Text in the language of manual pages, man(7)."""

from __future__ import annotations

# groff_char(7): what would otherwise become a typographic sign, and could not be copied from the page
_SIGNS = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"})


def roff(value: str) -> str:
    """Return ``value`` as a manual page shows it to the letter; it begins no line with a dot, as a request does."""
    return value.translate(_SIGNS)
