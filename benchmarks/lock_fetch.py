"""What the benchmark of locks starts as a process of its own: a lock read, its wheels chosen, fetched and verified.

python -m benchmarks.lock_fetch PROJECT
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from pkggen.cli.boundary import default_cache
from pkggen.model import Interpreter, Tree, WheelSpec
from pkggen.targets.distributions import resolve_target
from pkggen.terminal.reporter import Silent
from pkggen.wheels import Demand, resolve_wheels


def main() -> None:
    """Fetch what the pylock.toml of the project names for this machine; print how many wheels that are."""
    root = Path(sys.argv[1])
    python = Interpreter(platform.python_version(), Tree(root, ()), "host", "0" * 64)
    spec = WheelSpec(lock=root / "pylock.toml", frozen=True)
    wheels = resolve_wheels(Demand(spec, resolve_target(()), python, root, "locked"), default_cache(), Silent())
    print(len(wheels))


if __name__ == "__main__":
    main()
