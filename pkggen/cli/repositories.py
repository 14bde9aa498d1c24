"""The commands about a repository that is there: repository promote, phase, rollback, remove, pin and the like."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.cli.publishing import addressed, key_option, located
from pkggen.errors import IntegrityError
from pkggen.terminal.display import one_line, show

if TYPE_CHECKING:
    from pkggen.config.tables import PublishTable
    from pkggen.repository.family import Repository
    from pkggen.repository.generations import Generation
    from pkggen.terminal.console import Terminal

_Command = TypeVar("_Command", bound=Callable[..., Any])
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_channel = click.option("--channel", default="", metavar="NAME", help="The first of publish.channels by default.")
_packages = click.argument("packages", nargs=-1, required=True, metavar="NAME=VERSION...")


@click.group("repository")
def repository() -> None:
    """Change what the channels of a repository hold, and look whether all of it is whole."""


@contextmanager
def _table(project: Path, to: str, keys: tuple[str, ...] = ()) -> Iterator[PublishTable]:
    """Yield the publish table with the command line's wishes; errors from within say where a setting stands."""
    from pkggen.config.load import read_config
    from pkggen.config.publishing import Wishes

    config, provenance = read_config(project)
    wishes = Wishes(to=to, keys=keys)
    with wishes.placed(provenance).placing():
        yield wishes.applied(config.publish)


@contextmanager
def _opened(
    project: Path, to: str, keys: tuple[str, ...], reporter: Terminal
) -> Iterator[tuple[Repository, PublishTable]]:
    from pkggen.repository.opening import open_repository

    with _table(project, to, keys) as table:
        yield open_repository(table, int(time.time()), reporter), table


def _changing(function: _Command) -> _Command:
    """Add the options of a command that writes."""
    return key_option(located(function))


def _tell(channel: str, generation: Generation, reporter: Terminal) -> None:
    reporter.tell(f"{channel}: generation {generation.number}, {generation.note}")


def _percentage(_context: click.Context, _argument: click.Parameter, value: str) -> int:
    digits = value.removesuffix("%")
    if not digits.isascii() or not digits.isdigit() or not 0 <= int(digits) <= 100:
        raise click.BadParameter(f"{value!r} is not from 0% to 100%")
    return int(digits)


