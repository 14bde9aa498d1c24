"""The README's way from a project to apt install, line by line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.applications import REPOSITORY
from tests.e2e.published import keyring
from tests.targets import Target

SECTION = "### From a project to `apt install`\n"


def test_from_a_project_to_apt_install(debian_12: Target, tmp_path: Path) -> None:
    """The first block is run on the build host, then what it prints for apt and the second block on a bare system."""
    section = (REPOSITORY / "README.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    here, there = re.findall(r"```\n(.*?)```\n", section, re.S)
    (tmp_path / "debian-sample").symlink_to(REPOSITORY / "debian-sample")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with keyring() as keys:
        home = {**os.environ, "HOME": str(tmp_path), "GNUPGHOME": str(keys), "PATH": path}
        done = subprocess.run(
            ["sh", "-e", "-c", here],
            cwd=tmp_path,
            env={**os.environ, **home},
            capture_output=True,
            text=True,
            timeout=900,
        )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.partition("# apt\n")[2].partition("# dnf\n")[0]
    repository = tmp_path / "packages"

    with debian_12.box(shares={str(repository): repository}) as box:
        box.run(printed, check=True)
        box.run(there, check=True)
        assert box.run("dpkg-query -W -f '${db:Status-Status}' noticeboard").stdout == "installed"
