"""A configuration proposed for a project: what is sure as keys, what is a choice as comments."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pkggen.commands.discovery import Application, Survey, survey
from pkggen.config.load import load_config, read_pyproject
from pkggen.config.options import Options
from pkggen.errors import ConfigurationError, StorageError
from pkggen.project import Location, Opened, Shape, find_project, source_of
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Reporter

_MINORS = ("3.14", "3.13", "3.12", "3.11", "3.10")
_STANDALONE = "3.13"


@dataclass(frozen=True, slots=True)
class Proposal:
    """``text`` is TOML for ``file``: pkggen.toml, or pyproject.toml, at whose end it has its place."""

    file: Path
    text: str


def propose(path: Path, cache: Cache, reporter: Reporter) -> Proposal:
    """Return a configuration for what ``path`` names, in any of the shapes that can be built.

    Nothing is written. Raises ConfigurationError when ``path`` can't be built or pyproject.toml
    can't be read.
    """
    with cache.scratch() as scratch:
        location = find_project(path, scratch)
        found = _looked_at(path, location, cache, reporter)
        home = location.path if location.shape is Shape.FOLDER else location.locks
    shared = (home / "pyproject.toml").is_file()
    text = "\n".join(_lines(found, "tool.pkggen" if shared else "")) + "\n"
    return Proposal(home / ("pyproject.toml" if shared else "pkggen.toml"), text)


def _looked_at(path: Path, location: Location, cache: Cache, reporter: Reporter) -> Survey:
    if location.shape in {Shape.FOLDER, Shape.SDIST}:
        return survey(location.path)
    project = Opened(Options(path, offline=True), location, load_config(location.root))
    source = source_of(project, cache, reporter, offline=True)
    metadata = source.metadata()
    return Survey(
        name=metadata.name,
        is_package=True,
        has_author=bool(metadata.author) or location.shape is Shape.INDEX,  # where nobody has looked yet
        requires_python=str(metadata.requires_python),
        dependencies=frozenset(str(canonicalize_name(r.name)) for r in metadata.requires),
        applications=(),
        locks=(),
    )


def write_proposal(proposal: Proposal) -> None:
    """Add the proposal to its file, as a whole or not at all; what is in the file stays byte for byte.

    Raises ConfigurationError when the project is configured already or the file can't take a
    further table, StorageError when it can't be written.
    """
    file = proposal.file.resolve()
    tools = read_pyproject(file.parent).get("tool")
    if (file.parent / "pkggen.toml").exists() or (isinstance(tools, dict) and "pkggen" in tools):
        where = "pkggen.toml" if (file.parent / "pkggen.toml").exists() else "pyproject.toml: tool.pkggen"
        remedy = "leave --write out to see what would be proposed"
        raise ConfigurationError(
            "the project is configured already: nothing is overwritten", where=where, remedy=remedy
        )
    try:
        before = file.read_bytes() if file.exists() else b""
        text = "\r\n".join(proposal.text.split("\n")) if b"\r\n" in before else proposal.text
        gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
        _replace(file, before + (gap.replace(b"\n", b"\r\n") if b"\r\n" in before else gap) + text.encode())
    except OSError as error:
        raise StorageError(f"can't be written: {error.strerror}", where=str(file)) from error


def _replace(file: Path, content: bytes) -> None:
    directory = Path(tempfile.mkdtemp(prefix=".pkggen-", dir=file.parent))
    try:
        temporary = directory / file.name
        temporary.write_bytes(content)
        try:
            load_config(directory)
        except ConfigurationError as error:  # such as tool = {}, which takes no further table
            raise ConfigurationError(
                f"it can't take the table: {error.problems[0].what}", where=file.name, remedy="add it by hand"
            ) from error
        if file.exists():
            shutil.copymode(file, temporary)
        else:
            temporary.chmod(0o644)
        os.replace(temporary, file)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _lines(found: Survey, table: str) -> Iterator[str]:
    if table:
        yield f"[{table}]"
    if not found.is_package:
        yield from _folder(found)
    if not found.has_author:
        yield '# maintainer = "Your Name <you@example.org>"'
    yield from _python(found)
    yield from _wheels(found)
    yield '# targets = ["debian:12", "el:9"]  # fail when it would not run there'
    yield from _services(found, f"{table}." if table else "")


def _folder(found: Survey) -> Iterator[str]:
    if not found.is_declared:
        yield f"name = {json.dumps(_plain(found.name))}"
        yield 'version = "0.1.0"  # raise it with each release'
    for key, names in (("source", found.sources), ("scripts", found.scripts)):
        if names:
            yield f"{key} = {json.dumps(names[0] if len(names) == 1 else list(names), ensure_ascii=False)}"
    if not found.sources and not found.scripts:
        yield '# source = "src"  # no folder of sources was found: put them into one, and name it here'
    if found.main and not found.applications:
        yield f"# scripts = {json.dumps(found.main)}  # a command: /usr/bin/{Path(found.main).stem}"
    if found.sources and not found.static:
        yield '# exclude = ["docs"]  # besides what git ignores, tests and Dockerfiles; -v tells all that stays out'


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name).strip("-._")
    return kept or "myapp"


def _python(found: Survey) -> Iterator[str]:
    if found.interpreter:
        yield f"python.source = {json.dumps(found.interpreter, ensure_ascii=False)}"
        return
    try:
        wanted = SpecifierSet(found.requires_python)
    except InvalidSpecifier:
        wanted = SpecifierSet()
    running = platform.python_version()
    fitting = [m for m in _MINORS if wanted.contains(f"{m}.99")] or [_STANDALONE]
    chosen = _STANDALONE if _STANDALONE in fitting else fitting[0]
    if wanted.contains(running, prereleases=True):
        yield f'# python.source = "{chosen}"  # for older systems than this one, whose Python {running} is the default'
    else:
        yield f'python.source = "{chosen}"  # the project requires {wanted}, this machine\'s Python is {running}'


def _wheels(found: Survey) -> Iterator[str]:
    if found.wheels:
        yield f"wheels.dir = {json.dumps(found.wheels, ensure_ascii=False)}"
    if found.locks:
        yield f"# wheels.lock = {json.dumps(found.locks[0])}  # found by itself"
    elif not found.wheels:
        yield "# there is no lock: the first build resolves the dependencies and writes pylock.toml; keep that file"


def _services(found: Survey, prefix: str) -> Iterator[str]:
    commands = dict(_commands(found))
    # an application that is no package has nothing else to be installed for
    sure = not found.is_package and bool(commands) and not any("MODULE" in c for c in commands.values())
    mark = "" if sure else "# "
    missing = [server for server in commands if server not in found.dependencies]
    if found.framework and sure:
        missing = list(dict.fromkeys([found.framework, *missing]))
        yield "# nothing here says what the application needs: complete this list, or write it to requirements.txt"
    if missing:
        yield f"{mark}requirements = {json.dumps(missing)}  # a server that runs the application"
    if found.static:
        yield "# static files: `manage.py collectstatic` comes before the build; bring back what git ignores:"
        yield '# exclude = ["!static-collected"]'
    for server, command in commands.items():
        name = _plain(found.name).lower() + ("-worker" if server == "celery" else "")
        rows = [f"[[{prefix}services]]", f"name = {json.dumps(name)}", f"command = {json.dumps(command)}"]
        yield from ("", *(f"{mark}{row}" for row in rows))
        if found.settings:
            yield f'# environment = {{ DJANGO_SETTINGS_MODULE = "{found.settings}" }}'


def _commands(found: Survey) -> Iterator[tuple[str, str]]:
    """Yield each server with the command of a service that runs the project's application."""
    has = found.dependencies
    wsgi, asgi, celery = (_reference(found.applications, kind) for kind in ("wsgi", "asgi", "celery"))
    wsgi = wsgi or _reference(found.applications, "factory")
    if "gunicorn" in has or ("uvicorn" not in has and (wsgi or has & {"django", "flask"})):
        yield "gunicorn", f"gunicorn {wsgi or asgi or 'MODULE:APPLICATION'}"
    elif "uvicorn" in has or asgi or has & {"fastapi", "starlette"}:
        yield "uvicorn", f"uvicorn {asgi or wsgi or 'MODULE:APPLICATION'}"
    if "celery" in has or celery:
        yield "celery", f"celery --app {celery.partition(':')[0] or 'MODULE'} worker"


def _reference(applications: tuple[Application, ...], kind: str) -> str:
    return next((f"{a.module}:{a.attr}" for a in applications if a.kind == kind), "")
