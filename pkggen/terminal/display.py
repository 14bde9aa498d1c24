r"""Text of others, made fit for a terminal: the one place that prints results, and what warnings and errors pass.

A terminal obeys what it is sent: ECMA-48 sequences move the cursor, set the title or answer as if
typed; marks of direction (UAX #9) let a line read as another one. Nothing that came out of a package,
a wheel, a file's name or another program's mouth may do that, so such characters are shown as Python
would write them: ``\x1b``, ``\u202e``.
"""

from __future__ import annotations

import os
import re
import sys

# Categories Cc, Cf, Cs, Zl and Zp, but for line ends, tabs, and the two joiners that Persian and
# emoji are written with. Listed, since asking unicodedata for all of them takes a tenth of a second.
_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_IN_TEXT = re.compile(f"[{_UNSAFE}]")
_IN_LINE = re.compile(f"[{_UNSAFE}\t\n]")


def visible(text: object) -> str:
    """Return ``text`` with every character that a terminal would obey written out; lines and tabs stay."""
    return _IN_TEXT.sub(_written, str(text))


def one_line(text: object) -> str:
    """Return the same as a single line: a name with a line end in it can't pass for two."""
    return _IN_LINE.sub(_written, str(text))


def show(text: object, *, end: str = "\n") -> None:
    """Print a result on stdout, :func:`visible`, whatever the encoding there can't say."""
    _put(visible(text) + end)


def show_path(path: str | os.PathLike[str]) -> None:
    """Print the path of something that was made: to the letter for a pipe, fit to be read on a terminal."""
    stream = sys.stdout
    if stream.isatty() or not hasattr(stream, "buffer"):
        show(one_line(os.fspath(path)))
        return
    stream.flush()
    stream.buffer.write(os.fsencode(path) + b"\n")
    stream.buffer.flush()


def _put(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _written(match: re.Match[str]) -> str:
    number = ord(match[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no UTF-8, as Python carries it in file names (PEP 383)
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
