"""Starting pkggen: its help, and a check of the small set from full caches, against an empty Python program.

    python -m benchmarks.starting [--rounds 9]

The median counts: seconds, in brackets seconds of processors, and how many times the first line's that is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial

from benchmarks.cost import cost_of, median_of
from benchmarks.sets import REPOSITORY

PKGGEN = [sys.executable, "-m", "pkggen.cli"]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "pkggen --version": [*PKGGEN, "--version"],
    "pkggen --help": [*PKGGEN, "--help"],
    "pkggen build --help": [*PKGGEN, "build", "--help"],
    "pkggen check debian-sample": [*PKGGEN, "check", "-q", str(REPOSITORY / "debian-sample")],
}


def main() -> None:
    """Print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    # a program that is installed has its byte code
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    empty = 0.0
    for name, command in COMMANDS.items():
        start = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL, env=environment)
        start()
        cost = median_of([cost_of(start) for _ in range(arguments.rounds)])
        empty = empty or cost.wall
        print(f"{name:<28} {cost.wall:.3f} ({cost.cpu:.3f}) s {cost.wall / empty:6.1f}", flush=True)


if __name__ == "__main__":
    main()
