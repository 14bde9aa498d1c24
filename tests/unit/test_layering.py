"""The folders are the layers, and the import graph is what docs/architecture.md draws of them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pkggen"

# Highest first. A unit is a folder of pkggen, or one of the few modules at its root; it imports from
# the lines below its own alone. There is no list of modules: what is in a folder has the folder's place.
LAYERS = """
cli
commands
pipeline
packing repository comparison
gather formats proof
payload
inventory
project interpreter wheels signing
archives bytecode config metadata network store targets templating
model reading run
errors terminal activation
"""
ROWS = [line.split() for line in reversed(LAYERS.split("\n")) if line]
RANK = {unit: rank for rank, units in enumerate(ROWS) for unit in units}

# What only one unit may import. On the target there is nothing of ours, so activation starts programs itself.
SOLE_USERS = {"click": {"cli"}, "jinja2": {"templating"}, "subprocess": {"run", "activation"}}
# Each runs under another interpreter than ours.
ELSEWHERE = re.compile(r"activation/.*|(.*/)?(worker|.*_worker|.*_probe|system_certificates)\.py")


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)


def spelled(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(source: str, package: tuple[str, ...] = ("pkggen",)) -> Iterator[str]:
    """Yield the dotted name of everything imported, wherever in the file; ``from a import b`` is a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_of(path: Path) -> list[str]:
    return list(imported(path.read_text(encoding="utf-8"), ("pkggen", *path.relative_to(PACKAGE).parts[:-1])))


def units_imported(path: Path) -> set[str]:
    names = (name.split(".")[1] for name in imports_of(path) if name.startswith("pkggen."))
    return {name for name in names if name in RANK} - {unit_of(path)}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import click.testing", ["click.testing"]),
        ("from pkggen.targets import elf", ["pkggen.targets.elf"]),
        ("def f():\n    from pkggen.run import run", ["pkggen.run.run"]),
        ("from ..run import run", ["pkggen.run.run"]),
        ("from . import rpm", ["pkggen.formats.rpm"]),
    ],
)
def test_every_form_of_import_is_seen(source: str, names: list[str]) -> None:
    """An import inside a function, a relative one and a plain one are all found."""
    assert list(imported(source, ("pkggen", "formats"))) == names


def test_the_layers_are_the_folders() -> None:
    """A new folder, or a new module at the root, gets its place on purpose, and none stays that is gone."""
    assert {unit_of(p) for p in modules()} - {"__init__"} == set(RANK)


def test_the_root_shows_the_line() -> None:
    """What is no step of the line lives in a folder."""
    assert {p.stem for p in PACKAGE.glob("*.py")} == {
        "__init__",
        "pipeline",
        "gather",
        "packing",
        "errors",
        "run",
        "reading",
    }


def test_each_folder_says_what_belongs_there() -> None:
    """The first line of a folder's ``__init__`` is a whole sentence about it."""
    first = {
        spelled(p): (ast.get_docstring(ast.parse(p.read_text("utf-8"))) or "") for p in PACKAGE.rglob("__init__.py")
    }

    assert {name for name, text in first.items() if not text.split("\n")[0].endswith(".")} == set()
    assert {p.parent for p in modules()} == {p.parent for p in PACKAGE.rglob("__init__.py")}


@pytest.mark.parametrize("path", modules(), ids=spelled)
def test_a_module_imports_from_lower_layers_alone(path: Path) -> None:
    """Units of one line do not know each other, and nothing imports the pipeline but what drives it."""
    rank = RANK.get(unit_of(path), -1)

    assert {u for u in units_imported(path) if RANK[u] >= rank} == set()


@pytest.mark.parametrize("library", SOLE_USERS)
def test_a_library_has_one_user(library: str) -> None:
    """click, jinja2 and subprocess are each known to one place."""
    users = {unit_of(p) for p in modules() if any(name.split(".")[0] == library for name in imports_of(p))}

    assert users <= SOLE_USERS[library]


@pytest.mark.parametrize("path", [p for p in modules() if ELSEWHERE.fullmatch(spelled(p))], ids=spelled)
def test_code_that_runs_elsewhere_knows_the_standard_library_alone(path: Path) -> None:
    """The interpreter that runs it has nothing of ours."""
    names = {name.split(".")[0] for name in imports_of(path) if not name.startswith("pkggen.activation.")}

    # typing_extensions is looked for by type checkers alone
    assert names <= {*sys.stdlib_module_names, "typing_extensions"}


@pytest.mark.parametrize(("one", "other"), [("deb", "rpm"), ("rpm", "deb")])
def test_the_formats_do_not_know_each_other(one: str, other: str) -> None:
    """The folder of deb imports nothing of rpm's, nor rpm's of deb's; what both need lies beside them."""
    names = [name for p in modules() if p.parent == PACKAGE / "formats" / one for name in imports_of(p)]

    assert names
    assert [n for n in names if n.startswith((f"pkggen.formats.{other}", f"pkggen.archives.{other}"))] == []
