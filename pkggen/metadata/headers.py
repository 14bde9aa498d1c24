"""METADATA as text: the one reader of a wheel's headers.

Core metadata is UTF-8 (core metadata specification, since version 2.1). Older back-ends wrote names
as encoded words, which RFC 2047 has for mail, or in the encoding of the author's system.
"""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.message import Message
from email.parser import Parser
from email.policy import compat32

_WORD = r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?="
_WORDS = re.compile(rf"{_WORD}(?:\s+{_WORD})*")  # the blanks between two of them are no part of the text


def decoded(raw: bytes) -> str:
    """Return a text that is UTF-8 by rule; another encoding is taken for Latin-1, which knows every byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_headers(text: str) -> Message:
    """Return the headers and the body of METADATA, with encoded words decoded.

    Every value is a str; the body is that of ``get_payload()``. What claims to be an encoded word
    and can't be decoded stays as it is.
    """
    written = Parser(policy=compat32).parsestr(text)
    message = Message(policy=compat32)
    for name, value in written.items():
        message[name] = _WORDS.sub(_plain, str(value))
    body = written.get_payload()
    message.set_payload(body if isinstance(body, str) else "")
    return message


def _plain(match: re.Match[str]) -> str:
    try:
        return str(make_header(decode_header(match[0])))
    except (LookupError, ValueError):  # an unknown charset, or bytes that are none of it
        return match[0]
