"""Which project is meant where several lie in one folder: a workspace's root and its members."""

from __future__ import annotations

from pathlib import Path

from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from pkggen.config.load import read_pyproject
from pkggen.config.sources import declared_sources
from pkggen.config.workspace import find_workspace, project_name
from pkggen.errors import ConfigurationError
from pkggen.reading import table_in


def member_folder(root: Path, package: str) -> Path:
    """Return the folder of the member ``package`` of what lies in ``root``; ``root`` itself for "".

    Raises ConfigurationError where there is no such member, with the names of those that there are.
    """
    if not package:
        return root
    members = members_of(root) if root.is_dir() else {}
    found = members.get(canonicalize_name(package))
    if found is None:
        listed = ", ".join(sorted(members))
        remedy = f"there are: {listed}" if listed else "name the project's folder instead"
        raise ConfigurationError(f"there is no project called {package}", where=f"{root}: --package", remedy=remedy)
    return found


def check_is_project(root: Path) -> None:
    """Raise ConfigurationError for the root of a workspace that is no project itself, and name its members."""
    pyproject = read_pyproject(root)
    uvs = table_in(pyproject, "tool", "uv")
    if "project" in pyproject and "build-system" in pyproject and uvs.get("package") is not False:
        return
    poetry = table_in(pyproject, "tool", "poetry")
    if poetry and poetry.get("package-mode") is not False:
        return
    others = {name: path for name, path in members_of(root).items() if path != root.resolve()}
    gathers = "workspace" in uvs or poetry.get("package-mode") is False
    if others and gathers:
        name = min(others)
        raise ConfigurationError(
            f"it is the root of a workspace and no project itself; its members are {', '.join(sorted(others))}",
            where=str(root / "pyproject.toml"),
            remedy=f"build one of them: --package {name}",
        )


def members_of(root: Path) -> dict[str, Path]:
    """Return the projects that the one in ``root`` gathers, by normalised name: itself, members, path dependencies."""
    workspace = find_workspace(root)
    found = dict(workspace.members) if workspace and workspace.root == root.resolve() else {}
    if name := project_name(root):
        found.setdefault(name, root.resolve())
    for name, origin in declared_sources(root, default_environment()).origins.items():
        if origin.path is not None and origin.path.is_dir():
            found.setdefault(name, origin.path)
    return found
