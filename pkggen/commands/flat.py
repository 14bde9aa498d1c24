"""Applications that lie flat in their folder: where their sources start, their scripts, Django's settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pkggen.errors import ConfigurationError
from pkggen.project.declaration import inline_metadata

# folders that hold no sources of the application; at the top, docker and its like hold helpers of its operators
NO_SOURCES = {
    *("test", "tests", "doc", "docs", "example", "examples", "benchmarks", "dist", "build", "node_modules"),
    *("docker", "deploy", "deployment", "infra", "ci", "tools", "notebooks", "migrations", "vagrant", "ansible"),
}
_DEVELOPERS = re.compile(r"setup|conftest|noxfile|fabfile|tasks|test_.*|.*_test|tests|docs?|__.*")
_STARTS = {"app", "main", "wsgi", "asgi", "application", "server", "run", "bot", "web", "api", "manage"}
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)['\"]")
_GUARD = re.compile(r"(?m)^if __name__ ==")
_LARGEST = 1 << 20


def is_flat(root: Path, pyproject: Mapping[str, Any]) -> bool:
    """Tell whether ``[project]`` of the folder is that of an application which no back-end packs.

    uv takes a project without ``[build-system]`` for such a one ("Configuring projects", "Build systems").
    """
    tools = pyproject.get("tool", {})
    uv = tools.get("uv", {}) if isinstance(tools, dict) else {}
    told = isinstance(uv, dict) and uv.get("package") is True
    others = (root / "setup.py").is_file() or "setuptools" in tools
    bare = "project" in pyproject and "build-system" not in pyproject and not told and not others
    return bare and bool(flat_sources(root)) and not _is_one_package(root, pyproject["project"])


def _is_one_package(root: Path, project: object) -> bool:
    """Tell whether setuptools, which counts where no back-end is named, finds all there is by itself."""
    name = str(project.get("name", "")) if isinstance(project, dict) else ""
    packages = [p.name for p in _folders(root) if (p / "__init__.py").is_file()]
    return packages == [name.replace("-", "_").lower()] and not _modules(root)


def flat_sources(root: Path) -> tuple[str, ...]:
    """Return the folder that has to be on Python's path: "." for ``root`` itself; none where that can't be told."""
    django = next(_folders_of_django(root), None)
    if django is not None:
        return (django.relative_to(root).as_posix(),)
    modules = [path for path in _modules(root) if not _inline(path)]
    packages = [p for p in _folders(root) if (p / "__init__.py").is_file()]
    if packages or any(path.stem.lower() in _STARTS for path in modules):
        return (".",)
    beside = [p for p in _folders(root) if any(p.glob("*.py"))]
    return (".",) if modules and not beside else ()


def inline_scripts(root: Path) -> tuple[str, ...]:
    """Return the scripts at the top that say in a comment what they need (PEP 723)."""
    return tuple(path.name for path in _modules(root) if _inline(path))


def main_script(root: Path) -> str:
    """Return the one module at the top that does something when it is run, "" where there is none or more."""
    found = [path.name for path in _modules(root) if path.name != "manage.py" and _GUARD.search(head(path))]
    return found[0] if len(found) == 1 else ""


def django_settings(top: Path) -> str:
    """Return the settings module that ``manage.py`` in ``top`` names, "" where there is none."""
    match = _SETTINGS.search(head(top / "manage.py"))
    return match[1] if match else ""


def collects_static(top: Path, settings: str) -> bool:
    """Tell whether the settings name a place where ``manage.py collectstatic`` puts files."""
    path = top / Path(*settings.split("."))
    places = [path.with_suffix(".py"), *sorted(path.glob("*.py"))] if settings else []
    return any("STATIC_ROOT" in head(place) for place in places)


def head(path: Path, size: int = _LARGEST) -> str:
    """Return the beginning of a file as text, "" where it can't be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(size).decode("utf-8", "replace")
    except OSError:
        return ""


def _folders_of_django(root: Path) -> Iterator[Path]:
    """Yield the folders that have a ``manage.py`` of Django's, the nearest first."""
    near = [root, *_folders(root), *(inner for folder in _folders(root) for inner in _folders(folder))]
    yield from (folder for folder in near if "DJANGO_SETTINGS_MODULE" in head(folder / "manage.py"))


def _folders(path: Path) -> list[Path]:
    found = (p for p in sorted(path.iterdir()) if p.is_dir() and not p.name.startswith((".", "_")))
    return [p for p in found if p.name.lower() not in NO_SOURCES and not os.path.exists(p / "pyvenv.cfg")]


def _modules(root: Path) -> list[Path]:
    return [p for p in sorted(root.glob("*.py")) if p.is_file() and not _DEVELOPERS.fullmatch(p.stem.lower())]


def _inline(path: Path) -> bool:
    try:
        return bool(inline_metadata(path))
    except ConfigurationError:
        return False