@repository.command()
@_packages
@click.argument("source", metavar="FROM")
@click.argument("into", metavar="INTO")
@click.option("--phase", "percentage", default="100%", callback=_percentage, help="Of the hosts that upgrade with apt.")
@_changing
@boundary
def promote(
    *, packages: tuple[str, ...], source: str, into: str, percentage: int, to: str, project: Path,
    keys: tuple[str, ...], quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Add packages of the channel FROM to the channel INTO. Their files are not copied."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, table):
        _tell(into, verbs.promote(there, table, packages, source, into, percentage=percentage), reporter)


@repository.command()
@_packages
@click.argument("percentage", metavar="PERCENTAGE", callback=_percentage)
@_channel
@_changing
@boundary
def phase(
    *, packages: tuple[str, ...], percentage: int, channel: str, to: str, project: Path, keys: tuple[str, ...],
    quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Offer packages to PERCENTAGE of the hosts that upgrade with apt; 100% is all."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, table):
        name = channel_name(table, channel)
        _tell(name, verbs.phase(there, packages, name, percentage, reporter), reporter)


@repository.command()
@_packages
@click.option("--off", is_flag=True, help="Let retention have them again.")
@_channel
@_changing
@boundary
def pin(
    *, packages: tuple[str, ...], off: bool, channel: str, to: str, project: Path, keys: tuple[str, ...],
    quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Keep packages in a channel, however old they are and however many newer ones there are."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, table):
        name = channel_name(table, channel)
        _tell(name, verbs.pin(there, packages, name, pinned=not off), reporter)


@repository.command()
@_packages
@_channel
@_changing
@boundary
def remove(
    *, packages: tuple[str, ...], channel: str, to: str, project: Path, keys: tuple[str, ...], quiet: bool,
    verbose: bool,
) -> None:  # fmt: skip
    """Take packages out of a channel. Their versions can't be published again with other bytes."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, table):
        name = channel_name(table, channel)
        _tell(name, verbs.remove(there, packages, name), reporter)


@repository.command()
@click.argument("channel")
@click.argument("generation", type=int, required=False)
@_changing
@boundary
def rollback(
    *, channel: str, generation: int | None, to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Make CHANNEL hold what it held before, or what it held in GENERATION."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, _):
        _tell(channel, verbs.rollback(there, channel, generation), reporter)


@repository.command()
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@_changing
@boundary
def refresh(
    *, channels: tuple[str, ...], to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Write and sign the indexes of channels anew: before they expire, with other keys, or after a failure."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _opened(project, to, keys, reporter) as (there, _):
        for channel, generation in verbs.refresh(there, channels).items():
            _tell(channel, generation, reporter)


@repository.command()
@click.argument("channel")
@addressed
@_json
@boundary
def history(*, channel: str, to: str, project: Path, as_json: bool) -> None:
    """Show the generations of CHANNEL that are kept, the current first."""
    from pkggen.commands import repository as verbs

    with _table(project, to) as table:
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


@repository.command()
@click.option("--quick", is_flag=True, help="Compare the sizes of packages, not their contents.")
@located
@_json
@boundary
def verify(*, quick: bool, to: str, project: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Compare every index with every file, and check every signature. Exit status 4 says that something is wrong."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import store_of

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _table(project, to) as table, reporter.step(f"verifying {store_of(table).address}"):
        found = verbs.problems(table, contents=not quick)
    if as_json:
        show(json.dumps([{"what": p.what, "where": str(p.where), "remedy": p.remedy} for p in found], indent=2))
        if found:
            sys.exit(IntegrityError.exit_code)
        return
    IntegrityError.raise_all(found)
    reporter.tell("all of it is whole")


@repository.command()
@click.option("--grace", type=click.IntRange(0), default=7, show_default=True, help="Days that a thing must be old.")
@click.option(
    "--keep", type=click.IntRange(1), default=10, show_default=True, help="Generations of a channel that stay."
)
@click.option("--dry-run", is_flag=True, help="Print what would go.")
@located
@boundary
def gc(*, grace: int, keep: int, dry_run: bool, to: str, project: Path, quiet: bool, verbose: bool) -> None:
    """Delete what no channel needs: files of packages that were removed, indexes and generations of long ago."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _table(project, to) as table:
        found = verbs.collect(table, grace, keep, dry_run=dry_run)
    for item in found.items:
        show(one_line(item.key))
    size = sum(item.size for item in found.items)
    reporter.tell(f"{len(found.items)} files, {size} bytes; {found.generations} generations stay")


@repository.command()
@click.option("--version", default="", metavar="VERSION", help="Of the package; today's date by default.")
@_channel
@_changing
@boundary
def keyring(
    *, version: str, channel: str, to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Publish a package of the public keys and set-up files, so that upgrades bring a new key to every host."""
    from pkggen.cli.publishing import tell
    from pkggen.commands.keyring import publish_keyring

    reporter = terminal(quiet=quiet, verbose=verbose)
    today = time.strftime("%Y.%m.%d", time.gmtime())
    with _opened(project, to, keys, reporter) as (there, table):
        tell(publish_keyring(there, table, version or today, default_cache(), reporter, wanted=channel))


@repository.command()
@_channel
@addressed
@boundary
def setup(*, channel: str, to: str, project: Path) -> None:
    """Print the lines that an administrator copies, so that a host's apt or dnf uses the repository."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    with _table(project, to) as table:
        for manager, lines in verbs.set_up(table, channel_name(table, channel)).items():
            show("\n".join([f"# {manager}", *lines]))


@repository.command()
@located
@boundary
def site(*, to: str, project: Path, quiet: bool, verbose: bool) -> None:
    """Write pages for people beside the indexes: index.html, and one for each application. Print what has changed."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with _table(project, to) as table, reporter.step("writing pages"):
        changed = verbs.site(table)
    for key in changed:
        show(one_line(key))


@repository.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free."
)
@addressed
@boundary
def serve(*, port: int, to: str, project: Path) -> None:
    """Serve the repository on this machine's loopback, to look at it or to try it; Ctrl-C ends it."""
    from pkggen.repository.opening import store_of
    from pkggen.repository.serving import LOOPBACK, server

    with _table(project, to) as table:
        web = server(store_of(table), port)
    show(f"http://{LOOPBACK}:{web.server_port}/")
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        web.server_close()
