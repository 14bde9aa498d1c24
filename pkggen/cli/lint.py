"""The command that looks for faults in packages: lint."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from pkggen.cli.boundary import boundary, default_cache, terminal
from pkggen.errors import ArtefactError
from pkggen.terminal.display import one_line, show

if TYPE_CHECKING:
    from pkggen.commands.lint import Report


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PACKAGE|PROJECT...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--python", default="", metavar="SOURCE", help="The interpreter, where a project is built.")
@boundary
def lint(*, paths: tuple[Path, ...], as_json: bool, python: str) -> None:
    """Look for faults in packages, or in those that a project makes, by our own rules, lintian and rpmlint.

    Exit status 3 says that something was found.
    """
    reports = [report for path in paths for report in _reports(path, python)]
    if as_json:
        show(json.dumps([r.to_dict() for r in reports], indent=2))
    else:
        for report in reports:
            show(_text(report))
    if any(report.findings for report in reports):
        sys.exit(ArtefactError.exit_code)


def _reports(path: Path, python: str) -> list[Report]:
    from pkggen.commands.lint import lint_package
    from pkggen.config.options import Options
    from pkggen.pipeline import build

    if not path.is_dir():
        return [lint_package(path)]
    with TemporaryDirectory(prefix="pkggen-lint-") as scratch:
        options = Options(path, python=python, output=Path(scratch, "dist"))
        built = build(options, default_cache(), terminal(quiet=True))
        return [replace(lint_package(b.path), path=b.path.name) for b in built]


def _text(report: Report) -> str:
    absent = "".join(f", no {name} here" for name in report.absent)
    number = len(report.findings)
    head = f"{report.path}: {number} finding{'' if number == 1 else 's'} (by {', '.join(report.tools)}{absent})"
    return "\n".join([head, *(f"  {one_line(finding)}" for finding in report.findings)])
