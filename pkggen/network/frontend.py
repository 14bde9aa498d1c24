"""Building wheels with a project's own back-end (PEP 517) through uv, which resolves and fetches what that takes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uv

from pkggen.errors import ToolError
from pkggen.network.address import redacted
from pkggen.network.settings import index_environment, private_environment
from pkggen.run import run

_LIMIT = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Frontend:
    """Where a back-end and what it requires come from.

    ``cache`` is a directory of ours for uv: the user's own is neither read nor written. ``root`` is the
    project, whose index settings count unless ``index`` names one; ``folders`` may hold wheels.
    ``variables`` reach the back-end; logins do not.
    """

    cache: Path
    root: Path
    index: str = ""
    folders: tuple[Path, ...] = ()
    offline: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def identity(self) -> str:
        """Return what tells apart where back-ends come from: uv, the index as it is set, and what the folders hold."""
        program = os.stat(uv.find_uv_bin())
        env, inherit = index_environment(self.index, self.root)
        settings = sorted((env | {name: os.environ[name] for name in inherit if name in os.environ}).items())
        files = [p for folder in self.folders if folder.is_dir() for p in sorted(folder.iterdir())]
        held = [(os.fspath(p), s.st_size, s.st_mtime_ns) for p in files if (s := _status(p))]
        steered = sorted(self.variables.items())
        return repr((program.st_size, program.st_mtime_ns, self.offline, settings, held, steered))

    def build(self, source: Path, out: Path, *, python: str, epoch: int) -> Sequence[Path]:
        """Build ``source``, a tree or an sdist, into the new directory ``out``; return the wheels, usually one.

        ``python`` (path or version, an installed one) runs the back-end; ``epoch`` becomes SOURCE_DATE_EPOCH.
        Raises ToolError with the back-end's last words, in which no login shows.
        """
        words: list[str | Path] = ["build", "--wheel", "--no-create-gitignore", "--python", python, "-o", out]
        words += ["--cache-dir", self.cache, "--no-python-downloads", *(["--offline"] if self.offline else [])]
        for folder in filter(Path.is_dir, self.folders):
            words += ["--find-links", folder.absolute()]
        # an index may hold a password: the argument list is public, and the environment is the back-end's, too
        with private_environment(self.index, self.root, out.parent) as (settings, inherit):
            env = {**self.variables, **settings, "SOURCE_DATE_EPOCH": str(epoch)}
            try:
                run([uv.find_uv_bin(), *words, source], cwd=out.parent, env=env, inherit=inherit, timeout=_LIMIT)
            except ToolError as error:
                raise ToolError(redacted(str(error))) from None
        return sorted(out.glob("*.whl"))


def _status(path: Path) -> os.stat_result | None:
    """Return what ``path`` is, after links, or None: one that leads nowhere holds nothing."""
    try:
        return path.stat()
    except OSError:
        return None
