"""The target's own python3: nothing is embedded, the package depends on it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from packaging.specifiers import SpecifierSet

from pkggen.config.tables import SYSTEM
from pkggen.errors import ConfigurationError, Key, PkggenError
from pkggen.interpreter.local import describe
from pkggen.model import Interpreter, Needs, PythonSpec, SystemPython, Target, Tree
from pkggen.targets.distributions import DISTRIBUTIONS, PYTHON
from pkggen.terminal.reporter import Reporter

_OWN = Path("/usr/bin/python3")  # a distribution's own, on the build host as on targets
_VERSION_KEY = Key.of("python", "version")
_OLDEST = 8  # 3.8: what our own program on the target is written for
_EMBED = 'python.source = "host" or a version such as "3.13" to bring an interpreter along'


def system_interpreter(
    spec: PythonSpec, target: Target, requires_python: SpecifierSet, reporter: Reporter
) -> Interpreter:
    """Return the Python that ``target`` has, or that ``spec.version`` names.

    Raises ConfigurationError where nobody says which, the targets differ, it is too old, or the
    project does not run on it.
    """
    version = spec.version or _of_targets(target) or _of_this_system()
    major, minor = map(int, version.split(".")[:2])
    name = f"{major}.{minor}"
    if minor < _OLDEST:
        raise ConfigurationError(
            f"Python {name} is too old: a package needs 3.{_OLDEST} or later on the target", where=_VERSION_KEY,
            remedy=f'set it to a newer one that the target has packages of, such as "3.11", or set {_EMBED}',
        )  # fmt: skip
    if not requires_python.contains(_full(version), prereleases=True):
        raise ConfigurationError(
            f"the system's Python is {version}, the project requires {requires_python}", where=_VERSION_KEY,
            remedy=f"set it to one that the target has and the project runs on, or set {_EMBED}",
        )  # fmt: skip
    others = [d for d in target.distros if _minor(PYTHON[d]) != name]
    for other in others:
        reporter.warn(
            f"{other} has Python {_minor(PYTHON[other])}: {_package(other, name)} has to be installable there"
        )
    system = SystemPython(
        f"/usr/bin/python{name}", {"deb": _deb(major, minor, target), "rpm": _rpm(name)}, spec.site_packages
    )
    reporter.note(f"Python {name} is the system's own")
    runs_here = target.arch == platform.machine()
    tree = Tree(Path("/nonexistent"), (), Needs(python=name))
    return Interpreter(_full(version), tree, SYSTEM, f"{SYSTEM}-{name}", runs_here, system=system)


def _of_targets(target: Target) -> str:
    """Return the version that all declared targets have, the oldest patch of it; "" where none is declared."""
    found = {d: PYTHON[d] for d in target.distros}
    if len({_minor(v) for v in found.values()}) > 1:
        raise ConfigurationError(
            f"the targets have different Pythons: {', '.join(f'{d} has {_minor(v)}' for d, v in found.items())}",
            where=Key.of("targets"),
            remedy=f"build for each apart, or set python.version to one that all of them can install, or set {_EMBED}",
        )
    return min(found.values(), key=lambda v: tuple(map(int, _full(v).split("."))), default="")


def _of_this_system() -> str:
    """Return the version of the build host's python3, where that is its distribution's own."""
    try:
        program = os.path.realpath(_OWN, strict=True)
        if re.fullmatch(r"/usr/bin/python3\.\d+", program):  # an alternative may lead elsewhere
            return describe(Path(program)).version
    except (OSError, PkggenError):
        pass
    raise ConfigurationError(
        f"which Python the target has is not known, and this machine has no {_OWN} of a distribution",
        where=_VERSION_KEY,
        remedy='declare targets = ["debian:12"], or set it to the target\'s, such as "3.11"',
    )  # fmt: skip


def _deb(major: int, minor: int, target: Target) -> tuple[str, ...]:
    """Return what dh_python3 writes; where a target's default is another, the package of that version alone.

    Not python3-minimal: that has a part of the standard library.
    """
    name = f"{major}.{minor}"
    family = [d for d in target.distros if DISTRIBUTIONS[d.partition(":")[0]][1] == "deb"]
    if any(_minor(PYTHON[d]) != name for d in family):
        return (f"python{name}",)
    return (f"python3 >= {name}~", f"python3 < {major}.{minor + 1}")


def _rpm(name: str) -> tuple[str, ...]:
    """Return what holds for Fedora, RHEL with its further Pythons, and SUSE: the ABI, and the program.

    The name python3 would not do: in RHEL and SUSE it is the default version's alone.
    """
    return (f"python(abi) = {name}", f"/usr/bin/python{name}")


def _package(distro: str, name: str) -> str:
    return f"python{name.replace('.', '')}" if distro.startswith("sles:") else f"python{name}"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _full(version: str) -> str:
    return version if version.count(".") > 1 else f"{version}.0"
