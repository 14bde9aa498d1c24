"""Modules of the standard library that the interpreter goes without, and that code would import later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pkggen.model import Entry
from pkggen.proof.imports import Outcome
from pkggen.proof.remedies import Remedies

# On no Linux, whatever the interpreter: who imports these asks for the system first.
_OTHER_SYSTEMS = {
    "_android_support", "_ios_support", "_msi", "_overlapped", "_scproxy", "_winapi", "_winreg", "_wmi", "msilib",
    "msvcrt", "nt", "winreg", "winsound",
}  # fmt: skip
_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


_IMPORTS = re.compile(rb"^[ \t]*(?:from +([\w.]+) +import +\(?([^#\n]+)|import +([^#\n]+))", re.MULTILINE)


def trimmed_modules(outcome: Outcome, remedies: Remedies) -> tuple[str, ...]:
    """Return warnings: which files import what the interpreter has not, though nothing failed when they were tried.

    The project's files are read, those that were loaded, and those that the project's name in their imports.
    Imports whose failure is caught, and those of tests, are passed over.
    """
    told = {failure.module.partition(".")[0] for failure in outcome.failures.values()}
    absent = {name for name in outcome.absent if name not in {*_OTHER_SYSTEMS, *told} and not name.startswith("test")}
    if not absent:
        return ()
    likely = re.compile(rb"^[ \t]*(?:import|from)[ \t][^#\n]*\b(?:%s)\b" % b"|".join(n.encode() for n in absent), re.M)
    found = dict[str, list[str]]()
    for entry in _sources(remedies, set(outcome.loaded)):
        for name in sorted(_imported(entry, likely) & absent):
            found.setdefault(name, []).append(entry.path.partition("/site-packages/")[2])
    return tuple(_told(name, files, remedies) for name, files in sorted(found.items()))


def _told(name: str, files: list[str], remedies: Remedies) -> str:
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"{name} is not in the interpreter, and imported by {', '.join(files[:3])}{more}: {remedies.keep(name)}"


def _sources(remedies: Remedies, loaded: set[str]) -> Iterator[Entry]:
    app, site = remedies.parts.app, f"{remedies.parts.interpreter.library}/site-packages/"
    own = [e for e in app.tree.entries if _is_source(e)]
    yield from own
    near = loaded | {site + path for entry in own for path in _named(_read(entry))}
    for distribution in remedies.parts.dependencies:
        yield from (e for e in distribution.tree.entries if e.path in near and _is_source(e))


def _is_source(entry: Entry) -> bool:
    return entry.path.endswith(".py") and {"tests", "test"}.isdisjoint(entry.path.split("/"))


def _named(source: bytes) -> Iterator[str]:
    """Yield the files that imports in ``source`` may mean, relative to site-packages."""
    for package, names, modules in _IMPORTS.findall(source):
        for one in (modules or names).split(b","):
            name = one.split(b" as ")[0].strip().decode(errors="replace")
            for dotted in [f"{package.decode()}.{name}", package.decode()] if package else [name]:
                path = dotted.replace(".", "/")
                yield from (f"{path}.py", f"{path}/__init__.py")


def _imported(entry: Entry, likely: re.Pattern[bytes]) -> set[str]:
    """Return the top-level names that a module imports where nothing catches that there is none."""
    source = _read(entry)
    try:
        return set(_names(ast.parse(source))) if likely.search(source) else set()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _read(entry: Entry) -> bytes:
    return entry.source.read_bytes() if entry.source else b""


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from [(node.module or "").partition(".")[0]] if not node.level else []
    elif isinstance(node, ast.Try) and any(_forgives(h) for h in node.handlers):
        for child in (*node.handlers, *node.orelse, *node.finalbody):
            yield from _names(child)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for child in node.orelse:
            yield from _names(child)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _forgives(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return bool(_FORGIVING & {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)})
