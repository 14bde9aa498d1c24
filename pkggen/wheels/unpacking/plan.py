"""A wheel judged as a whole before any of it is written."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from installer.sources import WheelFile
from packaging.version import InvalidVersion, Version

from pkggen.errors import ArtefactError, IntegrityError, Problem
from pkggen.metadata.headers import decoded
from pkggen.model import Script
from pkggen.wheels.unpacking.dist_info import Identity, metadata_problems, read_scripts, wheel_problems
from pkggen.wheels.unpacking.placement import Placed, Placement
from pkggen.wheels.unpacking.record import Expected, read_record
from pkggen.wheels.unpacking.zip_members import Member, clashes, members

UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, UnicodeDecodeError)
_TEXT_LIMITS = {"RECORD": 32 << 20}  # bytes; the largest known are a few MiB
_TEXT_LIMIT = 4 << 20  # of the others; some paste a licence into METADATA


@dataclass(frozen=True, slots=True)
class Plan:
    """What to unpack, where to, and what each member's bytes must hash to."""

    layout: Placement
    placed: tuple[Placed, ...]
    expected: Mapping[str, Expected]
    scripts: tuple[Script, ...]


def inspect(archive: zipfile.ZipFile, identity: Identity, library: str, python: str) -> Plan:
    """Check everything but the members' bytes, for Python ``python`` ("3.13.5") with ``library`` ("lib/python3.13").

    Raises ArtefactError with every problem of the wheel, or IntegrityError when only RECORD is wrong.
    """
    found, problems = members(archive, identity.filename)
    info = _info_directory(archive, identity, problems)
    layout = Placement(identity, library, info)
    placed, misplaced = layout.place(found)
    by_path = clashes([p.path for p in placed], f"{identity.filename} (unpacked)") if not problems else []
    problems += misplaced + by_path
    texts = _texts(archive, found, info, identity.filename, problems)
    scripts = _check_texts(texts, identity, info, python, problems)
    expected: dict[str, Expected] = {}
    record_problems: list[Problem] = []
    if "RECORD" in texts:
        sizes = {m.name: m.size for m in found if "__pycache__" not in m.name.split("/")}
        expected, record_problems = read_record(texts["RECORD"], sizes, info, identity.filename)
    if problems:
        raise ArtefactError(*problems, *record_problems)
    IntegrityError.raise_all(record_problems)
    return Plan(layout, tuple(placed), expected, scripts)


def _info_directory(archive: zipfile.ZipFile, identity: Identity, problems: list[Problem]) -> str:
    try:
        info = WheelFile(archive).dist_info_dir
    except ValueError as error:
        problems.append(Problem(f"{error}", identity.filename))
        return ""
    version = info.removesuffix(".dist-info").rpartition("-")[2]
    try:
        same = Version(version) == identity.version
    except InvalidVersion:
        same = False
    if not same:
        problems.append(Problem(f"its version is unlike the file name's {identity.version}", _at(identity, info)))
    return info


def _at(identity: Identity, member: str) -> str:
    return f"{identity.filename}: {member}"


def _texts(
    archive: zipfile.ZipFile, found: Sequence[Member], info: str, filename: str, problems: list[Problem]
) -> dict[str, str]:
    """Read the files of the dist-info directory that say something."""
    by_name = {m.name: m for m in found}
    texts: dict[str, str] = {}
    for name in ("WHEEL", "METADATA", "RECORD", "entry_points.txt"):
        member = by_name.get(f"{info}/{name}") if info else None
        where = f"{filename}: {info}/{name}"
        if member is None:
            if info and name != "entry_points.txt":
                problems.append(Problem(f"{name} is missing", where))
        elif member.size > (limit := _TEXT_LIMITS.get(name, _TEXT_LIMIT)):
            problems.append(Problem(f"it has {member.size} bytes, more than {limit}", where))
        else:
            try:
                content = archive.read(member.info)
                texts[name] = decoded(content) if name == "METADATA" else content.decode("utf-8")
            except UNREADABLE as error:
                problems.append(Problem(f"can't be read: {error}", where))
    return texts


def _check_texts(
    texts: Mapping[str, str], identity: Identity, info: str, python: str, problems: list[Problem]
) -> tuple[Script, ...]:
    if "WHEEL" in texts:
        problems += wheel_problems(texts["WHEEL"], _at(identity, f"{info}/WHEEL"))
    if "METADATA" in texts:
        problems += metadata_problems(texts["METADATA"], identity, python, _at(identity, f"{info}/METADATA"))
    where = _at(identity, f"{info}/entry_points.txt")
    scripts, bad = read_scripts(texts.get("entry_points.txt", ""), identity.name, where)
    problems += bad
    return scripts
