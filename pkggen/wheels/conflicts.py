"""Wheels that can't live together in one environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pkggen.errors import Problem
from pkggen.model import Distribution, Interpreter

_REMEDY = "leave one of the two out: installed together, one would overwrite the other"


def conflicts(distributions: Sequence[Distribution]) -> list[Problem]:
    """Return a problem for each path or command that two wheels claim differently.

    The same path with the same bytes (a namespace package's ``__init__.py``) is fine. Byte
    code is passed over, since it follows its source.
    """
    return [*_path_conflicts(distributions), *_command_conflicts(distributions)]


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


def _path_conflicts(distributions: Sequence[Distribution]) -> Iterator[Problem]:
    owners: dict[str, tuple[str, str]] = {}
    parents: dict[str, str] = {}
    for distribution in distributions:
        mine = distribution.wheel.filename
        for entry in distribution.tree.entries:
            digest, other = owners.setdefault(entry.path, (entry.sha256, mine))
            if digest != entry.sha256 and not entry.path.endswith(".pyc"):
                yield Problem(f"{entry.path} is also in {other}, with other bytes", mine, _REMEDY)
            parent = entry.path.rpartition("/")[0]
            while parent and parent not in parents:
                parents[parent] = mine
                parent = parent.rpartition("/")[0]
    for path in sorted(owners.keys() & parents.keys()):
        yield Problem(f"{path} is a file, but a directory in {parents[path]}", owners[path][1], _REMEDY)


def _command_conflicts(distributions: Sequence[Distribution]) -> Iterator[Problem]:
    owners: dict[str, tuple[object, str]] = {}
    files = {e.path: d.wheel.filename for d in distributions for e in d.tree.entries if e.path.startswith("bin/")}
    for distribution in distributions:
        mine = distribution.wheel.filename
        for script in distribution.scripts:
            first, other = owners.setdefault(script.name, (script, mine))
            if first != script:
                yield Problem(f"command {script.name} is also in {other}", mine, _REMEDY)
            if f"bin/{script.name}" in files:
                what = f"command {script.name} is also a script of {files[f'bin/{script.name}']}"
                yield Problem(what, mine, _REMEDY)
