"""The import graph is what docs/architecture.md draws."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pkggen"

# Lowest first. A unit is a module or a sub-package of pkggen; it imports from lower layers alone,
# but for the two lowest, whose members may know each other as long as there is no circle.
LAYERS: tuple[tuple[str, set[str]], ...] = (
    # activation runs on the target and knows nothing of ours; what it writes there is written here, too
    ("vocabulary", {"__init__", "model", "errors", "versions", "reporter", "activation", "services", "sandbox"}),
    (
        "tools",
        {
            "run",
            "cache",
            "elf",
            "bytecode",
            "bytecode_worker",
            "completion_worker",
            "templating",
            "targets",
            "fields",
            "relations",
            "schema",
            "service_schema",
            "exposure",
            "script",
            "combination",
            "config",
            "console",
            "upkeep",
            "network",
            "lockfile",
            "distro_packages",
            "spdx",
            "description",
            "stock",
            "openpgp",
            "signing",
        },
    ),
    (
        "the stage's own parts",
        {
            "manifest",
            "triggers",
            "files",
            "hooks",
            "healthchecks",
            "service_plan",
            "reach",
            "survey",
            "overrides",
            "venv",
            "split",
            "licences",
            "changelog",
            "wheelhouse",
        },
    ),
    ("stages", {"completions", "project", "interpreter", "wheels", "stage", "formats", "output"}),
    ("stages", {"project", "interpreter", "wheels", "stage", "formats", "output"}),
    ("what a plugin is added to", {"extension"}),
    ("what a package is made of", {"ingredients"}),
    ("a package without a program", {"metapackage", "identity"}),
    ("pipeline", {"pipeline", "inspection"}),
    ("check", {"lint", "checking", "dependencies", "locking", "proposal"}),
    ("command line", {"cli"}),
)
RANK = {unit: rank for rank, (_, units) in enumerate(LAYERS) for unit in units}

# What only one unit may import. On the target there is nothing of ours, so activation starts
# programs itself.
STANDARD_LIBRARY_ALONE = {"activation", "bytecode_worker", "completion_worker"}  # each runs under a foreign interpreter
SOLE_USERS = {"click": {"cli"}, "jinja2": {"templating"}, "subprocess": {"run", "activation"}}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)


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
    names = (name.split(".") for name in imports_of(path) if name.startswith("pkggen."))
    return {part[1] if part[1] in RANK else "__init__" for part in names} - {unit_of(path)}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import click.testing", ["click.testing"]),
        ("from pkggen import elf", ["pkggen.elf"]),
        ("def f():\n    from pkggen.run import run", ["pkggen.run.run"]),
        ("from ..run import run", ["pkggen.run.run"]),
        ("from . import rpm", ["pkggen.formats.rpm"]),
    ],
)
def test_every_form_of_import_is_seen(source: str, names: list[str]) -> None:
    """An import inside a function, a relative one and a plain one are all found."""
    assert list(imported(source, ("pkggen", "formats"))) == names


def test_every_module_has_its_place() -> None:
    """A new module is placed in a layer on purpose, not by accident."""
    assert {unit_of(p) for p in modules()} <= set(RANK)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_imports_from_lower_layers_alone(path: Path) -> None:
    """Stages do not import each other, and nothing imports the pipeline but what drives it."""
    rank = RANK[unit_of(path)]
    siblings_may_meet = rank <= 1

    wrong = {u for u in units_imported(path) if RANK[u] > rank or (RANK[u] == rank and not siblings_may_meet)}

    assert wrong == set()


def test_there_is_no_circle_of_imports() -> None:
    """The units can be put in an order in which each imports only those before it."""
    edges: dict[str, set[str]] = {unit: set() for unit in RANK}
    for path in modules():
        edges[unit_of(path)] |= units_imported(path)
    while free := {unit for unit, wants in edges.items() if not wants}:
        edges = {unit: wants - free for unit, wants in edges.items() if unit not in free}

    assert edges == {}


@pytest.mark.parametrize("library", SOLE_USERS)
def test_a_library_has_one_user(library: str) -> None:
    """click, jinja2 and subprocess are each known to one place."""
    users = {unit_of(p) for p in modules() if any(name.split(".")[0] == library for name in imports_of(p))}

    assert users <= SOLE_USERS[library]


@pytest.mark.parametrize("unit", sorted(STANDARD_LIBRARY_ALONE))
def test_code_that_runs_elsewhere_knows_the_standard_library_alone(unit: str) -> None:
    """The interpreter that runs it has nothing of ours."""
    names = [name.split(".")[0] for p in modules() if unit_of(p) == unit for name in imports_of(p)]

    assert set(names) <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(("one", "other"), [("deb", "rpm"), ("rpm", "deb")])
def test_the_formats_do_not_know_each_other(one: str, other: str) -> None:
    """The deb module does not import rpm, nor rpm deb; what both need has a module of its own."""
    own = [p for p in modules() if unit_of(p) == "formats" and p.stem.startswith(one)]
    names = [name for p in own for name in imports_of(p)]

    assert [n for n in names if n.startswith(f"pkggen.formats.{other}")] == []
