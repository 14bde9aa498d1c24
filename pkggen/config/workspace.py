"""Workspaces: several projects in one folder, which name each other and share a lock.

uv calls them members of ``[tool.uv.workspace]``. Poetry's and PDM's monorepos have no word for it: a
project lists others by path.

Source: uv's documentation, "Workspaces".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from pkggen.config.load import read_pyproject


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with ``[tool.uv.workspace]``, and its members' folders by normalised name, itself among them."""

    root: Path
    members: Mapping[str, Path]

    def name_of(self, folder: Path) -> str:
        """Return the name of the member in ``folder``, "" when none is there."""
        return next((name for name, path in self.members.items() if path == folder.resolve()), "")


def find_workspace(root: Path) -> Workspace | None:
    """Return the workspace that the project in ``root`` is in, as its root or a member, or None."""
    root = root.resolve()
    for top in (root, *root.parents):
        table = _table(read_pyproject(top), "tool", "uv", "workspace") if (top / "pyproject.toml").is_file() else None
        if table is not None:
            folders = {top, *_folders(top, table)}
            return Workspace(top, dict(_named(folders))) if root in folders else None
    return None


def project_name(root: Path) -> str:
    """Return the normalised name that pyproject.toml of ``root`` states, "" when it states none."""
    pyproject = read_pyproject(root)
    for table in (_table(pyproject, "project"), _table(pyproject, "tool", "poetry")):
        if table and isinstance(table.get("name"), str):
            return canonicalize_name(table["name"])
    return ""


def _folders(top: Path, table: Mapping[str, Any]) -> Iterator[Path]:
    left = {p for pattern in _texts(table.get("exclude")) for p in _matching(top, pattern)}
    for pattern in _texts(table.get("members")):
        yield from (p for p in _matching(top, pattern) if p not in left and (p / "pyproject.toml").is_file())


def _matching(top: Path, pattern: str) -> list[Path]:
    plain = pattern.removeprefix("./").rstrip("/")
    if plain.startswith("..") or plain.startswith("/") or not plain:
        return [(top / pattern).resolve()]
    return [p.resolve() for p in sorted(top.glob(plain)) if p.is_dir()]


def _named(folders: set[Path]) -> Iterator[tuple[str, Path]]:
    for folder in sorted(folders):
        if name := project_name(folder):
            yield name, folder


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _table(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any] | None:
    found: object = data
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None
