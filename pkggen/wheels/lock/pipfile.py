"""Pipfile.lock: what it pins under ``default``, with the hashes that it allows.

As with poetry.lock there are digests but no addresses, so the files are located in the index
and restricted to these. Source: Pipenv's "Pipfile.lock" specification (pipfile-spec 6).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from pkggen.errors import ConfigurationError, Problem
from pkggen.network.address import redacted
from pkggen.reading import parse_json, read_text
from pkggen.wheels.lock.requirements import Pin, Requirements

_VCS = ("git", "hg", "svn", "bzr")
_REMEDY = "build it to a wheel, put that into a directory for find-links and pin it"


def read_pipfile(path: Path, groups: Sequence[str] = ()) -> Requirements:
    """Read a ``Pipfile.lock``: the section ``default`` and the categories ``groups``.

    ``${NAME}`` in the address of a source is taken from the environment, as Pipenv does. The
    project itself (``path = "."``) is left out. Raises ConfigurationError (not JSON, another
    pipfile-spec, a package from a VCS or a directory), with every such package.
    """
    text = read_text(path, path.name)
    try:
        data = parse_json(text)
    except ValueError as error:
        raise ConfigurationError(f"it is not valid JSON: {error}", where=path.name) from error
    meta = data.get("_meta", {}) if isinstance(data, dict) else {}
    if not isinstance(meta, dict) or meta.get("pipfile-spec") != 6:
        raise ConfigurationError("pipfile-spec is not 6", where=path.name, remedy="lock again with: pipenv lock")
    pins, problems = list[Pin](), list[Problem]()
    known = [key for key in data if key not in {"_meta", "default"}]
    for group in groups:
        if group not in known:
            problems.append(
                Problem(f"it has no category {group!r}", path.name, f"it has: {', '.join(known) or 'none'}")
            )
    for section in ("default", *groups):
        for name, entry in sorted(data.get(section, {}).items()):
            where = f"{path.name}: {section}.{name}"
            try:
                pins += _pin(name, entry, where, path.parent)
            except (ValueError, InvalidRequirement) as error:
                problems.append(Problem(redacted(str(error).splitlines()[0]), where, _REMEDY))
    ConfigurationError.raise_all(problems)
    urls = [os.path.expandvars(str(s.get("url", ""))) for s in meta.get("sources", ())]
    options = [w for n, url in enumerate(urls) for w in ("--extra-index-url" if n else "--index-url", url)]
    return Requirements(path, tuple(pins), options=tuple(options))


def _pin(name: str, entry: Mapping[str, Any], where: str, root: Path) -> Iterator[Pin]:
    place = str(entry.get("path", ""))
    if place in {".", "./"}:
        return
    if any(kind in entry for kind in _VCS) or entry.get("editable"):
        raise ValueError(f"{name} comes from a VCS or a directory")
    url = str(entry.get("file", ""))
    if place:
        if not (root / place).is_file():
            raise ValueError(f"{name} comes from a directory ({place})")
        url = (root / place).resolve().as_uri()
    version = str(entry.get("version", "")).replace("*", "")
    text = f"{name} @ {url}" if url else f"{name}{version}"
    marker = str(entry.get("markers", ""))
    hashes = frozenset(str(h).lower() for h in entry.get("hashes", ()))
    yield Pin(Requirement(f"{text} ; {marker}" if marker else text), hashes, where)
