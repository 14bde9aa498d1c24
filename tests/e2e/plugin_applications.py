"""An application and plugins of it, which agree or not about one distribution; each is built once a run.

Its name sorts after its runtime's: rpm 4.18 forgets all but the first path of a trigger on removals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.applications import QUICK
from tests.e2e.packages import interpreter_options, pkggen

PROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "For plugins"
dependencies = {dependencies}

[project.scripts]
{name} = "{name}:main"

[project.entry-points."signboard.plugins"]
{name} = "{name}"

[tool.setuptools.packages.find]
where = ["src"]

[tool.pkggen]
maintainer = "Nobody <nobody@example.org>"
"""
BOARD = """\
from importlib.metadata import entry_points


def main():
    print("signboard", "{version}", sorted(point.name for point in entry_points(group="signboard.plugins")))
"""
PLUGIN = """\
import signboard, zipp
from importlib.metadata import version


def main():
    print("{name}", version("zipp"))
"""


@dataclass
class Carpenter:
    """Builds packages below ``directory``, which targets mount at /pkgs; they are known by name and version."""

    directory: Path
    built: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def signboard(self, version: str, *dependencies: str) -> None:
        """Build the application, whose interpreter is a package of its own."""
        self._build("signboard", version, BOARD, ["iniconfig==2.1.0", *dependencies], 'split = "runtime"\n')

    def plugin(self, name: str, zipp: str) -> None:
        """Build a plugin of signboard 1.0 that brings a version of zipp."""
        package = self.directory / "dist" / Path(self.built["signboard", "1.0"]["deb"]).name
        extends = f'extends = "signboard >= 1.0"\nextends-package = "{package}"\n'
        self._build(name, "1.0", PLUGIN, ["signboard", "iniconfig", f"zipp=={zipp}"], extends)

    def _build(self, name: str, version: str, code: str, dependencies: list[str], settings: str) -> None:
        root = self.directory / "sources" / f"{name}-{version}"
        (root / "src" / name).mkdir(parents=True)
        (root / "src" / name / "__init__.py").write_text(code.format(name=name, version=version))
        wanted = "[" + ", ".join(f'"{d}"' for d in dependencies) + "]"
        text = PROJECT.format(name=name, version=version, dependencies=wanted) + settings
        (root / "pyproject.toml").write_text(text + "\n" + QUICK.format(table="tool.pkggen."))
        done = pkggen("build", root, "-o", self.directory / "dist", *interpreter_options())
        assert done.returncode == 0, done.stderr
        paths = [Path(line) for line in done.stdout.split()]
        for path in paths:
            key = (path.name.split("_")[0] if path.suffix == ".deb" else path.name.rsplit("-", 2)[0], version)
            self.built.setdefault(key, {})[path.suffix[1:]] = f"/pkgs/dist/{path.name}"
