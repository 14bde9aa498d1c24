"""What lies in a project's folder, found by looking at it: the ground for a proposal.

Nothing is run and nothing is built. What can't be read is passed over: a guess that is left out
harms nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pkggen.commands.flat import (
    NO_SOURCES,
    collects_static,
    django_settings,
    flat_sources,
    head,
    inline_scripts,
    is_flat,
    main_script,
)
from pkggen.config.load import read_pyproject
from pkggen.errors import PkggenError
from pkggen.project.declaration import inline_metadata
from pkggen.reading import table_in
from pkggen.wheels.lock.requirements import read_requirements

LOCKS = ("pylock.toml", "uv.lock", "poetry.lock", "Pipfile.lock", "requirements.txt")  # in the order they count
_SCRIPTS = {"script", "scripts", "bin"}
_ARCHIVE = re.compile(r"cpython-3\.\d+.*-install_only(_stripped)?\.tar\.(gz|zst)")
_OBJECT = re.compile(
    r"^(?P<attr>\w+)\s*(:[^=\n]+)?=\s*(\w+\.)*(?P<type>Flask|FastAPI|Starlette|Quart|Litestar|Celery)\(", re.M
)
_KINDS = {"Flask": "wsgi", "Celery": "celery"}  # all else speaks ASGI
# what a factory elsewhere returns, and a factory that needs no arguments, which gunicorn calls itself
_MADE = re.compile(
    r"(?m)^(?P<attr>app|application|server|api)\s*(:[^=\n]+)?=\s*(\w+\.)*(create|get|make|build)_\w*app\w*\("
)
_FACTORY = re.compile(r"(?m)^def (?P<attr>(create|make)_app)\((\s*|[^)]*=[^)]*)\)")
_DEVELOPERS = re.compile(r"tests?\.py|test_.*|.*_test\.py|conftest\.py|setup\.py")
_IMPORT = re.compile(r"(?m)^(?:from|import)\s+(django|flask|fastapi|starlette|quart|litestar|celery)\b")
_LOCKED = re.compile(r'(?m)^name = "([^"]+)"')  # of uv.lock, poetry.lock and pylock.toml
_MOST_FILES = 3000


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
    package; ``is_declared`` tells that such a folder has ``[project]``. ``main`` is a script that may become
    a command, ``settings`` Django's module, ``static`` whether its static files are collected.
    ``framework`` is what the application imports where nothing tells of any dependency.
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
    is_declared: bool = False
    main: str = ""
    settings: str = ""
    static: bool = False
    framework: str = ""


def survey(root: Path) -> Survey:
    """Look at the folder ``root``; raises ConfigurationError when its pyproject.toml can't be read."""
    pyproject = read_pyproject(root)
    project = table_in(pyproject, "project") or table_in(pyproject, "tool", "poetry")
    legacy = _setup_cfg(root)
    flat = is_flat(root, pyproject)
    is_package = not flat and bool(project or "build-system" in pyproject or legacy or (root / "setup.py").is_file())
    found = None if is_package else _Folders(root)
    tops = [root / s for s in found.sources] if found else [root / "src", root]
    dependencies = frozenset({*_declared(project), *_required(root), *_locked(root), *(found.needs if found else ())})
    settings = next(filter(None, map(django_settings, tops)), "")
    applications = tuple(sorted(_applications(tops, dependencies), key=lambda a: _distance(a, settings)))
    return Survey(
        name=str(project.get("name", "") or legacy.get("name", "") or root.resolve().name),
        is_package=is_package,
        has_author=bool(project.get("authors") or project.get("maintainers") or legacy.get("author_email")),
        requires_python=str(project.get("requires-python", "") or legacy.get("python_requires", "")),
        dependencies=dependencies,
        applications=applications,
        locks=tuple(n for n in LOCKS if (root / n).is_file()),
        sources=found.sources if found else (),
        scripts=found.scripts if found else (),
        wheels=found.wheels if found else "",
        interpreter=found.interpreter if found else "",
        is_declared=flat,
        main=main_script(root) if found and found.sources == (".",) else "",
        settings=settings,
        static=any(collects_static(top, settings) for top in tops),
        framework=_framework(tops, applications) if not dependencies else "",
    )


def _framework(tops: Iterable[Path], applications: Sequence[Application]) -> str:
    """Return the framework that the first application's module imports, "" where it can't be told."""
    for application in applications[:1]:
        path = Path(*application.module.split("."))
        for top in tops:
            for place in (top / path.with_suffix(".py"), top / path / "__init__.py"):
                if match := _IMPORT.search(head(place)):
                    return match[1]
    return ""


