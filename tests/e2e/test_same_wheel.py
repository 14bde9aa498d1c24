"""Our wheel of a real project is the one that ``uv build --wheel`` makes in the project's place.

Source archives of projects that we did not choose to please us, each put into a git repository with a
tag, as a developer has it. Only the archives come from the index; versions are pinned by digests, which
the index tells.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import uv
from packaging.pylock import Package

from pkggen.network.frontend import Frontend
from pkggen.project import build_wheel
from pkggen.project.backend import running_python
from pkggen.store.cache import Cache
from pkggen.terminal.reporter import Silent
from pkggen.wheels.lock.pylock import parse_pylock

# by back-end; what is worth a look: a version from git, a package called venv, an in-tree back-end, C code
PROJECTS = {
    "setuptools": ("pytest==8.3.5", "requests==2.32.3", "markupsafe==3.0.2", "six==1.17.0"),
    "hatchling": ("tox==4.23.2", "httpx==0.28.1"),
    "poetry-core": ("rich==13.9.4", "tomlkit==0.13.2", "poetry-core==2.1.3"),
    "flit": ("click==8.1.8", "jinja2==3.1.6"),
    "pdm-backend": ("pdm==2.22.3", "unearth==0.17.5"),
    "meson-python": ("meson-python==0.17.1",),
}
EPOCH = 1_700_000_000
SETTINGS = ("user.name=a", "user.email=a@example.org", "init.defaultBranch=main")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Package]:
    """Return what the index says of each project, by name: address and digest of its archive."""
    names = "\n".join(name for group in PROJECTS.values() for name in group)
    words = ["pip", "compile", "-", "--no-deps", "--universal", "--format", "pylock.toml", "--generate-hashes"]
    cache = ["--cache-dir", str(tmp_path_factory.mktemp("uv"))]
    text = subprocess.run(
        [uv.find_uv_bin(), *words, *cache, "--quiet"], input=names, capture_output=True, text=True, check=True
    ).stdout
    return {package.name: package for package in parse_pylock(text, Path("pylock.toml")).pylock.packages}


def checkout(package: Package, to: Path) -> Path:
    """Return a clean repository with the files of the project's archive, tagged with its version."""
    sdist = package.sdist
    assert sdist is not None
    assert sdist.url is not None
    with urllib.request.urlopen(sdist.url) as answer:
        content = answer.read()
    assert hashlib.sha256(content).hexdigest() == sdist.hashes["sha256"]
    (to / "archive").write_bytes(content)
    with tarfile.open(to / "archive") as archive:
        for member in archive:  # ours, or git would take it for a stranger's
            member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
            archive.extract(member, to / "unpacked")
    (top,) = (to / "unpacked").iterdir()
    for path in top.glob("**/*.egg-info"):  # what an archive has, and a repository does not
        shutil.rmtree(path)
    for name in ("PKG-INFO", "src/_pytest/_version.py"):
        (top / name).unlink(missing_ok=True)
    git(top, "init", "-q")
    git(top, "add", "-A", "-f")
    git(top, "commit", "-qm", "one")
    git(top, "tag", str(package.version))
    return top


def git(top: Path, *words: str) -> str:
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    return subprocess.run(["git", *options, "-C", top, *words], check=True, capture_output=True, text=True).stdout


def comparable(wheel: Path) -> dict[str, bytes]:
    """Return a wheel's members; compilers write the place into a program, so of one only the name counts."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    compiled = [name for name in found if name.endswith(".so")]
    record = next(name for name in found if name.endswith(".dist-info/RECORD"))
    return {**found, **dict.fromkeys([*compiled, *([record] if compiled else [])], b"")}


def in_place(top: Path, out: Path, cache: Path) -> Path:
    """Build with uv as a developer does."""
    command: list[str | Path] = [
        uv.find_uv_bin(),
        "build",
        "--wheel",
        "--quiet",
        "--python",
        running_python(),
        "-o",
        out,
        top,
    ]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "UV_CACHE_DIR": str(cache)}
    subprocess.run(command, check=True, env=env, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.mark.parametrize("name", [name for group in PROJECTS.values() for name in group])
def test_the_wheel_is_the_one_that_uv_makes_in_place(
    name: str, archives: Mapping[str, Package], tmp_path: Path
) -> None:
    """The same name, the same members, the same bytes, twice; and the repository is as it was."""
    top = checkout(archives[name.partition("==")[0]], tmp_path)
    cache = Cache(tmp_path / "cache")
    before = {p: p.lstat().st_mtime_ns for p in top.rglob("*")}

    first, second = (
        build_wheel(top, Frontend(cache.root / "uv", top), cache, Silent(), python=running_python(), epoch=EPOCH)
        for _ in range(2)
    )

    assert {p: p.lstat().st_mtime_ns for p in top.rglob("*")} == before
    assert git(top, "--no-optional-locks", "status", "--porcelain", "--ignored") == ""
    assert (first.sha256, first.version) == (second.sha256, name.partition("==")[2])
    reference = in_place(top, tmp_path / "reference", cache.root / "uv")
    assert first.filename == reference.name
    assert comparable(first.path) == comparable(reference)
