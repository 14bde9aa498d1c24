"""The smallest application worth breaking: two versions of it, each built once a run."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.applications import MODES, QUICK
from tests.e2e.packages import build, finished, interpreter_options
from tests.e2e.turns import turn

OLD, NEW = "1.0", "2.0"
PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "As small as an application gets"
requires-python = ">=3.9"

[project.scripts]
{name} = "{name}.main:main"

[tool.setuptools.packages.find]
where = ["src"]

[tool.pkggen]
maintainer = "Nobody <nobody@example.org>"
smoke = ["{smoke}"]
{keys}"""
MAIN = "from {name} import VERSION\n\n\ndef main():\n    print('{name}', VERSION)\n"


@dataclass(frozen=True)
class Tiny:
    """A project: ``modules`` fills its package up, ``service`` names one whose ``main`` runs for ever.

    ``modules`` maps a file's path in the package to its text; ``{version}`` in it is filled in.
    ``smoke`` names what has to be importable before a release is switched to. ``service_keys`` is
    added to the service's table, ``keys`` and ``tables`` to the configuration; ``files`` lie beside the sources.
    ``mode`` names one of MODES: how the venv comes to be on the target.
    """

    name: str = "tiny"
    modules: tuple[tuple[str, str], ...] = ()
    service: str = ""
    smoke: str = ""
    service_keys: str = ""
    tables: str = ""
    files: tuple[tuple[str, str], ...] = ()
    keys: str = ""
    mode: str = "activated"

    def source(self, version: str, root: Path) -> Path:
        """Write the project's source tree to the new directory ``root`` and return it."""
        package = root / "src" / self.name
        modules = (("__init__.py", 'VERSION = "{version}"\n'), ("main.py", MAIN.replace("{name}", self.name)))
        for path, text in (*modules, *self.modules):
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text(text.replace("{version}", version))
        for path, text in self.files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        project = PROJECT.format(name=self.name, version=version, smoke=self.smoke or self.name, keys=self.keys)
        if self.service:
            script = f'{self.name}-serve = "{self.name}.{self.service}:main"\n'
            project = project.replace("[project.scripts]\n", "[project.scripts]\n" + script)
            project += f'\n[[tool.pkggen.services]]\nname = "{self.name}"\ncommand = "{self.name}-serve"\n'
            project += self.service_keys
        project += MODES[self.mode] + self.tables
        (root / "pyproject.toml").write_text(project + "\n" + QUICK.format(table="tool.pkggen."))
        return root


@dataclass(frozen=True)
class TinyPackages:
    """Packages by application, version and format below one directory, which targets mount at /pkgs.

    All processes of a run share it.
    """

    directory: Path

    def add(self, application: Tiny, version: str) -> dict[str, str]:
        """Build that version, unless it is there; return the packages' paths on the target by format."""
        kind = hashlib.sha256(repr(application).encode()).hexdigest()[:8]
        home = self.directory / f"{application.name}-{application.mode}-{version}-{kind}"
        with turn(home):
            built = finished(home) or self._build(application, version, home)
        return {family: f"/pkgs/{path.relative_to(self.directory)}" for family, path in built.items()}

    def _build(self, application: Tiny, version: str, home: Path) -> dict[str, Path]:
        source = self.directory / "sources" / home.name
        for left in (home, source):
            shutil.rmtree(left, ignore_errors=True)
        return build(application.source(version, source), home, *interpreter_options())
