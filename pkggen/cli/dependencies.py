"""The command that tells why each wheel is in a package: deps."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.cli.packages import selection
from pkggen.terminal.display import one_line, show

if TYPE_CHECKING:
    from pkggen.commands.deps import Dependencies, Dependency

_HEADINGS = ("NAME", "VERSION", "PACKED", "UNPACKED", "CODE", "GLIBC", "ASKED-BY", "LIBRARIES", "LICENCE")
_RIGHT = {2, 3}  # columns of numbers


@click.command()
@selection
@click.option("--json", "as_json", is_flag=True, help="Print JSON; sizes are bytes.")
@boundary
def deps(*, path: Path, as_json: bool, quiet: bool, verbose: bool, **rest: Any) -> None:
    """Show the wheels of the project in PATH: who asked for each, its size, licence and needs.

    A wheel stands below the first that asked for it; * marks the glibc that the package needs
    because of it. Nothing is packed.
    """
    from pkggen.commands.deps import dependencies
    from pkggen.config.options import Options

    options = Options(root=path, **rest)
    found = dependencies(options, default_cache(), terminal(quiet=quiet, verbose=verbose))
    show(json.dumps(found.to_dict(), indent=2) if as_json else table(found))


def table(found: Dependencies) -> str:
    """Return one line for each wheel, in columns, and what they come to."""
    rows = [_HEADINGS, *(_row(depth, wheel) for depth, wheel in found.tree())]
    packed, unpacked = sum(w.packed for w in found.wheels), sum(w.unpacked for w in found.wheels)
    lines = _aligned(rows, _RIGHT)
    count = f"{len(found.wheels)} wheel{'s' if len(found.wheels) > 1 else ''}"
    lines += ["", f"{count}, {_size(packed)} packed, {_size(unpacked)} unpacked"]
    lines += [f"Python {found.python}, {_size(found.python_unpacked)} unpacked"]
    if found.glibc:
        lines += [f"needs glibc {found.glibc}: {', '.join(found.raised_by)}"]
    return "\n".join([*lines, *_left_to_the_target(found)])


def _left_to_the_target(found: Dependencies) -> Iterator[str]:
    """Yield what the distribution packages itself, with the way to leave it out; or that nobody here knows."""
    offered = [(w, w.distro_package) for w in found.wheels if w.distro_package]
    if not offered:
        return
    release = offered[0][1].release
    yield ""
    if not any(package.known for _, package in offered):
        yield f"{release or 'the target'}: which of these it packages is not known here, only on such a system"
        return
    yield f"could be left to {release}, by its package lists on this machine:"
    yield from _aligned(
        [
            (
                f"  {wheel.name}",
                wheel.version,
                package.package,
                package.version,
                "" if wheel.distro_package_fits else _UNFIT,
            )
            for wheel, package in offered
        ]
    )
    left = ", ".join(f'{w.name} = "{p.package}"' for w, p in offered if w.distro_package_fits)
    if left:
        yield f"with: wheels.exclude = {{ {left} }}"
        yield f'modules of {release} are seen with python.source = "system" and python.site-packages = true alone'


_UNFIT = "(not a version that is asked for)"


def _row(depth: int, wheel: Dependency) -> tuple[str, ...]:
    return (
        "  " * depth + wheel.name,
        wheel.version,
        _size(wheel.packed),
        _size(wheel.unpacked),
        "compiled" if wheel.compiled else "pure",
        (wheel.glibc or "-") + ("*" if wheel.raises_floor else ""),
        ",".join(wheel.asked_by) or ("-" if depth == 0 else "(lock)"),
        ",".join(wheel.libraries) or "-",
        wheel.licence or "-",
    )


def _aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return the rows with columns of equal width, the last as long as it is."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _size(size: int) -> str:
    """Return bytes as people read them: one unit, no space, so that a field stays a field."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f}{unit}"
    return f"{size}B"
