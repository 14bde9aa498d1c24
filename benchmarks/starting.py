"""Starting pkggen: its help, and a check of the small set from full caches, against an empty Python program.

    python -m benchmarks.starting [--rounds 9]

The median counts: seconds, and in brackets seconds of processors.
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
    "pkggen --help": [*PKGGEN, "--help"],
    "pkggen check debian-sample": [*PKGGEN, "check", "-q", str(REPOSITORY / "debian-sample")],
}


def main() -> None:
    """Print one line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    # a program that is installed has its byte code
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for name, command in COMMANDS.items():
        start = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL, env=environment)
        start()
        cost = median_of([cost_of(start) for _ in range(arguments.rounds)])
        print(f"{name:<28} {cost.wall:.2f} ({cost.cpu:.2f}) s", flush=True)


if __name__ == "__main__":
    main()
