"""The two applications that are measured on a target, each in two versions, with an archive of an interpreter."""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

from benchmarks.cost import Cost, cost_of
from benchmarks.heavy import REQUIREMENTS, write_project
from pkggen.cli.boundary import default_cache
from pkggen.config.options import Options
from pkggen.pipeline import build
from pkggen.terminal.console import QUIET, Terminal
from pkggen.wheels.lock.pylock import read_pylock
from tests.targets import Box

REPOSITORY = Path(__file__).resolve().parent.parent
VERSIONS = ("1.0.0", "1.0.1")
HEAVY_CODE = """\
def main():
    print("heavy")
"""


@dataclass(frozen=True)
class Subject:
    """An application with its packages; ``late`` are the modules that are imported late in a process of it."""

    name: str
    command: str
    late: tuple[str, ...]
    packages: tuple[Path, ...]
    home: Path

    @property
    def wheels(self) -> Path:
        """The folder with the very wheels that the package was made of, the project's own included."""
        return self.home / "wheels"


def small(home: Path) -> tuple[Path, str, tuple[str, ...]]:
    """Copy the small set, debian-sample, for a lock of our own; return its root, command and late modules."""
    root = home / "noticeboard"
    shutil.copytree(
        REPOSITORY / "debian-sample", root, ignore=shutil.ignore_patterns("rendered", ".venv", "requirements.txt")
    )
    return root, "noticeboard --help", ("flask", "gunicorn.app.wsgiapp")


def heavy(home: Path) -> tuple[Path, str, tuple[str, ...]]:
    """Write the heavy set as an application with a command, and with the smoke test that pkggen chooses."""
    root = write_project(home)
    text = (root / "pyproject.toml").read_text().split("[tool.pkggen]")[0].replace('"1.0"', f'"{VERSIONS[0]}"')
    (root / "pyproject.toml").write_text(f'{text}[project.scripts]\nheavy = "heavy:main"\n')
    (root / "heavy").mkdir()
    (root / "heavy/__init__.py").write_text(HEAVY_CODE)
    modules = {"scikit-learn": "sklearn.linear_model", "matplotlib": "matplotlib.pyplot", "scipy": "scipy.stats"}
    return root, "heavy", tuple(modules.get(name, name) for name in REQUIREMENTS)


SETS = {"small": small, "heavy": heavy}


def arguments_of(description: str | None, rounds: int) -> argparse.Namespace:
    """Parse the command line of a benchmark on a target; ``rounds`` is their number unless it says another."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--set", choices=sorted(SETS), action="append", dest="sets")
    parser.add_argument("--target", default="debian:12")
    parser.add_argument("--rounds", type=int, default=rounds)
    return parser.parse_args()


@contextmanager
def workshop(archive: Path) -> Iterator[Path]:
    """Yield a directory that targets can mount, with the archive's interpreter in ``interpreter/python``."""
    with tempfile.TemporaryDirectory(dir=Path.home() / ".cache") as scratch:
        directory = Path(scratch)
        with tarfile.open(archive) as tar:
            tar.extractall(directory / "interpreter", filter="data")
        yield directory


def make_subject(name: str, directory: Path, archive: Path, target: str) -> Subject:
    """Build both versions of a set and lay its wheels out for pip."""
    home = directory / name
    home.mkdir(parents=True)
    root, command, late = SETS[name](home)
    project = root / "pyproject.toml"
    packages = []
    for version in VERSIONS:
        project.write_text(project.read_text().replace(f'version = "{VERSIONS[0]}"', f'version = "{version}"'))
        options = Options(root, ("deb",), home / "dist", python=str(archive), targets=(target,))
        packages += [p.path for p in build(options, default_cache(), Terminal(QUIET))]
    subject = Subject(root.name, command, late, tuple(packages), home)
    copy_wheels(root / "pylock.toml", subject.wheels)
    build_own = [uv.find_uv_bin(), "build", "-q", "--wheel", "--no-create-gitignore", "-o", subject.wheels, root]
    subprocess.run(build_own, check=True)
    return subject


def copy_wheels(lock: Path, directory: Path) -> None:
    """Fill ``directory`` with the lock's wheels from the cache, under their own names."""
    directory.mkdir()
    cache = default_cache()
    for locked in read_pylock(lock).pylock.packages:
        for wheel in locked.wheels or ():
            blob = cache.blob(wheel.hashes["sha256"])
            if blob is not None:
                shutil.copyfile(blob, directory / wheel.filename)


def make_bare(package: Path, to: Path) -> Path:
    """Write ``package`` again without maintainer scripts and triggers; its data member stays as it is."""
    bare = bytearray(b"!<arch>\n")
    for name, data in _members(package.read_bytes()):
        content = _without_scripts(package) if name.startswith("control.tar") else data
        shown = "control.tar.gz" if name.startswith("control.tar") else name
        bare += f"{shown:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        bare += b"\n" * (len(content) % 2)
    to.write_bytes(bare)
    return to


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an ar archive (deb(5)) with their names."""
    at = 8
    while at < len(archive):
        size = int(archive[at + 48 : at + 58])
        yield archive[at : at + 16].decode().strip().rstrip("/"), archive[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


def _without_scripts(package: Path) -> bytes:
    control = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package], check=True, stdout=subprocess.PIPE).stdout
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(control)) as old, tarfile.open(fileobj=packed, mode="w:gz") as new:
        for member in old:
            if member.isfile() and Path(member.name).name in {"control", "md5sums", "conffiles"}:
                new.addfile(member, old.extractfile(member))
    return packed.getvalue()


def timed(box: Box, command: str | Sequence[str]) -> Cost:
    """Return what ``command`` costs in the box; it must succeed."""
    return cost_of(lambda: box.run(command, check=True, timeout=900))
