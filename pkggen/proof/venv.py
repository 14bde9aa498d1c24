"""The venv that is tried: laid out below a scratch directory from the parts of the package."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pkggen.activation.manifest import Python
from pkggen.activation.members import Text
from pkggen.activation.scaffold import scaffold
from pkggen.errors import StorageError
from pkggen.model import Entry, Interpreter, Kind, Parts
from pkggen.payload.layers import single_layer


def lay_out(parts: Parts, home: Path, *, linked: bool) -> Path:
    """Lay interpreter and venv out below the new directory ``home``; return the venv's Python.

    ``linked``: symbolic links into the cache, whose files nobody may write to; who runs the venv must not be
    able to. Links of the other kind would disturb who packs them. Else copies. Raises StorageError.
    """
    interpreter = parts.interpreter
    try:
        home.mkdir()
        if linked:
            (home / "python").symlink_to(interpreter.tree.root)
        else:
            shutil.copytree(interpreter.tree.root, home / "python", symlinks=True)
        _place(single_layer("venv", parts).entries, home / "venv", linked=linked)
        _place_scaffold(interpreter, home)
    except (OSError, shutil.Error) as error:
        raise StorageError(f"can't be laid out: {error}", where=str(home), remedy="make room there") from error
    return home / "venv/bin/python"


def _place(entries: Iterable[Entry], root: Path, *, linked: bool) -> None:
    known = set[str]()
    for entry in entries:
        path = f"{root}/{entry.path}"
        directory = path.rpartition("/")[0]
        if directory not in known:
            os.makedirs(directory, exist_ok=True)
            known.add(directory)
        if entry.kind is Kind.SYMLINK:
            os.symlink(entry.link, path)
        elif entry.source is None:
            Path(path).write_bytes(entry.content or b"")
        elif linked:
            os.symlink(entry.source, path)
        else:
            shutil.copyfile(entry.source, path)
            os.chmod(path, entry.mode)


def _place_scaffold(interpreter: Interpreter, home: Path) -> None:
    """Write what makes the directory a venv, as a target does."""
    executable = f"python/{interpreter.executable}"
    for name, member in scaffold(str(home), executable, Python(executable, interpreter.version)).items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(member, Text):
            path.write_bytes(member.data)
        elif not path.is_symlink():
            path.symlink_to(getattr(member, "target", ""))
