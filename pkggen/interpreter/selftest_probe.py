"""Proves the interpreter that runs it; runs in a moved tree (Python 3.8 or newer), standard library only.

Called as ``python -I -B selftest_probe.py TREE``; prints one JSON object: ``failures`` (sentences),
``missing`` (modules that this interpreter was built without), ``version``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import sysconfig
from collections.abc import Iterator

# what applications take for granted, and the compiled part that an incomplete build lacks
EXPECTED = {
    "ssl": "_ssl", "hashlib": "_hashlib", "sqlite3": "_sqlite3", "ctypes": "_ctypes", "lzma": "_lzma", "bz2": "_bz2",
    "zlib": "zlib", "curses": "_curses", "readline": "readline", "uuid": "_uuid", "venv": "venv",
}  # fmt: skip
OPTIONAL = {"curses", "readline", "uuid"}
GLIBC = ("ld-linux", "ld-", "ld64", "libc.", "libc-", "libm.", "libm-", "libdl", "libpthread", "librt", "libutil",
         "libresolv", "libmvec", "libanl", "libnss_", "libBrokenLocale")  # fmt: skip


def main(tree: str) -> dict[str, object]:
    """Import everything compiled, then look at what was mapped and where paths point."""
    failures: list[str] = []
    missing: list[str] = []
    for name, part in EXPECTED.items():
        if importlib.util.find_spec(part) is None:
            missing += [] if name in OPTIONAL else [name]
        else:
            attempt(name, failures)
    extensions = str(sysconfig.get_config_var("EXT_SUFFIX"))
    dynload = os.path.join(os.path.dirname(os.__file__), "lib-dynload")
    for entry in sorted(os.listdir(dynload)) if os.path.isdir(dynload) else ():
        if entry.endswith(extensions):
            attempt(entry[: -len(extensions)], failures)
    failures += [f"{what} is {path}, outside the tree" for what, path in places() if not inside(path, tree)]
    failures += [f"{path} comes from the system" for path in sorted(mapped()) if not inside(path, tree)]
    return {"failures": failures, "missing": missing, "version": ".".join(map(str, sys.version_info[:3]))}


def attempt(name: str, failures: list[str]) -> None:
    """Import a module and note how that failed."""
    try:
        importlib.import_module(name)
    except Exception as error:
        failures.append(f"import {name}: {error}")


def places() -> Iterator[tuple[str, str]]:
    """Yield (name, path) of what must lie inside the tree."""
    yield "sys.prefix", sys.prefix
    yield "sys.exec_prefix", sys.exec_prefix
    yield "the standard library", os.path.dirname(os.__file__)
    for path in sys.path:
        yield "an entry of sys.path", path


def mapped() -> set[str]:
    """Return the shared objects in this process, but for glibc's (proc(5), /proc/pid/maps)."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as stream:
        paths = {line.rstrip("\n").split(None, 5)[5] for line in stream if "/" in line}
    return {p for p in paths if ".so" in os.path.basename(p) and not os.path.basename(p).startswith(GLIBC)}


def inside(path: str, tree: str) -> bool:
    """Tell whether a path lies in the tree, or is it."""
    return (os.path.realpath(path) + os.sep).startswith(os.path.realpath(tree) + os.sep)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
