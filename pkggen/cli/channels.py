"""The commands about what channels hold: repository promote, phase, pin, remove, rollback, history."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from pkggen.cli.boundary import boundary, terminal
from pkggen.cli.place import addressed, changing, channel_option, configured, json_option, opened, tell_change
from pkggen.terminal.display import one_line, show

_packages = click.argument("packages", nargs=-1, required=True, metavar="NAME=VERSION...")


def _percentage(_context: click.Context, _argument: click.Parameter, value: str) -> int:
    digits = value.removesuffix("%")
    if not digits.isascii() or not digits.isdigit() or not 0 <= int(digits) <= 100:
        raise click.BadParameter(f"{value!r} is not from 0% to 100%")
    return int(digits)


@click.command()
@_packages
@click.argument("source", metavar="FROM")
@click.argument("into", metavar="INTO")
@click.option("--phase", "percentage", default="100%", callback=_percentage, help="Of the hosts that upgrade with apt.")
@changing
@boundary
def promote(
    *, packages: tuple[str, ...], source: str, into: str, percentage: int, to: str, project: Path,
    keys: tuple[str, ...], quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Add packages of the channel FROM to the channel INTO. Their files are not copied."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, table):
        tell_change(into, verbs.promote(there, table, packages, source, into, percentage=percentage), reporter)


@click.command()
@_packages
@click.argument("percentage", metavar="PERCENTAGE", callback=_percentage)
@channel_option
@changing
@boundary
def phase(
    *, packages: tuple[str, ...], percentage: int, channel: str, to: str, project: Path, keys: tuple[str, ...],
    quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Offer packages to PERCENTAGE of the hosts that upgrade with apt; 100% is all."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, table):
        name = channel_name(table, channel)
        tell_change(name, verbs.phase(there, packages, name, percentage, reporter), reporter)


@click.command()
@_packages
@click.option("--off", is_flag=True, help="Let retention have them again.")
@channel_option
@changing
@boundary
def pin(
    *, packages: tuple[str, ...], off: bool, channel: str, to: str, project: Path, keys: tuple[str, ...],
    quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Keep packages in a channel, however old they are and however many newer ones there are."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, table):
        name = channel_name(table, channel)
        tell_change(name, verbs.pin(there, packages, name, pinned=not off), reporter)


@click.command()
@_packages
@channel_option
@changing
@boundary
def remove(
    *, packages: tuple[str, ...], channel: str, to: str, project: Path, keys: tuple[str, ...], quiet: bool,
    verbose: bool,
) -> None:  # fmt: skip
    """Take packages out of a channel. Their versions can't be published again with other bytes."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, table):
        name = channel_name(table, channel)
        tell_change(name, verbs.remove(there, packages, name), reporter)


@click.command()
@click.argument("channel")
@click.argument("generation", type=int, required=False)
@changing
@boundary
def rollback(
    *, channel: str, generation: int | None, to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Make CHANNEL hold what it held before, or what it held in GENERATION."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, _):
        tell_change(channel, verbs.rollback(there, channel, generation), reporter)


@click.command()
@click.argument("channel")
@addressed
@json_option
@boundary
def history(*, channel: str, to: str, project: Path, as_json: bool) -> None:
    """Show the generations of CHANNEL that are kept, the current first."""
    from pkggen.commands import repository as verbs

    with configured(project, to=to) as table:
        found = verbs.past(table, channel)
    rows: list[dict[str, Any]] = [
        {
            "generation": past.generation.number, "current": past.current, "made": past.generation.made,
            "note": past.generation.note, "content": past.generation.content,
            "packages": {name: past.generation.count(name) for name in sorted(past.generation.shards)},
        }
        for past in found
    ]  # fmt: skip
    if as_json:
        show(json.dumps(rows, indent=2))
        return
    for row in rows:
        made = time.strftime("%Y-%m-%d %H:%M", time.gmtime(row["made"]))
        counts = ", ".join(f"{number} {name}" for name, number in row["packages"].items())
        show(one_line(f"{'*' if row['current'] else ' '} {row['generation']:>5}  {made}  {counts:<16}  {row['note']}"))


COMMANDS = (promote, phase, pin, remove, rollback, history)
