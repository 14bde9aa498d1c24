"""What wheels make every interpreter of the venv run at its start, before any program.

Real wheels need some of this (setuptools, coverage, namespace packages), so it is told, not
refused: lines that only add a directory within site-packages and the files known here are
silent, everything else is a warning. A file is known by what it holds and by whose it is, never by
its name alone. Source: the documentation and the code of Python's ``site`` module, and the suffixes
that its import system takes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from pkggen.model import Distribution, Entry, Interpreter

# (distribution, file): SHA-256 of what its releases shipped
_KNOWN = {
    ("setuptools", "distutils-precedence.pth"): {"2638ce9e2500e572a5e0de7faed6661eb569d1b696fcba07b0dd223da5f5d224"},
    ("coverage", "a1_coverage.pth"): {"ef2ed06d19867ec669c09a804060666a9cd5e383af0a9d11aa2de79b77d448e8"},
}
# The lines of setuptools' old namespace packages (matplotlib, sphinxcontrib, zope): they make an empty
# module and run nothing of the wheel's. Its setuptools/namespaces.py, before and since version 69.
_SPACES = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *PATH);"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');"
    "m = sys.modules.setdefault(NAME, importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec(NAME, "
    "[os.path.dirname(p)])));m = m or sys.modules.setdefault(NAME, types.ModuleType(NAME));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)",
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *PATH);"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault(NAME, importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec(NAME, [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault(NAME, types.ModuleType(NAME));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)",
)
_SPACE = re.compile(
    "|".join(
        re.escape(line).replace("PATH", r"\((?:'\w+',? ?)+\)").replace("NAME", r"'[\w.]+'")
        + r"(?:;m and setattr\(sys\.modules\['[\w.]+'\], '\w+', m\))?"
        for line in _SPACES
    ),
    re.ASCII,
)
_HOOKS = re.compile(r"(?P<folder>(?:[^/]+/)*)(sitecustomize|usercustomize)(/__init__)?(\.py|\.pyc|(\.[^/.]+)*\.so)")
_LARGEST = 1 << 20  # bytes of a .pth file that are looked at
_SHOWN = 60


def startup_warnings(distribution: Distribution, interpreter: Interpreter) -> Iterator[str]:
    """Yield a sentence for each file of ``distribution`` that runs code or adds outside paths at start."""
    wheel = distribution.wheel
    files = _in_site(distribution.tree.entries, interpreter)
    lines = {name: _lines(entry) for name, entry in files.items() if "/" not in name and name.endswith(".pth")}
    searched = {"", *(_folder(line) for found in lines.values() for line in found)}
    for name, entry in files.items():
        hook = _HOOKS.fullmatch(name)
        if hook and hook["folder"].rstrip("/") in searched:
            yield f"{wheel.filename}: {name} runs at every start of Python"
        elif "/" not in name and name.endswith(".start"):  # PEP 829
            yield f"{wheel.filename}: {name} runs code at every start of Python from 3.15 on"
        elif name in lines and entry.sha256 not in _KNOWN.get((wheel.name, name), ()):
            if entry.size > _LARGEST:
                yield f"{wheel.filename}: {name} has {entry.size} bytes and may run code at every start of Python"
            elif judged := next(filter(None, (_judge(line, files) for line in lines[name])), ""):
                yield f"{wheel.filename}: {name} {judged}"


def _in_site(entries: Sequence[Entry], interpreter: Interpreter) -> dict[str, Entry]:
    """Return the files below site-packages by their paths there; lib64 is lib in a venv."""
    library = interpreter.library.removeprefix("lib/")
    sites = (f"lib/{library}/site-packages/", f"lib64/{library}/site-packages/")
    return {e.path.removeprefix(site): e for site in sites for e in entries if e.path.startswith(site)}


def _lines(entry: Entry) -> list[str]:
    """Return the lines as any Python would part them: with or without a mark at the start, UTF-8 or Latin-1."""
    if entry.source is None or entry.size > _LARGEST:
        return []
    raw = entry.source.read_bytes()
    texts = [raw.decode("utf-8-sig", "replace"), raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1")]
    return list(dict.fromkeys(line for text in texts for line in text.splitlines()))


def _is_code(line: str) -> bool:
    return line.startswith(("import ", "import\t"))


def _folder(line: str) -> str:
    """Return the directory within site-packages that a line adds to the search path."""
    return "" if _is_code(line) or line.startswith("#") else posixpath.normpath(line.strip() or ".").removeprefix(".")


def _judge(line: str, files: dict[str, Entry]) -> str:
    text = line.strip()
    if not text or line.startswith("#"):
        return ""
    if _is_code(line):
        return "" if _SPACE.fullmatch(text) else f"runs code at every start of Python: {text[:_SHOWN]}"
    if text.startswith("/") or ".." in text.split("/"):
        return f"adds a path outside the package: {text[:_SHOWN]}"
    if posixpath.normpath(text) in files:  # an archive of modules, which nobody looked into
        return f"adds an archive to what Python searches at its start: {text[:_SHOWN]}"
    return ""
