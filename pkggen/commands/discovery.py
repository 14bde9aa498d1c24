"""What lies in a project's folder, found by looking at it: the ground for a proposal.

Nothing is run and nothing is built. What can't be read is passed over: a guess that is left out
harms nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.config.load import read_pyproject

LOCKS = ("pylock.toml", "uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt")  # in the order they count
_SCRIPTS = {"script", "scripts", "bin"}
_NO_SOURCES = {"test", "tests", "doc", "docs", "example", "examples", "benchmarks", "dist", "build", "node_modules"}
_ARCHIVE = re.compile(r"cpython-3\.\d+.*-install_only(_stripped)?\.tar\.(gz|zst)")
_OBJECT = re.compile(
    r"^(?P<attr>\w+)\s*(:[^=\n]+)?=\s*(\w+\.)*(?P<type>Flask|FastAPI|Starlette|Quart|Litestar|Celery)\(", re.M
)
_KINDS = {"Flask": "wsgi", "Celery": "celery"}  # all else speaks ASGI
_LOCKED = re.compile(r'(?m)^name = "([^"]+)"')  # of uv.lock, poetry.lock and pylock.toml
_MOST_FILES, _LARGEST = 3000, 1 << 20


@dataclass(frozen=True, slots=True)
class Application:
    """An object that a server runs: ``kind`` is "wsgi", "asgi" or "celery"."""

    kind: str
    module: str
    attr: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found; paths are relative to the folder, names of dependencies normalised.

    ``sources``, ``scripts``, ``wheels`` and ``interpreter`` are looked for only where there is no
    package.
    """

    name: str
    is_package: bool
    has_author: bool
    requires_python: str
    dependencies: frozenset[str]
    applications: tuple[Application, ...]
    locks: tuple[str, ...]
    sources: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    wheels: str = ""
    interpreter: str = ""


def survey(root: Path) -> Survey:
    """Look at the folder ``root``; raises ConfigurationError when its pyproject.toml can't be read."""
    pyproject = read_pyproject(root)
    project = _table(pyproject, "project") or _table(pyproject, "tool", "poetry")
    legacy = _setup_cfg(root)
    is_package = bool(project or "build-system" in pyproject or legacy or (root / "setup.py").is_file())
    found = _Folders(root) if not is_package else None
    tops = [root / s for s in found.sources] if found else [root / "src", root]
    listed = found.wheel_names if found else set[str]()
    return Survey(
        name=str(project.get("name", "") or legacy.get("name", "") or root.resolve().name),
        is_package=is_package,
        has_author=bool(project.get("authors") or project.get("maintainers") or legacy.get("author_email")),
        requires_python=str(project.get("requires-python", "") or legacy.get("python_requires", "")),
        dependencies=frozenset({*_declared(project), *_required(root), *_locked(root), *listed}),
        applications=tuple(_applications(tops)),
        locks=tuple(n for n in LOCKS if (root / n).is_file()),
        sources=found.sources if found else (),
        scripts=found.scripts if found else (),
        wheels=found.wheels if found else "",
        interpreter=found.interpreter if found else "",
    )


