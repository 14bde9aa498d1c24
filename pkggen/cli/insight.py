"""The commands that tell what is in packages, and what has changed: diff and sbom."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pkggen.cli.boundary import boundary, terminal
from pkggen.errors import ArtefactError
from pkggen.terminal.display import show


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
@click.option("--fail-on", multiple=True, metavar="WHAT,...", help="Such as size>5%,glibc,setuid,licence; repeatable.")
@boundary
def diff(*, old: Path, new: Path, as_json: bool, markdown: bool, fail_on: tuple[str, ...]) -> None:
    """Show what the package NEW differs in from the package OLD: wheels, interpreter, scripts, files and sizes.

    Each is a .deb or an .rpm. Exit status 3 says that something of --fail-on was found.
    """
    from pkggen.comparison.comparing import compare
    from pkggen.comparison.finding import thresholds
    from pkggen.comparison.rendering import as_markdown, as_text
    from pkggen.inventory.stock import take_stock

    conditions = thresholds(fail_on)
    compared = compare(take_stock(old), take_stock(new))
    if as_json:
        show(json.dumps(compared.to_dict(), indent=2))
    else:
        show(as_markdown(compared) if markdown else as_text(compared))
    met = [str(condition) for condition in conditions if condition.met_by(compared)]
    if met:
        terminal().error(f"--fail-on: {', '.join(met)}")
        sys.exit(ArtefactError.exit_code)
