"""The proof that an interpreter is relocatable: it is run from another place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pkggen.errors import ArtefactError, Problem, ToolError
from pkggen.interpreter.tree import TreeLayout
from pkggen.run import run

_PROBE = Path(__file__).with_name("selftest_probe.py")
_PREFIX = "import json, sys; print(json.dumps(sys.prefix))"
_LIMIT = 120  # seconds


def selftest(layout: TreeLayout, scratch: Path, origin: str) -> tuple[str, ...]:
    """Run the interpreter from a copy whose path holds a space, in an empty environment.

    It must import what it has, find its library, map nothing but glibc from outside, and make a
    venv that runs. ``scratch`` is a directory for a while on the tree's file system. Returns the
    common modules that it was built without; raises ArtefactError with everything that went wrong.
    """
    moved = scratch / "moved elsewhere"
    shutil.copytree(layout.root, moved, symlinks=True, copy_function=os.link)
    venv = scratch / "venv here"
    python = moved / layout.executable
    answer = _ask([python, "-I", "-B", _PROBE, moved], origin)
    _run([python, "-I", "-B", "-m", "venv", "--without-pip", venv], origin)
    prefix = _ask([venv / "bin" / "python", "-I", "-B", "-c", _PREFIX], origin)
    failures = [*answer["failures"]]
    if answer["version"] != layout.version:
        failures.append(f"it says that it is Python {answer['version']}, not {layout.version}")
    if prefix != os.fspath(venv):
        failures.append(f"its venv's prefix is {prefix}")
    ArtefactError.raise_all(
        Problem(f"moved to another directory, {f}", origin, "choose an interpreter that can be moved") for f in failures
    )
    return tuple(answer["missing"])


def _ask(argv: Sequence[str | Path], origin: str) -> Any:
    text = _run(argv, origin)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ArtefactError("its program is no Python", where=origin) from error


def _run(argv: Sequence[str | Path], origin: str) -> str:
    try:
        return run(["/usr/bin/env", "-i", *argv], cwd=Path("/"), timeout=_LIMIT).stdout
    except ToolError as error:
        raise ArtefactError(
            f"does not run when moved to another directory: {error}",
            where=origin,
            remedy="choose another interpreter, or one built for a glibc as old as this machine's",
        ) from error
