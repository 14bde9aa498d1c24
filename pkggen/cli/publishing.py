"""The command that puts packages into a repository: publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pkggen.cli.boundary import boundary, terminal
from pkggen.cli.place import key_option, located, opened
from pkggen.terminal.display import one_line, show

if TYPE_CHECKING:
    from pkggen.commands.publish import Published


@click.command()
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...", type=click.Path(path_type=Path))
@click.option("--channel", default="", metavar="NAME", help="Such as stable; the first of publish.channels by default.")
@click.option("--suite", default="", metavar="NAME", help="The release they are for, such as bookworm.")
@click.option("--component", default="", metavar="NAME", help="Of the apt repository; main by default.")
@key_option
@located
@click.option("--dry-run", is_flag=True, help="Read, sign and compare, but write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@boundary
def publish(
    *, packages: tuple[Path, ...], channel: str, project: Path, dry_run: bool, as_json: bool, quiet: bool,
    verbose: bool, **rest: Any,
) -> None:  # fmt: skip
    """Put .deb and .rpm packages into a signed repository of apt and yum, and print where they lie.

    Clients see all of them at once. A version that is there already keeps its bytes; others are refused.
    """
    from pkggen.commands.publish import publish_packages

    reporter = terminal(quiet=quiet, verbose=verbose)
    with opened(project, reporter, **rest) as (repository, table):
        done = publish_packages(packages, repository, table, channel, reporter, dry_run=dry_run)
    tell(done, dry_run=dry_run, as_json=as_json)
    if not dry_run:
        reporter.tell(f"{done.channel}: generation {done.generation}")
        for pattern in done.stale:
            reporter.note(f"a cache before the repository has to forget {pattern}")


def tell(done: Published, *, dry_run: bool = False, as_json: bool = False) -> None:
    """Print what was published: a line for each package, or JSON."""
    if as_json:
        show(json.dumps(done.to_dict(), indent=2))
        return
    for offer in done.packages:
        state = ("would be added" if offer.is_new else "is there") if dry_run else ""
        show(one_line(f"{offer.record.path}  {state}".rstrip()))
