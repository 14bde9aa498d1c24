"""docs/inputs.md, written from what the pairs of lock and shape printed when they were installed."""

from __future__ import annotations

from collections.abc import Mapping

from tests.e2e.input_cells import CELLS, LEFT, LOCKS, SHAPES, Cell, left

HEAD = """\
# What goes in

Which lock with which project shape is tried: each numbered pair below is built by `pkggen build`, installed on the system that is named, offline, and its command run there. This page is written by `tests/e2e/test_inputs.py` from the results (`--update-inputs`), and the test fails when they differ.

How each is found and read: [what can be packaged](configuration.md#what-can-be-packaged), [`wheels`](configuration.md#toolpkggenwheels). Wheels, sdists, `pypi:` and folders are installed in both formats by `tests/e2e/test_shapes.py`, too. `pdm.lock`, workspaces, path and git dependencies: `tests/unit/wheels/test_lock_governing.py`, `tests/unit/project/test_origins.py`.
"""  # noqa: E501


def document(results: Mapping[Cell, str]) -> str:
    """Return the page; ``results`` is what each cell printed."""
    numbers = {(c.shape, c.lock): n for n, c in enumerate(CELLS, 1)}
    lines = [HEAD, f"| | {' | '.join(LOCKS.values())} |", "|---" * (len(LOCKS) + 1) + "|"]
    for shape, title in SHAPES.items():
        cells = [str(numbers.get((shape, lock)) or f"({left(shape, lock)})") for lock in LOCKS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += ["", "Left out:", ""]
    lines += [f"- ({letter}) {why}." for letter, why in LEFT.values()]
    lines += [
        "",
        "## What was installed",
        "",
        "| | lock, shape | on | with | its command prints |",
        "|---|---|---|---|---|",
    ]
    for number, cell in enumerate(CELLS, 1):
        pair = f"{LOCKS[cell.lock]}, {SHAPES[cell.shape]}"
        lines.append(f"| {number} | {pair} | {cell.target} | {cell.shows} | {results[cell]} |")
    return "\n".join(lines) + "\n"
