"""Writing a wheel whose bytes depend on nothing but what is in it.

Source: the binary distribution format, with members in the order it recommends (dist-info last).
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from pkggen.archives.zip_times import EARLIEST

_GENERATOR = "pkggen"
_LATEST = 4354819198  # 2107-12-31 23:59:58, where a zip file's calendar ends


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a wheel: where it lies in it, and its bytes."""

    name: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """What a wheel says of itself: ``version`` is normalised, ``summary`` is one line.

    ``headers`` are further fields of METADATA in one line each, ``entry_points`` console scripts and their targets.
    """

    name: str
    version: str
    summary: str
    headers: tuple[tuple[str, str], ...] = ()
    entry_points: tuple[tuple[str, str], ...] = ()
    description: str = ""

    @property
    def stem(self) -> str:
        """Return what the file's name and its directories start with."""
        return f"{canonicalize_name(self.name).replace('-', '_')}-{self.version}"


def write_wheel(directory: Path, heading: Heading, members: Iterable[Member], epoch: int) -> Path:
    """Write a pure wheel into ``directory`` and return its path.

    ``epoch`` becomes the time of every member (seconds since 1970, not before 1980).
    """
    stem = heading.stem
    about = f"Metadata-Version: 2.4\nName: {heading.name}\nVersion: {heading.version}\nSummary: {heading.summary}\n"
    about += "".join(f"{field}: {value}\n" for field, value in heading.headers)
    about += f"\n{heading.description}" if heading.description else ""
    wheel = f"Wheel-Version: 1.0\nGenerator: {_GENERATOR}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    listed = [
        *sorted(members, key=lambda m: m.name),
        Member(f"{stem}.dist-info/METADATA", about.encode()),
        Member(f"{stem}.dist-info/WHEEL", wheel.encode()),
    ]
    if heading.entry_points:
        rows = "".join(f"{name} = {target}\n" for name, target in heading.entry_points)
        listed.append(Member(f"{stem}.dist-info/entry_points.txt", f"[console_scripts]\n{rows}".encode()))
    record = "".join(_row(m) for m in listed) + f"{stem}.dist-info/RECORD,,\n"
    path = directory / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member in (*listed, Member(f"{stem}.dist-info/RECORD", record.encode())):
            archive.writestr(_info(member, epoch), member.content)
    return path


def _row(member: Member) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(member.content).digest()).rstrip(b"=").decode()
    name = '"' + member.name.replace('"', '""') + '"' if re.search(r'[",]', member.name) else member.name
    return f"{name},sha256={digest},{len(member.content)}\n"


def _info(member: Member, epoch: int) -> zipfile.ZipInfo:
    moment = time.gmtime(min(max(epoch, EARLIEST), _LATEST))
    info = zipfile.ZipInfo(member.name, moment[:6])
    info.create_system = 3  # Unix: the modes below mean something
    info.external_attr = (0o100755 if member.executable else 0o100644) << 16
    return info
