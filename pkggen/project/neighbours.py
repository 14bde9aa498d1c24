"""Requirements of a project on folders beside it: cut out of its wheel, and remembered.

Poetry, PDM and hatch write a path dependency into METADATA as ``name @ file:///…``, with the path of the
build host. On the target that path means nothing, and it would make two builds differ. So the wheel is
left with the name, and who looks for wheels is told the folder.

Sources: PEP 440 "Direct references", the binary distribution format (RECORD), RFC 8089.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_FIELD = b"Requires-Dist:"


def cut_neighbours(wheel: Path, copy: Path, root: Path) -> tuple[tuple[str, str], ...]:
    """Take addresses of files out of the requirements of ``wheel``, in place; return (name, absolute path) of each.

    Below ``copy`` everything lies as it lies below ``/``; relative addresses start from the project ``root``.
    """
    with zipfile.ZipFile(wheel) as archive:
        name = next((n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA")), "")
        content = archive.read(name) if name else b""
        if b"file:" not in content:
            return ()
        found: dict[str, str] = {}
        head, separator, body = content.partition(b"\n\n")
        lines = [_plain(line, found, copy, root) for line in head.split(b"\n")]
        if not found:
            return ()
        fresh = wheel.with_name(f"{wheel.name}.new")
        _rewrite(archive, fresh, name, b"\n".join(lines) + separator + body)
    fresh.replace(wheel)
    return tuple(sorted(found.items()))


def path_of(url: str, root: Path) -> Path | None:
    """Return the file or folder that a ``file:`` URL names, relative ones from ``root``; None for other URLs."""
    parts = urlsplit(url)
    if parts.scheme.lower() != "file" or parts.netloc not in {"", "localhost"}:
        return None
    return root / unquote(parts.path)


def _plain(line: bytes, found: dict[str, str], copy: Path, root: Path) -> bytes:
    if not line.startswith(_FIELD):
        return line
    try:
        text = str(BytesHeaderParser().parsebytes(line)["Requires-Dist"])
        requirement = Requirement(text)
    except InvalidRequirement:
        return line  # told by who reads the metadata
    path = path_of(requirement.url or "", copy / root.relative_to("/"))
    if path is None:
        return line
    original = Path("/") / path.relative_to(copy) if path.is_relative_to(copy) else path
    found[canonicalize_name(requirement.name)] = str(original)
    requirement.url = None
    return _FIELD + b" " + str(requirement).encode() + (b"\r" if line.endswith(b"\r") else b"")


def _rewrite(archive: zipfile.ZipFile, to: Path, name: str, content: bytes) -> None:
    """Copy ``archive`` with other ``content`` of the member ``name``, and a RECORD that says so."""
    record = f"{name.rpartition('/')[0]}/RECORD"
    rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    rows = [[name, f"sha256={digest}", str(len(content))] if row[:1] == [name] else row for row in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    changed = {name: content, record: text.getvalue().encode()}
    with zipfile.ZipFile(to, "w") as fresh:
        for info in archive.infolist():
            fresh.writestr(info, changed.get(info.filename, archive.read(info)), info.compress_type)