class _Folders:
    """The parts of a folder that is no package, told apart by what is in them."""

    def __init__(self, root: Path) -> None:
        folders = (p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        names = sorted(p.name for p in folders if p.name != "__pycache__" and not (p / "pyvenv.cfg").exists())
        pythons = [n for n in names if _is_interpreter(root / n)]
        archives = sorted(p.name for p in root.iterdir() if _ARCHIVE.fullmatch(p.name))
        self.interpreter = next(iter([*pythons, *archives]), "")
        wheels = [n for n in names if n not in pythons and any((root / n).glob("*.whl"))]
        self.wheels = next(iter(wheels), "")
        self.wheel_names = {_wheel_name(p.name) for p in (root / self.wheels).glob("*.whl")} if self.wheels else set()
        self.scripts = tuple(n for n in names if n.lower() in _SCRIPTS and n not in pythons and _has_programs(root / n))
        rest = [n for n in names if n not in {*pythons, *wheels, *self.scripts} and n.lower() not in _NO_SOURCES]
        # a folder that is itself a package lies beside what is put on the path, not on it
        self.sources = tuple(n for n in rest if not (root / n / "__init__.py").exists() and _has_modules(root / n))


def _is_interpreter(path: Path) -> bool:
    return any(p.is_file() for home in (path, path / "python") for p in home.glob("bin/python3*"))


def _wheel_name(filename: str) -> str:
    try:
        return str(parse_wheel_filename(filename)[0])
    except InvalidWheelFilename:
        return ""


def _has_programs(path: Path) -> bool:
    return any(p.suffix == ".py" or (p.is_file() and _head(p).startswith("#!")) for p in path.iterdir())


def _has_modules(path: Path) -> bool:
    return any(path.glob("*.py")) or any(path.glob("*/*.py"))


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        value = data.get(key)
        data = value if isinstance(value, dict) else {}
    return data


def _setup_cfg(root: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(root / "setup.cfg", encoding="utf-8")
    except (ConfigParserError, UnicodeDecodeError):
        return {}
    wanted = (("metadata", "name"), ("metadata", "author_email"), ("options", "python_requires"))
    found = {key: parser.get(section, key, fallback="") for section, key in wanted}
    return found if parser.has_section("metadata") else {}


def _declared(project: dict[str, Any]) -> Iterator[str]:
    dependencies = project.get("dependencies")
    if isinstance(dependencies, dict):  # poetry's own table
        yield from (str(canonicalize_name(str(name))) for name in dependencies)
    optional = _table(project, "optional-dependencies").values()
    for listed in (dependencies, *optional):
        yield from _names(listed if isinstance(listed, list) else [])


def _required(root: Path) -> Iterator[str]:
    yield from _names(
        line.partition(" --hash")[0].rstrip("\\ ") for line in _head(root / "requirements.txt").splitlines()
    )


def _names(lines: Iterable[object]) -> Iterator[str]:
    for line in lines:
        try:
            yield str(canonicalize_name(Requirement(str(line)).name))
        except InvalidRequirement:
            continue


def _locked(root: Path) -> Iterator[str]:
    for name in ("pylock.toml", "uv.lock", "poetry.lock"):
        yield from (str(canonicalize_name(n)) for n in _LOCKED.findall(_head(root / name, 16 << 20)))


def _applications(tops: Iterable[Path]) -> Iterator[Application]:
    """Yield what servers run, by the module's name from where Python's path would be."""
    seen: set[str] = set()
    for top in tops:
        for path in _modules(top):
            module = ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__")
            if os.path.realpath(path) in seen or not all(part.isidentifier() for part in module.split(".")):
                continue
            seen.add(os.path.realpath(path))
            text = _head(path)
            server = re.search(r"(?m)^(application|app)\s*(:[^=\n]+)?=", text)
            if path.name in {"wsgi.py", "asgi.py"} and server:
                yield Application(path.stem, module, server[1])
                continue
            for match in _OBJECT.finditer(text):
                yield Application(_KINDS.get(match["type"], "asgi"), module, match["attr"])


def _modules(top: Path) -> Iterator[Path]:
    count = 0
    for directory, names, files in os.walk(top):
        names[:] = sorted(n for n in names if _may_hold_sources(Path(directory, n)))
        for name in sorted(f for f in files if f.endswith(".py")):
            count += 1
            if count > _MOST_FILES:
                return
            yield Path(directory, name)


def _may_hold_sources(path: Path) -> bool:
    named = not path.name.startswith(".") and path.name.lower() not in _NO_SOURCES
    return named and not (path / "pyvenv.cfg").exists() and not _is_interpreter(path)


def _head(path: Path, size: int = _LARGEST) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(size).decode("utf-8", "replace")
    except OSError:
        return ""
