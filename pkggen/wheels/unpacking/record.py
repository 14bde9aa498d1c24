"""RECORD: the one that came, checked, and the one that describes what was unpacked.

Sources: the binary distribution format ("The .dist-info directory") and PEP 376 as the
"Recording installed projects" specification has it.
"""

from __future__ import annotations

import base64
import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file

from pkggen.errors import Problem

_STRONG = {"sha256", "sha384", "sha512"}
_FURTHER_ROWS = 1000  # of byte code and the like, beside one for each file
SIGNATURES = ("RECORD.jws", "RECORD.p7s")  # about the old RECORD, and not listed in it


@dataclass(frozen=True, slots=True)
class Expected:
    """What RECORD says of one member: ``algorithm`` of hashlib, digest as it stands there."""

    algorithm: str
    digest: str

    def matches(self, digest: bytes) -> bool:
        """Compare with a raw digest."""
        return _encoded(digest) == self.digest.rstrip("=")


def read_record(
    text: str, names: Mapping[str, int], info: str, where: str
) -> tuple[dict[str, Expected], list[Problem]]:
    """Compare RECORD with the members' ``names`` (and sizes); ``info`` is the dist-info directory.

    Returns what each member's bytes must hash to, and every problem: rows that can't be read,
    rows without a member, members without a row, hashes that are absent or weak, other sizes.
    """
    own = f"{info}/RECORD"
    if text.count("\n") > 2 * len(names) + _FURTHER_ROWS:
        return {}, [Problem("it has far more rows than there are files", f"{where}: {own}")]
    unlisted = {own, *(f"{info}/{s}" for s in SIGNATURES)}
    try:
        rows = list(parse_record_file(text.splitlines()))
    except (InvalidRecordEntry, csv.Error) as error:
        return {}, [Problem(f"can't be read: {error}", f"{where}: {own}")]
    expected: dict[str, Expected] = {}
    problems: list[Problem] = []
    for path, digest, size in rows:
        if path in unlisted or path.endswith("/") or "__pycache__" in path.split("/"):
            continue
        what = _row_problem(path, digest, size, names, expected)
        if what:
            problems.append(Problem(what, f"{where}: {path}"))
        if path in names and path not in expected:
            algorithm, _, value = digest.partition("=")
            expected[path] = Expected(algorithm, value)
    listed = {path for path, _, _ in rows} | unlisted
    problems += [Problem("it is not listed in RECORD", f"{where}: {n}") for n in sorted(names.keys() - listed)]
    return expected, problems


def _row_problem(path: str, digest: str, size: str, names: Mapping[str, int], seen: Mapping[str, Expected]) -> str:
    try:
        row = RecordEntry.from_elements(path, digest, size)
    except InvalidRecordEntry as error:
        return f"its RECORD row is invalid: {error}"
    if path not in names:
        return "RECORD lists it, but it is not there"
    if row.hash_ is None:
        return "RECORD has no hash of it"
    findings = {
        f"RECORD has only its {row.hash_.name}, not sha256": row.hash_.name not in _STRONG,
        f"it has {names[path]} bytes, RECORD says {row.size}": row.size not in {None, names[path]},
        "RECORD lists it twice, with two hashes": seen.get(path, Expected(*digest.split("=", 1))).digest
        != row.hash_.value,
    }
    return next((what for what, found in findings.items() if found), "")


def write_record(
    root: Path, site: str, info: str, known: Mapping[str, tuple[bytes, int]], scripts: Iterable[str]
) -> None:
    """Write ``info``/RECORD for all files below ``root`` as pip does.

    ``site`` is the path of site-packages below ``root``; ``known`` maps paths below ``root`` to
    raw SHA-256 and size. What is not known has neither: byte code, RECORD itself, scripts
    whose first line activation replaces, and the console ``scripts`` that it will write.
    """
    base = root / site
    rows = [(f"{'../' * (site.count('/') + 1)}bin/{name}", "", "") for name in scripts]
    rows.append((f"{info}/RECORD", "", ""))
    for directory, _, files in os.walk(root):
        for name in files:
            path = os.path.join(directory, name)
            digest, size = known.get(os.path.relpath(path, root), (b"", 0))
            row = (f"sha256={_encoded(digest)}", str(size)) if digest else ("", "")
            rows.append((os.path.relpath(path, base), *row))
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(sorted(rows))
    (base / info / "RECORD").write_bytes(stream.getvalue().encode())


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
