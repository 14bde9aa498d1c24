"""A command with a dependency."""

import sys

import idna


def main() -> None:
    """Greet the host that is named."""
    print("hello", idna.encode(sys.argv[1]).decode())
