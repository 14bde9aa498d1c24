"""What an embedded interpreter does without, as named profiles that ``python.keep`` spares.

Patterns are :mod:`fnmatch` ones on the path within the tree (``*`` also crosses ``/``), where
``$`` stands for the standard library's directory.
"""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pkggen.errors import ConfigurationError, Key, Problem

PROFILES: dict[str, tuple[str, ...]] = {
    "tests": (
        "$/test", "$/*/test", "$/*/tests", "$/idlelib/idle_test", "$/lib-dynload/_test*", "$/lib-dynload/_ctypes_test*",
        "$/lib-dynload/_xxtestfuzz*", "$/lib-dynload/xxlimited*", "$/lib-dynload/xxsubtype*",
    ),
    "idle": ("$/idlelib",),
    "tkinter": (
        "$/tkinter", "$/lib-dynload/_tkinter*", "$/turtle.py", "$/turtledemo", "lib/libtcl*", "lib/libtk*",
        "lib/tcl*", "lib/tk*", "lib/itcl*", "lib/thread*", "lib/Tix*",
    ),
    "lib2to3": ("$/lib2to3",),
    "ensurepip": ("$/ensurepip",),
    "site-packages": ("$/site-packages", "$/dist-packages"),
    "headers": ("include",),
    # what building extensions takes; sysconfig itself reads _sysconfigdata
    "build": ("$/config-*", "$/config", "lib/pkgconfig", "share/pkgconfig", "*.a", "$/build-details.json"),
    "manuals": ("share/man", "share/doc", "share/info"),
    # _dbm and _gdbm pull in db5.3 and the GPL's gdbm, nis pulls in Kerberos, ossaudiodev has no devices left
    "dbm": ("$/lib-dynload/_dbm*", "$/lib-dynload/_gdbm*"),
    "nis": ("$/lib-dynload/nis.*",),
    "ossaudiodev": ("$/lib-dynload/ossaudiodev*",),
    "windows": ("*.exe", "*.bat", "$/ctypes/macholib/fetch_macholib*", "*.ps1"),
}  # fmt: skip

# A distribution's additions: they speak of its own package manager and directories.
_FOREIGN = (
    "$/EXTERNALLY-MANAGED", "$/sitecustomize.py", "$/usercustomize.py", "$/_distutils_system_mod.py", "*/__pycache__",
)  # fmt: skip


def check_profiles(keep: Iterable[str]) -> None:
    """Raise ConfigurationError for names that are no profile, with the nearest that is and all that there are."""
    problems = []
    for name in keep:
        if name not in PROFILES:
            near = difflib.get_close_matches(name, PROFILES, n=1)
            remedy = f"did you mean {near[0]!r}? " if near else ""
            remedy += f"There are: {', '.join(PROFILES)}"
            problems.append(Problem(f"no such trim profile: {name!r}", Key.of("python", "keep"), remedy))
    ConfigurationError.raise_all(problems)


def unwanted(stdlib: str, keep: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of what goes; ``stdlib`` is relative to the tree ("lib/python3.13")."""
    dropped = [p for name, patterns in PROFILES.items() if name not in keep for p in patterns]
    return tuple(p.replace("$", stdlib) for p in (*dropped, *_FOREIGN))


def profile_of(module: str) -> str:
    """Return the profile that holds a module of the standard library; "" where none does."""
    name = module.partition(".")[0]
    places = (f"$/{name}", f"$/{name}.py", f"$/lib-dynload/{name}.so")
    found = (n for n, patterns in PROFILES.items() for p in patterns if any(fnmatchcase(path, p) for path in places))
    return next(found, "")


def wanted_files(root: Path, patterns: tuple[str, ...], below: str = "") -> Iterator[str]:
    """Yield files and links below ``root``, as relative paths prefixed with ``below``, sorted.

    Directories that a pattern names are not entered. Links to directories are yielded as links.
    """
    with os.scandir(root) as listing:
        children = sorted(listing, key=lambda c: c.name)
    for child in children:
        path = f"{below}{child.name}"
        if any(fnmatchcase(path, p) for p in patterns):
            continue
        if child.is_dir(follow_symlinks=False):
            yield from wanted_files(Path(child.path), patterns, f"{path}/")
        else:
            yield path


def trim(root: Path, stdlib: str, keep: Iterable[str]) -> None:
    """Remove from the tree at ``root`` what no kept profile holds, and directories left empty."""
    stays = set(wanted_files(root, unwanted(stdlib, keep)))
    for directory, names, files in os.walk(root, topdown=False):
        for name in (*files, *(n for n in names if os.path.islink(os.path.join(directory, n)))):
            path = os.path.join(directory, name)
            if os.path.relpath(path, root) not in stays:
                os.unlink(path)
        if not os.listdir(directory) and Path(directory) != root:
            shutil.rmtree(directory)
