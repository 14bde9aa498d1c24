"""The applications that the end-to-end tests package: our samples and projects we did not write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
# The filter came with Python 3.11.4; Debian 12's is older, and these archives are the tests' own choice.
UNTAR: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
# Debian 11 can't read zstd, and xz at its default takes half a minute a package.
QUICK = '[{table}deb]\ncompression = "gzip:1"\n[{table}rpm]\ncompression = "zstd:1"\n'
MODES = {
    "activated": "",
    "packaged": '[tool.pkggen.venv]\nmode = "packaged"\n',
    "archived": '[tool.pkggen.wheels]\nlayout = "archived"\n',
}


@dataclass(frozen=True)
class Application:
    """One project in two versions, and what proves that it runs.

    ``folder`` names a sample of this repository; without it the source distribution comes from
    PyPI. ``proof`` is a shell command whose output holds ``prints`` ({version} filled in).
    ``url`` is asked, when there is a service, for an answer that holds ``answers``. ``mode`` names
    one of MODES: how its venv comes to be on the target.
    """

    name: str
    versions: tuple[str, str]
    proof: str
    prints: str
    folder: str = ""
    service: str = ""
    url: str = ""
    answers: str = ""
    configuration: str = ""
    mode: str = "activated"

    @property
    def python(self) -> str:
        """Return the venv's interpreter on the target."""
        home = f"/opt/{self.name}" if self.mode == "packaged" else f"/opt/{self.name}/current"
        return f"{home}/venv/bin/python"

    def source(self, version: str, directory: Path) -> Path:
        """Lay out the project of ``version`` below ``directory`` and return its root."""
        root = self._sample(version, directory) if self.folder else self._from_pypi(version, directory)
        if self.configuration:
            (root / "pkggen.toml").write_text(self.configuration + QUICK.format(table=""))
        else:
            with (root / "pyproject.toml").open("a") as project:
                project.write("\n" + MODES[self.mode] + QUICK.format(table="tool.pkggen."))
        return root

    def _sample(self, version: str, directory: Path) -> Path:
        root = directory / self.folder
        shutil.copytree(REPOSITORY / self.folder, root, ignore=shutil.ignore_patterns("__pycache__", "dist"))
        project = root / "pyproject.toml"
        project.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', project.read_text(), count=1))
        return root

    def _from_pypi(self, version: str, directory: Path) -> Path:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", directory]
        subprocess.run([*command, f"{self.name}=={version}"], check=True, timeout=300)
        (archive,) = directory.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(directory, **UNTAR)
        archive.unlink()
        (root,) = directory.iterdir()
        return root


SAMPLES = (
    Application(
        name="noticeboard",
        folder="debian-sample",
        versions=("1.0.0", "1.1.0"),
        proof="noticeboard --version",
        prints="noticeboard {version}",
        service="noticeboard",
        url="http://127.0.0.1:8000/health",
        answers='"version":"{version}"',
    ),
    Application(
        name="csvstats",
        folder="rpm-sample",
        versions=("1.0.0", "1.1.0"),
        proof="csvstats --version",
        prints="csvstats {version}",
    ),
)

FOREIGN = (
    # pure Python, setup.cfg
    Application(name="httpie", versions=("3.2.3", "3.2.4"), proof="http --version", prints="{version}"),
    # compiled dependencies, setup.py, and a service that pkggen.toml adds
    Application(
        name="datasette",
        versions=("0.65.4", "0.65.5"),
        proof="datasette --version",
        prints="datasette, version {version}",
        service="datasette",
        url="http://127.0.0.1:8001/-/versions.json",
        answers='"version": "{version}"',
        configuration='[[services]]\nname = "datasette"\ncommand = "datasette serve --memory"\n',
    ),
    # poetry-core; 1.8.1 still calls itself 1.8.0
    Application(name="rich-cli", versions=("1.8.0", "1.8.1"), proof="rich --version", prints="1.8.0"),
)

APPLICATIONS = {application.name: application for application in (*SAMPLES, *FOREIGN)}
