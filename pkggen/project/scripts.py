"""Scripts of a folder as commands: what they are called, and how they find the package's Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pkggen.errors import ConfigurationError, Key, Problem
from pkggen.model.shebang import HEAD, arguments_of, asks_for_python, with_ours

_WHERE = Key.of("scripts")
_EXTENSIONS = (".py", ".sh", ".bash", ".pl")
_COMMAND = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the program that it is; ``content`` starts with ``#!python`` when Python runs it."""

    name: str
    content: bytes


def read_commands(paths: Sequence[Path]) -> tuple[list[Command], list[Path]]:
    """Return the commands that scripts become, sorted by name, and the files that are no programs.

    The extension goes: commands have none (Debian policy 10.4). A first line that asks for any
    Python asks for the package's; ``.py`` files without such a line get one. What has another
    ``#!`` line, and what is ELF, stays as it is. Raises ConfigurationError for two commands of
    one name and for names that no command can have.
    """
    commands: dict[str, tuple[Command, Path]] = {}
    left_out: list[Path] = []
    problems: list[Problem] = []
    for path in sorted(paths):
        content = _program(path)
        name = path.stem if path.suffix in _EXTENSIONS else path.name
        if content is None:
            left_out.append(path)
        elif not _COMMAND.fullmatch(name):
            problems.append(Problem(f"{path.name} can't be a command: letters, digits and . _ + - only", _WHERE))
        elif name in commands:
            what = f"{path.name} and {commands[name][1].name} would both be the command {name}"
            problems.append(Problem(what, _WHERE, "rename one of them"))
        else:
            commands[name] = Command(name, content), path
    ConfigurationError.raise_all(problems)
    return [commands[n][0] for n in sorted(commands)], left_out


def _program(path: Path) -> bytes | None:
    """Return what the command's file holds, None when it is no program."""
    content = path.read_bytes()
    if content.startswith(b"\xef\xbb\xbf#!") or (path.suffix == ".py" and content.startswith(b"\xef\xbb\xbf")):
        content = content[3:]
    if asks_for_python(content):
        return with_ours(content)
    if content.startswith((b"#!", b"\x7fELF")):
        return content
    return b"#!python\n" + content if path.suffix == ".py" else None


def dropped_arguments(paths: Iterable[Path]) -> list[str]:
    """Return a warning for each script whose first line gives Python arguments: ``#!python`` has none."""
    found = []
    for path in sorted(paths):
        with path.open("rb") as stream:
            arguments = arguments_of(stream.read(HEAD))
        if arguments:
            found.append(f"{path.name}: {arguments} of its first line is dropped")
    return found
