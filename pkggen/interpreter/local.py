"""Which of this machine's interpreters to take; each is asked for itself."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from pkggen.errors import ArtefactError, ConfigurationError, Key, PkggenError, ToolError
from pkggen.run import run
from pkggen.targets.elf import is_elf

_PROBE = Path(__file__).with_name("local_probe.py")
_NAME = re.compile(r"python3\.(\d+)$")
_OLDEST = (3, 8)  # what our own programs on the target are written for
_REMEDY = "install a CPython that satisfies it, or set python.source to a version or an archive"


@dataclass(frozen=True, slots=True)
class LocalPython:
    """An installed CPython as it describes itself; ``prefixes`` are where it was configured to be.

    ``flags`` are the ABI's letters: "t" free-threaded, "d" debug.
    """

    version: str
    executable: Path
    prefixes: tuple[str, ...]
    libdir: str
    stdlib: Path
    dynload: Path
    machine: str
    flags: str = ""

    @property
    def minor(self) -> str:
        """Return "3.13" of "3.13.5"."""
        return ".".join(self.version.split(".")[:2])

    @property
    def library(self) -> str:
        """Return the standard library's directory below the prefix, as ``sysconfig`` has it."""
        return f"lib/python{self.minor}{'t' if 't' in self.flags else ''}"


def choose_local(requires_python: SpecifierSet) -> LocalPython:
    """Return the interpreter that runs pkggen, if it satisfies, or else the newest of the machine's that does.

    Those are ``python3.X`` on PATH and pyenv's. Raises ConfigurationError when none satisfies.
    """
    seen: list[str] = []
    for path in candidates():
        try:
            found = describe(path)
        except PkggenError:  # one that is broken is no candidate
            continue
        if found.flags and path != Path(sys.executable):
            continue  # few wheels are for those: they are taken when somebody names them
        if requires_python.contains(found.version, prereleases=True):
            return found
        seen.append(found.version)
    raise ConfigurationError(
        f"no interpreter of this machine satisfies requires-python {requires_python} (found: {', '.join(seen)})",
        where=Key.of("python", "source"), remedy=_REMEDY,
    )  # fmt: skip


def candidates() -> Iterator[Path]:
    """Yield the interpreter that runs pkggen, then others of this machine, the newest first, none twice."""
    seen = set()
    for path in (Path(sys.executable), *sorted(_installed(), key=_newest_first)):
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def describe(python: Path) -> LocalPython:
    """Ask the interpreter at ``python``, or the one that its venv was made from, what it is.

    Raises ArtefactError when it does not run or is of a kind that can't be embedded.
    """
    where = os.fspath(python)
    try:
        answer = json.loads(run([python, "-I", "-S", "-B", _PROBE], cwd=Path("/"), timeout=60).stdout)
    except (ToolError, ValueError) as error:
        raise ArtefactError(f"is no Python that runs: {error}", where=where) from error
    if answer["implementation"] != "cpython":
        raise ArtefactError(f"is {answer['implementation']}, only CPython can be embedded", where=where)
    if tuple(map(int, answer["version"].split("."))) < _OLDEST:
        raise ArtefactError(f"is Python {answer['version']}, which is too old to be embedded", where=where)
    stdlib = Path(answer["stdlib"])
    if not (stdlib / "os.py").is_file():
        raise ArtefactError(f"its standard library ({stdlib}) is no directory of sources", where=where)
    return LocalPython(
        answer["version"], Path(answer["executable"]), tuple(answer["prefixes"]), answer["libdir"], stdlib,
        Path(answer["dynload"]), answer["machine"], answer["abiflags"],
    )  # fmt: skip


def _installed() -> Iterator[Path]:
    directories = [Path(d) for d in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(d)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    directories += [v / "bin" for v in sorted(pyenv.glob("versions/*"))]
    for directory in directories:
        for path in sorted(directory.glob("python3.*")):
            # ELF: pyenv's shims are scripts that need their user's environment
            if _NAME.match(path.name) and path.is_file() and is_elf(os.path.realpath(path)):
                yield path


def _newest_first(path: Path) -> int:
    match = _NAME.match(path.name)
    return -int(match[1]) if match else 0
