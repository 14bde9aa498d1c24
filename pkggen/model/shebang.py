"""First lines of the programs that wheels and folders bring: which of them ask for a Python."""

from __future__ import annotations

import re

from pkggen.model import Entry

HEAD = 2048  # bytes that tell what a program is run by
_LINE = re.compile(
    rb"#!\s*(?:\S*/)?"  # Linux allows blanks before the program, and wheels may name it without a folder
    rb"(?:env\s+(?:-\S+\s+)*(?:[A-Za-z_]\w*=\S*\s+)*(?:\S*/)?)?"
    rb"(?:python|pythonw|pypy)[0-9.]*(?P<arguments>[ \t]+\S[^\n]*)?\s*"
)
# what installs what a script needs and runs it with a Python: the package has all of that
_RUNNER = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*(?:\S*/)?)?(?:uv|uvx|pipx|pdm|hatch|rye)\s+run\b[^\n]*")
# what sh runs as its second line and Python takes for a string, in all spellings that have been seen
_POLYGLOT = re.compile(
    rb"#![^\n]*sh\b[^\n]*\n[ \t]*(?:'''|\"\"\"|(?=['\"](?:exec|:|true)['\"]))[^\n]*?(?:\n[^\n]*?){0,3}?"
    rb"\bexec\b[^\n]*(?:python|pypy)"
)
_STARTS_PYTHON = re.compile(rb"^[^#\n]*\bexec\s+[^\n]*\b(?:python|pypy)[0-9.]*\b", re.MULTILINE)


def is_python_script(entry: Entry) -> bool:
    """Tell whether a wheel's script asks for the venv's interpreter (binary distribution format, "#!python")."""
    if entry.source is None:
        return False
    with entry.source.open("rb") as stream:
        return stream.read(8) == b"#!python"


def asks_for_python(head: bytes) -> bool:
    """Tell whether a program that begins with ``head`` is Python's, however its first line spells that."""
    first = head.partition(b"\n")[0]
    return bool(_LINE.fullmatch(first) or _RUNNER.fullmatch(first) or _POLYGLOT.match(head))


def arguments_of(head: bytes) -> str:
    """Return the arguments that a first line gives Python, "" for none; an ``env`` of its own counts for nothing."""
    match = _LINE.fullmatch(head.partition(b"\n")[0])
    return match["arguments"].decode(errors="replace").strip() if match and match["arguments"] else ""


def starts_python(head: bytes) -> bool:
    """Tell whether a shell script replaces itself by some Python, which is the system's."""
    return head.startswith(b"#!") and not asks_for_python(head) and bool(_STARTS_PYTHON.search(head))


def with_ours(content: bytes) -> bytes:
    """Return a program that :func:`asks_for_python` with ``#!python`` as its first line, which asks for the venv's."""
    return b"#!python\n" + content.partition(b"\n")[2]
