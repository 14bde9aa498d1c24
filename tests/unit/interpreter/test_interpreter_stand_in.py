"""Byte code for an interpreter that can't run here."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import replace
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from pkggen.interpreter.stand_in import compatible, sibling, with_byte_code
from pkggen.model import Interpreter, Needs, PythonSpec, Tree
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent

OTHER = "x86_64" if platform.machine() == "aarch64" else "aarch64"
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"


def foreign(cache: Cache, version: str) -> Interpreter:
    """Return an interpreter of one module for another machine."""

    def make(content: Path) -> Needs:
        (content / "lib").mkdir()
        (content / "lib/os.py").write_text("name = 'posix'\n")
        os.utime(content / "lib/os.py", (1_600_000_000, 1_600_000_000))
        return Needs(OTHER)

    return Interpreter(version, cache.tree("interpreter", "foreign", make), "test", "0" * 64, runs_here=False)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("3.13.1", "3.13.9", True), ("3.13.1", "3.12.1", False), ("3.14.0rc1", "3.14.0rc1", True),
     ("3.14.0a1", "3.14.0", False), ("3.14.0rc1", "3.14.0rc2", False)],
)  # fmt: skip
def test_final_releases_of_a_minor_version_share_their_byte_code(one: str, other: str, expected: bool) -> None:
    """Before a release is final its byte code may still change, so only the very same one will do."""
    assert compatible(one, other) is expected


def test_a_sibling_differs_in_the_machine_alone(tmp_path: Path) -> None:
    """The archive for this machine is looked for beside the other's, by its name."""
    given, wanted = (tmp_path / f"cpython-3.13.5-{m}-unknown-linux-gnu.tar.gz" for m in ("aarch64", "x86_64"))
    given.touch()

    assert sibling(given, "aarch64", "x86_64") is None
    wanted.touch()
    assert sibling(given, "aarch64", "x86_64") == wanted
    assert sibling(tmp_path / "python.tar.gz", "aarch64", "x86_64") is None


def test_this_machines_python_makes_the_byte_code(tmp_path: Path) -> None:
    """An installed Python of the same minor version compiles, and its tree is another than the plain one."""
    cache, reporter = Cache(tmp_path / "cache"), Silent()
    plain = foreign(cache, f"{MINOR}.0")
    found = with_byte_code(plain, PythonSpec("x.tar.gz"), cache, reporter, root=tmp_path, offline=True)

    (pyc,) = (e for e in found.tree.entries if e.path.endswith(".pyc"))
    assert pyc.source is not None
    assert pyc.source.read_bytes()[:4] == MAGIC_NUMBER
    assert found.compiler is not None
    assert found.compiler.identity.startswith(f"host {MINOR}.")
    assert [e.path for e in plain.tree.entries] == ["lib/os.py"]
    assert (reporter.warnings, found.tree.needs) == ([], plain.tree.needs)


def test_without_a_stand_in_the_target_compiles(tmp_path: Path) -> None:
    """Where no interpreter will do, the tree stays as it is and a warning tells."""
    cache, reporter = Cache(tmp_path / "cache"), Silent()
    plain = foreign(cache, "3.99.0")
    found = with_byte_code(plain, PythonSpec("x.tar.gz"), cache, reporter, root=tmp_path, offline=True)

    assert (found, found.compiler) == (plain, None)
    assert len(reporter.warnings) == 1
    assert f"no Python 3.99 here can make byte code for {OTHER}" in reporter.warnings[0]


def test_an_interpreter_that_runs_here_compiles_for_itself(tmp_path: Path) -> None:
    """Its own program is the compiler, whatever else is installed."""
    here = Interpreter("3.13.5", Tree(tmp_path, ()), "test", "0" * 64)

    assert here.compiler is not None
    assert here.compiler.program == tmp_path / "bin/python3.13"
    assert replace(here, runs_here=False).compiler is None
