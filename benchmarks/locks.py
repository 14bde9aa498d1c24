"""Fetching and building from a lock of a hundred wheels, against pip and uv: the same lock, in one run.

    python -m benchmarks.locks [--rounds 3] [--only cold|warm]

Cold, caches of its own emptied before each: pkggen reads the lock, chooses, downloads and verifies
the wheels; ``uv pip sync`` does so, unpacks them and fills a venv; ``pip download --require-hashes``
stores them in a folder. Warm, from full caches: ``pkggen render``, which is a build up to packing
(project's wheel, interpreter, wheels, control files and scripts of both formats), and the other two
again. The order changes from round to round; what counts is the median and the ratio to uv's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from benchmarks.cost import Cost, cost_of, median_of

REQUIREMENTS = ("jupyterlab", "ipywidgets", "matplotlib", "pandas")
PROJECT = """\
[project]
name = "locked"
version = "1.0"
description = "A hundred wheels"
dependencies = {requirements}
"""
UV = uv.find_uv_bin()
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
OURS = ("pkggen", "uv pip sync", "pip download")


@dataclass(frozen=True)
class Bench:
    """A project with its lock in both spellings below ``home``, and a private cache for each contender."""

    home: Path

    @property
    def project(self) -> Path:
        """The folder of the project."""
        return self.home / "project"

    def prepare(self) -> int:
        """Resolve the closure once; return how many wheels it is."""
        self.project.mkdir()
        text = PROJECT.format(requirements=list(REQUIREMENTS)).replace("'", '"')
        (self.project / "pyproject.toml").write_text(text)
        common = [UV, "pip", "compile", "-q", "--python-version", VERSION, "--only-binary", ":all:", "--no-annotate"]
        wanted = self.home / "wanted.txt"
        wanted.write_text("\n".join(REQUIREMENTS))
        hashed, lock = self.home / "requirements.txt", self.project / "pylock.toml"
        run([*common, wanted, "--generate-hashes", "-o", hashed])
        run([*common, hashed, "--no-header", "--format", "pylock.toml", "-o", lock])
        run([UV, "venv", "-q", "--python", sys.executable, self.home / "venv"])
        return hashed.read_text().count("==")

    def forget(self, contender: str) -> None:
        """Empty the contender's caches of wheels; pkggen's interpreter stays, as uv's and pip's do."""
        for name in {"pkggen": ("pkggen/blobs", "pkggen/trees/wheel"), "uv pip sync": ("uv",)}.get(contender, ("pip",)):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def fetch(self, contender: str) -> Cost:
        """Return what one contender takes for the lock."""
        if contender == "pkggen":
            return self.timed([sys.executable, "-m", "benchmarks.lock_fetch", self.project])
        if contender == "uv pip sync":
            shutil.rmtree(self.home / "venv")
            run([UV, "venv", "-q", "--python", sys.executable, self.home / "venv"])
            return self.timed([UV, "pip", "sync", "-q", "--require-hashes", self.home / "requirements.txt"])
        shutil.rmtree(self.home / "downloads", ignore_errors=True)
        words = ["download", "-q", "--require-hashes", "--only-binary", ":all:", "-d", self.home / "downloads"]
        return self.timed([sys.executable, "-m", "pip", *words, "-r", self.home / "requirements.txt"])

    def render(self) -> Cost:
        """Return what a build up to packing takes."""
        output = self.home / "rendered"
        return self.timed([sys.executable, "-m", "pkggen.cli", "render", "-q", self.project, "-o", output, "--frozen"])

    def timed(self, command: Sequence[str | Path]) -> Cost:
        """Run ``command`` with the private caches and return what it takes."""
        own = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "PKGGEN_CACHE_DIR": "pkggen", "VIRTUAL_ENV": "venv"}
        return cost_of(lambda: run(command, {name: str(self.home / folder) for name, folder in own.items()}))


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; its words are shown when it fails."""
    # a program that is installed has its byte code
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env={**environment, **(env or {})}, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")


def compare(title: str, rounds: Mapping[str, list[Cost]]) -> None:
    """Print each contender's medians, by the clock and of processors, and their ratio to uv's."""
    base = median_of(rounds["uv pip sync"])
    for name, costs in rounds.items():
        each, mid = ", ".join(f"{c.wall:.2f}" for c in costs), median_of(costs)
        print(f"{title:<6} {name:<24} {mid.wall:6.2f} s  {mid.wall / base.wall:5.2f} of uv's  ({each}); ", end="")
        print(f"processors {mid.cpu:.2f} s")


def main() -> None:
    """Measure cold and warm, and print one line for each contender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("cold", "warm"), default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.home() / ".cache") as scratch:
        bench = Bench(Path(scratch))
        print(f"{bench.prepare()} wheels, Python {VERSION}")
        if arguments.only != "warm":
            cold: dict[str, list[Cost]] = {name: [] for name in OURS}
            for number in range(arguments.rounds):
                for name in OURS[number % 3 :] + OURS[: number % 3]:
                    bench.forget(name)
                    cold[name].append(bench.fetch(name))
            compare("cold", cold)
        if arguments.only != "cold":
            for name in OURS:
                bench.fetch(name)
            bench.render()
            warm: dict[str, list[Cost]] = {name: [] for name in ("pkggen, up to packing", *OURS)}
            for number in range(arguments.rounds):
                warm["pkggen, up to packing"].append(bench.render())
                for name in OURS[number % 3 :] + OURS[: number % 3]:
                    warm[name].append(bench.fetch(name))
            compare("warm", warm)


if __name__ == "__main__":
    main()
