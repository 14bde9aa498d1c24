"""The commands that tell what is in packages, and what has changed: diff and sbom."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.cli.packages import FORMATS
from pkggen.errors import ArtefactError
from pkggen.terminal.display import show, show_path

if TYPE_CHECKING:
    from pkggen.inventory.bill import Bill


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
    from pkggen.inventory.package_inventory import read_inventory

    conditions = thresholds(fail_on)
    compared = compare(read_inventory(old), read_inventory(new))
    if as_json:
        show(json.dumps(compared.to_dict(), indent=2))
    else:
        show(as_markdown(compared) if markdown else as_text(compared))
    met = [str(condition) for condition in conditions if condition.met_by(compared)]
    if met:
        terminal().error(f"--fail-on: {', '.join(met)}")
        sys.exit(ArtefactError.exit_code)


@click.command()
@click.argument("path", metavar="PACKAGE|PROJECT", type=click.Path(path_type=Path))
@click.option("--format", "document", type=click.Choice(["cyclonedx", "spdx"]), default="cyclonedx", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to this file, not to stdout.")
@click.option("--package", "kind", type=click.Choice(FORMATS), default="deb", help="Which package of a project.")
@click.option("--python", default="", metavar="SOURCE", help="The interpreter, where a project is built.")
@boundary
def sbom(*, path: Path, document: str, output: Path | None, kind: str, python: str) -> None:
    """Write the bill of materials of a package: its interpreter, wheels and C libraries.

    CycloneDX 1.6 or SPDX 2.3, in JSON. The same package gives the same bytes. A project is built for it,
    in a scratch directory.
    """
    from pkggen.inventory.cyclonedx import as_cyclonedx
    from pkggen.inventory.spdx_document import as_spdx
    from pkggen.store.writing import write_file

    bill = _bill(path, kind, python)
    text = as_spdx(bill) if document == "spdx" else as_cyclonedx(bill)
    if output is None:
        show(text, end="")
    else:
        write_file(output, text)
        show_path(output)


def _bill(path: Path, kind: str, python: str) -> Bill:
    from pkggen.commands.sbom import bill_of_package, bill_of_project
    from pkggen.config.options import Options

    if not path.is_dir():
        return bill_of_package(path)
    return bill_of_project(Options(path, formats=(kind,), python=python), default_cache(), terminal(quiet=True))
