"""Which standalone build a version stood for, written down so that the next build takes the same.

The file is TOML: a table ``python.<machine>`` for each machine that was built for, with what was
asked for (``source``) and what that stood for (``version``, ``url``, ``sha256``).
"""

from __future__ import annotations

import re
from pathlib import Path

from pkggen.errors import ConfigurationError, StorageError
from pkggen.interpreter.standalone import Release, mirrored
from pkggen.model import PythonSpec
from pkggen.store.pkggen_lock import FILE, read_tables, write_table
from pkggen.store.writing import only_looks
from pkggen.terminal.reporter import Reporter

__all__ = ["FILE", "record", "recorded"]

_KEYS = ("source", "version", "url", "sha256")


def recorded(directory: Path, spec: PythonSpec, arch: str) -> Release | None:
    """Return the build that ``spec`` stood for last time, or None when it is asked for something else now.

    Raises ConfigurationError when the file is not as we write it.
    """
    entry = _read(directory / FILE).get(arch)
    if entry is None or entry["source"] != spec.source:
        return None
    return Release(entry["version"], mirrored(entry["url"], spec.mirror), entry["sha256"], entry["url"])


def record(directory: Path, spec: PythonSpec, arch: str, release: Release, reporter: Reporter) -> None:
    """Write down what ``spec`` stands for; where that can't be written, warn."""
    path = directory / FILE
    before = _read(path)
    entry = dict(zip(_KEYS, (spec.source, release.version, release.origin, release.sha256), strict=True))
    if before.get(arch) == entry:
        return
    try:
        write_table(path, "python", arch, entry)
    except StorageError as error:
        reporter.warn(f"{error.problems[0].what}: the next build may take a newer interpreter")
        return
    if not only_looks():
        reporter.note(f"{spec.source} is Python {release.version} from now on (written to {FILE})")


def _read(path: Path) -> dict[str, dict[str, str]]:
    found = read_tables(path, "python", _KEYS)
    wrong = [arch for arch, table in found.items() if not re.fullmatch(r"[0-9a-f]{64}", table["sha256"])]
    if wrong:
        raise ConfigurationError(
            "sha256 is no digest", where=f"{path.name}: python.{wrong[0]}", remedy="restore it, or delete the file"
        )
    return found
