"""poetry.lock: what it pins for the project itself, with the hashes that it allows.

Poetry writes file names and digests, but no addresses: the files are located in the index
afterwards and restricted to these digests, as with a hashed requirements.txt. Groups and
markers are in the lock since Poetry 2 (lock-version 2.1); before, only Poetry could tell which
package is for what.
Source: Poetry's ``packages/locker.py`` and the locks that it writes.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pkggen.errors import ConfigurationError, Problem
from pkggen.model import Origin
from pkggen.network.address import redacted
from pkggen.reading import parse_toml, read_text, table_in
from pkggen.wheels.lock.requirements import Pin, Requirements

if sys.version_info >= (3, 11):
    pass
else:
    pass

_MAIN = "main"
_REMEDY = "build it to a wheel, put that into a directory for find-links and pin it"


def read_poetry(
    path: Path, groups: Sequence[str] = (), names: Collection[str] = (), *, part: bool = False
) -> Requirements:
    """Read a ``poetry.lock``: the packages of the main group and of ``groups``.

    Of the lock of a project that has this one as a ``part``, what the ``names`` that this one requires
    lead to is read, whatever its group. Markers stay with each pin, extras among them. Raises
    ConfigurationError (not TOML, written by Poetry 1, a package from another VCS than git), with every
    such package.
    """
    text = read_text(path, path.name)
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise ConfigurationError(f"it is not valid TOML: {error}", where=path.name) from error
    version = str(table_in(data, "metadata").get("lock-version", ""))
    if version.partition(".")[0] != "2" or version == "2.0":
        remedy = "run `poetry lock` with Poetry 2: only its locks say which package is for what"
        what = f"lock-version is {version or 'missing'}, 2.1 is needed"
        raise ConfigurationError(what, where=path.name, remedy=remedy)
    packages = data.get("package", [])
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[package]]"]
    wanted = {_MAIN, *(canonicalize_name(g) for g in groups)}
    pins, indexes, problems = list[Pin](), dict[str, None](), list[Problem]()
    known = {_MAIN, *(canonicalize_name(str(g)) for package in packages for g in package.get("groups", ()))}
    if part:
        wanted = known
        within = reachable({str(p.get("name", "")): list(table_in(p, "dependencies")) for p in packages}, names)
        packages = [{**p, "groups": p.get("groups", ()) if str(p.get("name", "")) in within else ()} for p in packages]
    origins = list[tuple[Origin, str]]()
    for group in sorted(wanted - known):
        problems.append(Problem(f"it has no group {group!r}", path.name, f"it has: {', '.join(sorted(known))}"))
    for package, line in zip(packages, starts, strict=False):
        where = f"{path.name}:{line}"
        try:
            if origin := _origin(package, path.parent):
                origins += [(origin, marker) for marker in _markers(package, wanted)]
                continue
            pins += _pins(package, wanted, where, path.parent)
        except (ValueError, InvalidRequirement) as error:
            problems.append(Problem(redacted(str(error).splitlines()[0]), where, _REMEDY))
        source = table_in(package, "source")
        if source.get("type") == "legacy":
            indexes[str(source.get("url", ""))] = None
    ConfigurationError.raise_all(problems)
    options = [word for url in indexes for word in ("--extra-index-url", url)]
    return Requirements(path, tuple(pins), options=tuple(options), origins=tuple(origins))


def reachable(needs: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    """Return what the names of ``start`` lead to, where ``needs`` are the names that each asks for."""
    normal = {canonicalize_name(name): [canonicalize_name(n) for n in asked] for name, asked in needs.items()}
    found: set[str] = set()
    fresh = {str(canonicalize_name(name)) for name in start}
    while fresh:
        found |= fresh
        fresh = {str(n) for name in fresh for n in normal.get(canonicalize_name(name), ())} - found
    return found | {name for name in needs if canonicalize_name(name) in found}


def _origin(package: Mapping[str, Any], root: Path) -> Origin | None:
    """Return the folder or the commit that the package is built from, None for one with files."""
    name, source = str(package.get("name", "")), table_in(package, "source")
    url, below = str(source.get("url", "")), str(source.get("subdirectory", ""))
    if source.get("type") == "directory":
        return Origin(canonicalize_name(name), path=(root / url / below).resolve())
    if source.get("type") == "git":
        commit = str(source.get("resolved_reference", ""))
        return Origin(canonicalize_name(name), url=url, commit=commit, subdirectory=below)
    return None


def _pins(package: Mapping[str, Any], wanted: set[str], where: str, root: Path) -> Iterator[Pin]:
    """Yield a pin for each of the wanted groups that the package is in; markers may differ by group."""
    name = str(package.get("name", ""))
    files = [f for f in package.get("files", ()) if isinstance(f, Mapping)]
    hashes = frozenset(str(f["hash"]).lower() for f in files if "hash" in f)
    for marker in _markers(package, wanted):
        text = _requirement(name, str(package.get("version", "")), table_in(package, "source"), root)
        yield Pin(Requirement(f"{text} ; {marker}" if marker else text), hashes, where)


def _markers(package: Mapping[str, Any], wanted: set[str]) -> list[str]:
    here = sorted(wanted & {canonicalize_name(str(g)) for g in package.get("groups", ())})
    markers = package.get("markers", "")
    by_group = (str(markers.get(g, "") if isinstance(markers, Mapping) else markers) for g in here)
    return list(dict.fromkeys(by_group))


def _requirement(name: str, version: str, source: Mapping[str, Any], root: Path) -> str:
    """Return the requirement without its marker; raise ValueError for what has no file to be hashed."""
    kind, url = source.get("type", ""), str(source.get("url", ""))
    if kind in {"hg", "svn"}:
        raise ValueError(f"{name} {version} comes from a VCS ({redacted(url)})")
    if kind == "url":
        return f"{name} @ {url}"
    if kind == "file":
        return f"{name} @ {(root / url).resolve().as_uri()}"
    return f"{name}=={version}"
