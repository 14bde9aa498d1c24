"""Wheels that claim one path or one command: which of them has it, and which can't live together.

pip lets the wheel that it installs later overwrite the other's file, and installs what a wheel
requires before that wheel. What is only in the way (a LICENSE beside the packages, a command that a
successor declares, too) goes the same way here; a module of which one half would be another's is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import Problem
from pkggen.metadata.headers import decoded, read_headers
from pkggen.model import Distribution, Interpreter, Script

_LEAVE = "leave one of the two out: installed together, one would overwrite the other"
_CODE = re.compile(r".+\.(py|pth|so)(\.[0-9]+)*")
_STRAY = {"benchmarks", "doc", "docs", "example", "examples", "test", "tests"}  # packed by mistake, imported by nobody
_Claims = dict[str, list[tuple[Distribution, Script | str]]]


@dataclass(frozen=True, slots=True)
class Settled:
    """``distributions`` without what another one overwrites, what can't be, and what is to be told."""

    distributions: tuple[Distribution, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def settle(distributions: Sequence[Distribution], overwrite: str = "stray") -> Settled:
    """Give each path and command that several wheels claim differently to the one that pip installs last.

    ``distributions`` has the project's own first, which is installed last. ``overwrite`` says what one wheel
    may take from another: "nothing", "stray" files (commands, and what is no module) or "anything".
    The same path with the same bytes (a namespace package's ``__init__.py``) is fine. Byte code follows its source.
    """
    distributions = tuple(map(_without_wrappers, distributions))
    disputed = {path: claims for path, claims in _claims(distributions).items() if len({c for _, c in claims}) > 1}
    problems = list(_files_and_directories(distributions))
    warnings: list[str] = []
    lost: dict[str, set[str]] = {}
    rank = _installation_order(distributions) if disputed else {}
    for path, claims in disputed.items():
        *losers, winner = sorted((d for d, _ in claims), key=lambda d: rank[d.wheel.name])
        for loser in losers:
            what = f"command {path[4:]}" if path.startswith("bin/") else path
            if overwrite == "anything" or (overwrite == "stray" and not _is_module(path)):
                lost.setdefault(loser.wheel.name, set()).add(path)
                warnings.append(f"{what} of {loser.wheel.filename} gives way to that of {winner.wheel.filename}")
            else:
                least = "anything" if _is_module(path) else "stray"
                bytes_too = "" if path.startswith("bin/") else ", with other bytes"
                remedy = f'{_LEAVE}; or let the later one win, as pip does: wheels.overwrite = "{least}"'
                problems.append(
                    Problem(f"{what} is also in {loser.wheel.filename}{bytes_too}", winner.wheel.filename, remedy)
                )
    kept = tuple(_without(d, lost[d.wheel.name]) if d.wheel.name in lost else d for d in distributions)
    return Settled(kept, tuple(problems), tuple(warnings))


def stdlib_shadows(distributions: Sequence[Distribution], interpreter: Interpreter) -> Iterator[str]:
    """Yield a sentence for each top-level name that the interpreter's own library has, too.

    The standard library comes first on ``sys.path``, so the wheel's module is never imported.
    """
    library = f"{interpreter.library}/"
    first = {e.path.removeprefix(library).split("/")[0] for e in interpreter.tree.entries if e.path.startswith(library)}
    names = {name.partition(".")[0] for name in first if name != "site-packages"}
    for distribution in distributions:
        for name in sorted(names.intersection(distribution.top_level)):
            yield f"{distribution.wheel.filename}: {name} is also a module of Python itself, which wins"


def _claims(distributions: Sequence[Distribution]) -> _Claims:
    """Return who claims each path, and with which digest; a command is the path that it will have."""
    found: _Claims = {}
    for distribution in distributions:
        for entry in distribution.tree.entries:
            if not entry.path.endswith(".pyc"):
                found.setdefault(entry.path, []).append((distribution, entry.sha256))
        for script in distribution.scripts:
            found.setdefault(f"bin/{script.name}", []).append((distribution, script))
    return found


def _is_module(path: str) -> bool:
    """Tell whether Python would run a file, other than one of a test suite or the like beside the packages."""
    _, _, inner = path.partition("/site-packages/")
    top, nested, _ = inner.partition("/")
    return bool(_CODE.fullmatch(inner)) and not (nested and top in _STRAY)


def _installation_order(distributions: Sequence[Distribution]) -> Mapping[str, int]:
    """Return the place of each distribution when what it requires comes before it, the project's own last."""
    by_name = {d.wheel.name: d for d in distributions}
    order: dict[str, int] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        entered.add(name)
        for needed in sorted(_required(by_name[name]) & by_name.keys()):
            if needed not in entered:
                enter(needed)
        order[name] = len(order)

    own, *others = by_name
    for name in (*sorted(others), own):
        if name not in entered:
            enter(name)
    return order


def _required(distribution: Distribution) -> set[str]:
    """Return the names in Requires-Dist, those of extras, too: whoever names another one knows of its files."""
    path = next((e for e in distribution.tree.entries if e.path.endswith(".dist-info/METADATA")), None)
    if path is None or path.source is None:
        return set()
    names: set[str] = set()
    for value in read_headers(decoded(path.source.read_bytes())).get_all("Requires-Dist", []):
        try:
            names.add(canonicalize_name(Requirement(str(value)).name))
        except InvalidRequirement:  # old projects write what PEP 508 does not know
            continue
    return names


def _without_wrappers(distribution: Distribution) -> Distribution:
    """Return ``distribution`` without files for commands that are its entry points as well: these win with pip, too."""
    written = {f"bin/{s.name}" for s in distribution.scripts}
    entries = tuple(e for e in distribution.tree.entries if e.path not in written)
    if len(entries) == len(distribution.tree.entries):
        return distribution
    return replace(distribution, tree=replace(distribution.tree, entries=entries))


def _without(distribution: Distribution, paths: set[str]) -> Distribution:
    """Return ``distribution`` without ``paths``, the byte code made of them, and commands of that name."""
    modules = {re.sub(r"([^/]+)\.py$", r"__pycache__/\1.", path) for path in paths if path.endswith(".py")}
    entries = tuple(
        e
        for e in distribution.tree.entries
        if e.path not in paths
        and not (e.path.endswith(".pyc") and f"{e.path.rpartition('/')[0]}/{_stem(e.path)}" in modules)
    )
    scripts = tuple(s for s in distribution.scripts if f"bin/{s.name}" not in paths)
    return replace(distribution, tree=replace(distribution.tree, entries=entries), scripts=scripts)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0] + "."


def _files_and_directories(distributions: Sequence[Distribution]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    parents: dict[str, str] = {}
    for distribution in distributions:
        mine = distribution.wheel.filename
        for entry in distribution.tree.entries:
            owners.setdefault(entry.path, mine)
            parent = entry.path.rpartition("/")[0]
            while parent and parent not in parents:
                parents[parent] = mine
                parent = parent.rpartition("/")[0]
    for path in sorted(owners.keys() & parents.keys()):
        yield Problem(f"{path} is a file, but a directory in {parents[path]}", owners[path], _LEAVE)
