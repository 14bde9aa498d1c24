"""Byte code made at build time, as unchecked hash-based pycs (PEP 552).

Its bytes depend on the source and the interpreter alone. Nothing is then compiled on the
target, where trees are read-only, and an equal mtime and size can't make Python run old code
(as it can with the default kind of pyc).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from pkggen.run import run

# Their byte code is a third of a large set's, and nobody imports it in production.
TESTS = ("test", "tests")
_WORKER = Path(__file__).with_name("worker.py")
_LIMIT = 1800  # seconds


def compile_tree(root: Path, python: Path, *, skip: Collection[str] = TESTS) -> int:
    """Write byte code beside every ``.py`` file below ``root``; return how many files there are.

    ``python`` is the interpreter that will run them. Directories named in ``skip``, at any depth,
    get none; sources that don't compile are passed over. ``__pycache__`` directories that were
    there go first. A pyc has its source's mtime and mode 0644, and records its source's path
    relative to ``root``. Raises ToolError when the interpreter can't run.
    """
    _remove_caches(root)
    # -I would ignore PYTHONHASHSEED, which orders the members of constant sets
    argv: list[str | Path] = [python, "-s", "-S", "-B", "-W", "ignore", _WORKER, root, *sorted(skip)]
    return int(run(argv, cwd=Path("/"), env={"PYTHONHASHSEED": "0"}, timeout=_LIMIT).stdout)


def _remove_caches(root: Path) -> None:
    for directory, names, _ in os.walk(root):
        if "__pycache__" in names:
            names.remove("__pycache__")
            shutil.rmtree(os.path.join(directory, "__pycache__"))
