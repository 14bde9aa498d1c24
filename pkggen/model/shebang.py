"""Scripts that wheels bring as files."""

from __future__ import annotations

from pkggen.model import Entry


def is_python_script(entry: Entry) -> bool:
    """Tell whether a wheel's script asks for the venv's interpreter (binary distribution format, "#!python")."""
    if entry.source is None:
        return False
    with entry.source.open("rb") as stream:
        return stream.read(8) == b"#!python"
