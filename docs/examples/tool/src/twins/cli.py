"""The command."""

import json
import os

import click

from twins.search import files_below, twins

PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
SMALLEST = click.option("--smallest", default=1, metavar="BYTES", help="Leave out smaller files. By default 1.")


@click.group()
@click.version_option(package_name="twins")
def main():
    """Find files with the same content."""


@main.command("list")
@PATHS
@SMALLEST
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What to print.")
def list_command(paths, smallest, style):
    """Print each group of files that are the same."""
    groups = twins(files_below(paths), smallest)
    if style == "json":
        click.echo(json.dumps(groups, indent=1))
        return
    for group in groups:
        click.echo(f"{os.path.getsize(group[0])} bytes:\n" + "\n".join(f"  {file}" for file in group))


@main.command()
@PATHS
@SMALLEST
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
def link(paths, smallest, dry_run):
    """Replace all but the first file of each group by hard links to it."""
    for first, *others in twins(files_below(paths), smallest):
        for other in others:
            if os.path.samefile(first, other):
                continue
            click.echo(f"{other} -> {first}")
            if not dry_run:
                aside = f"{other}.twins"
                os.link(first, aside)
                os.replace(aside, other)
