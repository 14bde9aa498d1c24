"""Resolving through uv: loose requirements, hash-pinned requirements and uv.lock to PEP 751.

uv never builds a source archive here (that would run its code), never downloads an
interpreter, and resolves for the target's platform and Python.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from pkggen.errors import ArtefactError, ConfigurationError, Problem, ToolError
from pkggen.model import Interpreter, Target
from pkggen.network.address import local_path, redacted, without_credentials
from pkggen.network.settings import private_environment
from pkggen.run import Finished, run
from pkggen.wheels.lock.reasons import explained, lacking_wheels, plainly, source_only, unreachable

# the manylinux versions that uv 0.8 and later know as --python-platform
_GLIBC_MINORS = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)
_FILE = re.compile(r'(?:url = "(?=file://)|path = "(?=/))([^"]+)"')
_MOST_NAMES = 100  # whose wheels are missing, before one has seen enough
_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OFFLINE_REMEDY = "build once with network access, keep the lock, and give the wheels' directory for find-links"


def platform_of(target: Target) -> str:
    """Return uv's name of the nearest platform that is not newer than ``target``.

    Raises ConfigurationError for a glibc below 2.17, for which uv knows no platform.
    """
    if target.libc == "musl":
        return f"{target.arch}-unknown-linux-musl"
    fitting = [minor for minor in _GLIBC_MINORS if (2, minor) <= target.glibc]
    if not fitting:
        raise ConfigurationError(
            f"dependencies can't be resolved for glibc {target.glibc[0]}.{target.glibc[1]}",
            remedy="give a pylock.toml, or a target with glibc 2.17 or later",
        )
    return f"{target.arch}-manylinux_2_{fitting[-1]}"


def abi_program(interpreter: Interpreter) -> str:
    """Return the Python whose ABI uv looks at: the running one, but for a free-threaded or debug ``interpreter``."""
    compiler = interpreter.compiler
    return os.fspath(compiler.program) if interpreter.flags and compiler else sys.executable


@dataclass(frozen=True, slots=True)
class Resolver:
    """uv with everything that stays the same within one build.

    ``root`` is the project's directory (uv reads index settings there), ``cache`` a directory
    of ours, ``python`` "3.13". ``index`` replaces PyPI, ``directory`` every index. ``build`` names
    what may come as a source archive, whose code uv then runs for its metadata. ``program`` is the
    Python whose ABI uv looks at: free-threaded or not. ``pinned`` are (name, index, its URL) of what one
    index alone is asked for.
    """

    root: Path
    cache: Path
    python: str
    platform: str
    index: str = ""
    find_links: tuple[Path, ...] = ()
    offline: bool = False
    directory: Path | None = None
    build: tuple[str, ...] = ()
    program: str = sys.executable
    pinned: tuple[tuple[str, str, str], ...] = ()

    def resolve(self, lines: Sequence[str], words: Sequence[str], output: Path) -> str:
        """Return the text of a PEP 751 lock of requirement ``lines`` and all that they need.

        ``words`` are further arguments. ``output`` is a file in a scratch directory; versions
        that it already holds are kept where they still fit. Raises ArtefactError with uv's
        reasons when nothing fits.
        """
        self._compile(["--python-platform", self.platform, *words, "--output-file", str(output)], lines)
        return self._portable(output.read_text(encoding="utf-8"))

    def locate(self, lines: Sequence[str], words: Sequence[str]) -> str:
        """Return a PEP 751 lock of exactly the pinned ``lines``, with all their wheels of any platform."""
        return self._portable(self._compile(["--no-deps", "--universal", *words], lines).stdout)

    def export(self, lock: Path, extras: Sequence[str], groups: Sequence[str] = (), package: str = "") -> str:
        """Return the PEP 751 form of ``lock``, a uv.lock, without the project, with no groups but ``groups``.

        ``package`` is the member of the workspace that is meant, where it is not the root.
        """
        words = ["export", "--project", str(lock.parent.absolute()), "--format", "pylock.toml", "--frozen"]
        words += ["--no-emit-project", "--no-default-groups", "--no-header"]
        words += ["--package", package] if package else []
        for extra in extras:
            words += ["--extra", extra]
        for group in groups:
            words += ["--group", group]
        finished = self._uv([*words, "--offline"], None)
        if finished.status != 0:
            remedy = "check it with: uv lock --check"
            raise ConfigurationError(_reason(finished), where=lock.name, remedy=remedy)
        return finished.stdout

    def _compile(self, words: Sequence[str], lines: Sequence[str]) -> Finished:
        command = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header", "--no-annotate"]
        command += ["--generate-hashes", "--only-binary", ":all:", "--python-version", self.python, *words]
        for name in self.build:
            command += ["--no-binary", name]
        if self.directory:
            command.append("--no-index")
        folders = (*self.find_links, *([self.directory] if self.directory else []))
        for directory in filter(Path.is_dir, folders):  # one that is to be filled may not be there yet
            command += ["--find-links", str(directory.absolute())]
        if self.offline or self.directory:
            command.append("--offline")
        with tempfile.TemporaryDirectory() as scratch:
            free, pinned = self._divided(lines)
            if pinned:  # uv knows indexes of single names in a project's file alone
                file = Path(scratch, "pyproject.toml")
                file.write_text(pinned, encoding="utf-8")
                command.insert(3, str(file))
            finished = self._uv(command, "\n".join(free) + "\n")
            if finished.status != 0:
                raise self._failure(_reason(finished), command, free)
            return finished

    def _failure(self, reason: str, command: Sequence[str], lines: Sequence[str]) -> ArtefactError | ToolError:
        if "No solution found" in reason or self.offline or self.directory:
            return ArtefactError(self._unresolved(reason, command, lines))
        if problem := unreachable(reason):
            return ToolError(problem)
        return ToolError(f"uv failed: {reason}")

    def _unresolved(self, reason: str, command: Sequence[str], lines: Sequence[str]) -> Problem:
        where = self.root.name
        if name := source_only(reason):
            return lacking_wheels(self._without_wheels(name, command, lines), where)
        what = f"the dependencies can't be resolved: {plainly(reason)}"
        if self.directory:
            return Problem(what, where, f"put what is missing into {self.directory.name}")
        if self.offline:
            return Problem(what, where, _OFFLINE_REMEDY)
        loosen = "loosen a requirement, or give the wheel through find-links"
        return explained(reason, where, self.python) or Problem(what, where, loosen)

    def _without_wheels(self, first: str, command: Sequence[str], lines: Sequence[str]) -> list[str]:
        """Return all names that have only a source archive: uv tells one at a time, and goes on without it."""
        names = [first]
        with tempfile.TemporaryDirectory() as scratch:
            dropped = Path(scratch, "dropped.txt")
            for _ in range(_MOST_NAMES):
                dropped.write_text("".join(f"{name} ; python_version < '0'\n" for name in names), encoding="utf-8")
                finished = self._uv([*command, "--overrides", str(dropped)], "\n".join(lines) + "\n")
                name = source_only(_reason(finished)) if finished.status else ""
                if not name or name in names:
                    break
                names.append(name)
        return sorted(names)

    def _divided(self, lines: Sequence[str]) -> tuple[list[str], str]:
        """Return the lines that any index may be asked for, and a pyproject.toml of the others, "" for none."""
        places = {name: (index, url) for name, index, url in self.pinned if url}
        single = [line for line in lines if _name_of(line) in places]
        if not single:
            return list(lines), ""
        used = sorted({(_name_of(line), *places[_name_of(line)]) for line in single})
        head = '[project]\nname = "pkggen-pinned"\nversion = "0"\n'
        text = f"{head}dependencies = {json.dumps(single)}\n[tool.uv.sources]\n"
        text += "".join(f"{json.dumps(name)} = {{ index = {json.dumps(index)} }}\n" for name, index, _ in used)
        for index, url in sorted({(index, os.path.expandvars(url)) for _, index, url in used}):
            text += f"[[tool.uv.index]]\nname = {json.dumps(index)}\nurl = {json.dumps(url)}\nexplicit = true\n"
        return [line for line in lines if line not in single], text

    def _uv(self, words: Sequence[str], stdin: str | None) -> Finished:
        common = ["--quiet", "--no-python-downloads", "--python", self.program, "--cache-dir", str(self.cache)]
        argv = [uv.find_uv_bin(), *words, *common]
        if self.directory:
            return run(argv, cwd=self.root, inherit=["HOME"], check=False, stdin=stdin)
        # an index may hold a password: the argument list is public, and back-ends see the environment
        with private_environment(self.index, self.root, self.cache.parent / "scratch") as (env, inherit):
            return run(argv, cwd=self.root, env=env, inherit=inherit, check=False, stdin=stdin)

    def _portable(self, text: str) -> str:
        """Cut credentials, and write local files below the project as paths relative to it."""
        root = self.root.absolute()

        def relative(match: re.Match[str]) -> str:
            path = local_path(match[1], root)
            if path is None or not path.is_relative_to(root):
                return match[0]
            return f'path = "{path.relative_to(root).as_posix()}"'

        return _FILE.sub(relative, without_credentials(text))


def _name_of(line: str) -> str:
    match = _REQUIRED.match(line)
    return canonicalize_name(match[0]) if match else ""


def _reason(finished: Finished) -> str:
    text = redacted((finished.stderr or finished.stdout).strip())
    return re.sub(r"\A(error|warning): ", "", text) or f"status {finished.status}"
