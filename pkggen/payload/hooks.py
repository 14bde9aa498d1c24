"""The hooks of ``[tool.pkggen.scripts]``: the project's own programs that run when the package is installed or goes.

They are shipped as ``PREFIX/lib/hooks/NAME.sh`` or ``.py``, and checked here as far as a program
can be without running it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pkggen.config.tables import Config, HookTable
from pkggen.errors import ConfigurationError, Key, Problem, StorageError
from pkggen.model import Compiler, Hook
from pkggen.reading import oddity
from pkggen.run import run

_WHERE = Key.of("scripts")
# One argument's limit on every kernel, 128 KiB, less what quoting may add.
_LONGEST = 64 << 10
_SHELLS = re.compile(rb"#! ?(/usr/bin/env sh|/(usr/)?bin/(da)?sh)( .*)?$")
_COMPILE = """\
import sys
try:
    compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec", dont_inherit=True)
except (SyntaxError, ValueError) as error:
    sys.exit(f"{getattr(error, 'lineno', None) or 1}: {getattr(error, 'msg', error)}")
"""


def read_hooks(config: Config, root: Path, compiler: Compiler | None) -> tuple[Hook, ...]:
    """Return the project's hooks by name.

    ``compiler`` is a Python of the version that will run them, None where this host has none: then
    the one that runs pkggen has to do. Raises ConfigurationError that names every file that is
    missing, is no hook, or has a syntax error, with its line.
    """
    found, problems = [], []
    for name, table in config.scripts.hooks().items():
        try:
            found.append(_read(name, table, root, compiler))
        except ConfigurationError as error:
            problems += [Problem(p.what, p.where or _WHERE / name, p.remedy) for p in error.problems]
    ConfigurationError.raise_all(problems)
    return tuple(found)


def _read(name: str, table: HookTable, root: Path, compiler: Compiler | None) -> Hook:
    path = root / table.file
    if why := oddity(path):
        raise ConfigurationError(f"{table.file} {why}" + f" in {root}" * why.startswith("does"))
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigurationError(f"{table.file} leads out of the project", remedy="copy the file into the project")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} can't be read: {error.strerror}") from error
    python = path.suffix == ".py" or b"python" in content.partition(b"\n")[0]
    ConfigurationError.raise_all(_oddities(name, table, content, python=python))
    for line, text in _syntax_errors(path, compiler, python=python):
        raise ConfigurationError(text, where=f"{table.file}:{line}", remedy=f"it is the hook {name}")
    return Hook(name, content, "py" if python else "sh", table.user)


def _oddities(name: str, table: HookTable, content: bytes, *, python: bool) -> Iterator[Problem]:
    first = content.partition(b"\n")[0].rstrip(b"\r")
    if not python and not (_SHELLS.match(first) or (table.file.endswith(".sh") and not first.startswith(b"#!"))):
        yield Problem(f"{table.file} is neither Python nor shell", remedy="start it with #!/bin/sh, or name it .py")
    if b"\r\n" in content or b"\0" in content:
        yield Problem(f"{table.file} holds carriage returns or zero bytes", remedy="save it with Unix line ends")
    if name == "after-remove":
        try:
            content.decode()
        except UnicodeDecodeError as error:
            yield Problem(f"{table.file} is not UTF-8: {error}", remedy="save it as UTF-8: it becomes part of a script")
        if python:
            yield Problem(f"{table.file}: the interpreter is gone by then", remedy="write after-remove for /bin/sh")
        if re.search(rb"(?m)^[ \t]*%", content):
            yield Problem(
                f"{table.file} has a line that starts with %, which rpm takes for its own",
                remedy="write it so that % comes later",
            )
        if len(content) > _LONGEST:
            yield Problem(f"{table.file} is longer than {_LONGEST >> 10} KiB")


def _syntax_errors(path: Path, compiler: Compiler | None, *, python: bool) -> Iterator[tuple[int, str]]:
    """Yield the first syntax error as its line and text."""
    if python and compiler is None:
        try:
            compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            yield getattr(error, "lineno", None) or 1, str(getattr(error, "msg", error))
        return
    argv: list[str | Path] = ["/bin/sh", "-n", path]
    if python and compiler is not None:
        argv = [compiler.program, "-I", "-c", _COMPILE, path]
    done = run(argv, check=False, timeout=60)
    if done.status:
        words = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "does not parse"
        # "7: text" is ours, "FILE: 7: text" dash's, "FILE: line 7: text" bash's
        found = re.match(r"(?:.*?: (?:line )?)?(\d+): (.*)", words)
        yield (int(found[1]), found[2]) if found else (1, words)