def _distance(application: Application, settings: str) -> tuple[bool, bool, int, str]:
    """Return what puts the likelier application first: beside Django's settings, named for a server, near the top."""
    parts = application.module.split(".")
    named = parts[-1] in {"wsgi", "asgi"}
    return (
        bool(settings) and parts[0] != settings.split(".", maxsplit=1)[0],
        not named,
        len(parts),
        application.module,
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
        names_of_wheels = {_wheel_name(p.name) for p in (root / self.wheels).glob("*.whl")} if self.wheels else set()
        inline = inline_scripts(root)
        self.needs = {*names_of_wheels, *(n for name in inline for n in _needed(root / name))}
        programs = tuple(n for n in names if n.lower() in _SCRIPTS and n not in pythons and _has_programs(root / n))
        rest = [n for n in names if n not in {*pythons, *wheels, *programs} and n.lower() not in NO_SOURCES]
        # a folder that is itself a package lies beside what is put on the path, not on it
        loose = tuple(n for n in rest if not (root / n / "__init__.py").exists() and _has_modules(root / n))
        flat = flat_sources(root)
        self.sources = flat or (() if inline else loose)
        # scripts beside a flat application are mostly its developers'
        self.scripts = () if flat else inline or programs


def _needed(path: Path) -> Iterator[str]:
    listed = inline_metadata(path).get("dependencies")
    yield from _names(listed if isinstance(listed, list) else [])


def _is_interpreter(path: Path) -> bool:
    return any(p.is_file() for home in (path, path / "python") for p in home.glob("bin/python3*"))


def _wheel_name(filename: str) -> str:
    try:
        return str(parse_wheel_filename(filename)[0])
    except InvalidWheelFilename:
        return ""


def _has_programs(path: Path) -> bool:
    return any(p.suffix == ".py" or (p.is_file() and head(p).startswith("#!")) for p in path.iterdir())


def _has_modules(path: Path) -> bool:
    return any(path.glob("*.py")) or any(path.glob("*/*.py"))


def _setup_cfg(root: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(root / "setup.cfg", encoding="utf-8")
    except (ConfigParserError, UnicodeDecodeError):
        return {}
    wanted = (("metadata", "name"), ("metadata", "author_email"), ("options", "python_requires"))
    found = {key: parser.get(section, key, fallback="") for section, key in wanted}
    return found if parser.has_section("metadata") else {}


def _declared(project: Mapping[str, Any]) -> Iterator[str]:
    dependencies = project.get("dependencies")
    if isinstance(dependencies, dict):  # poetry's own table
        yield from (str(canonicalize_name(str(name))) for name in dependencies)
    optional = table_in(project, "optional-dependencies").values()
    for listed in (dependencies, *optional):
        yield from _names(listed if isinstance(listed, list) else [])


def _required(root: Path) -> Iterator[str]:
    path = root / "requirements.txt"
    try:
        yield from (str(pin.name) for pin in (read_requirements(path).pins if path.is_file() else ()))
    except PkggenError:  # the build tells
        yield from _names(line.partition(" --hash")[0].rstrip("\\ ") for line in head(path).splitlines())


def _names(lines: Iterable[object]) -> Iterator[str]:
    for line in lines:
        try:
            yield str(canonicalize_name(Requirement(str(line)).name))
        except InvalidRequirement:
            continue


def _locked(root: Path) -> Iterator[str]:
    for name in ("pylock.toml", "uv.lock", "poetry.lock"):
        yield from (str(canonicalize_name(n)) for n in _LOCKED.findall(head(root / name, 16 << 20)))


def _applications(tops: Iterable[Path], has: Collection[str]) -> Iterator[Application]:
    """Yield what servers run, by the module's name from where Python's path would be."""
    asynchronous = not {"flask", "django"} & set(has) and bool({"fastapi", "starlette", "quart", "litestar"} & set(has))
    kind = "asgi" if asynchronous else "wsgi"
    seen: set[str] = set()
    for top in tops:
        for path in _modules(top):
            module = ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__")
            if os.path.realpath(path) in seen or not all(part.isidentifier() for part in module.split(".")):
                continue
            seen.add(os.path.realpath(path))
            text = head(path)
            server = re.search(r"(?m)^(application|app)\s*(:[^=\n]+)?=", text)
            if path.name in {"wsgi.py", "asgi.py"} and server:
                yield Application(path.stem, module, server[1])
                continue
            for match in _OBJECT.finditer(text):
                yield Application(_KINDS.get(match["type"], "asgi"), module, match["attr"])
            for match in _MADE.finditer(text):
                yield Application(kind, module, match["attr"])
            for match in _FACTORY.finditer(text) if "Flask(" in text else ():
                yield Application("factory", module, match["attr"] + "()")


def _modules(top: Path) -> Iterator[Path]:
    count = 0
    for directory, names, files in os.walk(top):
        names[:] = sorted(n for n in names if _may_hold_sources(Path(directory, n)))
        for name in sorted(f for f in files if f.endswith(".py") and not _DEVELOPERS.fullmatch(f)):
            count += 1
            if count > _MOST_FILES:
                return
            yield Path(directory, name)


def _may_hold_sources(path: Path) -> bool:
    named = not path.name.startswith(".") and path.name.lower() not in NO_SOURCES
    return named and not (path / "pyvenv.cfg").exists() and not _is_interpreter(path)
