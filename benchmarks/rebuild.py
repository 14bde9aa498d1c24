"""A change of code against a full build, of a set split into three packages, in one run.

    python -m benchmarks.rebuild [--set small|heavy] [--python SOURCE] [--rounds 3] [--formats deb,rpm]

The full build starts with an empty cache, but for what was downloaded. A rebuild follows a change
of one line of the project: only its own package is made. Sizes are those of what has to be shipped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.sets import SETS
from pkggen.cli.boundary import default_cache
from pkggen.store.cache import Cache

NEW_TABLE = "\n[tool.pkggen]\n"
SPLIT = 'split = ["deps", "runtime"]\n'


def main() -> None:
    """Build in full, change the code, build again; print times and sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(SETS), action="append", dest="sets")
    parser.add_argument("--python", default="host")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", default="deb,rpm")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.home() / ".cache") as scratch:
        directory = Path(scratch)
        for name in arguments.sets or SETS:
            root, _, _ = SETS[name](directory / name)
            project = root / "pyproject.toml"
            before, table, after = project.read_text().partition("[tool.pkggen]\n")
            project.write_text(f"{before}{table or NEW_TABLE}{SPLIT}{after}")
            build(root, directory / "warm", default_cache(), arguments.python, "deb")  # resolves and downloads
            print(name, end=": ")
            formats = tuple(arguments.formats.split(","))
            measure(root, directory / f"measured-{name}", arguments.python, formats, arguments.rounds)


def measure(root: Path, directory: Path, python: str, formats: tuple[str, ...], rounds: int) -> None:
    """Print one line for ``formats``."""
    cache = Cache(directory / "cache")
    cache.root.mkdir(parents=True)
    for part in ("blobs", "uv"):
        if (default_cache().root / part).is_dir():
            shutil.copytree(default_cache().root / part, cache.root / part, copy_function=copy, symlinks=True)
    full = build(root, directory / "dist", cache, python, *formats)
    shipped = {path.name: path.stat().st_size for path in (directory / "dist").iterdir()}
    quick = []
    for number in range(1, rounds + 1):
        with next(root.rglob("__init__.py")).open("a") as code:
            code.write(f"VERSION = {number}\n")
        quick.append(build(root, directory / "dist", cache, python, *formats))
    small = sum(size for name, size in shipped.items() if name.startswith((f"{root.name}_", f"{root.name}-1.0")))
    whole = sum(shipped.values())
    print(
        f"{'+'.join(formats):8} full {full:6.1f} s {whole / 1e6:7.1f} MB, "
        f"code alone {min(quick):5.2f} s {small / 1e3:6.1f} kB, "
        f"ratios 1/{full / min(quick):.0f} and 1/{whole / small:.0f}",
        flush=True,
    )


def build(root: Path, output: Path, cache: Cache, python: str, *formats: str) -> float:
    """Run the command and return the seconds it took."""
    words = [word for name in formats for word in ("--format", name)]
    command = [sys.executable, "-m", "pkggen.cli", "build", root, "-o", output, "--python", python, "-q", *words]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment(cache))
    return time.perf_counter() - started


def environment(cache: Cache) -> dict[str, str]:
    """Return the environment of a build that uses ``cache``."""
    return {**os.environ, "PKGGEN_CACHE_DIR": str(cache.root)}


def copy(source: str, target: str) -> str:
    """Link, or copy where that can't be: a cache's files are never written to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


if __name__ == "__main__":
    main()
