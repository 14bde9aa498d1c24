"""Applications that share an interpreter, and newer builds of it, made once a run."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.applications import QUICK
from tests.e2e.packages import PORTABLE, interpreter_options, pkggen

PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "Shares its interpreter"
dependencies = ["iniconfig==2.1.0"]

[project.scripts]
{name} = "{name}.main:main"
{name}-serve = "{name}.main:serve"

[tool.setuptools.packages.find]
where = ["src"]

[tool.pkggen]
maintainer = "Nobody <nobody@example.org>"
split = ["deps", "runtime"]
smoke = ["{name}.main", "iniconfig"]

[[tool.pkggen.services]]
name = "{name}"
command = "{name}-serve"
"""
MAIN = """\
import time
import {imports}
try:
    from interpreter_build import NUMBER
except ImportError:
    NUMBER = 1


def main():
    print("{name}", "{version}", "on build", NUMBER)


def serve():
    print("serving on build", NUMBER, flush=True)
    time.sleep(3600)
"""
LATER = 1_750_000_000  # seconds since the epoch: a day after the archive was made, and one more for each build
DAY = 86_400


@dataclass
class Workbench:
    """Packages of several builds below ``directory``, which targets mount at /pkgs."""

    directory: Path
    built: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(
        self,
        label: str,
        name: str,
        version: str,
        *,
        imports: str = "json",
        build: int = 1,
        lacks: str = "",
        whole: bool = False,
    ) -> str:
        """Build version ``version`` of application ``name``; return what pkggen said.

        ``build`` numbers the interpreter's builds; one of them ``lacks`` a module that ``imports`` may name.
        ``whole`` is one package of all.
        """
        root = self.directory / "sources" / name
        package = root / "src" / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "main.py").write_text(MAIN.format(name=name, version=version, imports=imports))
        text = PROJECT.format(name=name, version=version) + "\n" + QUICK.format(table="tool.pkggen.")
        if whole:
            text = text.replace('split = ["deps", "runtime"]\n', "")
        (root / "pyproject.toml").write_text(text)
        output = self.directory / label
        options = interpreter_options() if build == 1 else ["--python", self.interpreter(build, lacks)]
        done = pkggen("build", root, "-o", output, *options)
        assert done.returncode == 0, done.stderr
        for path in map(Path, done.stdout.split()):
            key = f"{label}/{path.name.split('_')[0] if path.suffix == '.deb' else path.name.rsplit('-', 2)[0]}"
            self.built.setdefault(path.suffix[1:], {})[key] = f"/pkgs/{path.relative_to(self.directory)}"
        return done.stderr

    def interpreter(self, build: int, lacks: str) -> Path:
        """Return the interpreter as if its makers had built it once more."""
        home = self.directory / "interpreters" / str(build)
        if not home.exists():
            home.mkdir(parents=True)
            subprocess.run(["tar", "-xf", PORTABLE[0], "-C", home], check=True, timeout=120)
            library = home / "python/lib/python3.13"
            marker = library / "interpreter_build.py"
            marker.write_text(f"NUMBER = {build}\n")
            os.utime(marker, (LATER + build * DAY,) * 2)
            if lacks:
                (library / f"{lacks}.py").unlink()
        return home / "python"

    def packages(self, family: str, *labels: str) -> list[str]:
        """Return the packages of ``labels`` ("first/alpha", or "first" for all of that build)."""
        found = self.built[family]
        return [path for key, path in found.items() if key in labels or key.split("/")[0] in labels]

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.directory, ignore_errors=True)
