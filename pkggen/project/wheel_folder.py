"""A folder of wheels as a list of dependencies: for a project that has no other list of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from pkggen.errors import ArtefactError, ConfigurationError, Key, Problem

_WHERE = Key.of("wheels", "dir")


def every_wheel(directory: Path, fitting: Collection[Tag]) -> tuple[str, ...]:
    """Return a requirement for each project that has a wheel in ``directory``, sorted by name.

    Where one version has a wheel with a ``fitting`` tag, it is pinned; where several have, they
    are left to be resolved. What is for other systems alone (Windows, macOS) is left out. Raises
    ConfigurationError for a missing folder and names that are no wheel's, ArtefactError for
    projects whose Linux wheels are all for another Python or machine.
    """
    if not directory.is_dir():
        raise ConfigurationError("there is no such folder", where=f"{_WHERE}: {directory}")
    offered: dict[str, dict[Version, set[Tag]]] = {}
    problems: list[Problem] = []
    for path in sorted(directory.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename as error:
            problems.append(Problem(f"not a wheel's name: {error}", f"{_WHERE}: {path.name}"))
            continue
        offered.setdefault(name, {}).setdefault(version, set()).update(tags)
    ConfigurationError.raise_all(problems)
    wanted = {
        name: [v for v, tags in versions.items() if not tags.isdisjoint(fitting)] for name, versions in offered.items()
    }
    ArtefactError.raise_all(
        Problem(
            "no wheel of it fits the interpreter and the target",
            f"{_WHERE}: {name}",
            f"there is {_listed(offered[name])}",
        )
        for name, versions in sorted(wanted.items())
        if not versions and _is_for_linux(offered[name])
    )
    return tuple(
        f"{name}=={versions[0]}" if len(versions) == 1 else name
        for name, versions in sorted(wanted.items())
        if versions
    )


def holds(directory: Path, requires: Iterable[str]) -> bool:
    """Tell whether ``directory`` has a wheel for each of these requirements, by its name alone."""
    offered: dict[str, set[Version]] = {}
    for path in directory.glob("*.whl"):
        with contextlib.suppress(InvalidWheelFilename):  # told by every_wheel
            name, version, *_ = parse_wheel_filename(path.name)
            offered.setdefault(name, set()).add(version)
    try:
        wanted = [Requirement(text) for text in requires]
    except InvalidRequirement:  # the front-end words that better
        return False
    return all(
        any(r.specifier.contains(version, prereleases=True) for version in offered.get(canonicalize_name(r.name), ()))
        for r in wanted
        if r.marker is None or r.marker.evaluate()
    )


def _is_for_linux(versions: dict[Version, set[Tag]]) -> bool:
    platforms = {tag.platform for tags in versions.values() for tag in tags}
    return any(p == "any" or "linux" in p for p in platforms)


def _listed(versions: dict[Version, set[Tag]]) -> str:
    return ", ".join(sorted({str(tag) for tags in versions.values() for tag in tags})[:6])
