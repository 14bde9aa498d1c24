"""Building the packages that the end-to-end tests install, each once a run, with the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.applications import REPOSITORY, Application
from tests.e2e.turns import turn

PORTABLE = sorted((REPOSITORY.parent / "shared" / "interpreters").glob("cpython-*-x86_64-*-install_only.tar.gz"))
"""An interpreter for glibc 2.17, when it lies beside the checkout: its packages run on every target."""


PKGGEN = str(Path(sys.executable).with_name("pkggen"))
"""The command as it was installed beside the tests' Python: it finds no file of the checkout by being started here."""


def interpreter_options() -> list[str]:
    """Return the options that choose the interpreter, and the oldest target it is good for."""
    if not PORTABLE:
        return ["--python", "host"]
    return ["--python", str(PORTABLE[0]), "--target", "debian:11"]


def pkggen(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run the installed command and return what it printed, whatever its exit status."""
    command = [PKGGEN, *map(os.fspath, arguments)]
    environment = {**os.environ, **(env or {})}
    options = {"capture_output": True, "text": True, "timeout": 1500, "env": environment, **options}
    return subprocess.run(command, **options)  # type: ignore[call-overload,no-any-return]


@dataclass
class Factory:
    """Builds packages of applications below ``directory``, which all processes of a run share, and remembers them."""

    directory: Path
    built: dict[tuple[str, str], dict[str, Path]] = field(default_factory=dict)

    def __call__(self, application: Application, version: str) -> dict[str, Path]:
        """Return the packages of that version by format ("deb", "rpm")."""
        key = (f"{application.name}-{application.mode}", version)
        if key not in self.built:
            home = self.directory / "-".join(key)
            with turn(home):
                self.built[key] = finished(home / "dist") or self._build(application, version, home)
        return self.built[key]

    def _build(self, application: Application, version: str, home: Path) -> dict[str, Path]:
        shutil.rmtree(home, ignore_errors=True)  # what failed in another process fails here in its own words
        home.mkdir()
        return build(application.source(version, home), home / "dist", *interpreter_options())

    @property
    def share(self) -> Path:
        """The directory that targets mount to reach every package."""
        return self.directory


def build(root: Path, output: Path, *options: str | Path, env: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Build the project in ``root`` to both formats; fail the test with pkggen's own words."""
    done = pkggen("build", root, "-o", output, "-q", *options, env=env)
    assert done.returncode == 0, f"pkggen build {root} gave {done.returncode}:\n{done.stderr}"
    return by_format(done.stdout.split())


def finished(output: Path) -> dict[str, Path]:
    """Return the packages of an earlier build by format; none where it did not end."""
    found = by_format([str(path) for path in sorted(output.glob("*.*")) if path.suffix in {".deb", ".rpm"}])
    return found if len(found) == 2 else {}


def by_format(paths: Sequence[str]) -> dict[str, Path]:
    """Return printed paths by the format that their name tells."""
    return {Path(p).suffix.removeprefix("."): Path(p) for p in paths}
