"""The commands about a repository as a whole: repository refresh, verify, gc, keyring, setup, site, serve."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from pkggen.cli import channels
from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.cli.place import (
    addressed,
    changing,
    channel_option,
    configured,
    json_option,
    located,
    opened,
    tell_change,
)
from pkggen.errors import IntegrityError
from pkggen.terminal.display import one_line, show


@click.group("repository")
def repository() -> None:
    """Change what the channels of a repository hold, and look whether all of it is whole."""


for _command in channels.COMMANDS:
    repository.add_command(_command)


@repository.command()
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@changing
@boundary
def refresh(
    *, channels: tuple[str, ...], to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Write and sign the indexes of channels anew: before they expire, with other keys, or after a failure."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, to=to, keys=keys) as (there, _):
        for channel, generation in verbs.refresh(there, channels).items():
            tell_change(channel, generation, reporter)


@repository.command()
@click.option("--quick", is_flag=True, help="Compare the sizes of packages, not their contents.")
@located
@json_option
@boundary
def verify(*, quick: bool, to: str, project: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Compare every index with every file, and check every signature. Exit status 4 says that something is wrong."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import store_of

    reporter = terminal(quiet=quiet, verbose=verbose)
    with configured(project, to=to) as table, reporter.step(f"verifying {store_of(table).address}"):
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
    with configured(project, to=to) as table:
        found = verbs.collect(table, grace, keep, dry_run=dry_run)
    for item in found.items:
        show(one_line(item.key))
    size = sum(item.size for item in found.items)
    reporter.tell(f"{len(found.items)} files, {size} bytes; {found.generations} generations stay")


@repository.command()
@click.option("--version", default="", metavar="VERSION", help="Of the package; today's date by default.")
@channel_option
@changing
@boundary
def keyring(
    *, version: str, channel: str, to: str, project: Path, keys: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Publish a package of the public keys and set-up files, so that upgrades bring a new key to every host."""
    from pkggen.cli.publishing import tell
    from pkggen.commands.keyring import publish_keyring

    reporter = terminal(quiet=quiet, verbose=verbose)
    today = time.strftime("%Y.%m.%d", time.gmtime())
    with opened(project, reporter, to=to, keys=keys) as (there, table):
        tell(publish_keyring(there, table, version or today, default_cache(), reporter, wanted=channel))


@repository.command()
@channel_option
@addressed
@boundary
def setup(*, channel: str, to: str, project: Path) -> None:
    """Print the lines that an administrator copies, so that a host's apt or dnf uses the repository."""
    from pkggen.commands import repository as verbs
    from pkggen.repository.opening import channel_name

    with configured(project, to=to) as table:
        for manager, lines in verbs.set_up(table, channel_name(table, channel)).items():
            show("\n".join([f"# {manager}", *lines]))


@repository.command()
@located
@boundary
def site(*, to: str, project: Path, quiet: bool, verbose: bool) -> None:
    """Write pages for people beside the indexes: index.html, and one for each application. Print what has changed."""
    from pkggen.commands import repository as verbs

    reporter = terminal(quiet=quiet, verbose=verbose)
    with configured(project, to=to) as table, reporter.step("writing pages"):
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

    with configured(project, to=to) as table:
        web = server(store_of(table), port)
    show(f"http://{LOOPBACK}:{web.server_port}/")
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        web.server_close()
