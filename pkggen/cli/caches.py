"""The command about the cache: cache info, prune, clear."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.terminal.display import show, show_path

if TYPE_CHECKING:
    from pkggen.store.pruning import Item

_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def _age(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    match = re.fullmatch(r"(\d+)([hdw])", value or "0h")
    if not match:
        raise click.BadParameter(f"{value!r} is not an age such as 12h, 30d or 8w")
    return None if value is None else float(int(match[1]) * _SECONDS[match[2]])


def _bytes(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    match = re.fullmatch(r"(\d+)([kmgt]?)(i?b)?", (value or "0").lower())
    if not match:
        raise click.BadParameter(f"{value!r} is not a size such as 500M or 5G")
    return None if value is None else int(match[1]) * _BYTES[match[2]]


@click.group()
def cache() -> None:
    """Show the cache, or make it smaller. Not while a build uses it."""


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@boundary
def info(*, as_json: bool) -> None:
    """Show where the cache is and what it holds."""
    from pkggen.store import pruning

    place = default_cache(held=False)
    kinds = pruning.summary(place)
    total = sum(size for _, size in kinds.values())
    if as_json:
        rows = {kind: {"count": count, "size": size} for kind, (count, size) in kinds.items()}
        show(json.dumps({"path": str(place.root), "size": total, "kinds": rows}, indent=2))
        return
    show_path(place.root)
    for kind, (count, size) in kinds.items():
        show(f"{_readable(size):>10}  {kind} ({count})")
    show(f"{_readable(total):>10}  in all")


@cache.command()
@click.option("--older-than", callback=_age, metavar="AGE", help="Remove what was not used for so long, such as 30d.")
@click.option(
    "--max-size", callback=_bytes, metavar="SIZE", help="Remove the longest unused until this is left, such as 5G."
)
@boundary
def prune(*, older_than: float | None, max_size: int | None) -> None:
    """Remove what killed builds left, and what is old or too much."""
    from pkggen.store import pruning

    _tell(pruning.prune(default_cache(held=False), unused_for=older_than, largest=max_size))


@cache.command()
@boundary
def clear() -> None:
    """Remove everything; the next build downloads anew."""
    from pkggen.store import pruning

    _tell(pruning.clear(default_cache(held=False)))


def _tell(gone: Sequence[Item]) -> None:
    terminal().tell(f"{len(gone)} items removed, {_readable(sum(item.size for item in gone))}")


def _readable(size: int) -> str:
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
