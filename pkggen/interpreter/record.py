"""Which standalone build a version stood for, written down so that the next build takes the same.

The file is TOML: a table ``python.<machine>`` for each machine that was built for, with what was
asked for (``source``) and what that stood for (``version``, ``url``, ``sha256``).
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from pkggen.errors import ConfigurationError
from pkggen.interpreter.standalone import Release, mirrored
from pkggen.model import PythonSpec
from pkggen.reporter import Reporter

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pkggen.lock"
_HEAD = """\
# Written by pkggen: which interpreter python.source stood for. Commit this file.
# For a newer build delete it, or change python.source.
"""
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
    tables = sorted({**before, arch: entry}.items())
    text = _HEAD + "".join(f"\n[python.{name}]\n{_lines(table)}" for name, table in tables)
    fresh = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        reporter.warn(f"{FILE} can't be written ({error.strerror}): the next build may take a newer interpreter")
        return
    reporter.note(f"{spec.source} is Python {release.version} from now on (written to {FILE})")


def _lines(table: dict[str, str]) -> str:
    # a JSON string without surrogates is a TOML basic string
    return "".join(f"{key} = {json.dumps(table[key], ensure_ascii=False)}\n" for key in _KEYS)


def _read(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    try:
        tables: Any = tomllib.loads(path.read_text(encoding="utf-8"))["python"]
        found = {arch: {key: str(table[key]) for key in _KEYS} for arch, table in tables.items()}
        wrong = [arch for arch, table in found.items() if not re.fullmatch(r"[0-9a-f]{64}", table["sha256"])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"is not a lock of pkggen's ({error})", where=path.name, remedy="restore it, or delete it to make a new one"
        ) from error
    if wrong:
        raise ConfigurationError(
            "sha256 is no digest", where=f"{path.name}: python.{wrong[0]}", remedy="restore it, or delete the file"
        )
    return found
