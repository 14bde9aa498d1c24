"""Which modules prove a release by their import, and which would do their work instead."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pkggen.model import Distribution


def is_script(distribution: Distribution, module: str) -> bool:
    """Tell whether a loose module acts when it is imported: it calls, loops or raises outside of a main guard.

    A package is none, and neither is what this Python can't parse: the target's may.
    """
    path = next((e for e in distribution.tree.entries if e.path.endswith(f"/site-packages/{module}.py")), None)
    if path is None or path.source is None:
        return False
    try:
        tree = ast.parse(path.source.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return _acts(tree.body)


def _acts(body: Iterable[ast.stmt]) -> bool:
    for node in body:
        if isinstance(node, (ast.While, ast.Raise)) or (
            isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
        ):
            return True
        if isinstance(node, ast.If) and not _is_guard(node) and (_acts(node.body) or _acts(node.orelse)):
            return True
        if isinstance(node, (ast.With, ast.For)) and _acts(node.body):
            return True
        if isinstance(node, ast.Try) and (_acts(node.body) or _acts(node.orelse) or _acts(node.finalbody)):
            return True
    return False


def _is_guard(node: ast.If) -> bool:
    return "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
