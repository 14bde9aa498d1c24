"""Debian's own test of packages: piuparts installs, upgrades and purges, and finds every path that is not as before."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.applications import SAMPLES, Application
from tests.e2e.packages import PORTABLE, Factory
from tests.targets import Target
from tests.targets.host import UNSHARE

OPTIONS = (
    "--distribution=bookworm",
    "--keep-sources-list",  # post_chroot_unpack_archive writes it
    "--no-eatmydata",
    "--pedantic-purge-test",
    "--fail-on-broken-symlinks",
    "--install-remove-install",
)
PASSED = ("PASS: Installation and purging test.", "PASS: Installation, upgrade and purging tests.", "PASS: All tests.")


@pytest.mark.skipif(not PORTABLE, reason="no portable interpreter beside the checkout")
@pytest.mark.parametrize("application", SAMPLES, ids=lambda application: application.name)
def test_piuparts(application: Application, factory: Factory, debian_12: Target, tmp_path: Path) -> None:
    """A sample's package passes install-purge and install-upgrade-purge, offline, without any exemption."""
    old, new = (factory(application, version)["deb"] for version in application.versions)
    archive(tmp_path / "archive", old)
    command = [
        *(*UNSHARE, "--mount-proc", "piuparts", *OPTIONS, "--existing-chroot", debian_12.tree()),
        *("--bindmount", tmp_path / "archive", "--scriptsdir", tmp_path / "archive", "--tmpdir", tmp_path, new),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    problems = [line for line in done.stdout.splitlines() if "ERROR" in line or "FAIL" in line]

    assert (done.returncode, problems) == (0, []), done.stdout[-5000:] + done.stderr
    assert all(line in done.stdout for line in PASSED)


def archive(directory: Path, package: Path) -> None:
    """Make an apt archive that holds the version to upgrade from, and what tells the chroot of it."""
    assert shutil.which("piuparts"), "apt-get install piuparts"
    directory.mkdir()
    shutil.copy(package, directory)
    control = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    size = os.path.getsize(package)
    (directory / "Packages").write_text(f"{control}Filename: ./{package.name}\nSize: {size}\nSHA256: {digest}\n\n")
    script = directory / "post_chroot_unpack_archive"  # piuparts(1), custom scripts
    script.write_text(f"#!/bin/sh\necho 'deb [trusted=yes] file:{directory} ./' >/etc/apt/sources.list\n")
    script.chmod(0o755)
