"""Where a project says that distributions come from, if not from the index: folders, git, indexes of their own.

Read are ``[tool.uv.sources]`` with the workspace's, ``[tool.poetry.dependencies]`` with those of its
groups and ``[[tool.poetry.source]]``, and ``[[tool.pdm.source]]``. What a project writes as ``name @ URL``
is in its metadata.

A name that is here is never looked up in a public index.

Sources: uv's documentation "Managing dependencies" and "Indexes"; Poetry's "Dependency specification" and
"Repositories"; PDM's "Configure the project", "Package sources".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from packaging.markers import Environment, InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pkggen.config.load import read_pyproject
from pkggen.config.workspace import Workspace, find_workspace
from pkggen.errors import ConfigurationError, Problem
from pkggen.model import Origin
from pkggen.reading import table_in


@dataclass(frozen=True, slots=True)
class Sources:
    """What a project declares: ``origins``, and in ``pinned`` the name of an index, by normalised name.

    ``urls`` are those of indexes by their names. Any name is looked up in those that are ``searched``, before
    the ``default``: None is PyPI, "" no index at all. ``patterns`` are globs of names that belong to an index.
    """

    origins: Mapping[str, Origin] = field(default_factory=dict)
    pinned: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    default: str | None = None
    patterns: tuple[tuple[str, str], ...] = ()

    def index_of(self, name: str) -> str:
        """Return the name of the index that ``name`` has to come from, "" for any."""
        matching = (index for pattern, index in self.patterns if fnmatchcase(name, pattern))
        return self.pinned.get(name) or next(matching, "")


def declared_sources(root: Path, there: Environment) -> Sources:
    """Return what the project in ``root`` and its workspace declare, as far as it applies ``there``, on the target.

    Raises ConfigurationError for a source that names no folder, member or index that there is.
    """
    workspace = find_workspace(root)
    found = _Found(dict[str, Origin](), dict[str, str](), dict[str, str]())
    folders = [root.resolve()]
    if workspace:
        found.origins.update({n: Origin(n, path=p) for n, p in workspace.members.items() if p != root.resolve()})
        folders = [workspace.root, *(f for f in folders if f != workspace.root)]
    for folder in folders:  # what a member says comes before what its workspace says
        _read_uv(folder, workspace, there, found)
    _read_poetry(root.resolve(), there, found)
    _read_pdm(root.resolve(), found)
    found.problems += [
        Problem(f"{name} comes from the index {index!r}, and there is no index of that name", "pyproject.toml")
        for name, index in found.pinned.items()
        if index not in found.urls and index.lower() != "pypi"
    ]
    ConfigurationError.raise_all(found.problems)
    return Sources(
        found.origins, found.pinned, found.urls, tuple(dict.fromkeys(found.searched)), found.default,
        tuple(found.patterns),
    )  # fmt: skip


@dataclass
class _Found:
    origins: dict[str, Origin]
    pinned: dict[str, str]
    urls: dict[str, str]
    searched: list[str] = field(default_factory=list)
    default: str | None = None
    patterns: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _read_uv(folder: Path, workspace: Workspace | None, there: Environment, found: _Found) -> None:
    table = table_in(read_pyproject(folder), "tool", "uv")
    for index in _tables(table.get("index")):
        found.urls[str(index.get("name", ""))] = str(index.get("url", ""))  # uv itself reads which are searched
    for key, value in table_in(table, "sources").items():
        name = canonicalize_name(key)
        where = f"{folder.name}/pyproject.toml: tool.uv.sources.{key}"
        for source in _tables(value if isinstance(value, list) else [value]):
            if not _applies(source.get("marker"), there, where, found.problems):
                continue
            found.origins.pop(name, None)
            found.pinned.pop(name, None)
            if source.get("workspace") is True:
                member = workspace.members.get(name) if workspace else None
                if member is None:
                    what = f"the workspace has no member {key}"
                    found.problems.append(Problem(what, where, "name it in tool.uv.workspace.members"))
                else:
                    found.origins[name] = Origin(name, path=member)
            elif isinstance(source.get("index"), str):
                found.pinned[name] = source["index"]
            else:
                _keep_origin(name, source, folder, where, found)
            break


def _read_poetry(root: Path, there: Environment, found: _Found) -> None:
    poetry = table_in(read_pyproject(root), "tool", "poetry")
    groups = {"dependencies": poetry, **{f"group.{n}.dependencies": g for n, g in table_in(poetry, "group").items()}}
    for where, table in groups.items():
        for key, value in table_in(table if isinstance(table, Mapping) else {}, "dependencies").items():
            name, place = str(canonicalize_name(key)), f"pyproject.toml: tool.poetry.{where}.{key}"
            for source in _tables(value if isinstance(value, list) else [value]):
                if not _applies(source.get("markers"), there, place, found.problems) or not _runs(source, there):
                    continue
                if isinstance(source.get("source"), str):
                    found.pinned.setdefault(name, source["source"])
                elif name not in found.origins:
                    _keep_origin(name, source, root, place, found)
    declared = _tables(poetry.get("source"))
    ranks = {str(s.get("name", "")): str(s.get("priority", "primary")) for s in declared}
    for source in declared:
        name, url = str(source.get("name", "")), str(source.get("url", ""))
        found.urls.setdefault(name, url)
        if name.lower() != "pypi" and ranks[name] != "explicit":
            found.searched.append(os.path.expandvars(url))
    if "primary" in ranks.values() and "pypi" not in {n.lower() for n in ranks}:
        found.default = ""  # Poetry leaves PyPI out as soon as there is another primary source


def _read_pdm(root: Path, found: _Found) -> None:
    for source in _tables(table_in(read_pyproject(root), "tool", "pdm").get("source")):
        name, url = str(source.get("name", "")), os.path.expandvars(str(source.get("url", "")))
        if source.get("type") == "find_links" or not url:
            continue
        found.urls.setdefault(name, url)
        if name == "pypi":
            found.default = url
        else:
            found.searched.append(url)
        patterns = source.get("include_packages")
        found.patterns += [(str(p).lower(), name) for p in patterns] if isinstance(patterns, list) else []


def _keep_origin(name: str, source: Mapping[str, Any], folder: Path, where: str, found: _Found) -> None:
    below = str(source.get("subdirectory", ""))
    if isinstance(source.get("path"), str):
        path = (folder / source["path"]).resolve()
        if path.exists():
            found.origins[name] = Origin(name, path=path / below)
        else:
            found.problems.append(
                Problem(f"there is nothing at {source['path']}", where, "put it back, or take it out")
            )
    elif isinstance(source.get("git"), str):
        revision = next((str(source[k]) for k in ("rev", "tag", "branch") if k in source), "")
        found.origins[name] = Origin(name, url=source["git"], revision=revision, subdirectory=below)


def _applies(marker: object, there: Environment, where: str, problems: list[Problem]) -> bool:
    if not isinstance(marker, str):
        return True
    try:
        return Marker(marker).evaluate({k: str(v) for k, v in there.items()} | {"extra": ""})
    except InvalidMarker as error:
        problems.append(Problem(str(error).splitlines()[0], where))
        return False


def _runs(source: Mapping[str, Any], there: Environment) -> bool:
    """Tell whether Poetry's ``python`` of a dependency allows the target's; carets are Poetry's own, and allow it."""
    try:
        return SpecifierSet(str(source.get("python", ""))).contains(there["python_full_version"], prereleases=True)
    except InvalidSpecifier:
        return True


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
