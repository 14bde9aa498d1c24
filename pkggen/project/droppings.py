"""What earlier builds and other tools left in a project's folder, and no build should read again.

Each is known by what it is, not by its name alone, and nothing that git tracks is one: a package may be
called ``build``, ``dist`` or ``venv``, and data may lie in ``node_modules``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

# bford.info/cachedir: what tools write into a folder that may be deleted at any time
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"
# distutils and setuptools put modules here and pack all that they find, those of modules long gone, too
_BUILT = re.compile(r"(lib|temp|bdist|scripts)([.-].+)?")
_PACKED = (".whl", ".tar.gz", ".deb", ".rpm")
_PYTHONS = ("bin/python", "bin/python3", "Scripts/python.exe")
_METADATA = ("PKG-INFO", "SOURCES.txt")


def droppings(root: Path, is_tracked: Callable[[str], bool]) -> Callable[[str, str], bool]:
    """Return the test whether an entry of the project in ``root`` is one; it takes the entry's path and name.

    ``is_tracked`` tells of an absolute path whether git has it, or something below it.
    """
    top = os.fspath(root)
    bases = {top, os.path.join(top, "src")}
    build, dist = os.path.join(top, "build"), os.path.join(top, "dist")
    is_package = os.path.exists(os.path.join(build, "__init__.py"))
    is_sdist = os.path.exists(os.path.join(top, "PKG-INFO"))  # its egg-info lists what belongs to the project

    def test(path: str, name: str) -> bool:
        above = os.path.dirname(path)
        if name == "__pycache__":
            found = True
        elif above == build:
            found = not is_package and bool(_BUILT.fullmatch(name)) and os.path.isdir(path)
        elif above == dist:
            found = name.endswith(_PACKED)
        elif name.endswith(".egg-info") and above in bases and not is_sdist:
            found = all(os.path.exists(os.path.join(path, n)) for n in _METADATA)
        else:
            found = _is_venv(path) or _is_cache(path)
        return found and not is_tracked(path)

    return test


def _is_venv(path: str) -> bool:
    return os.path.exists(os.path.join(path, "pyvenv.cfg")) and any(
        os.path.lexists(os.path.join(path, python)) for python in _PYTHONS
    )


def _is_cache(path: str) -> bool:
    try:
        with open(os.path.join(path, "CACHEDIR.TAG"), "rb") as stream:
            return stream.read(len(_TAG)) == _TAG
    except OSError:
        return False
