"""The command line: arguments in, exit codes out. The only package that imports click."""

from __future__ import annotations

import gc

import click

from pkggen import __version__
from pkggen.cli.caches import cache
from pkggen.cli.dependencies import deps
from pkggen.cli.interpreters import python
from pkggen.cli.lint import lint
from pkggen.cli.locks import lock, vendor
from pkggen.cli.packages import build, check, inspect, render
from pkggen.cli.proposal import init
from pkggen.cli.templates import templates


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pkggen")
def main() -> None:
    """Turn a Python project into .deb and .rpm packages that carry all they need."""
    # a build is short and holds 100,000 small values without circles: looking for these took a tenth of it
    gc.set_threshold(200_000, 50, 100)


for command in (init, build, render, inspect, check, lint, deps, lock, vendor, python, templates, cache):
    main.add_command(command)
