"""What a folder that is no package says of itself: the configuration, ``[project]``, and scripts' own metadata.

``[project]`` counts where there is no ``[build-system]``: uv takes such a project for an application whose files are
used as they lie there. Scripts say what they need in a comment (PEP 723, "Inline script metadata").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pkggen.archives.zip_times import EARLIEST
from pkggen.config.load import read_pyproject
from pkggen.config.tables import Config
from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.project.wheel_writer import Heading
from pkggen.reading import parse_toml, read_text, table_in, texts_in
from pkggen.terminal.reporter import Reporter

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")  # PEP 723
_PYPROJECT = "pyproject.toml: project"


def declare(
    root: Path, config: Config, scripts: Iterable[Path], epoch: int, reporter: Reporter, *, alone: bool = False
) -> Heading:
    """Return what the wheel of the folder ``root`` is called and needs.

    With ``alone`` a script of the folder is meant, and nothing else there says anything of it.
    Without a version it is that of the last commit, ``0.20261129.101500``: it rises, and stays below 1.0.
    Raises ConfigurationError with all that is wrong.
    """
    project, problems = {} if alone else _project(root), list[Problem]()
    needs = [*texts_in(project, "dependencies"), *_needs_of_scripts(scripts, problems)]
    wanted = _requirements(needs, problems)
    heading = Heading(
        name=_name(root, config, project, problems),
        version=_version(config, project, epoch, problems, reporter),
        summary=config.summary or _line(project.get("description")) or _made_of(root, config, project),
        headers=(
            *(("Requires-Dist", text) for text in wanted),
            *_python(project, scripts, problems),
            *_people(project),
            *_licence(project),
            *(("Project-URL", f"{_line(label)}, {_line(url)}") for label, url in table_in(project, "urls").items()),
        ),
        entry_points=tuple(_entry_points(project)),
        description=_readme(root, project),
    )
    ConfigurationError.raise_all(problems)
    return heading


def inline_metadata(path: Path) -> Mapping[str, Any]:
    """Return what a script says in its comment of type "script", {} where it says nothing.

    Raises ConfigurationError when that is no TOML, or there are two of them.
    """
    if path.suffix not in {".py", ""}:
        return {}
    blocks = [m["content"] for m in _BLOCK.finditer(_text(path)) if m["type"] == "script"]
    if len(blocks) > 1:
        raise ConfigurationError("it has two comments of inline metadata", where=path.name, remedy="keep one of them")
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in "".join(blocks).splitlines()]
    try:
        return parse_toml("\n".join(lines))
    except ValueError as error:
        raise ConfigurationError(f"its inline metadata is no valid TOML: {error}", where=path.name) from error


def check_locks_of_scripts(root: Path, scripts: Iterable[Path]) -> None:
    """Raise ConfigurationError for scripts that uv has locked, where the project has no lock that is read."""
    if (root / "pylock.toml").is_file():
        return
    found = [path for path in scripts if path.with_name(f"{path.name}.lock").is_file()]
    ConfigurationError.raise_all(
        Problem(
            f"it tells the versions that {path.name} needs, and pkggen can't read it",
            f"{path.name}.lock",
            f"write it as a lock that it can: uv export --script {path.name} --format pylock.toml -o pylock.toml",
        )
        for path in found
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # a program of another kind
        return ""


def _project(root: Path) -> Mapping[str, Any]:
    pyproject = read_pyproject(root)
    project = table_in(pyproject, "project")
    if project and "build-system" in pyproject:
        what = "the folder is a package already: pyproject.toml has [project] and [build-system]"
        raise ConfigurationError(what, where=Key.of("source"), remedy="remove source and scripts, or [build-system]")
    return project


def _line(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _name(root: Path, config: Config, project: Mapping[str, Any], problems: list[Problem]) -> str:
    given = config.name or _line(project.get("name")) or root.resolve().name
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("-._")
    if not name:
        problems.append(Problem("no name can be made of the folder's", Key.of("name"), 'set name = "myapp"'))
    return name


def _version(
    config: Config, project: Mapping[str, Any], epoch: int, problems: list[Problem], reporter: Reporter
) -> str:
    text = config.version or _line(project.get("version"))
    where: Key | str = Key.of("version") if config.version else f"{_PYPROJECT}.version"
    if config.version and project.get("version") not in {None, config.version}:
        what = f"[project] says that the version is {project['version']}"
        problems.append(Problem(what, Key.of("version"), "keep one of them"))
    if not text:
        moment = datetime.fromtimestamp(epoch, timezone.utc)
        text = f"0.{moment:%Y%m%d}.{moment.hour * 10000 + moment.minute * 100 + moment.second}"
        text = "0" if epoch == EARLIEST else text
        by = "nothing tells it" if epoch == EARLIEST else "that of the last commit, or of SOURCE_DATE_EPOCH"
        reporter.warn(f'the version is {text}, {by}: set version = "1.0", and raise it with each release')
    try:
        return str(Version(text))
    except InvalidVersion:
        problems.append(Problem(f"{text!r} is not a version (PEP 440)", where))
        return "0"


def _made_of(root: Path, config: Config, project: Mapping[str, Any]) -> str:
    sources = [name for name in config.source if Path(name) != Path()]
    named = config.name or _line(project.get("name")) or root.resolve().name
    made_of = " and ".join((*sources, *config.scripts.commands))
    return f"{named}, made of {made_of}" if made_of else ""


def _requirements(texts: Iterable[str], problems: list[Problem]) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[str(Requirement(text))] = None
        except InvalidRequirement as error:
            what = f"{text!r} is not a requirement: {str(error).splitlines()[0]}"
            problems.append(Problem(what, "dependencies"))
    return sorted(found)


def _needs_of_scripts(scripts: Iterable[Path], problems: list[Problem]) -> Iterator[str]:
    for path in scripts:
        try:
            yield from texts_in(inline_metadata(path), "dependencies")
        except ConfigurationError as error:
            problems += error.problems


def _python(project: Mapping[str, Any], scripts: Iterable[Path], problems: list[Problem]) -> Iterator[tuple[str, str]]:
    texts = [_line(project.get("requires-python"))]
    for path in scripts:
        try:
            texts.append(_line(inline_metadata(path).get("requires-python")))
        except ConfigurationError:
            continue  # told with its requirements
    try:
        wanted = SpecifierSet(",".join(filter(None, texts)))
    except InvalidSpecifier as error:
        problems.append(Problem(str(error), "requires-python"))
        return
    if str(wanted):
        yield "Requires-Python", str(wanted)


def _people(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, field in (("maintainers", "Maintainer"), ("authors", "Author")):
        people = project.get(key)
        for person in filter(lambda p: isinstance(p, dict), people if isinstance(people, list) else []):
            name, mail = _line(person.get("name")), _line(person.get("email"))
            if mail:
                yield f"{field}-email", f"{name} <{mail}>" if name else mail
            elif name:
                yield field, name


def _licence(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    licence = project.get("license")
    if isinstance(licence, str):
        yield "License-Expression", _line(licence)
    elif isinstance(licence, dict) and _line(licence.get("text")):
        yield "License", _line(licence["text"])


def _entry_points(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((_line(name), _line(target)) for name, target in sorted(table_in(project, "scripts").items()))


def _readme(root: Path, project: Mapping[str, Any]) -> str:
    """Return the text of the README that ``[project]`` names, "" where it names none."""
    name = project.get("readme")
    return read_text(root / name) if isinstance(name, str) and (root / name).is_file() else ""
