"""pdm.lock: what it pins for the project itself, with the hashes that it allows.

PDM writes file names and digests, as Poetry does, and addresses only if asked to; the files are located in
the index and restricted to these digests. Groups are in the lock with the strategy ``inherit_metadata``, PDM's
default; without it, what the project requires leads to what it needs.

Sources: PDM's documentation "Lock file", and its ``formats/pdm_lock`` and ``project/lockfile``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import ConfigurationError, Problem
from pkggen.model import Origin
from pkggen.network.address import redacted
from pkggen.reading import parse_toml, read_text
from pkggen.wheels.lock.poetry import reachable
from pkggen.wheels.lock.requirements import Pin, Requirements

_MAIN = "default"
_REMEDY = "put a wheel of it into a directory for find-links and pin it"


def read_pdm(
    path: Path, groups: Sequence[str] = (), names: Collection[str] = (), *, part: bool = False
) -> Requirements:
    """Read a ``pdm.lock``: the packages of the default group and of ``groups``.

    ``names`` and ``part`` as for poetry.lock. Raises ConfigurationError (not TOML, another version of the format, a
    package from another VCS than git), with every such package.
    """
    text = read_text(path, path.name)
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"it is not valid TOML: {error}", where=path.name) from error
    metadata = data.get("metadata", {})
    version = str(metadata.get("lock_version", ""))
    if version.partition(".")[0] != "4":
        what = f"lock_version is {version or 'missing'}, 4 is needed"
        raise ConfigurationError(what, where=path.name, remedy="lock again with PDM 2.8 or later: pdm lock")
    packages = [p for p in data.get("package", []) if isinstance(p, Mapping)]
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[package]]"]
    problems = list[Problem]()
    known = {_MAIN, *map(str, metadata.get("groups", ()))}
    for group in sorted(set(groups) - known):
        problems.append(Problem(f"it has no group {group!r}", path.name, f"it has: {', '.join(sorted(known))}"))
    wanted = _selected(packages, {_MAIN, *groups}, names, part=part)
    pins, origins = list[Pin](), list[tuple[Origin, str]]()
    for package, line in zip(packages, starts, strict=False):
        if str(package.get("name", "")) not in wanted:
            continue
        where, marker = f"{path.name}:{line}", str(package.get("marker", ""))
        try:
            if origin := _origin(package, path.parent):
                origins.append((origin, marker))
            else:
                pins.append(_pin(package, marker, where, path.parent))
        except (ValueError, InvalidRequirement) as error:
            problems.append(Problem(redacted(str(error).splitlines()[0]), where, _REMEDY))
    ConfigurationError.raise_all(problems)
    return Requirements(path, tuple(pins), origins=tuple(dict.fromkeys(origins)))


def _selected(
    packages: Sequence[Mapping[str, Any]], groups: set[str], names: Collection[str], *, part: bool
) -> set[str]:
    """Return the names of the packages that are wanted."""
    if not part and all("groups" in p for p in packages):
        return {str(p.get("name", "")) for p in packages if groups & set(map(str, p["groups"]))}
    needs: dict[str, list[str]] = {}
    for package in packages:
        needs.setdefault(str(package.get("name", "")), []).extend(_needed(package))
    return reachable(needs, names)


def _needed(package: Mapping[str, Any]) -> Iterator[str]:
    for text in package.get("dependencies", ()):
        try:
            yield Requirement(str(text)).name
        except InvalidRequirement:  # one of a path, in PDM's own spelling
            yield str(text).partition("@")[0].strip()


def _origin(package: Mapping[str, Any], root: Path) -> Origin | None:
    name, below = canonicalize_name(str(package.get("name", ""))), str(package.get("subdirectory", ""))
    if "path" in package and not (root / str(package["path"])).is_file():
        return Origin(name, path=(root / str(package["path"]) / below).resolve())
    if "git" in package:
        commit = str(package.get("revision", ""))
        return Origin(name, url=str(package["git"]), commit=commit, subdirectory=below)
    return None


def _pin(package: Mapping[str, Any], marker: str, where: str, root: Path) -> Pin:
    name, version = str(package.get("name", "")), str(package.get("version", ""))
    if any(kind in package for kind in ("hg", "svn", "bzr")):
        raise ValueError(f"{name} {version} comes from a VCS")
    text = f"{name}=={version}"
    if "url" in package:
        text = f"{name} @ {package['url']}"
    elif "path" in package:
        text = f"{name} @ {(root / str(package['path'])).resolve().as_uri()}"
    files = [f for f in package.get("files", ()) if isinstance(f, Mapping)]
    hashes = frozenset(str(f["hash"]).lower() for f in files if "hash" in f)
    return Pin(Requirement(f"{text} ; {marker}" if marker else text), hashes, where)
