"""``python -m tests.targets make [NAME…] | shell NAME | needs | list``."""

from __future__ import annotations

import argparse
import subprocess
import sys

from . import TARGETS, TargetError
from .host import APT_PACKAGES, FOREIGN_PACKAGES


def make(names: list[str]) -> None:
    """Make the roots of ``names`` that are not in the cache yet."""
    for name in names:
        print(f"{name}: {TARGETS[name].tree()}")


def shell(name: str) -> int:
    """Open a shell in a booted, throw-away machine; returns the shell's exit status."""
    with TARGETS[name].boot() as machine:
        return subprocess.call([*machine.entrance(), "env", "-i", "TERM=linux", "HOME=/root", "bash", "-l"])


def main() -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.targets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="make roots ahead of the tests (all, unless named)")
    making.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TARGETS))
    shelling = commands.add_parser("shell", help="open a shell in a machine that is thrown away")
    shelling.add_argument("name", metavar="NAME", choices=TARGETS)
    commands.add_parser("needs", help="print the Debian packages the host needs")
    commands.add_parser("list", help="print the targets' names")
    options = parser.parse_args()
    try:
        if options.command == "make":
            unknown = set(options.names) - set(TARGETS)
            if unknown:
                parser.error(f"no such target: {', '.join(sorted(unknown))}")
            make(options.names or list(TARGETS))
        elif options.command == "shell":
            return shell(options.name)
        else:
            print(*((*APT_PACKAGES, *FOREIGN_PACKAGES) if options.command == "needs" else TARGETS))
    except TargetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
