"""Building wheels with a project's own back-end (PEP 517): what that takes is locked and installed by us.

uv resolves and installs what is required, with the logins of indexes; the back-end is run afterwards, in a venv of
its own, with none of them, and without a network where none is to be used (:mod:`.seclusion`).
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyproject_hooks
import uv

from pkggen.errors import IntegrityError, ToolError
from pkggen.network.address import redacted
from pkggen.network.build_pins import BuildLock, Pins, Unlocked, kept_pins, parsed_pins
from pkggen.network.build_system import BuildSystem, read_build_system
from pkggen.network.seclusion import back_end_environment, without_network
from pkggen.network.settings import index_environment, private_environment
from pkggen.run import run
from pkggen.terminal.reporter import Reporter, Silent

PROJECT = "project"
_LIMIT = 3600  # seconds
_OPEN = "this machine has no network namespaces (unshare --net): the back-end could reach the network"
_SECLUDED = "it ran without a network, as --offline and --frozen ask for"
_RENEW = "renew it: pkggen lock"


@dataclass(frozen=True, slots=True)
class Frontend:
    """Where a back-end and what it requires come from.

    ``cache`` is a directory of ours for uv: the user's own is neither read nor written. ``root`` is the
    project, whose index settings count unless ``index`` names one; ``folders`` may hold wheels.
    ``variables`` reach the back-end; logins do not. ``pins`` keeps the versions of what is required; with ``frozen``
    they are not made anew.
    """

    cache: Path
    root: Path
    index: str = ""
    folders: tuple[Path, ...] = ()
    offline: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    frozen: bool = False
    pins: BuildLock = field(default_factory=Unlocked)
    reporter: Reporter = field(default_factory=Silent)

    def identity(self, python: str = "", build: str = PROJECT) -> str:
        """Return what tells apart what back-ends are: uv, the index as it is set, what folders hold, and pins."""
        program = os.stat(uv.find_uv_bin())
        env, inherit = index_environment(self.index, self.root)
        settings = sorted((env | {name: os.environ[name] for name in inherit if name in os.environ}).items())
        files = [p for folder in self.folders if folder.is_dir() for p in sorted(folder.iterdir())]
        held = [(os.fspath(p), s.st_size, s.st_mtime_ns) for p in files if (s := _status(p))]
        steered = sorted(self.variables.items())
        locked = sorted(self.pins.read(build_key(build, python)).items())
        return repr((program.st_size, program.st_mtime_ns, self.offline, settings, held, steered, locked))

    def has_to_lock(self, tree: Path, python: str, build: str = PROJECT) -> bool:
        """Tell whether building ``tree`` would write down for the first time what that takes."""
        system = read_build_system(tree)
        kept = not (isinstance(self.pins, Unlocked) or system.is_uvs_own() or system.sourced)
        return kept and not self.frozen and not self.pins.read(build_key(build, python))

    def build(self, source: Path, out: Path, *, python: str, epoch: int, build: str = PROJECT) -> Sequence[Path]:
        """Build the tree ``source`` into the new directory ``out``; return the wheels, usually one.

        ``python`` (path or version, an installed one) runs the back-end; ``epoch`` becomes SOURCE_DATE_EPOCH.
        ``build`` names the pins. Raises ToolError with the back-end's last words, in which no login shows,
        IntegrityError where pins are older than what is required and must stay.
        """
        system = read_build_system(source)
        out.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            variables = {**self.variables, "SOURCE_DATE_EPOCH": str(epoch)}
            room = _Room(self, system, Path(scratch), variables, build_key(build, python))
            try:
                if system.is_uvs_own() or system.sourced:
                    room.build_by_uv(source, out, python)
                else:
                    room.build(source, out, python)
            except ToolError as error:
                raise ToolError(redacted(str(error))) from None
        return sorted(out.glob("*.whl"))

    @property
    def secluded(self) -> bool:
        """Tell whether a back-end gets no network."""
        return self.offline or self.frozen


@dataclass(frozen=True, slots=True)
class _Room:
    """One build: ``place`` is an empty directory for it, ``variables`` are the back-end's."""

    frontend: Frontend
    system: BuildSystem
    place: Path
    variables: dict[str, str]
    key: str

    def build(self, source: Path, out: Path, python: str) -> None:
        """Install what is required, ask the back-end for more, and let it build."""
        self._uv("venv", "--python", python, "--no-project", self.place / "venv")
        kept = kept_pins(self.frontend.pins.read(self.key))
        static = self.system.requires
        fits = kept is not None and set(static) <= set(kept.asked)
        first = kept if kept is not None and fits else self._resolved(static, kept)
        self._install(first)
        hooks = self._hooks(source)
        dynamic = self._called(hooks.get_requires_for_build_wheel)
        asked = tuple(sorted({*static, *map(str, dynamic)}))
        if set(asked) != set(first.asked):
            first = self._resolved(asked, kept or first)
            self._install(first)
        if kept is None or first.table() != kept.table():
            self._keep(first, new=kept is None)
        self._called(lambda: hooks.build_wheel(str(out)))

    def build_by_uv(self, source: Path, out: Path, python: str) -> None:
        """Let uv see to everything: its own back-end, and sources that only its settings tell of."""
        frontend, words = self.frontend, ["build", "--wheel", "--no-create-gitignore", "--python", python]
        argv: list[str | Path] = [uv.find_uv_bin(), *words, "-o", out, *self._places(), source]
        if self.system.is_uvs_own() or frontend.offline:  # nothing is asked of an index
            env = back_end_environment(self._home(), self.place, os.environ) | self.variables
            self._run([*argv, *([] if frontend.offline else ["--offline"])], env)
            return
        with private_environment(frontend.index, frontend.root, self.place) as (settings, inherit):
            run(argv, cwd=self.place, env={**self.variables, **settings}, inherit=inherit, timeout=_LIMIT)

    def _resolved(self, asked: Sequence[str], former: Pins | None) -> Pins:
        """Return versions for ``asked``, those of ``former`` where they fit."""
        frontend = self.frontend
        if frontend.frozen and frontend.pins.read(self.key):
            before = former.asked if former else ()
            words_of = [f"{text} is new" for text in asked if text not in before]
            words_of += [f"{text} is gone" for text in before if text not in asked]
            what = f"what building requires has changed: {', '.join(words_of)}"
            raise IntegrityError(what, where=f"pkggen.lock: build.{self.key}", remedy=_RENEW)
        output, constraints = self.place / "requirements.txt", self.place / "constraints.txt"
        output.write_text("\n".join(former.lines()) + "\n" if former else "", encoding="utf-8")
        constraints.write_text("".join(f"{line}\n" for line in self.system.constraints), encoding="utf-8")
        words: list[str | Path] = ["pip", "compile", "-", "--generate-hashes", "--no-annotate", "--no-header"]
        words += ["--no-emit-index-url", "--no-emit-find-links", "--python", self._python, "--output-file", output]
        words += ["--constraint", constraints, "--only-binary", ":all:", *self._places()]
        self._uv(*words, stdin="\n".join(asked) + "\n")
        return parsed_pins(asked, output.read_text(encoding="utf-8"))

    def _install(self, pins: Pins) -> None:
        lines = pins.lines()
        if not lines:
            return
        file = self.place / "pins.txt"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        words: list[str | Path] = ["pip", "install", "--python", self._python, "--no-deps", "-r", file, *self._places()]
        words += ["--only-binary", ":all:"] if all("@ " not in line for line in lines) else []
        # not --require-hashes, which would want hashes of the constraints in the project's settings, too
        words += ["--verify-hashes"]
        self._uv(*words)

    def _keep(self, pins: Pins, *, new: bool) -> None:
        frontend = self.frontend
        if frontend.frozen:
            frontend.reporter.warn(f"what building {self.key} takes is not locked yet: pkggen lock")
            return
        if not new:
            frontend.reporter.note(f"pkggen.lock: what building {self.key} requires has changed, it is locked anew")
        frontend.pins.write(self.key, pins.table())

    @property
    def _python(self) -> Path:
        return self.place / "venv/bin/python"

    def _home(self) -> Path:
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        return home

    def _hooks(self, source: Path) -> pyproject_hooks.BuildBackendHookCaller:
        env = back_end_environment(self._home(), self._python.parent, os.environ) | self.variables
        env["VIRTUAL_ENV"] = str(self.place / "venv")

        def runner(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
            self._run(cmd, {**env, **(extra_environ or {})}, Path(cwd) if cwd else source)

        path = self.system.path or None
        return pyproject_hooks.BuildBackendHookCaller(
            str(source), self.system.name, path, runner, python_executable=str(self._python)
        )

    def _called(self, hook: Callable[[], Sequence[str] | str]) -> Sequence[str]:
        """Call a hook of the back-end; raise ToolError for a back-end that can't be used."""
        try:
            found = hook()
        except pyproject_hooks.BackendUnavailable as error:
            last = (error.traceback or "").strip().rpartition("\n")[2]
            raise ToolError(f"its build back-end {self.system.name} can't be loaded: {last}") from error
        except (pyproject_hooks.BackendInvalid, pyproject_hooks.HookMissing) as error:
            raise ToolError(f"its build back-end {self.system.name} can't be used: {error}") from error
        except pyproject_hooks.UnsupportedOperation as error:
            raise ToolError(f"its build back-end {self.system.name} builds no wheel here: {error}") from error
        return found if isinstance(found, list) else []

    def _run(self, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Run code of the project's, with its network taken away where that is asked for and can be."""
        closed = without_network() if self.frontend.secluded else ()
        if self.frontend.secluded and not closed:
            self.frontend.reporter.warn(_OPEN)
        try:
            run([*closed, *argv], cwd=cwd or self.place, env=env, timeout=_LIMIT)
        except ToolError as error:
            raise ToolError(f"{error}\n({_SECLUDED})" if closed else str(error)) from None

    def _places(self) -> list[str | Path]:
        frontend = self.frontend
        words: list[str | Path] = ["--cache-dir", frontend.cache, "--no-python-downloads"]
        words += ["--offline"] if frontend.offline else []
        for folder in filter(Path.is_dir, frontend.folders):
            words += ["--find-links", folder.absolute()]
        return words

    def _uv(self, *words: str | Path, stdin: str | None = None) -> None:
        """Run uv with the logins of indexes; no code of a package runs meanwhile."""
        frontend = self.frontend
        common: list[str | Path] = ["--quiet"]
        if "--cache-dir" not in words:
            common += ["--cache-dir", frontend.cache, "--no-python-downloads"]
        # an index may hold a password: the argument list is public
        with private_environment(frontend.index, frontend.root, self.place) as (settings, inherit):
            argv = [uv.find_uv_bin(), *words, *common]
            run(argv, cwd=frontend.root, env=settings, inherit=inherit, timeout=_LIMIT, stdin=stdin)


def build_key(build: str, python: str) -> str:
    """Return the name of pins for back-ends on ``python``, a version such as "3.13t", or the running one's path."""
    match = re.match(r"3\.(\d+)", python)
    return f"{build}-py3{match[1] if match else sys.version_info.minor}"


def _status(path: Path) -> os.stat_result | None:
    """Return what ``path`` is, after links, or None: one that leads nowhere holds nothing."""
    try:
        return path.stat()
    except OSError:
        return None
