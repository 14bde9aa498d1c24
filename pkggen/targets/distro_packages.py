"""Which of a distribution's own packages hold the modules of a wheel, as far as that can be told here.

Names follow Debian's Python policy (section "Module Package Names"): ``python3-`` and the name of
the module as it is imported; Fedora's and SUSE's follow the project's name. Whether there is such a
package, and its version, only the package lists of that very release say: on a build host that
is one, apt has them.
"""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from pkggen.model import Distribution, Target
from pkggen.run import run

_NO_MODULES = {"tzdata": "tzdata"}  # what is no Python package in a distribution
_FIELD = re.compile(r"(Package|Version): (.+)")
_LETTERED = re.compile(r"^(20\d\d)([a-z])$")
_UPSTREAM = re.compile(r"(?:\d+:)?(.+?)(?:[+~-](?:dfsg|ds|repack|really)[^-]*)?(?:-[^-]+)?")


@dataclass(frozen=True, slots=True)
class DistroPackage:
    """A package that may stand in for a wheel.

    With ``known`` the lists of ``release`` have it, and ``version`` is the upstream one; otherwise
    its name is what the naming rule makes of the wheel's, and nobody has looked.
    """

    release: str
    package: str
    version: str = ""
    known: bool = False


def distro_packages(distributions: Sequence[Distribution], target: Target) -> dict[str, DistroPackage]:
    """Return what could stand in for each wheel, by its name; where lists say there is nothing, nothing."""
    here = host_release()
    release = here if here in target.distros or not target.distros else target.distros[0]
    candidates = {d.wheel.name: tuple(_candidates(d)) for d in distributions}
    if release == here and shutil.which("apt-cache"):
        listed = _listed({name for names in candidates.values() for name in names})
        if listed:
            return dict(_found(candidates, listed, release))
    return {name: DistroPackage(release, names[0]) for name, names in candidates.items()}


def host_release() -> str:
    """Return this machine's release as targets are named, "debian:12"; "" where it says nothing."""
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{told.get('ID', '')}:{told.get('VERSION_ID', '')}"


def _candidates(distribution: Distribution) -> Iterable[str]:
    """Yield names of packages, the likeliest first; a namespace's name would be a stranger's."""
    name = distribution.wheel.name
    if name in _NO_MODULES:
        yield _NO_MODULES[name]
        return
    yield f"python3-{name}"
    files = [e.path.partition("/site-packages/")[2] for e in distribution.tree.entries]
    packages = {f.partition("/")[0] for f in files if f.count("/") == 1 and f.endswith("/__init__.py")}
    namespaces = {f.partition("/")[0] for f in files if "/" in f} - packages
    for module in distribution.top_level:
        if module not in namespaces and not module.startswith("_"):
            yield f"python3-{module.lower().replace('_', '-')}"


def _listed(names: set[str]) -> Mapping[str, str]:
    """Return the versions of those ``names`` that apt knows; apt-cache passes over the others."""
    shown = run(["apt-cache", "show", "--no-all-versions", *sorted(names)], check=False, timeout=60).stdout
    listed: dict[str, str] = {}
    package = ""
    for match in _FIELD.finditer(shown):
        package = match[2] if match[1] == "Package" else package
        if match[1] == "Version":
            listed.setdefault(package, upstream(match[2]))
    return listed


def upstream(version: str) -> str:
    """Return the upstream version in a Debian one: "1.24.2" of "1:1.24.2-1+deb12u1", spelled as on the index."""
    match = _UPSTREAM.fullmatch(version)
    plain = (match[1] if match else version).replace("~", "")
    # the time zones' own 2025b is 2025.2 on the index
    return _LETTERED.sub(lambda m: f"{m[1]}.{ord(m[2]) - ord('a') + 1}", plain)


def _found(
    candidates: Mapping[str, Sequence[str]], listed: Mapping[str, str], release: str
) -> Iterable[tuple[str, DistroPackage]]:
    for wheel, names in candidates.items():
        package = next((name for name in names if name in listed), "")
        if package and _is_version(listed[package]):
            yield wheel, DistroPackage(release, package, listed[package], known=True)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
