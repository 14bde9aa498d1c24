"""What wheels make every interpreter of the venv run at its start, before any program.

Real wheels need some of this (setuptools, coverage, namespace packages), so it is told, not
refused: lines that only add a directory within site-packages and the files known here are
silent, everything else is a warning. Source: the documentation of Python's ``site`` module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pkggen.model import Distribution, Interpreter

# distutils-precedence: setuptools; a1_coverage and coverage: coverage's subprocess support;
# -nspkg: setuptools' old namespace packages (matplotlib, sphinxcontrib, zope)
_KNOWN = re.compile(r"distutils-precedence\.pth|a1_coverage\.pth|.+-nspkg\.pth")
_HOOKS = re.compile(r"(sitecustomize|usercustomize)(\.py|\.[\w-]+\.so|/__init__\.py)")


def startup_warnings(distribution: Distribution, interpreter: Interpreter) -> Iterator[str]:
    """Yield a sentence for each file of ``distribution`` that runs code or adds outside paths at start."""
    site = f"{interpreter.library}/site-packages/"
    for entry in distribution.tree.entries:
        name = entry.path.removeprefix(site)
        if name == entry.path:
            continue
        if _HOOKS.fullmatch(name):
            yield f"{distribution.wheel.filename}: {name} runs at every start of Python"
        elif "/" not in name and name.endswith(".pth") and not _KNOWN.fullmatch(name) and entry.source:
            for line in entry.source.read_text(encoding="utf-8", errors="replace").splitlines():
                judged = _judge(line)
                if judged:
                    yield f"{distribution.wheel.filename}: {name} {judged}"
                    break


def _judge(line: str) -> str:
    text = line.strip()
    if not text or line.startswith("#"):
        return ""
    if line.startswith(("import ", "import\t")):
        return f"runs code at every start of Python: {text[:60]}"
    if text.startswith("/") or ".." in text.split("/"):
        return f"adds a path outside the package: {text[:60]}"
    return ""
