"""What makes a venv of an interpreter and layers: settings, links, scripts. The builder writes with it as well."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

from .manifest import Python
from .members import File, Link, Member, Text, check_source
from .protocol import damaged

LOADER = "import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    sys.exit({attr}())\n"


def scaffold(home: str, executable: str, python: Python) -> dict[str, Member]:
    """Return what makes ``home/venv`` a venv (PEP 405) of the interpreter ``home/executable``: settings and links.

    ``executable`` may be absolute.
    """
    config = f"home = {os.path.join(home, os.path.dirname(executable))}\n"
    config += f"include-system-site-packages = {'true' if python.site_packages else 'false'}\n"
    config += f"version = {python.version}\n"
    members: dict[str, Member] = {"venv/pyvenv.cfg": Text(config.encode(), 0o644)}
    members["venv/bin/python"] = Link(os.path.join("../../", executable))
    for name in {"python3", os.path.basename(executable)} - {"python"}:
        members["venv/bin/" + name] = Link("python")
    return members


def shebang(python: str, option: str) -> bytes:
    """Return a script's first line or lines; kernels before 5.1 read 127 bytes and none allows spaces."""
    line = f"#!{python} {option}".rstrip() + "\n"
    if len(line.encode()) <= 127 and " " not in python:
        return line.encode()
    # sh runs the second line; for Python lines two and three are one string: as pip writes it
    words = f"{shlex.quote(python)} {option}".rstrip()
    return f"#!/bin/sh\n'''exec' {words} \"$0\" \"$@\"\n' '''\n".encode()


def script(name: str, module: str, attr: str, head: bytes) -> Text:
    """Return a console script, as pip writes it (entry points specification, "Use for scripts")."""
    parts = [*module.split("."), *attr.split(".")]
    if "/" in name or name in {"", ".", ".."} or not all(part.isidentifier() for part in parts):
        raise damaged(f"console script {name!r} = {module!r}:{attr!r}")
    return Text(head + LOADER.format(module=module, name=attr.partition(".")[0], attr=attr).encode(), 0o755)


def rewritten(member: Member, head: bytes) -> Text:
    """Return a data script whose ``#!python`` line is ours (binary distribution format, "Scripts")."""
    if not isinstance(member, File):
        raise damaged("a script to rewrite is no file")
    check_source(member)
    data = Path(member.source).read_bytes()
    if hashlib.sha256(data).hexdigest() != member.digest:
        raise damaged(member.source)
    first, _, rest = data.partition(b"\n")
    return Text(head + rest if first.startswith(b"#!python") else data, 0o755)
