"""Compiles a tree's sources; runs on the *target's* interpreter (Python 3.8 or newer), standard library only.

Called as ``python -s -S -B -W ignore worker.py ROOT [SKIPPED…]`` with PYTHONHASHSEED=0.
Writes an unchecked hash-based ``.pyc`` (PEP 552) beside every ``.py`` that compiles, outside
directories named SKIPPED, and prints how many it wrote.

Every file is compiled in a process forked for it. marshal records whether an object is referred
to elsewhere and whether a string is interned, and the compiler shares constants or not by what is
interned already: byte code tells what its process did before. A fork has always done nothing.
"""

from __future__ import annotations

import sys

sys.path.pop(0)  # this file's directory: a neighbour must never stand in for a standard module

import importlib.util
import marshal
import os
from collections.abc import Collection, Iterator
from typing import NoReturn

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")
_WRITTEN, _UNWRITABLE = 10, 11  # a child's exit status; any other means that the source doesn't compile


def compile_sources(root: str, skipped: Collection[str]) -> int:
    """Compile every source below ``root``; return the number of byte code files."""
    jobs, running, count = len(os.sched_getaffinity(0)), 0, 0
    for path in _sources(root, skipped):
        if running == jobs:
            running, count = running - 1, count + _reap()
        if os.fork() == 0:
            _compile_and_exit(root, path)
        running += 1
    return count + sum(_reap() for _ in range(running))


def _sources(root: str, skipped: Collection[str]) -> Iterator[str]:
    for directory, names, files in os.walk(root):
        names[:] = [n for n in names if n not in skipped]
        for name in files:
            path = os.path.join(directory, name)
            if name.endswith(".py") and name != ".py" and os.path.isfile(path) and not os.path.islink(path):
                yield path


def _reap() -> bool:
    _, status = os.wait()
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _UNWRITABLE:
        sys.exit("byte code can't be written")
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == _WRITTEN


def _compile_and_exit(root: str, path: str) -> NoReturn:
    status = 1
    try:
        status = _compile(root, path)
    finally:
        os._exit(status)


def _compile(root: str, path: str) -> int:
    with open(path, "rb") as stream:
        source = stream.read()
    # the recorded name is relative, so that the bytes don't tell where the tree was;
    # on import Python puts the real one in its place
    code = compile(source, os.path.relpath(path, root), "exec", dont_inherit=True, optimize=0)
    content = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source) + marshal.dumps(code)
    try:
        _write(_cache_path(path), content, os.stat(path).st_mtime_ns)
    except OSError as error:
        os.write(2, f"{path}: {error.strerror}\n".encode("utf-8", "backslashreplace"))
        return _UNWRITABLE
    return _WRITTEN


def _write(path: str, content: bytes, mtime: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
    os.chmod(path, 0o644)
    os.utime(path, ns=(mtime, mtime))


def _cache_path(path: str) -> str:
    directory, name = os.path.split(path)
    return os.path.join(directory, "__pycache__", f"{name[:-3]}.{sys.implementation.cache_tag}.pyc")


if __name__ == "__main__":
    sys.stdout.write(f"{compile_sources(sys.argv[1], frozenset(sys.argv[2:]))}\n")
